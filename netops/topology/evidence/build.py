"""From the facts of all devices to the network: devices, links and what hangs on the ports."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from netops.core.bulk import no_collection
from netops.core.dataclass import dataclass, field
from netops.topology.canonical import sealed
from netops.topology.evidence import bridging
from netops.topology.evidence.bridging import Edge
from netops.topology.evidence.facts import Facts, Interface
from netops.topology.evidence.identity import identified
from netops.topology.evidence.links import Merger
from netops.topology.evidence.neighbours import Directory, Half, hearsay
from netops.topology.evidence.ports import Ports
from netops.topology.model import Device, DeviceState, End, Endpoint, Link, Port, Snapshot


@dataclass(frozen=True, slots=True)
class Network:
    """One look at everything."""

    snapshot: Snapshot
    endpoints: Mapping[str, Endpoint]
    #: Ends that hear themselves: a loop, or a cable between two ports of one device.
    loops: tuple[End, ...] = ()
    #: Uid → facts, for the rules about addresses.
    facts: Mapping[str, Facts] = field(default_factory=dict)


@no_collection()
def build(
    everybody: Iterable[Facts],
    at: datetime,
    silent: Sequence[str] = (),
    places: Mapping[str, Sequence[End]] | None = None,
    trunks: Collection[End] = (),
) -> Network:
    """
    Return the network, whatever the order of `everybody`.

    `places` is where each MAC was, newest first: bridges forget slowly, so of several ports that
    learned one the new place counts before the last one, and that before earlier ones. `trunks`
    led to other switches in the last scan: while that is not settled, no host is looked for there.
    """
    facts = identified(everybody)
    ports = {uid: Ports(one) for uid, one in facts.items()}
    directory = Directory(facts)
    heard = hearsay(facts, ports)
    names = {uid: name_of(one) for uid, one in facts.items()}
    names |= {uid: device.name for uid, device in heard.strangers.items()}
    merger = Merger(facts, ports, lambda uid: names.get(uid, "") or uid)
    merger.announcements(heard.halves)
    merger.lesser(bridging.spanning_tree(facts, ports, directory))
    every = bridging.edges(facts, ports, directory)
    inner = set(trunks)
    learned = {end: edge for end, edge in every.items() if end not in inner or edge.devices}
    merger.lesser(_one_per_end(bridging.reduced(learned, facts, ports, merger.occupied())))
    occupied = merger.occupied()
    merged = merger.merged()
    devices = {uid: _device(uid, one, ports[uid]) for uid, one in facts.items()}
    devices |= heard.strangers
    devices |= merged.segments
    links = list(merged.links)
    for switch, its_links in bridging.unmanaged(learned, facts, ports, occupied | inner):
        devices[switch.uid] = switch
        links += its_links
    hosts = _hosts(learned, links, devices, places or {}, inner)
    endpoints = _endpoints(hosts, facts, heard.strangers)
    snapshot = sealed(at, devices, links, _stp_root(facts, directory), silent)
    return Network(snapshot, endpoints, heard.loops, facts)


def _one_per_end(halves: Iterable[Half]) -> list[Half]:
    """Two bridges without announcements see each other: one word for their link is enough."""
    taken: set[End] = set()
    kept = []
    for half in halves:
        if not {half.near, half.far} & taken:
            taken |= {half.near, half.far}
            kept.append(half)
    return kept


def name_of(facts: Facts) -> str:
    """Return what people call a device: its own name, else the one in the inventory."""
    return facts.name or facts.listed_as or facts.chassis or facts.address


def _device(uid: str, facts: Facts, ports: Ports) -> Device:
    by_index = {index: base for base, index in facts.base_ports.items()}

    def port(index: int, name: str, row: Interface) -> Port:
        upper = facts.aggregates.get(index, -1)
        stp = facts.stp.get(by_index.get(index, -1))
        return Port(
            name,
            index,
            row.alias,
            row.mac,
            row.kind,
            row.is_up,
            row.is_enabled,
            row.speed_mbps if row.is_up is not False else None,
            facts.vlans.get(index, ()),
            ports.names.get(upper, ""),
            stp.state if stp else "",
        )

    shown = ((i, name, facts.interfaces[i]) for i, name in ports.names.items())
    made = [port(*row) for row in shown if row[2].kind != "softwareLoopback"]
    return Device(
        uid,
        name_of(facts),
        DeviceState.ANSWERED if facts.is_fresh else DeviceState.STALE,
        facts.listed_as,
        facts.role,
        facts.site,
        facts.location,
        _addresses(facts),
        facts.chassis,
        facts.bridge_mac or min(facts.macs, default=""),
        facts.serial,
        facts.maker,
        facts.model,
        facts.software,
        facts.description,
        {one.name: one for one in sorted(made, key=lambda port: (port.index or 0, port.name))},
    )


def _addresses(facts: Facts) -> tuple[str, ...]:
    """Return the address at which it answers first."""
    return tuple(sorted(facts.addresses, key=lambda one: (one != facts.address, one)))


def _stp_root(everybody: Mapping[str, Facts], directory: Directory) -> str:
    """Return the root in which most devices believe."""
    votes = Counter(facts.stp_root for facts in everybody.values() if facts.is_fresh)
    votes.pop("", None)
    if not votes:
        return ""
    root = max(votes, key=lambda mac: (votes[mac], mac))
    return directory.owner(root) or f"mac:{root}"


def _hosts(
    learned: Mapping[End, Edge],
    links: Iterable[Link],
    devices: Mapping[str, Device],
    places: Mapping[str, Sequence[End]],
    trunks: Collection[End],
) -> dict[str, tuple[End, int | None]]:
    """Return the port of every host: one that leads to no switch that would know better."""
    inner = set(trunks)
    for link in links:
        for near, far in ((link.a, link.b), (link.b, link.a)):
            other = devices.get(far.device)
            if other is not None and other.state in {DeviceState.ANSWERED, DeviceState.STALE}:
                inner.add(near)
    found: dict[str, list[tuple[int, End, int | None]]] = defaultdict(list)
    for end, edge in learned.items():
        if end in inner:
            continue
        for mac, vlan in edge.hosts.items():
            found[mac].append((len(edge.hosts), end, vlan))
    chosen = {}
    for mac, ends in found.items():
        _, end, vlan = ends[0] if len(ends) == 1 else _likeliest(ends, places.get(mac, ()))
        chosen[mac] = (end, vlan)
    return chosen


def _likeliest(
    ends: Sequence[tuple[int, End, int | None]], was: Sequence[End]
) -> tuple[int, End, int | None]:
    """Return the new place of a host, else the last one, before those it left."""

    def rank(one: tuple[int, End, int | None]) -> tuple[object, ...]:
        return 1 + list(was).index(one[1]) if one[1] in was else 0, one[0], one[1]

    return min(ends, key=rank)


def _endpoints(
    hosts: Mapping[str, tuple[End, int | None]],
    everybody: Mapping[str, Facts],
    strangers: Mapping[str, Device],
) -> dict[str, Endpoint]:
    addresses: dict[str, set[str]] = defaultdict(set)
    taken = {address for facts in everybody.values() for address in facts.addresses}
    for facts in everybody.values():
        for pair in facts.resolved if facts.is_fresh else ():
            if pair.address not in taken:  # who answers for a device's address is another rule's
                addresses[pair.mac].add(pair.address)
    names = {device.mac: device.name for device in strangers.values() if device.mac}
    return {
        mac: Endpoint(mac, *end, vlan, tuple(sorted(addresses.get(mac, ()))), names.get(mac, ""))
        for mac, (end, vlan) in sorted(hosts.items())
    }
