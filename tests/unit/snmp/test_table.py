"""Typed rows from bindings, and the module files themselves."""

from pathlib import Path

import pytest

from netops.core.errors import ConfigError
from netops.snmp import module, oid, recording, table
from netops.snmp.plan import Habits
from netops.snmp.text import decode_text, identifier_text, mac_text
from tests.unit.snmp.farm import oids, switch
from tests.unit.snmp.test_walk import Honest, lead

WANTED = {
    "system", "if", "lldp", "cdp", "bridge", "arp", "entity", "sensors", "host-resources", "ucd",
    "ups", "poe", "stp", "cisco", "huawei", "h3c", "ruijie", "juniper", "hp", "aruba", "fortinet",
    "paloalto", "mikrotik", "lldp-v2", "lag", "ip",
}  # fmt: skip
SEVERAL = """\
1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.25506.11.1
1.3.6.1.2.1.1.3.0|67|12345
1.3.6.1.4.1.25506.2.6.1.1.1.1.6.2|2|17
1.3.6.1.4.1.25506.2.6.1.1.1.1.6.3|2|0
1.3.6.1.4.1.25506.2.6.1.1.1.1.12.2|2|41
1.3.6.1.4.1.25506.2.6.1.1.1.1.12.3|2|65535
1.3.6.1.2.1.2.2.1.8.7|2|2
1.3.6.1.2.1.2.2.1.8.9|2|42
1.3.6.1.2.1.2.2.1.2.7|4|GigabitEthernet1/0/7
1.3.6.1.2.1.31.1.1.1.18.7|4x|b7bfbce43031
1.0.8802.1.1.2.1.4.1.1.5.0.7.1|4x|001b213c4d5e
1.0.8802.1.1.2.1.4.1.1.9.0.7.1|4|core-1
1.3.6.1.2.1.17.7.1.2.2.1.2.1.0.27.33.60.77.94|2|7
1.3.6.1.2.1.4.35.1.4.7.1.4.10.0.0.9|4x|001b213c4d5e
"""


@pytest.fixture
def agent() -> Honest:
    return Honest(recording.parse(SEVERAL.encode()))


def test_every_module_of_the_plan_is_there_and_right() -> None:
    assert set(module.names()) >= WANTED
    for name in module.names():
        one = module.load(name)
        assert one.about.endswith(".")
        assert one.scalars or one.tables
        assert all(scalar.oid.endswith(b"\0") for scalar in one.scalars), name
        for group in [one.scalars, *(form.columns for form in one.tables)]:
            before: set[str] = set()
            for found in group:
                assert found.by is None or found.by in before, found.name
                before.add(found.name)


def test_no_object_is_named_twice_with_different_places() -> None:
    places: dict[str, bytes] = {}
    for name in module.names():
        one = module.load(name)
        for found in [*one.scalars, *one.columns()]:
            assert places.setdefault(found.name, found.oid) == found.oid


def test_the_modules_suit_the_maker() -> None:
    cisco = {one.name for one in module.suited(oid.encode("1.3.6.1.4.1.9.1.2066"))}
    assert {"system", "if", "lldp", "cdp", "cisco"} <= cisco
    assert not {"huawei", "ups", "bridge"} & cisco
    # 1.3.6.1.4.1.99 is not below 1.3.6.1.4.1.9
    assert "cisco" not in {one.name for one in module.suited(oid.encode("1.3.6.1.4.1.99.1"))}
    assert "bridge" in {one.name for one in module.suited(b"", demand=True)}


def test_a_device_is_read_by_what_it_is(agent: Honest) -> None:
    found = lead(table.read_device(), agent)
    assert found.scalars["sysUpTime"] == 123.45
    assert found.tables["hh3cEntityExtStateTable"] == [
        {"entPhysicalIndex": 2, "hh3cEntityExtCpuUsage": 17, "hh3cEntityExtTemperature": 41},
        {"entPhysicalIndex": 3, "hh3cEntityExtCpuUsage": 0, "hh3cEntityExtTemperature": None},
    ]
    assert found.tables["ifTable"] == [
        {"ifIndex": 7, "ifDescr": "GigabitEthernet1/0/7", "ifOperStatus": "down"},
        {"ifIndex": 9, "ifDescr": None, "ifOperStatus": "42"},
    ]
    assert found.tables["ifXTable"] == [{"ifIndex": 7, "ifAlias": "房间01"}]
    (neighbour,) = found.tables["lldpRemTable"]
    assert neighbour["lldpRemChassisId"] == "00:1b:21:3c:4d:5e"
    assert neighbour["lldpRemLocalPortNum"] == 7


