"""
Ports, cables and addresses as lines for `ip -batch`.

A port is a veth whose outer end lies in the lab's namespace, as on a patch panel; a cable is a
bridge of two outer ends that learns nothing and lets everything through. So ports keep their
numbers whatever is plugged where, and one without a cable has no carrier.
"""

from collections.abc import Collection, Iterator

from tests.lab.topology import BRIDGE_INDEX, MANAGEMENT_INDEX, Node, Port, Topology

#: Hundredths of a second; the shortest that the kernel allows.
_STP = "stp_state 1 forward_delay 200 hello_time 100 max_age 600"
_PRIORITIES = {"core": 4096, "distribution": 8192}
#: Bit 14 of the group addresses, which is LLDP; others pass a bridge without spanning tree anyway.
PASS_LLDP = "group_fwd_mask 16384"
#: ifIndex of the outer ends of management cables.
_FIRST_OUTSIDE = 1001


def outer(port: Port) -> str:
    """Return the name of the outer end of a port."""
    return "p" + port.mac[3:].replace(":", "")


def build(topology: Topology, *, adverse: bool) -> Iterator[str]:
    """Return the lines that make all namespaces, ports and cables, in the lab's namespace."""
    yield from ("link add mgmt type bridge", "link set mgmt up")
    yield from ("link set up0 master mgmt", "link set up0 up")
    for name in topology.nodes:
        yield f"netns add {name}"
        yield from ports(name, topology, adverse=adverse)
    for a, b in topology.links:
        yield from join(a, b)
    for place, node in enumerate(topology.nodes.values()):
        if node.managed:
            yield from management(place, node.name)


def management(place: int, name: str) -> Iterator[str]:
    """Return the lines that connect a node to the management network."""
    peer = f"peer name mgmt0 index {MANAGEMENT_INDEX} netns {name}"
    # The kernel takes the index of the one end only together with one for the other.
    yield f"link add name m{place} index {_FIRST_OUTSIDE + place} type veth {peer}"
    yield f"link set m{place} master mgmt up"


def ports(name: str, topology: Topology, *, adverse: bool) -> Iterator[str]:
    """Return the lines that make a node's ports."""
    for port in (Port(name, port) for port in topology.ports[name]):
        out = outer(port)
        index = topology.index(port, adverse=adverse)
        inner = f"name {port.name} index {index} netns {name} address {port.mac}"
        yield f"link add name {out} index {int(out[1:], 16) >> 12 | 1 << 29} type veth peer {inner}"


def join(a: Port, b: Port) -> Iterator[str]:
    """Return the lines that put a cable between two ports."""
    cable = _cable(a, b)
    yield f"link add name {cable} type bridge stp_state 0 mcast_snooping 0 {PASS_LLDP}"
    yield f"link set {cable} up"
    for end in map(outer, (a, b)):
        yield f"link set {end} master {cable}"
        yield f"link set {end} type bridge_slave learning off"
        yield f"link set {end} up"


def cut(a: Port, b: Port) -> Iterator[str]:
    """Return the lines that take a cable away."""
    yield from (f"link set {outer(end)} down nomaster" for end in (a, b))
    yield f"link delete {_cable(a, b)}"


def _cable(a: Port, b: Port) -> str:
    return "c" + outer(min(a, b))[1:]


def bridge(node: Node) -> str:
    """Return the line that makes the node's bridge."""
    stp = _STP if node.kind == "switch" else "stp_state 0"
    priority = _PRIORITIES.get(node.role, 32768)
    return f"link add br0 index {BRIDGE_INDEX} type bridge {stp} priority {priority}"


def power(node: Node, own_ports: Collection[str], management: Collection[str]) -> Iterator[str]:
    """Return the lines that give a node what it loses with its power: links and addresses."""
    yield "link set lo up"
    if node.bridging:
        # Switches stay silent themselves: no addresses that the kernel makes up.
        yield from (f"link set {port} addrgenmode none" for port in (*own_ports, "br0"))
        yield from (f"link set {port} master br0" for port in own_ports)
        yield "link set br0 up"
    yield from (f"link set {port} up" for port in own_ports)
    if node.managed:
        yield from ("link set mgmt0 addrgenmode none", "link set mgmt0 up")
    for address in management:
        yield f"addr replace {address} dev mgmt0" + (" nodad" if ":" in address else "")
    yield from addresses(node)


def addresses(node: Node) -> Iterator[str]:
    """Return the lines that give a node its own addresses and its way out."""
    for port, address in node.addresses.items():
        yield f"addr replace {address} dev {port}"
    if node.gateway:
        yield f"route replace default via {node.gateway}"
