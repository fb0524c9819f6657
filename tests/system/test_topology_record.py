"""netops topology record as operators and cron call it."""

import json
import os
import pty
import subprocess
from pathlib import Path
from typing import Any

import pytest

from netops.journal.actor import account
from tests.sites import COMMAND, Done, Site, environment, wait_until

MOVE = "move link acc2:ge1 - dist1:ge4 to dist2:ge4"
REQUEST = ("--set", "reason=Room 204 moves", "--set", "applicant=Chen Li", "--set", "class=normal")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    made = Site(tmp_path)
    approvers = {account(): "Wang Fang"}
    made.settings = {
        "site": {"name": "Test", "origin": "test.example.org", "language": "en"},
        "records": {"approvers": approvers, "two_accounts": False},
    }
    made.write()
    return made


def record(site: Site, *words: str, code: int = 0) -> Done:
    done = site.netops("topology", "record", *words)
    assert done.code == code, done
    return done


def opened(site: Site, *more: str) -> str:
    words = ("open", "--planned", "--expect", MOVE, *REQUEST, "--as", "Chen Li", "--json", *more)
    (result,) = record(site, *words).results()
    return str(result["number"])


def test_a_planned_change_is_asked_for_approved_and_waits_for_its_scan(site: Site) -> None:
    number = opened(site)
    assert number.startswith("TC-20")
    refused = record(site, "submit", number, code=64)
    assert "--set rollback_plan=…" in refused.out
    record(site, "submit", number, "--set", "rollback_plan=plug it back", "--as", "Chen Li")
    record(site, "approve", number, "--note", "in the evening")
    refused = record(site, "close", number, code=64)
    assert "verification" in refused.out

    shown = record(site, "show", number).out
    assert "Opinion of the approver  in the evening" in shown
    assert "approved" in record(site, "list").out
    assert record(site, "verify").out.startswith("OK: 1 records, 3 steps")
    plain: dict[str, Any] = record(site, "show", number, "--json").json()
    assert [one["action"] for one in plain["revisions"]] == ["opened", "submitted", "approved"]
    assert {one["actor"] for one in plain["revisions"]} != {""}
    runs = {entry["run"] for entry in site.journal() if entry["kind"] == "record.approved"}
    assert len(runs) == 1
    assert None not in runs


def test_a_dry_run_tells_every_step_and_takes_none(site: Site) -> None:
    would = record(site, "open", "--planned", "--expect", MOVE, *REQUEST, "--dry-run").out
    assert "would be opened" in would
    assert record(site, "list", "--json").json() == []

    number = opened(site, "--set", "rollback_plan=plug it back")
    entries = len(site.journal())
    told = record(site, "submit", number, "--as", "Chen Li", "-n").out
    assert f"{number} would be submitted by Chen Li, then submitted" in told
    assert "it cannot be approved" in record(site, "approve", number, "-n", code=64).out
    assert record(site, "show", number, "--json").json()["state"] == "draft"
    assert len(site.journal()) == entries


def test_a_rejected_one_stays_with_its_reason_and_can_be_amended(site: Site) -> None:
    number = opened(site, "--set", "rollback_plan=plug it back")
    record(site, "submit", number, "--as", "Chen Li")
    record(site, "reject", number, "--reason", "exams until Friday")
    record(site, "approve", number, code=64)
    assert "exams until Friday" in record(site, "show", number).out

    record(site, "amend", number, "--reason", "now on Saturday", "--set", "reason=Room 204")
    record(site, "void", number, "--reason", "the room stays")
    assert record(site, "list", "--state", "void", "--json").json()[0]["number"] == number


def test_who_is_no_approver_cannot_approve_whatever_name_he_gives(site: Site) -> None:
    number = opened(site, "--set", "rollback_plan=plug it back")
    record(site, "submit", number)
    site.settings["records"]["approvers"] = {"somebody-else": "Wang Fang"}
    site.write()

    refused = record(site, "approve", number, "--as", "Wang Fang", code=77)

    assert "may not decide" in refused.out
    assert "records.approvers" in refused.out


def test_two_editors_see_each_other(site: Site) -> None:
    number = opened(site)
    record(site, "fill", number, "--set", "department=Library", "--revision", "1")

    refused = record(
        site, "fill", number, "--set", "department=Registry", "--revision", "1", code=64
    )

    assert "at revision 2, not 1" in refused.out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("open", "--set", "class=high"), "one of normal, important, urgent"),
        (("open", "--set", "colour=red"), "no field 'colour'"),
        (("open", "--set", "reason"), "FIELD=VALUE expected"),
        (("open", "--expect", MOVE), "--planned"),
        (("open", "--planned", "--expect", "cable moves"), "add link A:PORT - B:PORT"),
        (("open", "--set", "impact=none"), "filled by netops"),
        (("show", "TC-2026-0042"), "there is no record"),
        (("fill", "TC-2026-0042"), "there is no record"),
    ],
)
def test_mistakes_say_what_is_expected(site: Site, words: tuple[str, ...], told: str) -> None:
    done = record(site, *words, code=64)
    assert told in done.out + done.err


def test_an_overdue_draft_is_a_warning_and_later_critical(site: Site) -> None:
    assert record(site, "overdue").out == "OK: 0 records are overdue\n"
    opened(site)
    site.settings["records"]["submit_within"] = "1h"
    site.write()
    assert record(site, "overdue", "--quiet").out == ""

    site.settings["records"]["submit_within"] = "1s"
    site.write()
    wait_until(
        lambda: site.netops("topology", "record", "overdue").code == 2, "it is twice too late"
    )
    done = record(site, "overdue", "--quiet", code=2)
    assert "should be submitted" in done.out
    assert site.netops("topology", "record", "overdue", "--json").json()["status"] == "CRITICAL"


def test_a_changed_step_is_found_and_the_exit_code_says_so(site: Site) -> None:
    import sqlite3

    opened(site)
    link = sqlite3.connect(site.state / "netops.db")
    with pytest.raises(sqlite3.IntegrityError, match="never changed"):
        link.execute("UPDATE record_revision SET person = 'Mallory'")
    link.execute("DROP TRIGGER record_revision_stays")
    link.execute("UPDATE record_revision SET person = 'Mallory'")
    link.commit()
    link.close()

    done = record(site, "verify", "--json", code=2)

    assert {one["kind"] for one in done.json()["differences"]} == {"edited"}


def test_on_a_terminal_it_asks_for_what_is_missing(site: Site) -> None:
    number = opened(site)
    leader, follower = pty.openpty()
    words = [*COMMAND, "--site", str(site.directory), "topology", "record", "submit", number]
    process = subprocess.Popen(
        words, stdin=follower, stdout=follower, stderr=follower, env=environment(), close_fds=True
    )
    os.close(follower)
    seen = b""

    def asked() -> bool:
        nonlocal seen
        seen += os.read(leader, 4096)
        return b"how is it undone?" in seen

    try:
        wait_until(asked, "it asks for the back-out plan")
        os.write(leader, "插回原端口\n".encode())
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()
        os.close(leader)
    fields = record(site, "show", number, "--json").json()["fields"]
    assert fields["rollback_plan"] == "插回原端口"


@pytest.mark.parametrize(("language", "label"), [("zh_Hant", "預期變更"), ("zh_Hans", "预期变更")])
def test_a_record_is_shown_in_chinese(site: Site, language: str, label: str) -> None:
    shown = record(site, "show", opened(site), "--language", language).out
    assert label in shown
    assert json.dumps(MOVE)[1:-1] in shown
