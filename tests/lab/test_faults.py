"""Every fault of the lab does what its name says, as the agents tell it."""

import pytest

from tests.lab import view
from tests.lab.config import Identity
from tests.lab.faults import Faults
from tests.lab.lab import Lab
from tests.lab.topology import Port
from tests.lab.waiting import await_endpoints, await_neighbours, settle, until


def sees(lab: Lab, node: str, port: str) -> Port | None:
    """Return the neighbour on a port."""
    return view.neighbours(lab, node).get(Port(node, port))


def test_an_unplugged_cable_is_gone_at_both_ends_and_the_ports_are_down(
    lab: Lab, faults: Faults
) -> None:
    faults.unplug("core1", "ge3")
    await_neighbours(lab)
    assert sees(lab, "core1", "ge3") is sees(lab, "dist2", "ge1") is None
    until("down", lambda: not view.oper(lab, "core1")["ge3"])
    until("down", lambda: not view.oper(lab, "dist2")["ge1"])
    faults.replug("core1", "ge3")
    await_neighbours(lab)
    assert sees(lab, "core1", "ge3") == Port("dist2", "ge1")
    until("up", lambda: view.oper(lab, "core1")["ge3"])


def test_ports_keep_their_numbers_when_cables_move(lab: Lab, faults: Faults) -> None:
    def numbers() -> list[object]:
        nodes = ("dist1", "dist2", "acc1")
        return [(view.interfaces(lab, node), view.base_ports(lab, node)) for node in nodes]

    before = numbers()
    faults.move_cable("dist1", "ge3", "dist2", "ge7")
    assert numbers() == before
    await_neighbours(lab)
    assert sees(lab, "acc1", "ge24") == Port("dist2", "ge7")
    assert sees(lab, "dist1", "ge3") is None
    assert frozenset({Port("acc1", "ge24"), Port("dist2", "ge7")}) in lab.topology.managed_links()


def test_two_cables_between_the_same_switches_are_two_links(lab: Lab, faults: Faults) -> None:
    faults.plug("dist1", "ge6", "dist2", "ge6")
    await_neighbours(lab)
    assert sees(lab, "dist1", "ge2") == Port("dist2", "ge2")
    assert sees(lab, "dist1", "ge6") == Port("dist2", "ge6")


def test_a_port_shut_down_by_configuration_says_so(lab: Lab, faults: Faults) -> None:
    faults.shut("dist1", "ge4")
    await_neighbours(lab)
    until("shut", lambda: not view.admin(lab, "dist1")["ge4"])
    until("no carrier", lambda: not view.oper(lab, "acc2")["ge24"])
    assert view.admin(lab, "acc2")["ge24"]


def test_a_node_without_power_answers_nothing_and_its_neighbours_lose_it(
    lab: Lab, faults: Faults
) -> None:
    faults.power_off("acc4")
    await_neighbours(lab)
    assert not view.answers(lab, "acc4")
    until("down", lambda: not view.oper(lab, "dist2")["ge4"])
    assert "acc4" not in lab.topology.nodes
    faults.power_on("acc4")
    await_neighbours(lab)
    assert sees(lab, "dist2", "ge4") == Port("acc4", "ge24")


def test_a_frozen_agent_is_silent_while_its_node_works(lab: Lab, faults: Faults) -> None:
    faults.freeze("dist2")
    assert not view.answers(lab, "dist2")
    assert sees(lab, "core1", "ge3") == Port("dist2", "ge1")
    faults.thaw("dist2")
    assert view.answers(lab, "dist2")


def test_a_node_without_lldp_still_answers_and_forwards(lab: Lab, faults: Faults) -> None:
    faults.silence_lldp("acc1")
    await_neighbours(lab)
    assert sees(lab, "dist1", "ge3") is None
    assert view.answers(lab, "acc1")
    assert view.oper(lab, "dist1")["ge3"]
    assert view.stp(lab, "acc1")["ge24"] == "forwarding"


def test_a_changed_serial_shows_at_once(lab: Lab, faults: Faults) -> None:
    faults.change_serial("acc2", "SWAPPED-1")
    until("the serial", lambda: view.text(lab, "acc2", view.SERIAL) == "SWAPPED-1")
    assert lab.topology.nodes["acc2"].serial == "SWAPPED-1"


