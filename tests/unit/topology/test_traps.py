"""What real devices do to discovery, each with one that did: see the sources beside the tests."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from netops.topology import clean
from netops.topology.evidence.build import Network, build
from netops.topology.evidence.facts import Announced, Facts, Interface
from netops.topology.evidence.reading import facts_of
from netops.topology.model import Device, DeviceState, Link, LinkState
from tests.topology_facts import AT, box, hears, mac


def network(*everybody: Facts) -> Network:
    return build(everybody, AT)


def cables(found: Network) -> set[str]:
    """Return links as `sw1:ge1 sw2:ge1`."""
    names = {uid: device.name for uid, device in found.snapshot.devices.items()}
    return {
        " ".join(sorted(f"{names[end.device]}:{end.port}" for end in (link.a, link.b)))
        for link in found.snapshot.links
    }


def only(links: Iterable[Link]) -> Link:
    (link,) = links
    return link


def strangers(found: Network) -> list[Device]:
    return [one for one in found.snapshot.devices.values() if one.state is DeviceState.HEARD]


def test_two_switches_that_hear_each_other_are_one_confirmed_link() -> None:
    found = network(box(1, heard=(hears(1, 2, 3),)), box(2, heard=(hears(3, 1, 1),)))
    assert cables(found) == {"sw1:ge1 sw2:ge3"}
    assert only(found.snapshot.links).state is LinkState.CONFIRMED


def test_a_local_number_that_is_another_ports_ifindex_is_not_taken_for_it() -> None:
    """NAV #319, LibreNMS #18317: LLDP counts its ports as it likes."""
    ports = {100 + n: Announced("interfaceName", f"ge{n}") for n in range(1, 5)}
    shifted = {number - 99: port for number, port in ports.items()}  # 2 … 5
    low = {n: Interface(n, f"ge{n}", mac=mac(1, n)) for n in range(1, 5)}
    one = box(1, announced=shifted, interfaces=low, base_ports={n: n for n in range(1, 5)})
    heard = replace(hears(1, 2, 1), number=2)
    assert cables(network(replace(one, heard=(heard,)), box(2))) == {"sw1:ge1 sw2:ge1"}


def test_ports_that_are_named_by_mac_with_colliding_numbers_are_found() -> None:
    """The lab's adverse mode; LibreNMS #11194: bridge and port share a MAC."""
    rows = {
        9: Interface(9, "br0", mac=mac(1, 1), kind="bridge"),
        2: Interface(2, "ge1", mac=mac(1, 1)),
        3: Interface(3, "ge2", mac=mac(1, 2)),
        4: Interface(4, "ge3", mac=mac(1, 3)),
    }
    told = {n: Announced("macAddress", mac(1, n - 1)) for n in (2, 3, 4)}
    one = box(1, interfaces=rows, announced=told, base_ports={1: 2, 2: 3, 3: 4})
    heard = (replace(hears(1, 2, 1), number=2), replace(hears(1, 3, 1), number=3))
    back = hears(1, 1, 1, port_subtype="macAddress", port=mac(1, 1), port_description="")
    found = network(replace(one, heard=heard), box(2, heard=(back,)), box(3))
    assert cables(found) == {"sw1:ge1 sw2:ge1", "sw1:ge2 sw3:ge1"}


def test_a_port_id_that_is_the_neighbours_ifindex_is_its_port() -> None:
    """NAV #840: all Junos devices send `local` port ids with the ifIndex."""
    junos = box(2, announced={})
    heard = hears(1, 2, 3, port_subtype="local", port="103")
    assert cables(network(box(1, heard=(heard,)), junos)) == {"sw1:ge1 sw2:ge3"}


def test_a_chassis_id_that_is_a_mac_in_letters_is_that_mac() -> None:
    """OpenNMS nms13637: MikroTik sends the address as text under the subtype of an address."""
    shown = "0x" + mac(2).upper().encode().hex()
    tables: dict[str, list[dict[str, Any]]] = {
        "lldpRemTable": [
            {
                "lldpRemTimeMark": 77, "lldpRemLocalPortNum": 101, "lldpRemIndex": 1,
                "lldpRemChassisIdSubtype": "macAddress", "lldpRemChassisId": shown,
                "lldpRemPortIdSubtype": "interfaceName", "lldpRemPortId": "ge1",
            }
        ]
    }  # fmt: skip
    (heard,) = facts_of("sw1", "10.0.0.1", {}, tables).heard
    assert heard.chassis == mac(2)
    assert cables(network(box(1, heard=(heard,)), box(2))) == {"sw1:ge1 sw2:ge1"}


