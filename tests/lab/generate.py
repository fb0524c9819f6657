"""Campuses of any size out of a seed: to run in namespaces up to about 60 nodes, as data beyond."""

import random
from ipaddress import ip_address

from tests.lab.topology import Node, Port, Topology

_PLACES = ("Teaching building", "Library", "Laboratory", "Dormitory", "Canteen", "Gymnasium")
#: Maker, model and software by role.
_BOXES = {
    "core": ("Huawei", "S12700E-8", "V200R023C00"),
    "distribution": ("H3C", "S6520X-54QC", "7.1.070"),
    "access": ("Ruijie", "RG-S2952G", "11.4(1)B74"),
}
PC_PORTS = 48


def generate(managed: int, *, endpoints: int = 0, seed: int = 1) -> Topology:
    """
    Return a campus with `managed` switches and `endpoints` PCs, the same for the same seed.

    Two core switches, one distribution switch for ten access switches, each with two uplinks; every
    third access switch has a second uplink. No more PCs than access ports are made.
    """
    if managed < 5:
        raise ValueError("a campus has 5 managed nodes at least")
    draw = random.Random(seed)  # deterministic on purpose
    made = _Made(draw)
    distributions = max(2, managed // 12)
    accesses = managed - 2 - distributions
    cores = [made.switch(f"core{n + 1}", "core") for n in range(2)]
    made.link(cores[0], cores[1])
    dists = [made.switch(f"dist{n + 1}", "distribution") for n in range(distributions)]
    for dist in dists:
        for core in cores:
            made.link(core, dist)
    edges = [made.switch(f"acc{n + 1}", "access") for n in range(accesses)]
    for number, edge in enumerate(edges):
        made.link(dists[number % distributions], edge, 49)
        if number % 3 == 0:
            made.link(dists[(number + 1) % distributions], edge, 50)
    places = [(edge, f"ge{port}") for port in range(1, PC_PORTS + 1) for edge in edges]
    for number, (edge, port) in enumerate(places[:endpoints]):
        made.pc(f"pc{number + 1}", number, Port(edge, port))
    return Topology(made.nodes, tuple(made.links))


class _Made:
    """A campus while it is made."""

    def __init__(self, draw: random.Random) -> None:
        self.draw = draw
        self.nodes: dict[str, Node] = {}
        self.links: list[tuple[Port, Port]] = []
        self.used: dict[str, int] = {}

    def switch(self, name: str, role: str) -> str:
        maker, model, software = _BOXES[role]
        place = (
            f"{self.draw.choice(_PLACES)} {self.draw.randint(1, 30)} / {self.draw.randint(1, 9)}F"
        )
        serial = f"{role[0].upper()}{self.draw.getrandbits(40):010X}{len(self.nodes):04d}"
        self.nodes[name] = Node(name, "switch", role, place, maker, model, serial, software)
        return name

    def link(self, upper: str, lower: str, lower_port: int = 0) -> None:
        ends = []
        for name, wanted in ((upper, 0), (lower, lower_port)):
            number = wanted or self.used.get(name, 0) + 1
            self.used[name] = self.used.get(name, 0) + (0 if wanted else 1)
            ends.append(Port(name, f"ge{number}"))
        self.links.append((ends[0], ends[1]))

    def pc(self, name: str, number: int, port: Port) -> None:
        address = f"{ip_address('10.32.0.1') + number}/11"
        place = self.nodes[port.node].location
        self.nodes[name] = Node(name, "pc", "pc", place, addresses={"eth1": address})
        self.links.append((port, Port(name, "eth1")))
