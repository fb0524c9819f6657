"""What a map shows: devices and the bonds between them, each marked with what became of it."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import lru_cache

from netops.core.dataclass import dataclass, replace
from netops.topology.history.heirs import Heirs, heirs, is_down
from netops.topology.model import Device, End, Link, LinkState, Snapshot

#: The weakest first: a bond is as good as its worst link.
_STATES = (LinkState.CONFLICT, LinkState.STALE, LinkState.ONE_SIDED, LinkState.CONFIRMED)
#: What makes a device another one, or other than it was.
_TOLD = ("name", "serial", "maker", "model", "software", "location", "site")
_DIGITS = re.compile(r"(\d{1,18})")


class Mark(StrEnum):
    """What became of something between two snapshots."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"
    MOVED = "moved"
    CHANGED = "changed"  # replaced, renamed, or silent now


@dataclass(frozen=True, slots=True)
class Strand:
    """One link, with what became of it and where it was or went when it moved."""

    link: Link
    mark: Mark = Mark.SAME
    #: The place before of a moved link, or the place now of one that is drawn where it was.
    other: Link | None = None
    speed_mbps: int = 0
    is_blocked: bool = False


@dataclass(frozen=True, slots=True)
class Bond:
    """All links of one mark between two devices: one line on the map."""

    a: str
    b: str
    mark: Mark
    strands: tuple[Strand, ...]

    @property
    def speed_mbps(self) -> int:
        """Return the speed of all links together."""
        return sum(strand.speed_mbps for strand in self.strands)

    @property
    def state(self) -> LinkState:
        """Return the state of the worst link."""
        return min((strand.link.state for strand in self.strands), key=_STATES.index)

    @property
    def is_blocked(self) -> bool:
        """Tell whether spanning tree lets nothing through."""
        return all(strand.is_blocked for strand in self.strands)

    def far(self, uid: str) -> str:
        """Return the other end."""
        return self.b if uid == self.a else self.a


@dataclass(frozen=True, slots=True)
class Node:
    """A device on the map."""

    device: Device
    mark: Mark = Mark.SAME
    endpoints: int = 0


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything a map shows, without a place for any of it."""

    snapshot: Snapshot
    nodes: Mapping[str, Node]
    bonds: tuple[Bond, ...]
    #: Bonds of each device.
    around: Mapping[str, tuple[Bond, ...]]
    has_changes: bool

    def name(self, uid: str) -> str:
        """Return what people call a device."""
        device = self.nodes[uid].device
        return device.listed_as or device.name or uid


@lru_cache(maxsize=8192)
def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """Return the key by which people sort: acc2 before acc10."""
    parts = _DIGITS.split(text.casefold())
    return tuple((0, int(p), "") if n % 2 else (1, 0, p) for n, p in enumerate(parts) if p)


def chart(
    now: Snapshot, before: Snapshot | None = None, endpoints: Mapping[str, int] | None = None
) -> Chart:
    """Return what is there, marked with the differences from `before`; count endpoints by device."""
    counts, old = endpoints or {}, before or now
    same = heirs(old, now)
    past = {same.now(uid): device for uid, device in old.devices.items()}
    nodes = {
        uid: Node(device, _mark(device, past.get(uid), old, now), counts.get(uid, 0))
        for uid, device in now.devices.items()
    }
    for uid, device in past.items():
        if uid not in nodes:
            nodes[uid] = Node(device, Mark.REMOVED, counts.get(uid, 0))
    strands = _strands(now.links, [_renamed(link, same) for link in old.links])
    bonds = _bonds(strands, nodes)
    around: dict[str, list[Bond]] = defaultdict(list)
    for bond in bonds:
        around[bond.a].append(bond)
        around[bond.b].append(bond)
    changed = any(bond.mark is not Mark.SAME for bond in bonds) or any(
        node.mark is not Mark.SAME for node in nodes.values()
    )
    return Chart(now, nodes, bonds, {uid: tuple(all_) for uid, all_ in around.items()}, changed)


def _mark(device: Device, was: Device | None, old: Snapshot, now: Snapshot) -> Mark:
    if was is device:
        return Mark.SAME
    if was is None:
        return Mark.ADDED
    told = [(getattr(was, name), getattr(device, name)) for name in _TOLD]
    # A value that was never told before is no change of the device.
    differs = any(before and after and before != after for before, after in told)
    went = is_down(old, was.uid) is not is_down(now, device.uid)
    return Mark.CHANGED if differs or went else Mark.SAME


def _renamed(link: Link, same: Heirs) -> Link:
    ends = sorted(End(same.now(end.device), end.port) for end in (link.a, link.b))
    return link if tuple(ends) == (link.a, link.b) else replace(link, a=ends[0], b=ends[1])


def _strands(now: Iterable[Link], old: Iterable[Link]) -> list[Strand]:
    """Return every link that is or was, with added and removed ones paired to moves."""
    new_links = {frozenset((link.a, link.b)): link for link in now}
    old_links = {frozenset((link.a, link.b)): link for link in old}
    gone = [link for ends, link in old_links.items() if ends not in new_links]
    strands = [Strand(link) for ends, link in new_links.items() if ends in old_links]
    for link in (link for ends, link in new_links.items() if ends not in old_links):
        past = next((one for one in gone if _is_move(one, link)), None)
        if past is None:
            strands.append(Strand(link, Mark.ADDED))
            continue
        gone.remove(past)
        strands.append(Strand(link, Mark.MOVED, past))
        if {past.a.device, past.b.device} != {link.a.device, link.b.device}:
            strands.append(Strand(past, Mark.REMOVED, link))
    return strands + [Strand(link, Mark.REMOVED) for link in gone]


def _is_move(old: Link, new: Link) -> bool:
    """Tell whether one end of a cable was put elsewhere."""
    same_devices = {old.a.device, old.b.device} == {new.a.device, new.b.device}
    return same_devices or bool({old.a, old.b} & {new.a, new.b})


def _bonds(strands: Iterable[Strand], nodes: Mapping[str, Node]) -> tuple[Bond, ...]:
    groups: dict[tuple[str, str, Mark], list[Strand]] = defaultdict(list)
    for strand in strands:
        a, b = strand.link.a.device, strand.link.b.device
        if a != b and a in nodes and b in nodes:
            groups[(min(a, b), max(a, b), strand.mark)].append(_measured(strand, nodes))
    return tuple(Bond(a, b, mark, tuple(found)) for (a, b, mark), found in groups.items())


def _measured(strand: Strand, nodes: Mapping[str, Node]) -> Strand:
    ports = [nodes[end.device].device.ports.get(end.port) for end in (strand.link.a, strand.link.b)]
    speeds = [port.speed_mbps for port in ports if port and port.speed_mbps]
    blocked = any(port is not None and port.stp in {"blocking", "discarding"} for port in ports)
    return replace(strand, speed_mbps=min(speeds, default=0), is_blocked=blocked)