def test_a_renamed_node_has_its_name_in_snmp_and_at_its_neighbour(lab: Lab, faults: Faults) -> None:
    faults.rename("acc3", "library-1")
    until("the name", lambda: view.text(lab, "acc3", view.SYS_NAME) == "library-1")
    until("LLDP", lambda: sees(lab, "dist2", "ge3") == Port("library-1", "ge24"))


def test_another_root_of_the_spanning_tree(lab: Lab, faults: Faults) -> None:
    before = view.root(lab, "acc1")
    faults.prefer_root("dist2")
    until("the new root", lambda: view.root(lab, "acc1") != before)
    assert view.root(lab, "acc1") == view.root(lab, "dist2")


def test_a_moved_pc_is_learned_at_its_new_place(lab: Lab, faults: Faults) -> None:
    faults.move_pc("pc1", "acc3", "ge2")
    settle(lab)
    (pc,) = [endpoint for endpoint in lab.topology.endpoints() if endpoint.name == "pc1"]
    assert pc.port == Port("acc3", "ge2")
    until("learned", lambda: view.forwarding(lab, "acc3").get(pc.mac) == "ge2")


def test_a_changed_address_shows_at_the_gateway_with_the_same_mac(lab: Lab, faults: Faults) -> None:
    faults.change_pc_address("pc2", "10.20.0.222")
    await_endpoints(lab)
    (pc,) = [endpoint for endpoint in lab.topology.endpoints() if endpoint.name == "pc2"]
    assert pc.address == "10.20.0.222"
    until("the address", lambda: view.arp(lab, "fw1").get("10.20.0.222") == pc.mac)


def test_a_second_gateway_takes_the_address_over(lab: Lab, faults: Faults) -> None:
    mac = Port("pc1", "eth1").mac
    assert view.arp(lab, "srv1")["10.20.0.1"] == Port("fw1", "eth1").mac
    faults.second_gateway("pc1", "srv1")
    until("the PC as gateway", lambda: view.arp(lab, "srv1").get("10.20.0.1") == mac)


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script>",
        "图书馆交换机",
        "a" * 255,
        "x'; drop table link; --",
        '"&<>{{7*7}}',
    ],
    ids=["html", "chinese", "long", "sql", "quotes"],
)
def test_a_stranger_may_call_itself_anything(lab: Lab, faults: Faults, name: str) -> None:
    faults.rogue("acc1", "ge3", Identity(system_name=name, description=name))
    until("the stranger", lambda: sees(lab, "acc1", "ge3") == Port(name, "eth1"))


def test_a_stranger_may_pretend_to_be_another(lab: Lab, faults: Faults) -> None:
    chassis = view.chassis(lab, "core1")
    identity = Identity(system_name="core1", management=lab.address("core1"))
    faults.rogue("acc2", "ge3", identity, mac=chassis)
    until("the stranger", lambda: sees(lab, "acc2", "ge3") == Port("core1", "eth1"))
    near = view.remote_chassis(lab, "acc2")
    assert near[Port("acc2", "ge3")] == [chassis]
    assert lab.address("core1") in view.management(lab, "acc2")[Port("acc2", "ge3")]


def test_a_hub_shows_three_neighbours_on_one_port(lab: Lab, faults: Faults) -> None:
    names = faults.lldp_hub("acc3", "ge3")
    until("three", lambda: len(view.all_neighbours(lab, "acc3").get(Port("acc3", "ge3"), [])) == 3)
    found = view.all_neighbours(lab, "acc3")[Port("acc3", "ge3")]
    assert {port.node for port in found} == set(names)


def test_the_adverse_campus_has_numbers_that_mislead(adverse_lab: Lab) -> None:
    interfaces, ports = (read(adverse_lab, "dist1") for read in (view.interfaces, view.base_ports))
    shared = set(interfaces) & set(ports)
    assert shared
    assert all(interfaces[number] != ports[number] for number in shared)
    kinds = view.walk(adverse_lab, "dist1", f"{view.LLDP_REMOTE}.6")
    assert set(kinds.values()) == {view.MAC_ADDRESS}
    await_neighbours(adverse_lab)
