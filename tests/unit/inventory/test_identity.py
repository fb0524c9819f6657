"""Makers are told by sysObjectID, chassis and modules by ENTITY-MIB, nonsense by its looks."""

import pytest

from netops.inventory.identity import Kind, kind_of_object, parts_of, read_identity, real_serial
from netops.snmp.engines.own import OwnEngine
from netops.snmp.model import Talk, Target
from tests.snmp_campus import CISCO, HUAWEI, MODULE, Machine, Piece, campus


@pytest.mark.parametrize(
    ("object_id", "descr", "maker", "kind"),
    [
        (HUAWEI, "S5735", "Huawei", "switch"),
        (HUAWEI, "Huawei USG6635E", "Huawei", "firewall"),
        (CISCO, "Cisco NX-OS(tm)", "Cisco", "switch"),
        ("1.3.6.1.4.1.674.10892.5", "", "Dell", "server"),
        ("1.3.6.1.4.1.674.99", "", "Dell", ""),
        ("1.3.6.1.4.1.318.1.3.27", "APC Web/SNMP Management Card", "APC", "ups"),
        ("1.3.6.1.4.1.318.1.3.4.6", "APC Web/SNMP Management Card", "APC", "other"),
        ("1.3.6.1.4.1.534.1", "", "Eaton", "ups"),
        ("1.3.6.1.4.1.534.6.6.7", "Eaton ePDU", "Eaton", ""),
        ("1.3.6.1.4.1.67", "", "", ""),
        ("1.3.6.1.4.1.99999.1", "", "", ""),
        ("", "", "", ""),
    ],
)
def test_longest_beginning_and_words_of_the_description_decide(
    object_id: str, descr: str, maker: str, kind: str
) -> None:
    found = kind_of_object(object_id, descr)
    assert (found.maker, found.kind) == (maker, kind)


def test_platform_is_refined_by_the_description() -> None:
    assert kind_of_object(CISCO, "Cisco NX-OS(tm) n9000").platform == "cisco_nxos"
    assert kind_of_object(CISCO, "Cisco IOS Software").platform == "cisco_ios"


@pytest.mark.parametrize(
    "text", ["", "N/A", "none", "0", "0000000", "To be filled by O.E.M.", "-", "...", None]
)
def test_what_stands_in_for_a_serial_number_is_none(text: str | None) -> None:
    assert real_serial(text) == ""


@pytest.mark.parametrize("text", ["0012", "X1", "2102350", "NA-7"])
def test_a_serial_number_is_kept(text: str) -> None:
    assert real_serial(text) == text


def test_vendors_own_object_stands_in_for_an_empty_entity_table() -> None:
    (part,) = parts_of([], Kind(maker="Fortinet"), {"serial": "FG200F", "software": "7.2"})
    assert (part.part, part.serial, part.maker, part.software) == (
        "chassis",
        "FG200F",
        "Fortinet",
        "7.2",
    )


def test_the_same_number_at_chassis_and_module_counts_once() -> None:
    rows = [
        {"entPhysicalClass": "module", "entPhysicalSerialNum": "S1"},
        {"entPhysicalClass": "chassis", "entPhysicalSerialNum": "S1 "},
    ]
    assert [(one.part, one.serial) for one in parts_of(rows, Kind(), {})] == [("chassis", "S1")]


def test_hostile_texts_become_one_short_line() -> None:
    rows = [{"entPhysicalClass": "chassis", "entPhysicalSerialNum": "S\x1b[31m1\n" + "x" * 900}]
    (part,) = parts_of(rows, Kind(), {})
    assert part.serial.isprintable()
    assert len(part.serial) <= 200


def test_stack_is_read_from_an_agent_with_its_addresses() -> None:
    machine = Machine(
        "stack", [Piece("B1"), Piece("B2"), Piece("P9", "PAC600", MODULE)], addresses=["10.0.0.9"]
    )
    with campus({"127.0.0.1": machine}) as port:
        talk = Talk(Target("127.0.0.1", port), read_identity(addresses=True))
        (outcome,) = OwnEngine().converse([talk])
    found = outcome.value
    assert [one.serial for one in found.chassis] == ["B1", "B2"]
    assert found.addresses == {"10.0.0.9"}
    assert (found.name, found.kind.platform) == ("stack", "huawei_vrp")
    assert [one.serial for one in found.parts] == ["B1", "B2", "P9"]