def test_neighbours_count_whatever_their_time_mark_and_index() -> None:
    """natlas #19; snmp-info #569: the table of management addresses counts for itself."""
    row = {
        "lldpRemLocalPortNum": 101, "lldpRemIndex": 4, "lldpRemChassisIdSubtype": "local",
        "lldpRemChassisId": "x", "lldpRemPortIdSubtype": "local", "lldpRemPortId": "1",
    }  # fmt: skip
    address = {"lldpRemLocalPortNum": 101, "lldpRemIndex": 4, "lldpRemManAddr": "10.0.0.2"}
    tables: dict[str, list[dict[str, Any]]] = {
        "lldpRemTable": [{**row, "lldpRemTimeMark": 100}],
        "lldpRemManAddrTable": [{**address, "lldpRemTimeMark": 0}],
    }
    (heard,) = facts_of("sw1", "10.0.0.1", {}, tables).heard
    assert heard.addresses == ("10.0.0.2",)


@pytest.mark.parametrize("address", ["0.0.0.0", "127.0.0.1", "fe80::1", "255.255.255.255", "::"])
def test_management_addresses_of_nobody_identify_nobody(address: str) -> None:
    """Netdisco and OpenNMS meet them; every device has 127.0.0.1."""
    assert clean.address(address) == ""


def test_an_empty_system_name_takes_no_name_from_anybody_else() -> None:
    """LibreNMS #17873 carried the name of the row before; #19881 kept it for ever."""
    heard = (hears(1, 2, 1), hears(2, 99, 1, name="", chassis=mac(99)))
    found = network(box(1, heard=heard), box(2))
    assert [(one.name, one.chassis_id) for one in strangers(found)] == [("", mac(99))]


def test_a_stranger_with_a_known_management_address_stays_a_stranger() -> None:
    """netdisco #1370: a rogue announces the address of the core."""
    heard = (hears(1, 2, 1), hears(3, 66, 1, name="sw2", addresses=("10.0.0.2",)))
    found = network(box(1, heard=heard), box(2, heard=(hears(1, 1, 1),)))
    assert [one.chassis_id for one in strangers(found)] == [mac(66)]
    states = sorted(link.state for link in found.snapshot.links)
    assert states == [LinkState.CONFIRMED, LinkState.ONE_SIDED]


def test_a_stranger_with_the_chassis_id_of_the_core_takes_no_link_of_it() -> None:
    heard = hears(3, 2, 1, port="eth1")
    found = network(
        box(1, heard=(hears(1, 2, 1),)), box(2, heard=(hears(1, 1, 1),)), box(3, heard=(heard,))
    )
    by_state = {link.state: link for link in found.snapshot.links}
    assert len(found.snapshot.links) == 2
    assert by_state[LinkState.CONFLICT].reason == "sw2 has no port eth1"


def test_who_claims_a_port_that_hears_another_is_a_conflict() -> None:
    everybody = (
        box(1, heard=(hears(1, 2, 1),)),
        box(2, heard=(hears(1, 1, 1),)),
        box(3, heard=(hears(3, 2, 1),)),
    )
    found = {link.state: link for link in network(*everybody).snapshot.links}
    assert found[LinkState.CONFLICT].reason == "sw2:ge1 hears sw1:ge1"
    assert found[LinkState.CONFIRMED].b.port == "ge1"


def test_parallel_links_between_two_switches_stay_two() -> None:
    """netdisco #670."""
    one = box(1, heard=(hears(1, 2, 1), hears(2, 2, 2)))
    two = box(2, heard=(hears(1, 1, 1), hears(2, 1, 2)))
    assert cables(network(one, two)) == {"sw1:ge1 sw2:ge1", "sw1:ge2 sw2:ge2"}


def test_who_hears_itself_is_warned_of_and_no_link() -> None:
    """NetXMS #3439: a switch gets its own announcement back."""
    found = network(box(1, heard=(hears(1, 1, 1),)))
    assert found.snapshot.links == ()
    assert [end.port for end in found.loops] == ["ge1"]


def test_a_cable_between_two_ports_of_one_switch_is_a_link_and_a_warning() -> None:
    found = network(box(1, heard=(hears(1, 1, 2), hears(2, 1, 1))))
    assert cables(found) == {"sw1:ge1 sw1:ge2"}
    assert len(found.loops) == 2


