"""The ledger: every change is a version, in the journal too, and retiring takes two people."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from netops.app import Site
from netops.core.errors import AccessError, ConfigError, IntegrityError, UsageError
from netops.inventory import retire as retiring
from netops.inventory.assets import Asset, Version, changed, select_assets
from netops.inventory.handover import Parties, apply_handover, handover_list
from netops.inventory.ledger import Ledger, Saying, digest_of
from netops.inventory.ledger_verify import differences
from netops.inventory.model import Device
from netops.inventory.sheet import read_sheet
from netops.inventory.sheet_assets import Plan, plan_sheet

WANG, LI, CHEN = "Wang Fang", "Li Wei", "Chen Li"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A site with a real store and a real journal."""
    (tmp_path / "netops.yaml").write_text("site: {name: Test, origin: test.example.org}\n")
    made = Site(tmp_path / "netops.yaml")
    yield made
    made.close()


@pytest.fixture
def ledger(site: Site) -> Ledger:
    """A ledger with one asset."""
    first = changed(
        Asset("A-1"), {"device": "sw-1", "serial": "S1", "model": "S5735", "owner": WANG}
    )
    site.ledger.record([(first, "added")], Saying(CHEN, "bought"))
    return site.ledger


def say(party: str = WANG, reason: str = "because") -> Saying:
    return Saying(party, reason)


def change(ledger: Ledger, **values: str) -> None:
    ledger.record([(changed(ledger.get("A-1"), values), "changed")], say())


def test_every_change_is_a_version_with_who_and_why(ledger: Ledger) -> None:
    change(ledger, location="Room 2", warranty_until="2027-01-01")
    first, second = ledger.history("A-1")
    assert (first.party, first.reason, first.asset.version) == (CHEN, "bought", 1)
    assert (second.party, second.asset.location, second.asset.version) == (WANG, "Room 2", 2)
    assert ledger.get("A-1") == second.asset
    entries = list(ledger.diary.entries(kind="ledger.changed"))
    assert [entry.seq for entry in entries] == [first.journal_seq, second.journal_seq]
    told = entries[1].detail["assets"]
    assert isinstance(told, list)
    assert told[0]["changes"] == {
        "location": ["", "Room 2"],
        "warranty_until": ["", "2027-01-01"],
    }


def test_ledger_and_journal_agree_until_somebody_edits_a_row(ledger: Ledger, site: Site) -> None:
    change(ledger, location="Room 2")
    assert differences(ledger) == (2, [])
    tamper(site, "UPDATE asset SET owner = 'nobody'")
    assert differences(ledger)[1] == ["A-1 is not what its newest version says"]
    with pytest.raises(IntegrityError, match="nothing was recorded"):
        change(ledger, location="Room 3")


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE asset_version SET party = 'x' WHERE version = 1", "version 1 was edited"),
        ("DELETE FROM asset_version WHERE version = 2", "version 2 was deleted"),
        (
            "INSERT INTO asset_version SELECT number, 3, at, account, party, action, reason, facts, run_id, 99, digest"
            " FROM asset_version WHERE version = 2",
            "version 3 was edited",
        ),
        ("UPDATE asset_version SET facts = 'x' WHERE version = 1", "not readable"),
    ],
)
def test_every_way_to_change_history_is_found(
    ledger: Ledger, site: Site, statement: str, found: str
) -> None:
    change(ledger, location="Room 2")
    tamper(site, statement)
    assert any(found in line for line in differences(ledger)[1])


def tamper(site: Site, statement: str) -> None:
    import sqlite3

    with sqlite3.connect(site.state / "netops.db") as link:
        link.execute(statement)
    link.close()


