"""netops inventory as people use it: ledger, handover, import, discover and reconcile, by the command."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from netops.snmp.model import Target
from tests.contracts.snmp_daemon import snmpd
from tests.sites import Done, Site
from tests.snmp_campus import LINUX, MODULE, Machine, Piece, campus

STACK = [Piece("B1"), Piece("B2"), Piece("PSU9", "PAC600", MODULE)]
MACHINES = {
    "127.0.7.1": Machine("sw-1", [Piece("A1")]),
    "127.0.7.2": Machine("sw-2", [Piece("A2")]),
    "127.0.7.3": Machine("stack", STACK),
    "127.0.7.4": Machine("stack", STACK),
    "127.0.7.5": Machine("srv-1", [], LINUX, "Linux srv-1 6.1"),
    "127.0.7.6": Machine("sw-1", [Piece("ROGUE")], addresses=["127.0.7.6"]),
}
INVENTORY = """\
defaults: {snmp: campus, owner: NC}
devices:
  sw-1: {host: 127.0.7.1}
  sw-2: {host: 127.0.7.2}
"""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with campus(MACHINES) as found:
        yield found


@pytest.fixture
def site(tmp_path: Path, port: int) -> Site:
    """A site without a backup job that asks the devices of this module."""
    made = Site(tmp_path)
    access = {"campus": {"port": port, "timeout": "1s", "retries": 1}}
    made.settings = {
        "site": {"name": "Test", "origin": "test.example.org"},
        "inventory": {"snmp": access, "discover": ["127.0.7.0/29"]},
    }
    made.write()
    (tmp_path / "inventory").mkdir()
    (tmp_path / "inventory/a.yaml").write_text(INVENTORY)
    return made


def inventory(site: Site, *words: str, code: int = 0) -> Done:
    done = site.netops("inventory", *words)
    assert done.code == code, done
    return done


def kinds(done: Done) -> dict[str, list[str]]:
    return {r["target"]: [one["kind"] for one in r["findings"]] for r in done.results()}


def test_ledger_changes_are_runs_and_retiring_needs_somebody_else(site: Site) -> None:
    inventory(site, "ledger", "add", "A-1", "device=sw-1", "serial=A1", "--as", "Wang")
    inventory(site, "ledger", "set", "A-1", "location=Room 2", "--reason", "moved", "--as", "Li")
    versions = inventory(site, "ledger", "history", "A-1", "--json").json()
    assert [(one["party"], one["reason"]) for one in versions] == [("Wang", "new"), ("Li", "moved")]
    retire = ("retire", "A-1", "--approved-by", "Li", "--as", "Wang", "--reason", "broken")
    refused = inventory(site, *retire, code=77)
    assert "netops inventory ledger approve" in refused.out
    inventory(site, "ledger", "approve", "A-1", "--as", "Li", "--for", "Wang", "--reason", "old")
    inventory(site, *retire, "--dry-run")
    inventory(site, *retire)
    assert inventory(site, "ledger", "list", "state=retired", "--json").json()[0]["number"] == "A-1"
    kinds_of = [entry["kind"] for entry in site.journal()]
    assert kinds_of.count("ledger.changed") == 3
    assert kinds_of.count("ledger.approved") == 1
    assert kinds_of.count("run.end") == 5
    inventory(site, "ledger", "verify")


def test_asset_sheet_in_gbk_becomes_assets_and_passwords_stay_out(site: Site) -> None:
    sheet = site.directory / "sheet.csv"
    text = "资产编号,设备名称,IP地址,序列号,密码\nA-1,接入交换机,127.0.7.1,A1,hunter22\n合计,,,,\n"
    sheet.write_bytes(text.encode("gbk"))
    done = inventory(site, "ledger", "import", "sheet.csv", "--json", code=1)
    assert done.results()[0]["added"] == ["A-1"], "a total is no asset"
    (first,) = inventory(site, "ledger", "list", "--json").json()
    assert (first["device"], first["serial"], first["note"]) == ("sw-1", "A1", "接入交换机")
    sheet.write_bytes(text.replace("A1,", "A9,").encode("gbk"))
    assert "1 differ" in inventory(site, "ledger", "import", "sheet.csv", code=1).out
    inventory(site, "ledger", "import", "sheet.csv", "--update", code=1)
    assert inventory(site, "ledger", "show", "A-1", "--json").json()["serial"] == "A9"
    assert "hunter22" not in json.dumps(site.journal())


def test_reconcile_tells_swaps_silence_and_what_is_in_no_ledger(site: Site) -> None:
    (site.directory / "inventory/b.yaml").write_text(
        "devices: {sw-9: {host: 127.0.7.9}, stack: {host: 127.0.7.3}}\n"
    )
    for words in (
        ("A-1", "device=sw-1", "serial=A1", "owner=Wang"),
        ("A-2", "device=sw-2", "serial=OTHER", "owner=Wang"),
        ("A-3", "device=stack", "serial=B1", "owner=Wang", "warranty_until=2020-01-01"),
        ("A-9", "device=sw-9", "serial=Z9", "owner=Wang"),
    ):
        inventory(site, "ledger", "add", *words)

    done = inventory(site, "reconcile", "--json", code=2)

    assert kinds(done) == {
        "sw-1": [],
        "sw-2": ["serial-differs"],
        "stack": ["unknown", "warranty-expired"],
        "sw-9": ["missing"],
    }
    status = {result["target"]: result["status"] for result in done.results()}
    assert status == {"sw-1": "OK", "sw-2": "CRITICAL", "stack": "WARNING", "sw-9": "UNKNOWN"}
    stored = inventory(site, "ledger", "findings", "--json", code=2).json()["findings"]
    assert {(one["target"], one["kind"]) for one in stored} == {
        (target, kind) for target, found in kinds(done).items() for kind in found
    }
    assert (
        inventory(site, "ledger", "show", "A-1", "--json").json()["last_seen"][0]["device"]
        == "sw-1"
    )
    inventory(site, "reconcile", "sw-9", code=3)
    assert not inventory(site, "reconcile", "sw-1", "--quiet", "--dry-run").out
    (site.directory / "inventory/b.yaml").unlink()
    after = inventory(site, "reconcile", "--json", code=2)
    assert kinds(after)["asset A-9"] == ["not-in-inventory"]
    stored = inventory(site, "ledger", "findings", "--json", code=2).json()["findings"]
    assert "sw-9" not in {one["target"] for one in stored}, "it is no target any more"


def test_discover_tells_known_new_and_pretended_devices_apart(site: Site) -> None:
    done = inventory(site, "discover", "--wait", "0.3", "--json", code=1)
    (look,) = done.results()
    found = {tuple(one["addresses"]): (one["fate"], one["name"]) for one in look["devices"]}
    assert found == {
        ("127.0.7.1",): ("known", "sw-1"),
        ("127.0.7.2",): ("known", "sw-2"),
        ("127.0.7.3", "127.0.7.4"): ("new", "stack"),
        ("127.0.7.5",): ("new", "srv-1"),
        ("127.0.7.6",): ("elsewhere", "sw-1"),
    }
    assert not list(site.directory.glob("inventory/[!a]*")), "nothing is added by itself"


def test_discover_writes_a_proposal_only_where_it_was_told_to(site: Site) -> None:
    look = ("discover", "--wait", "0.3", "--write")
    asked = inventory(site, *look, "inventory/new.yaml", code=64)
    assert "--yes" in asked.err
    done = inventory(site, *look, "found.yaml", "--json", code=1)
    assert done.results()[-1]["added"] == ["stack", "srv-1"]
    assert "serial: B1" in (site.directory / "found.yaml").read_text()
    assert "overwrite nothing" in inventory(site, *look, "found.yaml", code=64).err
    (site.directory / "found.yaml").rename(site.directory / "inventory/new.yaml")
    assert inventory(site, "select").out.split() == ["srv-1", "stack", "sw-1", "sw-2"]


def test_import_adds_to_a_file_and_changes_nothing_that_is_there(site: Site) -> None:
    (site.directory / "hosts.ini").write_text(
        "[access]\nsw-1 ansible_host=127.0.7.99\nsw-7 ansible_host=127.0.7.77\n"
    )
    done = inventory(site, "import", "ansible", "hosts.ini", "--to", "inventory/b.yaml", code=1)
    assert "+  sw-7:" in done.out
    assert "host '127.0.7.1' stays, not '127.0.7.99'" in done.out
    assert inventory(site, "select", "access").out.split() == ["sw-7"]


def test_handover_is_printed_recorded_and_applied_only_when_told(site: Site) -> None:
    inventory(site, "ledger", "add", "A-1", "owner=王芳", "maker=<b>x</b>", "kind=switch")
    parties = ("handover", "--from", "王芳", "--to", "李偉", "--witness", "陳")
    text = inventory(site, *parties, "--language", "zh_Hant").out
    assert "移交人: 王芳" in text
    inventory(site, *parties, "--out", "list.html", "--language", "zh_Hans")
    page = (site.directory / "list.html").read_text()
    assert "移交清单" in page
    assert "&lt;b&gt;x&lt;/b&gt;" in page
    assert inventory(site, "ledger", "show", "A-1", "--json").json()["owner"] == "王芳"
    plain = inventory(site, *parties, "--format", "json", "--apply").json()
    assert (plain["from"], plain["to"], plain["applied"]) == ("王芳", "李偉", True)
    assert inventory(site, "ledger", "show", "A-1", "--json").json()["owner"] == "李偉"
    entries = [entry for entry in site.journal() if entry["kind"] == "inventory.handover"]
    assert len(entries) == 3
    assert {(e["detail"]["from"], e["detail"]["to"]) for e in entries} == {("王芳", "李偉")}


def test_words_that_mean_nothing_are_refused_and_never_an_empty_answer(site: Site) -> None:
    assert (
        "known: serial-differs"
        in inventory(site, "ledger", "findings", "--kind", "no-ownr", code=64).err
    )
    assert "has two =" in inventory(site, "list", "role==access", code=64).err
    inventory(site, "ledger", "add", "A-1", "owner=NC")
    unchanged = inventory(site, "ledger", "set", "A-1", "--reason", "moved", code=64)
    assert "nothing to change is given" in unchanged.err + unchanged.out


@pytest.mark.parametrize("wait", ["0", "-1", "nan", "inf"])
def test_a_time_to_wait_that_is_none_is_refused(site: Site, wait: str) -> None:
    assert "no time to wait" in inventory(site, "discover", "--wait", wait, code=64).err


def test_an_engine_that_nobody_knows_is_told_once_and_no_run_begins(site: Site) -> None:
    for verb in ("discover", "reconcile"):
        done = inventory(site, verb, "--engine", "ownn", code=78)
        assert done.err.count("none of the known snmp engines") == 1
    assert not (site.directory / "state/journal").exists()


def test_days_of_an_asset_that_cannot_be_are_told(site: Site) -> None:
    days = ("purchased_on=2024-05-01", "warranty_until=2020-01-01")
    done = inventory(site, "ledger", "add", "A-1", *days, code=1)
    assert "the warranty ends 2020-01-01, before the purchase" in done.out
    done = inventory(site, "ledger", "add", "A-2", "purchased_on=2999-01-01", code=1)
    assert "purchased_on 2999-01-01 is still to come" in done.out


def test_mistakes_of_a_sheet_stand_apart_from_each_other(site: Site) -> None:
    rows = "asset number,purchased on\nA-1,2024-02-31\nA-2,31.2.\n"
    (site.directory / "assets.csv").write_text(rows)
    done = inventory(site, "ledger", "import", "assets.csv", code=78)
    assert "nothing was taken: assets.csv:2: '2024-02-31' is not a day" in done.out
    assert "; assets.csv:3: '31.2.' is not a day" in done.out


def test_real_agent_that_tells_no_serial_is_not_taken_for_verified(
    site: Site, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with snmpd(tmp_path_factory.mktemp("agent")) as target:
        _point_at(site, target)
        inventory(site, "ledger", "add", "A-1", "device=lab", "serial=S1", "owner=Wang")
        done = inventory(site, "reconcile", "lab", "--json", code=3)
        assert kinds(done) == {"lab": ["serial-not-told"]}
        look = inventory(site, "discover", "127.0.0.1", "--json").results()
    (one,) = look[0]["devices"]
    assert (one["name"], one["fate"], one["platform"]) == ("lab", "known", "linux")


def _point_at(site: Site, target: Target) -> None:
    accesses: dict[str, Any] = site.settings["inventory"]["snmp"]
    accesses["campus"]["port"] = target.port
    site.write()
    (site.directory / "inventory/b.yaml").write_text("devices: {lab: {host: 127.0.0.1}}\n")
