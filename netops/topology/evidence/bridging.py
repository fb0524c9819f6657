"""What bridges tell without announcements: spanning tree, learned addresses, unmanaged switches, hosts."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from operator import itemgetter

from netops.core.dataclass import dataclass, field
from netops.topology.evidence.facts import Facts
from netops.topology.evidence.identity import plate
from netops.topology.evidence.neighbours import Directory, Half
from netops.topology.evidence.ports import Ports
from netops.topology.model import Device, DeviceState, End, Evidence, Link, LinkState

UNMANAGED = "unmanaged"
#: Where the cable ends in a box that has no port names.
_UPLINK = "uplink"


@dataclass(frozen=True, slots=True)
class Edge:
    """What hangs on one port of a bridge: MAC → VLAN of hosts, and devices that are known."""

    hosts: Mapping[str, int | None] = field(default_factory=dict)
    #: Uid of a device → its MACs that were learned here.
    devices: Mapping[str, frozenset[str]] = field(default_factory=dict)


def spanning_tree(
    everybody: Mapping[str, Facts], ports: Mapping[str, Ports], directory: Directory
) -> Iterator[Half]:
    """Yield the half links between bridges: each port knows the designated one of its segment."""
    found: dict[End, list[Half]] = defaultdict(list)
    for uid, facts in everybody.items():
        for number, stp in facts.stp.items():
            far_uid = directory.owner(stp.bridge) if stp.bridge else ""
            if not far_uid or far_uid == uid or stp.state in {"disabled", "broken", ""}:
                continue
            near, far = ports[uid].bridged(number), ports[far_uid].bridged(stp.port)
            if near and far:
                half = Half(
                    End(uid, near), End(far_uid, far), "stp", "designated port", facts.is_fresh
                )
                found[half.far].append(half)
    for halves in found.values():
        if len(halves) == 1:  # more of them share a segment, and none is beside the other
            yield halves[0]


def edges(
    everybody: Mapping[str, Facts], ports: Mapping[str, Ports], directory: Directory
) -> dict[End, Edge]:
    """Return what was learned on every port of every bridge that answered."""
    found: dict[End, Edge] = {}
    for uid, facts in everybody.items():
        hosts: dict[str, dict[str, int | None]] = defaultdict(dict)
        devices: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for mac, number, vlan in facts.learned:
            port = ports[uid].bridged(number)
            owner = directory.owner(mac)
            if not port or owner == uid or not facts.is_fresh:
                continue
            if owner:
                devices[port][owner].add(mac)
            else:
                hosts[port].setdefault(mac, vlan)
        for port in {*hosts, *devices}:
            known = {who: frozenset(macs) for who, macs in devices[port].items()}
            found[End(uid, port)] = Edge(hosts[port], known)
    return found


def reduced(
    found: Mapping[End, Edge],
    everybody: Mapping[str, Facts],
    ports: Mapping[str, Ports],
    occupied: set[End],
) -> Iterator[Half]:
    """
    Yield half links that learned addresses prove: a known device alone on a port without neighbour.

    Of several devices on one port, that one is next to it behind whose other ports the rest are.
    """
    towards: dict[tuple[str, str], list[str]] = defaultdict(list)
    for end, edge in found.items():
        for uid in edge.devices:
            towards[end.device, uid].append(end.port)
    free = [one for one in found.items() if one[1].devices and one[0] not in occupied]
    for end, edge in sorted(free, key=itemgetter(0)):
        if end in occupied:
            continue
        near = _nearest(end.device, edge, everybody, towards)
        if near is None or (edge.hosts and not everybody[near].base_ports):
            continue
        back = towards.get((near, end.device), [])
        port = back[0] if len(back) == 1 else _one_port(ports[near], edge.devices[near])
        if port and End(near, port) not in occupied:
            yield Half(end, End(near, port), "fdb", "learned address", is_fresh=True)


def _nearest(
    bridge: str,
    edge: Edge,
    everybody: Mapping[str, Facts],
    towards: Mapping[tuple[str, str], list[str]],
) -> str | None:
    if len(edge.devices) == 1:
        return next(iter(edge.devices))
    near = []
    for uid in edge.devices:
        back = set(towards.get((uid, bridge), ()))
        rest = [other for other in edge.devices if other != uid]
        behind = [set(towards.get((uid, other), ())) for other in rest]
        if everybody[uid].base_ports and all(places and not places & back for places in behind):
            near.append(uid)
    return near[0] if len(near) == 1 else None


def _one_port(ports: Ports, macs: frozenset[str]) -> str:
    names = {name for mac in macs if (name := ports.by_mac(mac))}
    return min(names) if len(names) == 1 else ""


def unmanaged(
    found: Mapping[End, Edge],
    everybody: Mapping[str, Facts],
    ports: Mapping[str, Ports],
    occupied: set[End],
) -> Iterator[tuple[Device, list[Link]]]:
    """Yield a switch nobody manages for every free port behind which there is more than one box."""
    crowded = [
        (end, edge)
        for end, edge in found.items()
        if len(edge.hosts) + len(edge.devices) > 1 and end not in occupied
    ]
    for end, edge in sorted(crowded, key=itemgetter(0)):
        uid = f"inferred:{end.device}/{end.port}"
        seen = (Evidence("fdb", end.device, "several addresses on one port"),)
        links = [_inferred(end, End(uid, _UPLINK), seen)]
        for other, macs in sorted(edge.devices.items()):
            port = _one_port(ports[other], macs)
            if port and End(other, port) not in occupied:
                far = f"to {plate(other, everybody)}:{port}"
                links.append(_inferred(End(other, port), End(uid, far), seen))
        yield Device(uid, "", DeviceState.INFERRED, role=UNMANAGED), links


def _inferred(near: End, far: End, seen: tuple[Evidence, ...]) -> Link:
    a, b = sorted((near, far))
    return Link(a, b, LinkState.ONE_SIDED, "an unmanaged switch does not speak", seen)
