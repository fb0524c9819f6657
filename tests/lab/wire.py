"""Cables and addresses as lines for `ip -batch`: a cable is a veth pair, a free port a pair that leads nowhere."""

from collections.abc import Collection, Iterator

from tests.lab.topology import BRIDGE_INDEX, MANAGEMENT_INDEX, Node, Port, Topology

#: Hundredths of a second; the shortest that the kernel allows.
_STP = "stp_state 1 forward_delay 200 hello_time 100 max_age 600"
#: ifIndex of the outer ends of management cables.
_FIRST_OUTSIDE = 1001
_PRIORITIES = {"core": 4096, "distribution": 8192}


def nowhere(port: Port) -> str:
    """Return the name of what a free port leads to, outside all nodes."""
    return "s" + port.mac[3:].replace(":", "")


def build(topology: Topology, *, adverse: bool) -> Iterator[str]:
    """Return the lines that make all namespaces, cables and free ports, in the lab's namespace."""
    yield from ("link add mgmt type bridge", "link set mgmt up")
    yield from ("link set up0 master mgmt", "link set up0 up")
    for name in topology.nodes:
        yield f"netns add {name}"
    for a, b in topology.links:
        yield cable(a, b, topology, adverse=adverse)
    for node in topology.nodes.values():
        for name in node.spare:
            if (port := Port(node.name, name)) not in topology.peers:
                yield free(port, topology, adverse=adverse)
    for place, node in enumerate(topology.nodes.values()):
        if node.managed:
            yield from management(place, node.name)


def management(place: int, name: str) -> Iterator[str]:
    """Return the lines that connect a node to the management network."""
    peer = f"peer name mgmt0 index {MANAGEMENT_INDEX} netns {name}"
    # The kernel takes the index of the one end only together with one for the other.
    yield f"link add name m{place} index {_FIRST_OUTSIDE + place} type veth {peer}"
    yield f"link set m{place} master mgmt up"


def cable(a: Port, b: Port, topology: Topology, *, adverse: bool) -> str:
    """Return the line that joins two ports."""
    near, far = (_end(port, topology, adverse=adverse) for port in (a, b))
    return f"link add {near} type veth peer {far}"


def free(port: Port, topology: Topology, *, adverse: bool) -> str:
    """Return the line that makes a port without a cable."""
    end = _end(port, topology, adverse=adverse)
    name = nowhere(port)
    return f"link add name {name} index {int(name[1:], 16) >> 12 | 1 << 29} type veth peer {end}"


def _end(port: Port, topology: Topology, *, adverse: bool) -> str:
    index = topology.index(port, adverse=adverse)
    return f"name {port.name} index {index} netns {port.node} address {port.mac}"


def bridge(node: Node) -> str:
    """Return the line that makes the node's bridge."""
    stp = _STP if node.kind == "switch" else "stp_state 0"
    priority = _PRIORITIES.get(node.role, 32768)
    return f"link add br0 index {BRIDGE_INDEX} type bridge {stp} priority {priority}"


def connect(node: Node, ports: Collection[str]) -> Iterator[str]:
    """Return the lines that set ports up in their node, old or new."""
    if node.bridging:
        # Switches stay silent themselves: no addresses that the kernel makes up.
        yield from (f"link set {port} addrgenmode none" for port in ports)
        yield from (f"link set {port} master br0" for port in ports)
    yield from (f"link set {port} up" for port in ports)


def power(node: Node, management: Collection[str]) -> Iterator[str]:
    """Return the lines that give a node what it loses with its power: links and addresses."""
    yield "link set lo up"
    if node.bridging:
        yield from ("link set br0 addrgenmode none", "link set br0 up")
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
