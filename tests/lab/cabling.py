"""Change what is connected while the campus runs: cables, whole nodes."""

from collections.abc import Collection

from tests.lab import wire
from tests.lab.config import Identity
from tests.lab.lab import Lab
from tests.lab.topology import Node, Port


def recable(lab: Lab, cut: Collection[Port] = (), join: Collection[tuple[Port, Port]] = ()) -> None:
    """Take cables out and put cables in; to agents only the carrier of their ports changes."""
    after = lab.topology.recabled(cut, join)
    gone = [link for link in lab.topology.links if set(cut) & set(link)]
    lines = [line for link in gone for line in wire.cut(*link)]
    lab.batch([*lines, *(line for link in join for line in wire.join(*link))])
    lab.topology = after
    lab.save()


def add_node(lab: Lab, node: Node, ports: Collection[str]) -> None:
    """Put a box without agents there, with free ports."""
    added = Node(node.name, node.kind, node.role, addresses=node.addresses, spare=tuple(ports))
    lab.topology = lab.topology.with_node(added)
    made = wire.ports(node.name, lab.topology, adverse=lab.adverse)
    lab.batch([f"netns add {node.name}", *made])
    lines = [wire.bridge(added)] if added.bridging else []
    lab.batch([*lines, *lab.power_lines(added)], node.name)
    lab.save()


def remove_node(lab: Lab, name: str) -> None:
    """Take a box and its cables away."""
    ports = [Port(name, port) for port in lab.topology.ports[name]]
    recable(lab, cut=ports)
    if (lab.directory / name).exists():
        lab.kill(name)
    lab.batch([*(f"link delete {wire.outer(port)}" for port in ports), f"netns delete {name}"])
    lab.topology = lab.topology.without_node(name)
    lab.save()


def announce(lab: Lab, name: str, identity: Identity) -> None:
    """Let a box without agents speak LLDP."""
    lab.write(lab.topology.nodes[name], identity, snmp=False)
    lab.start(name)