def test_several_neighbours_on_one_port_share_a_segment() -> None:
    """netdisco #1389: a switch between them lets LLDP through."""
    everybody = [
        box(1, heard=(hears(1, 2, 1), hears(1, 3, 1))),
        box(2, heard=(hears(1, 1, 1), hears(1, 3, 1))),
        box(3, heard=(hears(1, 1, 1), hears(1, 2, 1))),
    ]
    found = network(*everybody)
    segment = only_segment(found)
    ends = {end for link in found.snapshot.links for end in (link.a, link.b)}
    assert len(found.snapshot.links) == 3
    assert {end.port for end in ends if end.device != segment} == {"ge1"}


def only_segment(found: Network) -> str:
    (uid,) = [uid for uid, one in found.snapshot.devices.items() if one.role == "segment"]
    return uid


def test_one_neighbour_by_lldp_and_cdp_is_one_link() -> None:
    lldp = hears(1, 9, 1, name="phone")
    cdp = replace(lldp, protocol="cdp", chassis="phone", port="Port 1")
    found = network(box(1, heard=(lldp, cdp)))
    assert {one.protocol for one in only(found.snapshot.links).evidence} == {"lldp", "cdp"}
    assert len(strangers(found)) == 1


def test_cloned_serial_numbers_identify_neither_box() -> None:
    found = network(box(1, serial="VM-1"), box(2, serial="VM-1"))
    assert sorted(found.snapshot.devices) == [f"chassis:{mac(1)}", f"chassis:{mac(2)}"]


def test_a_box_that_was_asked_at_two_addresses_is_one() -> None:
    again = replace(box(1, serial="A1"), asked="other", address="10.9.9.9", addresses=("10.9.9.9",))
    found = network(box(1, serial="A1"), again)
    (device,) = found.snapshot.devices.values()
    assert set(device.addresses) == {"10.0.0.1", "10.9.9.9"}


HOSTILE = [
    "<script>alert(1)</script>",
    "图书馆",
    "a" * 300,
    "x\x1b[2Jy\r\nz",
    "\u202egnp.exe",
    "\udcff",
]


@pytest.mark.parametrize("name", HOSTILE, ids=["html", "chinese", "long", "escape", "bidi", "half"])
def test_hostile_names_are_one_harmless_line(name: str) -> None:
    heard = hears(1, 66, 1, name=clean.text(name), description=clean.text(name))
    (stranger,) = strangers(network(box(1, heard=(heard,))))
    assert stranger.name.isprintable()
    assert len(stranger.name) <= clean.LONGEST_TEXT


def test_a_neighbour_without_its_mandatory_ids_is_not_there_yet() -> None:
    """net-snmp serves such rows while lldpd connects to it again."""
    row = {"lldpRemLocalPortNum": 101, "lldpRemIndex": 1, "lldpRemSysName": "sw2"}
    assert facts_of("sw1", "10.0.0.1", {}, {"lldpRemTable": [row]}).heard == ()


def test_rows_without_what_they_need_are_left_out() -> None:
    tables: dict[str, list[dict[str, Any]]] = {
        "ifTable": [{"index": "1.2.3"}, {"ifIndex": "x"}, {"ifIndex": 1}],
        "lldpRemTable": [{"lldpRemLocalPortNum": None}, {"lldpRemLocalPortNum": "7"}],
        "dot1dBasePortTable": [{"dot1dBasePort": 1, "dot1dBasePortIfIndex": "y"}],
        "dot1dStpPortTable": [{"dot1dStpPort": 1, "dot1dStpPortDesignatedPort": "0xzzzz"}],
        "dot1qTpFdbTable": [{"dot1qTpFdbAddress": "zz", "dot1qTpFdbPort": 1}],
        "ipNetToMediaTable": [{"ipAddress": "x", "ipNetToMediaPhysAddress": "y"}],
        "cdpCacheTable": [{}],
        "dot1qVlanCurrentTable": [{"dot1qVlanIndex": "?", "dot1qVlanCurrentEgressPorts": "a b"}],
        "ifStackTable": [{"ifStackHigherLayer": "a", "ifStackLowerLayer": None}],
    }
    facts = facts_of("sw1", "10.0.0.1", {"sysName": 7, "dot1dStpDesignatedRoot": "0x00"}, tables)
    assert network(facts).snapshot.devices
