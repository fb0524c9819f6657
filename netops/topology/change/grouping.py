"""Events of one scan that belong together: one record each, not one for every event."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from netops.topology.change.deeds import deeds_of
from netops.topology.model import Event, EventKind

#: An event with the id under which it is stored.
Stored = tuple[str, Event]

_K = EventKind
#: What an event makes of the record, the weightiest first.
_TYPES: Mapping[EventKind, str] = {
    _K.DEVICE_REPLACED: "replacement",
    _K.DEVICE_DOWN: "outage",
    _K.DEVICE_ADDED: "addition",
    _K.DEVICE_REMOVED: "removal",
    _K.LINK_MOVED: "move",
    _K.LINK_ADDED: "addition",
    _K.LINK_REMOVED: "removal",
    _K.AGGREGATE_CHANGED: "aggregation",
    _K.VLAN_CHANGED: "vlan",
    _K.STP_ROOT_CHANGED: "stp",
    _K.PORT_CHANGED: "port",
    _K.DEVICE_RENAMED: "upgrade",
    _K.DEVICE_CHANGED: "upgrade",
    _K.DEVICE_UP: "outage",
    _K.ENDPOINT_MOVED: "endpoint",
}
#: These decide alone; what else happened follows from them.
_RULING = (_K.DEVICE_REPLACED, _K.DEVICE_DOWN, _K.DEVICE_ADDED, _K.DEVICE_REMOVED)


@dataclass(frozen=True, slots=True)
class Group:
    """Events that one record tells."""

    stored: tuple[Stored, ...]

    @property
    def events(self) -> list[Event]:
        """Return the events."""
        return [event for _, event in self.stored]

    @property
    def sources(self) -> list[str]:
        """Return the ids of the events."""
        return [name for name, _ in self.stored]

    @property
    def devices(self) -> set[str]:
        """Return the uids of all devices that are touched."""
        return {uid for event in self.events for uid in event.devices}

    @property
    def type(self) -> str:
        """Return the type of change, as the form calls it."""
        kinds = {event.kind for event in self.events}
        for kind in _RULING:
            if kind in kinds:
                return _TYPES[kind]
        types = {_TYPES[kind] for kind in kinds if kind in _TYPES}
        structural = types & {"addition", "removal", "move"}
        if "move" in structural:
            return "move"
        if structural:
            return structural.pop() if len(structural) == 1 else "mixed"
        return next((name for name in _TYPES.values() if name in types), "mixed")

    def things(self, names: Mapping[str, str]) -> list[str]:
        """Return the devices and links it is about, to know them again."""
        found = {
            f"{deed.kind} {' - '.join(deed.thing)}"
            for event in self.events
            for deed in deeds_of(event, names)
        }
        return sorted(found) or sorted({f"{event.kind} {event.subject}" for event in self.events})


def groups(stored: Iterable[Stored]) -> list[Group]:
    """
    Return the records that events make: what shares a device is one change.

    Moves of computers join a change of one of their switches, but never tie two changes together;
    those that are left over are one group. Rules about addresses and strangers are alarms, not
    changes of the topology.
    """
    kept = [one for one in stored if one[1].kind in _TYPES]
    frame = [one for one in kept if one[1].kind is not EventKind.ENDPOINT_MOVED]
    wandering = [one for one in kept if one[1].kind is EventKind.ENDPOINT_MOVED]
    found = [list(group) for group in _tied(frame)]
    rest: list[Stored] = []
    home = {uid: group for group in reversed(found) for _, event in group for uid in event.devices}
    for one in wandering:
        near = next((home[uid] for uid in one[1].devices if uid in home), rest)
        near.append(one)
    return [Group(tuple(group)) for group in [*found, rest] if group]


def _tied(stored: Sequence[Stored]) -> Iterator[list[Stored]]:
    """Yield sets of events that hang together through devices (union-find)."""
    parent = list(range(len(stored)))

    def root(number: int) -> int:
        while parent[number] != number:
            parent[number] = parent[parent[number]]
            number = parent[number]
        return number

    first: dict[str, int] = {}
    for number, (_, event) in enumerate(stored):
        for uid in event.devices:
            one, other = sorted((root(number), root(first.setdefault(uid, number))))
            parent[other] = one
    tied: dict[int, list[Stored]] = defaultdict(list)
    for number, one_stored in enumerate(stored):
        tied[root(number)].append(one_stored)
    yield from tied.values()