def test_indexes_hold_addresses(agent: Honest) -> None:
    found = lead(table.read_modules([module.load("bridge"), module.load("arp")]), agent)
    assert found.tables["dot1qTpFdbTable"] == [
        {"dot1qFdbId": 1, "dot1qTpFdbAddress": "00:1b:21:3c:4d:5e", "dot1qTpFdbPort": 7}
    ]
    assert found.tables["ipNetToPhysicalTable"][0]["ipAddress"] == "10.0.0.9"


NEIGHBOUR = """\
1.0.8802.1.1.2.1.3.1.0|2|4
1.0.8802.1.1.2.1.3.2.0|4|switch
1.0.8802.1.1.2.1.3.6.0|4x|2800
1.0.8802.1.1.2.1.4.1.1.4.0.7.1|2|4
1.0.8802.1.1.2.1.4.1.1.4.0.8.1|2|7
1.0.8802.1.1.2.1.4.1.1.5.0.7.1|4|switch
1.0.8802.1.1.2.1.4.1.1.5.0.8.1|4|switch
1.0.8802.1.1.2.1.4.1.1.6.0.7.1|2|4
1.0.8802.1.1.2.1.4.1.1.6.0.8.1|2|4
1.0.8802.1.1.2.1.4.1.1.7.0.7.1|4x|010a000001
1.0.8802.1.1.2.1.4.1.1.7.0.8.1|4x|09646566
1.0.8802.1.1.2.1.4.1.1.12.0.7.1|4x|28
1.3.6.1.2.1.17.7.1.4.3.1.1.20|4|staff
1.3.6.1.2.1.17.7.1.4.3.1.2.20|4x|8100
1.2.840.10006.300.43.1.2.1.1.13.3|2|49
1.2.840.10006.300.43.1.2.1.1.21.3|4x|3c
"""


def test_an_identifier_is_what_its_subtype_says_even_if_it_looks_like_a_name() -> None:
    """Six octets that spell a word may be the MAC address of a switch."""
    found = lead(
        table.read_modules([module.load("lldp")]), Honest(recording.parse(NEIGHBOUR.encode()))
    )
    assert found.scalars["lldpLocChassisId"] == "73:77:69:74:63:68"
    assert found.scalars["lldpLocSysCapEnabled"] == "bridge router"
    first, second = found.tables["lldpRemTable"]
    assert first["lldpRemChassisId"] == "73:77:69:74:63:68"
    assert second["lldpRemChassisId"] == "switch"
    assert first["lldpRemPortId"] == "10.0.0.1"
    assert second["lldpRemPortId"] == "\tdef"  # a family nobody knows: as it came
    assert first["lldpRemSysCapEnabled"] == "bridge router"


def test_bits_and_lists_of_ports_are_spelt_out() -> None:
    forms = [module.load("bridge"), module.load("lag")]
    found = lead(table.read_modules(forms), Honest(recording.parse(NEIGHBOUR.encode())))
    assert found.tables["dot1qVlanStaticTable"] == [
        {
            "dot1qVlanIndex": 20,
            "dot1qVlanStaticName": "staff",
            "dot1qVlanStaticEgressPorts": "1 8",
        }
    ]
    (port,) = found.tables["dot3adAggPortTable"]
    assert port["dot3adAggPortAttachedAggID"] == 49
    assert port["dot3adAggPortActorOperState"] == (
        "aggregation synchronization collecting distributing"
    )


