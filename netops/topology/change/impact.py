"""What a change means for the rest of the network: who hangs on it, and who lost the second way."""

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from netops.core.dataclass import dataclass
from netops.topology.model import Device, Endpoint, Event, EventKind, Link, Snapshot
from netops.topology.naming import place_of

_GONE = {EventKind.DEVICE_DOWN, EventKind.DEVICE_REMOVED}
_LISTED = 200

Edges = Mapping[str, list[tuple[str, int]]]


@dataclass(frozen=True, slots=True)
class Impact:
    """What hangs on a change."""

    #: Uids of the devices that are cut off from the core without what changed.
    downstream: tuple[str, ...]
    endpoints: int
    #: Sites and locations of everything that is touched.
    places: tuple[str, ...]
    #: Uids of devices that had two ways to the core and have one now.
    lost_redundancy: tuple[str, ...]
    gained_redundancy: tuple[str, ...]

    def as_dict(self, names: Mapping[str, str]) -> dict[str, Any]:
        """Return plain values with names for uids, at most 200 of each."""

        def named(uids: Collection[str]) -> list[str]:
            return sorted(names.get(uid, uid) for uid in uids)[:_LISTED]

        return {
            "downstream_switches": named(self.downstream),
            "downstream_count": len(self.downstream),
            "endpoints": self.endpoints,
            "places": list(self.places[:_LISTED]),
            "lost_redundancy": named(self.lost_redundancy),
            "gained_redundancy": named(self.gained_redundancy),
        }


def impact(
    before: Snapshot, after: Snapshot, events: Iterable[Event], endpoints: Iterable[Endpoint] = ()
) -> Impact:
    """Return what the events that led from one snapshot to the other mean."""
    listed = list(events)
    touched = {uid for event in listed for uid in event.devices}
    gone = {event.devices[0] for event in listed if event.kind in _GONE and event.devices}
    core = _core(before, after, gone)
    old, new = _edges(before, ()), _edges(after, gone)
    one_way = _pairs(before) - _pairs(after)
    other_way = _pairs(after) - _pairs(before)
    fresh = {event.devices[0] for event in listed if event.kind is EventKind.DEVICE_ADDED}
    cut = _cut_off(before, core, touched, one_way, gone)
    cut |= _cut_off(after, core, touched, other_way, fresh) - set(after.silent)
    downstream = cut - gone
    strong_before, strong_after = _two_ways(old, core), _two_ways(new, core)
    present = set(after.devices) - gone
    hanging = touched if _moves_only(listed) else downstream | gone
    return Impact(
        tuple(sorted(downstream)),
        sum(endpoint.device in hanging for endpoint in endpoints),
        _places(before, after, touched | downstream),
        tuple(sorted((strong_before - strong_after) & present)),
        tuple(sorted((strong_after - strong_before) & set(before.devices))),
    )


def depths(*snapshots: Snapshot) -> dict[str, int]:
    """Return how many cables every device is away from the core, by any cable of the snapshots."""
    first, last = snapshots[0], snapshots[-1]
    cores = {uid for one in snapshots for uid, device in one.devices.items() if _is_core(device)}
    edges = [_edges(one, ()) for one in snapshots]
    found = dict.fromkeys(cores or {_core(first, last, ())}, 0)
    waiting = deque(sorted(found))
    while waiting:
        here = waiting.popleft()
        for other in (other for one in edges for other, _ in one.get(here, ())):
            if other not in found:
                found[other] = found[here] + 1
                waiting.append(other)
    return found


def _is_core(device: Device) -> bool:
    return device.role == "core"


def _moves_only(events: Iterable[Event]) -> bool:
    return all(event.kind is EventKind.ENDPOINT_MOVED for event in events)


def _core(before: Snapshot, after: Snapshot, gone: Collection[str]) -> str:
    """Return the device that everything hangs on: the root of the tree, a core, or the busiest."""
    for snapshot in (after, before):
        if snapshot.stp_root in after.devices and snapshot.stp_root not in gone:
            return snapshot.stp_root
    degree: dict[str, int] = defaultdict(int)
    for link in before.links:
        degree[link.a.device] += 1
        degree[link.b.device] += 1
    rank = {
        uid: (_is_core(device), degree[uid], uid)
        for uid, device in before.devices.items()
        if uid not in gone and uid in after.devices
    }
    return max(rank, key=lambda uid: rank[uid], default="")


def _pairs(snapshot: Snapshot) -> set[frozenset[tuple[str, str]]]:
    return {_pair(link) for link in snapshot.links}


def _pair(link: Link) -> frozenset[tuple[str, str]]:
    return frozenset(((link.a.device, link.a.port), (link.b.device, link.b.port)))


def _edges(snapshot: Snapshot, gone: Collection[str]) -> Edges:
    edges: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for number, link in enumerate(snapshot.links):
        one, other = link.a.device, link.b.device
        if one != other and one not in gone and other not in gone:
            edges[one].append((other, number))
            edges[other].append((one, number))
    return edges


def _reached(edges: Edges, core: str, without: Collection[int] = ()) -> set[str]:
    seen, waiting = {core}, [core]
    while waiting:
        for other, number in edges.get(waiting.pop(), ()):
            if other not in seen and number not in without:
                seen.add(other)
                waiting.append(other)
    return seen


def _cut_off(
    snapshot: Snapshot,
    core: str,
    touched: Collection[str],
    pairs: Collection[frozenset[tuple[str, str]]],
    absent: Collection[str],
) -> set[str]:
    """Return who loses the core when the changed links and devices are taken away."""
    if core not in snapshot.devices:
        return set()
    changed = {
        number
        for number, link in enumerate(snapshot.links)
        if _pair(link) in pairs and {link.a.device, link.b.device} & set(touched)
    }
    with_all = _reached(_edges(snapshot, ()), core)
    without = _reached(_edges(snapshot, absent), core, changed)
    return with_all - without


def _two_ways(edges: Edges, core: str) -> set[str]:
    """Return the devices that no single cable cuts off from the core (bridges, by Tarjan)."""
    order: dict[str, int] = {core: 0}
    low: dict[str, int] = {core: 0}
    parent: dict[str, str] = {}
    weak: set[str] = set()  # behind a cable that is the only way
    stack = [(core, -1, iter(edges.get(core, ())))]
    while stack:
        here, came_by, ways = stack[-1]
        for other, number in ways:
            if number == came_by:
                continue
            if other in order:
                low[here] = min(low[here], order[other])
            else:
                order[other] = low[other] = len(order)
                parent[other] = here
                stack.append((other, number, iter(edges.get(other, ()))))
                break
        else:
            stack.pop()
            if here in parent:
                low[parent[here]] = min(low[parent[here]], low[here])
                if low[here] == order[here]:
                    weak.add(here)
    strong = {core}
    for uid in sorted(order, key=lambda one: order[one]):
        if uid != core and uid not in weak and parent[uid] in strong:
            strong.add(uid)
    return strong - {core}


def _places(before: Snapshot, after: Snapshot, uids: Collection[str]) -> tuple[str, ...]:
    found: set[str] = set()
    for snapshot in (before, after):
        for uid in uids:
            if (device := snapshot.devices.get(uid)) is not None:
                found.add(place_of(device))
    return tuple(sorted(found - {""}))
