"""Generated campuses are the same for the same seed, and sound."""

from tests.lab.generate import generate
from tests.lab.topology import Port, from_data, to_data


def test_a_thousand_nodes_and_twenty_thousand_pcs() -> None:
    made = generate(1000, endpoints=20_000)
    assert len(made.managed()) == 1000
    endpoints = made.endpoints()
    assert len(endpoints) == 20_000
    for values in (
        [endpoint.mac for endpoint in endpoints],
        [endpoint.address for endpoint in endpoints],
        [node.serial for node in made.managed()],
        [port for link in made.links for port in link],
    ):
        assert len(set(values)) == len(values)
    assert {made.nodes[endpoint.port.node].role for endpoint in endpoints} == {"access"}
    assert reachable(made.managed_links()) == {node.name for node in made.managed()}


def reachable(links: set[frozenset[Port]]) -> set[str]:
    """Return all nodes that hang together with the first core switch."""
    near: dict[str, set[str]] = {}
    for a, b in links:
        near.setdefault(a.node, set()).add(b.node)
        near.setdefault(b.node, set()).add(a.node)
    found, pending = {"core1"}, ["core1"]
    while pending:
        new = near[pending.pop()] - found
        found |= new
        pending += new
    return found


def test_the_seed_decides() -> None:
    assert generate(60, seed=7) == generate(60, seed=7)
    assert generate(60, seed=7) != generate(60, seed=8)


def test_a_campus_survives_its_file() -> None:
    made = generate(20, endpoints=30)
    again = from_data(to_data(made))
    assert again.ports == made.ports
    assert again.half_links() == made.half_links()
    assert again.endpoints() == made.endpoints()


def test_ports_keep_their_numbers_whatever_is_plugged_where() -> None:
    made = generate(20)
    port = made.links[5][0]
    cut = made.recabled(cut=[port])
    assert cut.ports == made.ports
    assert cut.half_links().keys() == made.half_links().keys() - set(made.links[5])
    assert cut.without_node(port.node).ports.items() <= made.ports.items()