def test_asset_is_retired_by_two_people_only(ledger: Ledger) -> None:
    with pytest.raises(AccessError, match="no approval by"):
        retiring.retire(ledger, "A-1", LI, say())
    with pytest.raises(AccessError, match="nobody approves"):
        retiring.approve(ledger, "A-1", WANG.upper(), say())
    retiring.approve(ledger, "A-1", WANG, say(LI, "too old"))
    with pytest.raises(AccessError, match="no approval by"):
        retiring.retire(ledger, "A-1", LI, say(CHEN))
    with pytest.raises(AccessError, match="nobody approves"):
        retiring.retire(ledger, "A-1", LI, say(LI))

    made, approval = retiring.retire(ledger, "A-1", LI.lower(), say())

    assert (made.state, approval.approver) == ("retired", LI)
    assert ledger.history("A-1")[-1].action == "retired"
    with pytest.raises(UsageError, match="retired already"):
        retiring.retire(ledger, "A-1", LI, say())


def test_approval_counts_once_and_for_the_asset_as_it_was(ledger: Ledger) -> None:
    retiring.approve(ledger, "A-1", WANG, say(LI))
    change(ledger, serial="S2")
    with pytest.raises(AccessError, match="another serial"):
        retiring.retire(ledger, "A-1", LI, say())
    change(ledger, serial="S1", location="store")
    retiring.retire(ledger, "A-1", LI, say())
    assert not ledger.database.execute("open_asset_approvals", number="A-1")


def test_approval_that_the_journal_never_heard_is_none(ledger: Ledger, site: Site) -> None:
    tamper(
        site,
        "INSERT INTO asset_approval (id, number, version, at, account, approver, applicant, reason, journal_seq)"
        f" VALUES ('X', 'A-1', 1, '2026-11-25T00:00:00.000Z', 'root', '{LI}', '{WANG}', 'r', 1)",
    )
    with pytest.raises(IntegrityError, match="does not know the approval"):
        retiring.retire(ledger, "A-1", LI, say())
    assert ledger.get("A-1").state == "in_use"


def test_two_accounts_are_demanded_where_the_site_says_so(ledger: Ledger) -> None:
    retiring.approve(ledger, "A-1", WANG, say(LI))
    with pytest.raises(AccessError, match="from this account"):
        retiring.retire(ledger, "A-1", LI, say(), two_accounts=True)
    assert ledger.get("A-1").state == "in_use"


def test_nothing_is_retired_or_brought_back_by_the_side_door(ledger: Ledger) -> None:
    with pytest.raises(UsageError, match="approval on record"):
        change(ledger, state="报废")
    retiring.approve(ledger, "A-1", WANG, say(LI))
    retiring.retire(ledger, "A-1", LI, say())
    with pytest.raises(UsageError, match="does not come back"):
        change(ledger, state="in_use")
    change(ledger, note="sold for scrap")
    assert ledger.get("A-1").note == "sold for scrap"


def test_all_changes_of_a_record_are_kept_or_none(ledger: Ledger) -> None:
    good = replace(ledger.get("A-1"), location="Room 9")
    bad = Asset("A-2", state="nonsense")
    with pytest.raises(Exception, match="put_asset"):
        ledger.record([(good, "changed"), (bad, "added")], say())
    assert ledger.get("A-1").location == ""
    assert ledger.find("A-2") is None


def test_a_thousand_assets_are_recorded_at_once(ledger: Ledger) -> None:
    seqs = ledger.record([(Asset(f"B-{n}"), "added") for n in range(1000)], say())
    assert len(seqs) == 25
    assert differences(ledger) == (1001, [])


@pytest.mark.parametrize(
    ("field", "value"),
    [("colour", "red"), ("state", "gone"), ("purchased_on", "soon"), ("owner", "a\x1b[31mb")],
)
def test_wrong_fields_and_values_are_refused(field: str, value: str) -> None:
    with pytest.raises(UsageError):
        changed(Asset("A-1"), {field: value})


def test_assets_are_selected_with_the_words_of_devices() -> None:
    assets = [Asset("1", owner=WANG, location="library 3"), Asset("2", state="in_store")]
    assert [a.number for a in select_assets(assets, "!owner=*")] == ["2"]
    assert [a.number for a in select_assets(assets, "state=in_use location=library*")] == ["1"]
    with pytest.raises(UsageError, match="no field 'colour'"):
        select_assets(assets, "colour=red")


# -- asset sheets


