"""What goes wrong on a campus is told as what it is: the right events, and no others."""

from collections.abc import Callable, Iterator

import pytest

from netops.app import Site
from netops.topology.model import DeviceState, Event, LinkState
from tests.lab import view
from tests.lab.config import Identity
from tests.lab.faults import Faults
from tests.lab.lab import Lab
from tests.lab.scanning import Scanner, told
from tests.lab.topology import Port
from tests.lab.waiting import await_endpoints, await_neighbours, settle, until


@pytest.fixture(scope="module")
def scanner(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Scanner:
    """One site for all faults: what a test leaves behind would be an event of the next."""
    made = Scanner(lab, tmp_path_factory.mktemp("site"))
    made.scan()
    return made


@pytest.fixture(autouse=True)
def _as_before(scanner: Scanner, faults: Faults) -> Iterator[None]:
    yield
    faults.heal()
    await_neighbours(scanner.lab)
    scanner.rest()


def kinds(events: list[Event]) -> list[str]:
    return sorted(event.kind.value for event in events)


def twice(scanner: Scanner) -> list[Event]:
    """Scan until what is missing counts as gone."""
    return [*scanner.scan(), *scanner.scan()]


def test_an_unplugged_cable_is_one_removed_link(scanner: Scanner, faults: Faults) -> None:
    faults.unplug("core1", "ge3")
    await_neighbours(scanner.lab)
    (event,) = twice(scanner)
    assert told([event]) == [("link_removed", "core1:ge3 – dist2:ge1")]
    assert event.before["a"] == ["core1", "ge3"]
    assert scanner.links() == scanner.lab.topology.managed_links()
    faults.replug("core1", "ge3")
    await_neighbours(scanner.lab)
    assert kinds(scanner.scan()) == ["link_added"]


def test_a_moved_cable_is_one_event(scanner: Scanner, faults: Faults) -> None:
    faults.move_cable("dist1", "ge3", "dist2", "ge7")
    await_neighbours(scanner.lab)
    (event,) = scanner.scan()
    assert event.kind.value == "link_moved"
    assert {tuple(event.before["a"]), tuple(event.before["b"])} == {
        ("acc1", "ge24"),
        ("dist1", "ge3"),
    }
    assert {tuple(event.after["a"]), tuple(event.after["b"])} == {
        ("acc1", "ge24"),
        ("dist2", "ge7"),
    }
    assert scanner.links() == scanner.lab.topology.managed_links()


def test_a_second_cable_is_one_added_link(scanner: Scanner, faults: Faults) -> None:
    faults.plug("dist1", "ge6", "dist2", "ge6")
    await_neighbours(scanner.lab)
    assert told(scanner.scan()) == [("link_added", "dist1:ge6 – dist2:ge6")]
    assert scanner.links() == scanner.lab.topology.managed_links()


def test_a_port_that_is_shut_down_is_told_beside_its_link(scanner: Scanner, faults: Faults) -> None:
    faults.shut("dist1", "ge2")
    await_neighbours(scanner.lab)
    # net-snmp keeps its table of interfaces for a while.
    until("the port is shut", lambda: not view.admin(scanner.lab, "dist1")["ge2"])
    events = twice(scanner)
    assert kinds(events) == ["link_removed", "port_changed"]
    (setting,) = [event for event in events if event.kind.value == "port_changed"]
    assert setting.after == {"port": "ge2", "is_enabled": False}


def test_a_dead_switch_is_one_event_and_keeps_its_links(scanner: Scanner, faults: Faults) -> None:
    links = scanner.links()
    faults.power_off("acc4")
    await_neighbours(scanner.lab)
    assert told(scanner.scan()) == [("device_down", "acc4")]
    assert told(twice(scanner)) == []
    assert scanner.links() == links
    states = {one.name: one.state for one in scanner.snapshot().devices.values()}
    assert states["acc4"] is DeviceState.STALE
    faults.power_on("acc4")
    await_neighbours(scanner.lab)
    settle(scanner.lab)
    assert told(scanner.scan()) == [("device_up", "acc4")]


def test_a_frozen_agent_removes_nothing(scanner: Scanner, faults: Faults) -> None:
    links = scanner.links()
    faults.freeze("acc2")
    assert told(twice(scanner)) == []
    assert scanner.links() == links
    assert scanner.snapshot().silent == ("acc2",)
    assert scanner.result("acc2").status.name == "UNKNOWN"
    states = {link.state for link in scanner.snapshot().links if "acc2" in link.reason}
    assert states == {LinkState.ONE_SIDED}


def test_a_dead_poller_concludes_nothing(scanner: Scanner, faults: Faults) -> None:
    before = scanner.snapshot()
    for node in scanner.lab.topology.managed():
        faults.freeze(node.name)
    assert told(scanner.scan()) == []
    assert scanner.result().status.name == "UNKNOWN"
    assert scanner.snapshot() == before


def test_a_switch_that_no_longer_announces_itself_keeps_its_link(
    scanner: Scanner, faults: Faults
) -> None:
    links = scanner.links()
    faults.silence_lldp("acc3")
    await_neighbours(scanner.lab)
    assert told(twice(scanner)) == []
    assert scanner.links() == links
    (link,) = [one for one in scanner.snapshot().links if "spanning tree" in one.reason]
    assert {one.protocol for one in link.evidence} == {"stp"}


@pytest.mark.parametrize(
    ("fault", "event"),
    [
        (lambda faults: faults.change_serial("acc1", "NEW-1"), ("device_replaced", "acc1")),
        (lambda faults: faults.rename("acc1", "acc1-new"), ("device_renamed", "acc1")),
    ],
    ids=["replaced", "renamed"],
)
def test_what_a_box_says_of_itself_is_one_event(
    scanner: Scanner, faults: Faults, fault: Callable[[Faults], None], event: tuple[str, str]
) -> None:
    fault(faults)
    found: list[tuple[str, str]] = []

    def seen() -> bool:
        found.extend(told(scanner.scan()))
        return bool(found)

    until("the event", seen)
    assert [*found, *told(scanner.scan())] == [event]


def test_another_root_of_the_spanning_tree_is_one_event(scanner: Scanner, faults: Faults) -> None:
    before = view.root(scanner.lab, "acc1")
    faults.prefer_root("dist2")
    until("the new root", lambda: view.root(scanner.lab, "acc1") != before)
    settle(scanner.lab)
    assert told(scanner.scan()) == [("stp_root_changed", "dist2")]
    faults.heal()
    until("the old root", lambda: view.root(scanner.lab, "acc1") == before)


def test_a_moved_pc_is_one_event_and_its_history_is_kept(scanner: Scanner, faults: Faults) -> None:
    mac = Port("pc1", "eth1").mac
    faults.move_pc("pc1", "acc3", "ge2")
    settle(scanner.lab)
    assert told(twice(scanner)) == [("endpoint_moved", mac)]
    site = Site(scanner.file)
    try:
        (place, *_) = site.topology.places(mac)
        assert place[3] == "ge1"
        assert site.topology.endpoints()[mac].port == "ge2"
    finally:
        site.close()


def test_a_changed_address_is_one_event(scanner: Scanner, faults: Faults) -> None:
    faults.change_pc_address("pc2", "10.20.0.222")
    await_endpoints(scanner.lab)
    (event,) = twice(scanner)
    assert told([event]) == [("address_changed", Port("pc2", "eth1").mac)]
    assert (event.before, event.after) == ({"address": "10.20.0.102"}, {"address": "10.20.0.222"})


def test_a_second_gateway_is_one_event(scanner: Scanner, faults: Faults) -> None:
    mac = Port("pc1", "eth1").mac
    faults.second_gateway("pc1", "srv1")
    until("the PC as gateway", lambda: view.arp(scanner.lab, "srv1").get("10.20.0.1") == mac)
    events = twice(scanner)
    assert [event for event in events if event.kind.value == "gateway_unknown"] == events
    assert events[0].after == {"address": "10.20.0.1", "mac": mac}
    assert len(events) == 1


ROGUES = {
    "html": Identity(system_name="<script>alert(1)</script>"),
    "long": Identity(system_name="a" * 255),
    "core's name": Identity(system_name="core1"),
}


@pytest.mark.parametrize("identity", ROGUES.values(), ids=ROGUES)
def test_a_stranger_is_one_new_device_and_harms_no_link(
    scanner: Scanner, faults: Faults, identity: Identity
) -> None:
    faults.rogue("acc1", "ge3", identity)
    await_stranger(scanner.lab, "acc1", "ge3")
    events = twice(scanner)
    assert kinds(events) == ["device_added"]
    assert scanner.links() == scanner.lab.topology.managed_links()
    assert events[0].subject.isprintable()


def test_a_stranger_that_pretends_to_be_the_core_is_a_conflict(
    scanner: Scanner, faults: Faults
) -> None:
    address, chassis = scanner.lab.address("core1"), view.chassis(scanner.lab, "core1")
    identity = Identity(system_name="core1", management=address)
    faults.rogue("acc2", "ge3", identity, mac=chassis)
    await_stranger(scanner.lab, "acc2", "ge3")
    events = twice(scanner)
    assert kinds(events) == ["link_added"]
    assert events[0].after["state"] == "conflict"
    good = {one for one in scanner.links() if Port("acc2", "ge3") not in one}
    assert good == scanner.lab.topology.managed_links()


def test_boxes_behind_a_switch_without_a_name_share_a_segment(
    scanner: Scanner, faults: Faults
) -> None:
    faults.lldp_hub("acc3", "ge3")
    lab = scanner.lab
    until("three", lambda: len(view.all_neighbours(lab, "acc3").get(Port("acc3", "ge3"), [])) == 3)
    assert kinds(twice(scanner)) == ["device_added"] * 4
    assert scanner.links() == lab.topology.managed_links()


def await_stranger(lab: Lab, node: str, port: str) -> None:
    until("the stranger", lambda: bool(view.neighbours(lab, node).get(Port(node, port))))