def test_an_index_that_does_not_fit_is_shown_whole() -> None:
    (form,) = (one for one in module.load("bridge").tables if one.name == "dot1qTpFdbTable")
    assert table.index_cells(form, bytes([1, 2, 3])) == {"index": "1.2.3"}
    assert table.index_cells(form, bytes([1, *range(9)])) == {"index": "1.0.1.2.3.4.5.6.7.8"}


def test_what_a_device_lacks_is_asked_once(agent: Honest) -> None:
    habits = Habits()
    forms = [module.load(name) for name in ("system", "if", "entity", "poe", "sensors")]
    lead(table.read_modules(forms, habits=habits), agent)
    agent.requests.clear()
    found = lead(table.read_modules(forms, habits=habits, slow=False), agent)
    asked = {name for request in agent.requests for name in request.oids}
    assert not asked & set(oids("1.3.6.1.2.1.2.2.1.10", "1.3.6.1.2.1.99.1.1.1.4"))
    assert len(agent.requests) <= 2
    assert found.tables["ifTable"][0]["ifOperStatus"] == "down"


def test_a_table_that_fills_later_is_found_in_a_slow_round() -> None:
    habits, forms = Habits(), [module.load("if")]
    lead(
        table.read_modules(forms, habits=habits), Honest(recording.parse(b"1.3.6.1.2.1.1.3.0|67|1"))
    )
    found = lead(table.read_modules(forms, habits=habits), Honest(switch(2)))
    assert len(found.tables["ifTable"]) == 2


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"Room 1\0\0", "Room 1"),
        ("图书馆".encode(), "图书馆"),
        ("图书馆".encode("gbk"), "图书馆"),
        (b"Gi1\r\n", "Gi1"),
        (b"\xff\xfe\x00", "0xfffe00"),
        (b"\x01\x02", "0x0102"),
        (b"", ""),
        (b"\x1b[31mred", "0x1b5b33316d726564"),
        ("a\u202eevil".encode(), "0x61e280ae6576696c"),
        ("聙".encode("gbk"), "聙"),
    ],
)
def test_text_of_any_charset_is_read_and_no_other(raw: bytes, text: str) -> None:
    assert decode_text(raw) == text


def test_addresses_are_shown_as_such() -> None:
    assert mac_text(bytes.fromhex("001b213c4d5e")) == "00:1b:21:3c:4d:5e"
    assert mac_text(b"ab") == "0x6162"
    assert identifier_text(b"Gi1/0/1") == "Gi1/0/1"


def test_a_wrong_module_file_says_every_mistake(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "about: x\nscalars:\n  a: {oid: 1.x, type: text}\n  b: {oid: 1.3.6.1.0, type: wrong}\n"
        "tables:\n  t: {oid: 1.3.6, index: ['i:what'], columns: {c: {at: no, type: text, spoon: 1}}}\n"
    )
    with pytest.raises(ConfigError) as caught:
        module.read(path)
    assert len(caught.value.mistakes) == 5
    with pytest.raises(ConfigError, match="no SNMP module"):
        module.load("../secrets")


def test_a_recording_comes_back_as_it_was() -> None:
    found = recording.parse(SEVERAL.encode())
    again = recording.parse("".join(recording.dump(found.varbinds)).encode())
    assert again.varbinds == found.varbinds
    assert not again.skipped


def test_recordings_from_real_devices_are_odd_and_still_served() -> None:
    odd = b"1.3.6.1.2|4|late\n1.3.6.1.1|4|first\r\n1.3.6.1.1|4|twice\nbroken\n1.3.6.1.3|4xx|zz\n"
    odd += (
        b"1.3.6.1.4|4e|a\\x00b\n1.3.6.1.5|64|10.0.0.1\n1.3.6.1.6|65x|ff\n1.3.6.1.7|64x|0a000001\n"
    )
    found = recording.parse(odd)
    assert [binding[2] for binding in found.varbinds] == [
        b"first\r", b"late", b"a\0b", bytes([10, 0, 0, 1]), 255, bytes([10, 0, 0, 1]),
    ]  # fmt: skip
    assert found.skipped == 2


@pytest.mark.parametrize("content", [None, "", "no recording\n"])
def test_a_file_that_is_no_recording_is_refused(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "x.snmprec"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigError):
        recording.load(path)