def plan(
    tmp_path: Path, text: str, *known: Asset, devices: dict[str, Device] | None = None
) -> Plan:
    file = tmp_path / "assets.csv"
    file.write_text(text)
    return plan_sheet(read_sheet(file), file, {a.number: a for a in known}, devices or {})


def test_sheet_adds_changes_and_leaves_alone(tmp_path: Path) -> None:
    text = "资产编号,型号,责任人,状态,购置日期,保修期\n1,S5735,王芳,在用,2024/3/5,3年\n2,X,,库存,,\n3,Y,,,,\n"
    made = plan(
        tmp_path, text, Asset("2", state="in_store", model="W", owner="李"), Asset("3", model="Y")
    )
    (added,) = made.added
    assert (added.state, added.warranty_until) == ("in_use", "2027-03-04")
    ((updated, changes),) = made.updated
    assert changes == {"model": ["W", "X"]}
    assert updated.owner == "李", "an empty cell changes nothing"
    assert made.same == 1


def test_sheet_finds_the_device_by_its_address_and_keeps_a_description_as_note(
    tmp_path: Path,
) -> None:
    text = "asset,name,ip\n1,图书馆交换机,10.0.0.1\n2,打印室电脑,\n3,sw-1,\n"
    made = plan(tmp_path, text, devices={"sw-1": Device("sw-1", "10.0.0.1")})
    assert [(a.device, a.note) for a in made.added] == [
        ("sw-1", "图书馆交换机"),
        ("", "打印室电脑"),
        ("sw-1", ""),
    ]


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ("1,,\n1,,\n", "given twice"),
        ("1,nonsense,\n", "no state"),
        ("1,,soon\n", "not a day"),
        ("9,报废,\n", "takes an approval"),
        ("=1,,\n", "formula"),
    ],
)
def test_sheet_with_a_wrong_row_is_refused_as_a_whole(tmp_path: Path, rows: str, why: str) -> None:
    with pytest.raises(ConfigError) as caught:
        plan(tmp_path, f"asset,state,purchased\n5,,\n{rows}", Asset("9"))
    assert any(why in line for line in caught.value.mistakes)


# -- handover


def test_handover_takes_what_one_person_owns_or_keeps(ledger: Ledger) -> None:
    ledger.record(
        [
            (Asset("A-2", owner=CHEN, custodian=WANG), "added"),
            (Asset("A-3", owner=CHEN), "added"),
        ],
        say(),
    )
    devices = [Device("sw-1", "h", owner=WANG), Device("fw-1", "h", owner="wang  fang")]
    made = handover_list(ledger, devices, Parties(WANG, LI, CHEN))
    assert [one.number for one in made.assets] == ["A-1", "A-2"]
    assert [one.name for one in made.devices] == ["fw-1"], "sw-1 is A-1"

    with ledger.alone():
        apply_handover(ledger, made, None)

    assert (ledger.get("A-1").owner, ledger.get("A-1").custodian) == (LI, "")
    assert (ledger.get("A-2").owner, ledger.get("A-2").custodian) == (CHEN, LI)
    assert ledger.history("A-2")[-1].action == "handed-over"
    assert json.dumps(made.as_dict())
    with pytest.raises(UsageError, match="was changed while"):
        apply_handover(ledger, made, None)


@pytest.mark.parametrize(
    "parties",
    [Parties(WANG, WANG), Parties(WANG, ""), Parties(WANG, LI, LI), Parties("Nobody", LI)],
)
def test_handover_needs_two_people_and_something_to_hand_over(
    ledger: Ledger, parties: Parties
) -> None:
    with pytest.raises(UsageError):
        handover_list(ledger, [], parties)


def test_digests_of_versions_on_record_stay_valid() -> None:
    at = datetime(2026, 11, 23, 8, tzinfo=UTC)
    asset = Asset("A-001", serial="21023", version=1)
    version = Version(asset, at, "ops", LI, "added", "new", 7, "")
    assert (
        digest_of("", version) == "644bfc96300df5d3843b7bed1336f409889414fceb95f36f172357d6ec6f8b37"
    )
