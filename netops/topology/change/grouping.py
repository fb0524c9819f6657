"""Events of one scan that belong together: one record each, not one for every event."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from netops.core.dataclass import dataclass
from netops.topology.change.deeds import deeds_of, ends_in
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
#: What happens to a whole device, and so to every cable of it.
_FATES = {*_RULING, _K.DEVICE_UP}
_CABLES = {_K.LINK_ADDED, _K.LINK_REMOVED, _K.LINK_MOVED}
#: All but what follows from other changes.
_LEADING = _TYPES.keys() - {_K.STP_ROOT_CHANGED, _K.ENDPOINT_MOVED}
#: More cables than this that change on one device are work on that device.
_MANY = 8
#: What has no way to the core is farther away than everything else.
_NOWHERE = 1 << 30


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


def groups(stored: Iterable[Stored], depths: Mapping[str, int] | None = None) -> list[Group]:
    """
    Return the records that events make: what happened to one device is one change.

    A cable belongs to the device on its far side from the core, as `depths` (hops by uid) tell: two
    access switches that are moved on one distribution switch are two changes, but all cables of a
    switch that died, came or went are one with it, and so are very many on one device. Computers that moved and a new root of the
    spanning tree join a change near them, and never tie two together; computers that are left over
    are one group. Rules about addresses and strangers are alarms, not changes of the topology.
    """
    kept = [one for one in stored if one[1].kind in _TYPES]
    ruled = {e.devices[0] for _, e in kept if e.kind in _FATES and e.devices}
    cables = Counter(uid for _, e in kept if e.kind in _CABLES for uid in e.devices)
    ruled |= {uid for uid, count in cables.items() if count > _MANY}
    keys = {name: _keys(event, ruled, depths or {}) for name, event in kept}
    found = [list(group) for group in _tied([one for one in kept if one[1].kind in _LEADING], keys)]
    home: dict[str, list[Stored]] = {}
    for group in found:
        home |= {key: group for name, _ in group for key in keys[name]}
    for group in found:
        for uid in (uid for _, event in group for uid in event.devices):
            home.setdefault(uid, group)
    rest: dict[EventKind, list[Stored]] = {_K.STP_ROOT_CHANGED: [], _K.ENDPOINT_MOVED: []}
    for one in kept:
        if one[1].kind in rest:
            near = (home[uid] for uid in one[1].devices if uid in home)
            next(near, rest[one[1].kind]).append(one)
    return [Group(tuple(group)) for group in [*found, *rest.values()] if group]


def _keys(event: Event, ruled: Collection[str], depths: Mapping[str, int]) -> set[str]:
    """Return what ties an event to others: the device whose change it is, and the ports."""
    own = set(event.devices[:1])
    if event.kind in _CABLES:
        deepest = max((depths.get(uid, _NOWHERE) for uid in event.devices), default=0)
        own = {uid for uid in event.devices if depths.get(uid, _NOWHERE) == deepest}
        own |= set(event.devices) & set(ruled)
    ends = {f"{device}:{port}" for device, port in ends_in([event.before, event.after])}
    return own | ends | ({event.subject} if event.kind is _K.PORT_CHANGED else set())


def _tied(stored: Sequence[Stored], keys: Mapping[str, Collection[str]]) -> Iterator[list[Stored]]:
    """Yield sets of events that hang together through their keys (union-find)."""
    parent = list(range(len(stored)))

    def root(number: int) -> int:
        while parent[number] != number:
            parent[number] = parent[parent[number]]
            number = parent[number]
        return number

    first: dict[str, int] = {}
    for number, (name, _) in enumerate(stored):
        for key in keys[name]:
            one, other = sorted((root(number), root(first.setdefault(key, number))))
            parent[other] = one
    tied: dict[int, list[Stored]] = defaultdict(list)
    for number, one_stored in enumerate(stored):
        tied[root(number)].append(one_stored)
    yield from tied.values()
