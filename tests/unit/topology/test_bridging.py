"""Where nobody announces anything, spanning tree and learned addresses tell."""

from dataclasses import replace
from typing import Any

from netops.topology.evidence.build import Network, build
from netops.topology.evidence.facts import Facts, Interface, Resolved, StpPort
from netops.topology.model import End, LinkState
from tests.topology_facts import AT, box, hears, learns, mac

PC, PRINTER = "0a:00:00:00:00:01", "0a:00:00:00:00:02"


def network(*everybody: Facts, **more: Any) -> Network:
    return build(everybody, AT, **more)


def quiet(number: int, **more: Any) -> Facts:
    """Return a switch without LLDP."""
    return box(number, announced={}, chassis="", **more)


def test_the_spanning_tree_names_both_ports_of_a_link() -> None:
    leaf = quiet(2, stp={1: StpPort("forwarding", mac(1), 3), 2: StpPort("forwarding", mac(2), 2)})
    (link,) = network(quiet(1), leaf).snapshot.links
    assert {link.a.port, link.b.port} == {"ge1", "ge3"}
    assert link.state is LinkState.ONE_SIDED
    assert "spanning tree" in link.reason


def test_a_blocked_port_is_a_link_too() -> None:
    leaf = quiet(2, stp={1: StpPort("blocking", mac(1), 3)})
    assert len(network(quiet(1), leaf).snapshot.links) == 1


def test_a_disabled_port_is_none() -> None:
    leaf = quiet(2, stp={1: StpPort("disabled", mac(1), 3)})
    assert network(quiet(1), leaf).snapshot.links == ()


def test_lldp_of_one_end_and_the_spanning_tree_of_the_other_confirm_each_other() -> None:
    leaf = box(2, stp={1: StpPort("forwarding", mac(1), 3)})
    (link,) = network(box(1, heard=(hears(3, 2, 1),)), leaf).snapshot.links
    assert link.state is LinkState.CONFIRMED
    assert {one.protocol for one in link.evidence} == {"lldp", "stp"}


def test_a_known_server_without_lldp_is_found_by_its_mac() -> None:
    card = {1: Interface(1, "eth0", mac=PC)}
    server = Facts("srv", name="srv", serial="S1", interfaces=card)
    (link,) = network(box(1, learned=learns((PC, 2))), server).snapshot.links
    assert {link.a, link.b} == {End(f"chassis:{mac(1)}", "ge2"), End("serial:S1", "eth0")}


def test_two_silent_switches_are_linked_where_each_learned_the_other() -> None:
    one = quiet(1, learned=learns((mac(2), 1)))
    two = quiet(2, learned=learns((mac(1), 4)))
    (link,) = network(one, two).snapshot.links
    assert {link.a.port, link.b.port} == {"ge1", "ge4"}


def test_of_switches_in_a_row_only_the_next_is_linked() -> None:
    """1 – 2 – 3: the first learns both on one port, the middle has them on two."""
    one = quiet(1, learned=learns((mac(2), 1), (mac(3), 1)))
    two = quiet(2, learned=learns((mac(1), 1), (mac(3), 2)))
    three = quiet(3, learned=learns((mac(1), 1), (mac(2), 1)))
    links = network(one, two, three).snapshot.links
    pairs = {(link.a.device[-5:-3], link.b.device[-5:-3]) for link in links}
    assert pairs == {("01", "02"), ("02", "03")}


def test_one_host_on_a_port_is_an_endpoint_with_the_address_of_the_routers_arp() -> None:
    router = box(2, resolved=(Resolved("10.1.0.5", PC),))
    found = network(box(1, learned=learns((PC, 2))), router)
    endpoint = found.endpoints[PC]
    assert (endpoint.port, endpoint.addresses, endpoint.vlan) == ("ge2", ("10.1.0.5",), 1)
    assert found.snapshot.links == ()


def test_several_hosts_on_a_port_hang_on_a_switch_nobody_manages() -> None:
    found = network(box(1, learned=learns((PC, 2), (PRINTER, 2))))
    (switch,) = [one for one in found.snapshot.devices.values() if one.role == "unmanaged"]
    assert switch.uid.endswith("/ge2")
    assert {one.port for one in found.endpoints.values()} == {"ge2"}


def test_hosts_behind_another_switch_are_not_on_the_port_towards_it() -> None:
    one = box(1, heard=(hears(1, 2, 1),), learned=learns((PC, 1)))
    two = box(2, heard=(hears(1, 1, 1),), learned=learns((PC, 3)))
    found = network(one, two)
    assert found.endpoints[PC].device == f"chassis:{mac(2)}"


def test_a_host_that_moved_is_at_its_new_port_while_the_old_one_still_remembers_it() -> None:
    uid = f"chassis:{mac(1)}"
    both = box(1, learned=learns((PC, 2), (PC, 3)))
    first = network(both, places={PC: [End(uid, "ge2")]})
    assert first.endpoints[PC].port == "ge3"
    again = network(both, places={PC: [End(uid, "ge3"), End(uid, "ge2")]})
    assert again.endpoints[PC].port == "ge3"


def test_a_station_that_announces_itself_is_an_endpoint_with_a_name() -> None:
    heard = hears(2, 0, 0, chassis=PC, name="pc-17", port="eth0")
    found = network(box(1, heard=(heard,), learned=learns((PC, 2))))
    assert found.endpoints[PC].name == "pc-17"


def test_members_of_an_aggregate_carry_the_evidence_of_the_aggregate() -> None:
    def bundled(number: int, other: int, **more: Any) -> Facts:
        rows = {**box(number).interfaces, 200: Interface(200, "Po1", kind="ieee8023adLag")}
        heard = (hears(1, other, 1), hears(2, other, 2))
        bases = {1: 200, 3: 103}
        return replace(
            box(number), interfaces=rows, heard=heard, base_ports=bases,
            aggregates={101: 200, 102: 200}, **more,
        )  # fmt: skip

    leaf = bundled(2, 1, stp={1: StpPort("forwarding", mac(1), 1)})
    found = network(bundled(1, 2), leaf)
    assert len(found.snapshot.links) == 2
    assert all(
        {"lldp", "lag", "stp"} == {e.protocol for e in link.evidence}
        for link in found.snapshot.links
    )
    assert found.snapshot.devices[f"chassis:{mac(1)}"].ports["ge1"].aggregate == "Po1"


def test_hosts_are_not_looked_for_where_a_switch_was_a_moment_ago() -> None:
    """An announcement that is missing once must not move every host to the uplink."""
    uid = f"chassis:{mac(1)}"
    found = network(box(1, learned=learns((PC, 1), (PRINTER, 1))), trunks=[End(uid, "ge1")])
    assert found.endpoints == {}
    assert set(found.snapshot.devices) == {uid}
