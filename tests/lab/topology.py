"""The truth about a campus: its nodes and cables, and what a correct discovery must say of them."""

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import yaml

Kind = Literal["switch", "router", "server", "hub", "pc", "outside"]
MANAGED: tuple[Kind, ...] = ("switch", "router", "server")
BRIDGES: tuple[Kind, ...] = ("switch", "hub")
CAMPUS = Path(__file__).with_name("campus.yaml")
#: ifIndex of the ports that are not cabled, in every node; its other ports follow, or stand below.
MANAGEMENT_INDEX, BRIDGE_INDEX, FIRST_INDEX = 90, 91, 101


@dataclass(frozen=True, slots=True, order=True)
class Port:
    """One port of one node."""

    node: str
    name: str

    def __str__(self) -> str:
        return f"{self.node}:{self.name}"

    @property
    def mac(self) -> str:
        """The same in every lab, so that chassis ids are."""
        digest = hashlib.sha256(str(self).encode()).hexdigest()
        return "02:" + ":".join(digest[at : at + 2] for at in range(0, 10, 2))


@dataclass(frozen=True, slots=True)
class Node:
    """One box: what it is, where it stands, what its label says."""

    name: str
    kind: Kind
    role: str
    location: str = ""
    maker: str = ""
    model: str = ""
    serial: str = ""
    software: str = ""
    #: Address with prefix length, by port.
    addresses: Mapping[str, str] = field(default_factory=dict)
    gateway: str = ""
    ipv6: bool = False
    #: False for one that neither sends nor hears LLDP.
    lldp: bool = True
    #: Ports without a cable.
    spare: tuple[str, ...] = ()

    @property
    def managed(self) -> bool:
        """Tell whether it has agents."""
        return self.kind in MANAGED

    @property
    def bridging(self) -> bool:
        """Tell whether it forwards frames."""
        return self.kind in BRIDGES


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A box without agents at the edge, and the managed switch port it is found behind."""

    name: str
    mac: str
    address: str
    port: Port
    #: The unmanaged switch between the two, if any.
    behind: str = ""


Link = frozenset[Port]


@dataclass(frozen=True)
class Topology:
    """Nodes and cables; what is asked of it holds for exactly these."""

    nodes: Mapping[str, Node]
    links: tuple[tuple[Port, Port], ...]

    @cached_property
    def peers(self) -> Mapping[Port, Port]:
        """The port at the other end of each cable."""
        return {a: b for link in self.links for a, b in (link, link[::-1])}

    @cached_property
    def ports(self) -> Mapping[str, tuple[str, ...]]:
        """The ports of each node by their numbers; the place in this list is the bridge port less 1."""
        names: dict[str, set[str]] = {name: set(node.spare) for name, node in self.nodes.items()}
        for port in self.peers:
            names[port.node].add(port.name)
        return {name: tuple(sorted(found, key=_natural)) for name, found in names.items()}

    def managed(self) -> list[Node]:
        """Return the nodes that have agents, in their order."""
        return [node for node in self.nodes.values() if node.managed]

    def managed_links(self) -> set[Link]:
        """Return the cables between nodes that have agents: what discovery must find, no more."""
        return {frozenset(link) for link in self.links if self._both_managed(link)}

    def half_links(self) -> dict[Port, Port]:
        """Return per port of a managed node the neighbour it must see by LLDP."""
        pairs = ((a, b) for a, b in self.peers.items() if self._both_managed((a, b)))
        return {a: b for a, b in pairs if self.nodes[a.node].lldp and self.nodes[b.node].lldp}

    def endpoints(self) -> list[Endpoint]:
        """Return the PCs with address and the managed switch port behind which each is found."""
        found = []
        for node in self.nodes.values():
            near = Port(node.name, "eth1")
            far = self.peers.get(near)
            if node.kind != "pc" or far is None:
                continue
            behind = far.node if self.nodes[far.node].kind == "hub" else ""
            port = self._uplink(behind) if behind else far
            if port is not None:
                address = node.addresses["eth1"].partition("/")[0]
                found.append(Endpoint(node.name, near.mac, address, port, behind))
        return found

    def unmanaged(self) -> dict[str, Port]:
        """Return per unmanaged switch the managed port it hangs on."""
        hubs = [name for name, node in self.nodes.items() if node.kind == "hub"]
        return {name: port for name in hubs if (port := self._uplink(name)) is not None}

    def index(self, port: Port, *, adverse: bool = False) -> int:
        """Return the port's ifIndex; in the adverse lab it looks like another port's bridge number."""
        place = self.ports[port.node].index(port.name)
        return place + 2 if adverse else place + FIRST_INDEX

    def recabled(
        self, cut: Collection[Port] = (), join: Collection[tuple[Port, Port]] = ()
    ) -> "Topology":
        """Return the campus without the cables at `cut` and with the cables `join`."""
        kept = [link for link in self.links if not set(cut) & set(link)]
        for port in (port for link in join for port in link):
            if port.name not in self.ports.get(port.node, ()):
                raise ValueError(f"there is no port {port}")
            if any(port in link for link in kept):
                raise ValueError(f"there is a cable in {port} already")
        # A port stays where it is, with a cable or without.
        nodes = {n: replace(node, spare=self.ports[n]) for n, node in self.nodes.items()}
        return Topology(nodes, (*kept, *join))

    def with_node(self, node: Node) -> "Topology":
        """Return the campus with this node in place of its namesake, or added."""
        return replace(self, nodes={**self.nodes, node.name: node})

    def without_node(self, name: str) -> "Topology":
        """Return the campus without a node and its cables."""
        rest = self.recabled(cut=[Port(name, port) for port in self.ports[name]])
        return replace(rest, nodes={n: node for n, node in rest.nodes.items() if n != name})

    def _both_managed(self, link: tuple[Port, Port]) -> bool:
        return all(self.nodes[port.node].managed for port in link)

    def _uplink(self, hub: str) -> Port | None:
        ports = (self.peers.get(Port(hub, name)) for name in self.ports[hub])
        return next((port for port in ports if port and self.nodes[port.node].managed), None)


def _natural(name: str) -> tuple[str, int]:
    match = re.fullmatch(r"(\D*)(\d*)", name)
    return (match[1], int(match[2] or 0)) if match else (name, 0)


def from_data(data: Mapping[str, Any]) -> Topology:
    """Return the campus that plain values describe, as in campus.yaml."""
    nodes = {
        name: Node(name, **{**row, "spare": tuple(row.get("spare", ()))})
        for name, row in data["nodes"].items()
    }
    links = tuple((Port(a, pa), Port(b, pb)) for a, pa, b, pb in data["links"])
    return Topology(nodes, links)


def to_data(topology: Topology) -> dict[str, Any]:
    """Return the campus as plain values for a file."""
    from dataclasses import asdict

    rows = {}
    for name, node in topology.nodes.items():
        row = {key: value for key, value in asdict(node).items() if value and key != "name"}
        rows[name] = {**row, "spare": list(node.spare), "lldp": node.lldp}
    links = [[a.node, a.name, b.node, b.name] for a, b in topology.links]
    return {"nodes": rows, "links": links}


def campus() -> Topology:
    """Return the small campus."""
    return from_data(yaml.safe_load(CAMPUS.read_text(encoding="utf-8")))


def pair() -> Topology:
    """Return the smallest campus: two switches and the cable between them."""
    nodes = {name: Node(name, "switch", "access", serial=name.upper()) for name in ("one", "two")}
    return Topology(nodes, ((Port("one", "ge1"), Port("two", "ge1")),))
