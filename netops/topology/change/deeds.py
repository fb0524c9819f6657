"""What events and plans say in the smallest words: this link came, that one went, this device is new."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from netops.topology.model import Event, EventKind, Snapshot
from netops.topology.naming import names_of

_DEVICES = {
    EventKind.DEVICE_ADDED: ("add",),
    EventKind.DEVICE_REMOVED: ("remove",),
    EventKind.DEVICE_REPLACED: ("replace",),
    EventKind.DEVICE_RENAMED: ("rename",),
    EventKind.DEVICE_CHANGED: ("change",),
    EventKind.DEVICE_DOWN: ("down",),
    EventKind.DEVICE_UP: ("up",),
    EventKind.VLAN_CHANGED: ("vlan",),
    EventKind.AGGREGATE_CHANGED: ("aggregate",),
    EventKind.PORT_CHANGED: ("port",),
}
_DEEPEST = 4


class Deed(NamedTuple):
    """One change: `add`, `remove` … and of what."""

    verb: str
    #: `link` or `device`.
    kind: str
    #: Names as they are compared: of the device, or of both ends.
    thing: tuple[str, ...]

    @property
    def text(self) -> str:
        """Return it as a person writes it in a plan."""
        return f"{self.verb} {self.kind} {' - '.join(self.thing)}"


def link_name(ends: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Return a link's ends as they are compared: without case, in order."""
    return tuple(sorted(f"{device}:{port}".casefold() for device, port in ends))


def ends_in(values: Any, depth: int = 0) -> Iterator[tuple[str, str]]:
    """Yield every `[device, port]` in the values of an event."""
    if depth > _DEEPEST:
        return
    if isinstance(values, Mapping):
        for value in values.values():
            yield from ends_in(value, depth + 1)
    elif isinstance(values, Sequence) and not isinstance(values, str):
        if len(values) == 2 and all(isinstance(one, str) for one in values):
            yield str(values[0]), str(values[1])
        else:
            for value in values:
                yield from ends_in(value, depth + 1)


def link_in(values: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Return the one link that the values of an event name."""
    ends = list(dict.fromkeys(ends_in(values)))
    return link_name(ends) if len(ends) == 2 else None


def deeds_of(event: Event, names: Mapping[str, str]) -> set[Deed]:
    """Return what an event says; `names` tells how devices are called, by uid."""
    found: set[Deed] = set()
    if event.kind in {EventKind.LINK_REMOVED, EventKind.LINK_MOVED}:
        gone = link_in(event.before)
        found |= {Deed("remove", "link", gone)} if gone else set()
    if event.kind in {EventKind.LINK_ADDED, EventKind.LINK_MOVED}:
        come = link_in(event.after)
        found |= {Deed("add", "link", come)} if come else set()
    if event.devices:
        name = names.get(event.devices[0], event.devices[0]).casefold()
        found |= {Deed(verb, "device", (name,)) for verb in _DEVICES.get(event.kind, ())}
    return found


def device_names(*snapshots: Snapshot) -> dict[str, str]:
    """Return uid → name, the last snapshot's word first."""
    return {uid: name for snapshot in snapshots for uid, name in names_of(snapshot).items()}


def links_of(
    snapshot: Snapshot, uids: Collection[str], names: Mapping[str, str]
) -> Iterator[tuple[str, ...]]:
    """Yield the links that end on one of these devices, as they are compared."""
    for link in snapshot.links if uids else ():
        if link.a.device in uids or link.b.device in uids:
            yield link_name(
                (names.get(end.device, end.device), end.port) for end in (link.a, link.b)
            )
