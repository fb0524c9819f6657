"""What disagrees between ledger, inventory and devices is named, with how bad it is."""

from datetime import date

import pytest

from netops.inventory.assets import Asset
from netops.inventory.compare import KINDS, Finding, World, of_asset, of_device
from netops.inventory.identity import Identity, Kind, Part
from netops.inventory.model import Device

SW1 = Device("sw-1", "10.0.0.1", owner="NC")
A1 = Asset("A1", device="sw-1", serial="S1", model="S5735", owner="NC")
TODAY = date(2026, 11, 25)


def said(
    *serials: str, name: str = "sw-1", model: str = "S5735-L48", software: str = ""
) -> Identity:
    parts = tuple(Part("chassis", serial, model, software=software) for serial in serials)
    return Identity("1.3.6.1.4.1.2011.2", name, "", Kind(), parts)


def found(
    *assets: Asset,
    identity: Identity | None = None,
    why: str | None = None,
    seen: dict[str, list[str]] | None = None,
    device: Device = SW1,
    software: dict[str, str] | None = None,
) -> list[Finding]:
    world = World(TODAY, 90, assets, dict(seen or {}), software or {})
    return of_device(device, identity, why, world)


def kinds(*assets: Asset, **more: object) -> list[str]:
    return [one.kind for one in found(*assets, **more)]  # type: ignore[arg-type]


def test_device_that_says_what_the_ledger_says_has_no_finding() -> None:
    assert kinds(A1, identity=said("S1")) == []
    assert kinds(A1, identity=said("s-1", name="SW-1.campus.example")) == []


def test_another_serial_is_a_swap() -> None:
    (one,) = found(A1, identity=said("S9"))
    assert one.kind == "serial-differs"
    assert "S9" in one.text
    assert "A1 with S1" in one.text


def test_serial_of_another_device_is_named_with_its_place() -> None:
    other = Asset("A2", device="sw-2", serial="S2", owner="NC")
    (one,) = found(A1, other, identity=said("S2"), seen={"S2": ["sw-1"]})
    assert one.kind == "serial-moved"
    assert "A2 of sw-2" in one.text


def test_retired_serial_that_answers_is_critical() -> None:
    gone = Asset("A0", device="sw-1", serial="S0", state="retired")
    assert kinds(A1, gone, identity=said("S0")) == ["retired-answers"]


def test_stack_is_compared_member_by_member() -> None:
    second = Asset("A2", device="sw-1", serial="S2", owner="NC")
    assert kinds(A1, second, identity=said("S1", "S2")) == []
    assert kinds(A1, second, identity=said("S1")) == ["chassis-missing"]
    assert kinds(A1, identity=said("S1", "S2")) == ["unknown"]
    assert kinds(A1, second, identity=said("S1", "S3")) == ["serial-differs"]


def test_module_with_an_asset_number_is_found_among_the_parts() -> None:
    card = Asset("C1", device="sw-1", serial="M1", owner="NC")
    identity = Identity("", "sw-1", "", Kind(), (Part("chassis", "S1"), Part("module", "M1")))
    assert kinds(A1, card, identity=identity) == []


def test_one_serial_at_two_devices_is_told() -> None:
    assert kinds(A1, identity=said("S1"), seen={"S1": ["sw-1", "sw-7"]}) == ["serial-twice"]


def test_silence_of_what_is_in_use_is_a_missing_device() -> None:
    assert kinds(A1, why="does not answer") == ["missing"]
    assert kinds(why="does not answer") == ["silent", "not-in-ledger"]
    stored = Asset("A1", device="sw-1", state="in_store", owner="NC")
    assert kinds(stored, why="does not answer") == ["silent"]


def test_serial_that_nobody_tells_is_not_taken_for_verified() -> None:
    (one,) = found(A1, identity=said())
    assert (one.kind, one.status.name) == ("serial-not-told", "UNKNOWN")


@pytest.mark.parametrize(
    ("assets", "identity", "kind"),
    [
        ([], said("S1"), "unknown"),
        ([], said(), "not-in-ledger"),
        ([Asset("A1", device="sw-1", owner="NC")], said("S1"), "serial-not-recorded"),
        ([Asset("A1", device="sw-1", serial="S1", model="AR6140", owner="NC")], said("S1"), "model-differs"),
        ([A1], said("S1", name="core-9"), "renamed"),
        ([Asset("A1", device="sw-1", serial="S1", state="in_store", owner="N")], said("S1"), "not-in-use"),
    ],
)  # fmt: skip
def test_every_disagreement_has_its_kind(
    assets: list[Asset], identity: Identity, kind: str
) -> None:
    assert kinds(*assets, identity=identity) == [kind]


def test_name_of_its_own_may_be_written_in_the_inventory() -> None:
    device = Device("sw-1", "h", owner="NC", data={"sys_name": "LIB-3F"})
    assert kinds(A1, identity=said("S1", name="lib-3f"), device=device) == []


def test_new_software_is_told_and_no_alarm() -> None:
    (one,) = found(A1, identity=said("S1", software="V2"), software={"sw-1": "V1"})
    assert (one.kind, one.status.name) == ("software", "OK")


@pytest.mark.parametrize(
    ("until", "kind"),
    [
        ("2026-11-24", ["warranty-expired"]),
        ("2026-11-25", ["warranty-ends"]),
        ("2027-02-23", ["warranty-ends"]),
        ("2027-02-24", []),
        ("", []),
    ],
)
def test_warranty_is_told_before_it_ends(until: str, kind: list[str]) -> None:
    assert [
        one.kind
        for one in of_asset(Asset("A1", owner="NC", warranty_until=until), World(TODAY, 90, []))
    ] == kind


def test_asset_or_device_without_an_owner_is_told() -> None:
    nobody = Device("sw-1", "h")
    assert kinds(Asset("A1", device="sw-1"), device=nobody) == ["no-owner"]
    assert kinds(Asset("A1", device="sw-1"), device=SW1) == [], "the inventory names one"
    assert kinds(device=nobody) == ["not-in-ledger", "no-owner"]
    assert [one.kind for one in of_asset(Asset("A1"), World(TODAY, 90, []))] == ["no-owner"]


def test_asset_in_use_whose_device_is_not_in_the_inventory_is_told() -> None:
    lost = Asset("A1", device="sw-9", owner="NC")
    assert [one.kind for one in of_asset(lost, World(TODAY, 90, []))] == ["not-in-inventory"]


def test_every_kind_of_finding_is_documented() -> None:
    from pathlib import Path

    text = (Path(__file__).parents[3] / "docs/howto/ledger.md").read_text()
    assert not [kind for kind in KINDS if f"`{kind}`" not in text]
