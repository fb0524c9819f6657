"""The commands around the alarm: answer for it, switch it off, compare backups, pay little for it."""

import os
import shutil
from pathlib import Path

import pytest

from tests.alarm_site import AlarmSite, encrypt, fill
from tests.require import need


@pytest.fixture(scope="module")
def struck(tmp_path_factory: pytest.TempPathFactory) -> AlarmSite:
    """A job of 40 files with one clean backup and one encrypted."""
    need("restic")
    site = AlarmSite.make(tmp_path_factory.mktemp("struck") / "site")
    fill(site.documents, 40)
    assert site.netops("backup", "init", "main").code == 0
    assert site.back_up().code == 0
    encrypt(site.files()[:30])
    assert site.back_up().code == 2
    return site


def alarm_id(site: AlarmSite) -> str:
    return str(site.netops("backup", "alarm", "list", "--all", "--json").data[0]["id"])


def test_comparison_tells_added_changed_and_removed(struck: AlarmSite) -> None:
    newest, oldest = [b["id"] for b in struck.netops("backup", "list", "--json").data]

    found = struck.netops("backup", "changes", newest, "--json", "--limit", "1000").result

    assert (found["from"], found["to"]) == (oldest, newest)
    assert (found["added"], found["removed"], found["changed"]) == (30, 30, 1)
    added = [row["path"] for row in found["files"] if row["change"] == "added"]
    assert added == sorted(str(p) for p in struck.files() if p.suffix == ".locked")
    changed = [row["path"] for row in found["files"] if row["change"] == "changed"]
    assert [Path(path).name for path in changed] == ["checkpoint.note"]

    same = struck.netops("backup", "changes", newest, "--against", newest, "--json").result
    assert same["files"] == []


def test_comparison_lists_no_more_than_asked_and_counts_all(struck: AlarmSite) -> None:
    newest = struck.netops("backup", "list", "--json").data[0]["id"]

    shown = struck.netops("backup", "changes", newest, "--limit", "5")

    assert shown.out.count("documents/") == 5
    assert "56 more are not listed" in shown.out
    assert "30 added, 1 changed, 30 removed" in shown.out


def test_comparison_without_a_backup_before_says_so(struck: AlarmSite) -> None:
    oldest = struck.netops("backup", "list", "--json").data[-1]["id"]
    answer = struck.netops("backup", "changes", oldest)
    assert answer.code == 64
    assert "no good backup of 'docs' before" in answer.out


def test_acknowledging_needs_a_reason_and_a_known_alarm(struck: AlarmSite) -> None:
    known = alarm_id(struck)

    assert struck.netops("backup", "alarm", "acknowledge", known).code == 64
    assert struck.netops("backup", "alarm", "acknowledge", known, "--reason", " ").code == 64
    unknown = struck.netops("backup", "alarm", "acknowledge", "01ABC", "--reason", "x")

    assert (unknown.code, "there is no alarm 01ABC" in unknown.err) == (64, True)
    assert struck.netops("backup", "alarm", "list").code == 2


def test_rehearsed_acknowledgement_changes_nothing(struck: AlarmSite) -> None:
    arguments = ("acknowledge", alarm_id(struck), "--reason", "x", "--dry-run")
    assert struck.netops("backup", "alarm", *arguments).code == 0
    assert struck.netops("backup", "alarm", "list").code == 2


def test_acknowledged_alarm_keeps_who_and_why_and_cannot_be_answered_twice(
    struck: AlarmSite,
) -> None:
    arguments = ("acknowledge", alarm_id(struck).lower(), "--reason", "drill | 演練")
    assert struck.netops("backup", "alarm", *arguments).code == 0

    assert struck.netops("backup", "alarm", "list").out.count("\n") == 1
    (row,) = struck.netops("backup", "alarm", "list", "--all", "--json").data
    assert (row["reason"], row["declared"]) == ("drill | 演練", False)
    assert row["acknowledged_by"]
    again = struck.netops("backup", "alarm", *arguments)
    assert again.code == 64
    assert "was acknowledged by" in again.out


def test_alarm_switched_off_looks_at_nothing_and_is_told(tmp_path: Path) -> None:
    need("restic")
    site = AlarmSite.make(tmp_path / "site", more="alarm: false")
    fill(site.documents, 40)
    site.netops("backup", "init", "main")
    site.back_up()
    encrypt(site.files())

    answer = site.back_up()

    assert answer.code == 0
    assert "change" not in answer.result
    status = site.netops("backup", "status")
    assert (status.code, "ransomware alarm off" in status.out) == (0, True)


def test_limits_of_the_job_are_obeyed(tmp_path: Path) -> None:
    need("restic")
    site = AlarmSite.make(tmp_path / "site", more="alarm: {min_files: 100}")
    fill(site.documents, 40)
    site.netops("backup", "init", "main")
    site.back_up()
    encrypt(site.files())
    assert site.back_up().code == 0

    site.configure("alarm: {removed_percent: 20}")
    for file in site.files()[:12]:
        file.unlink()
    assert site.back_up().code == 2


def test_wrong_limits_are_told_where_they_stand(tmp_path: Path) -> None:
    site = AlarmSite.make(tmp_path / "site", more="alarm: {removed_percent: 0, remove: 1}")
    answer = site.netops("config", "check")
    assert answer.code == 78
    assert "backup.jobs.docs.alarm.removed_percent" in answer.err
    assert "backup.jobs.docs.alarm.remove" in answer.err


def test_unchanged_backup_reads_no_file_and_starts_restic_no_more_often(tmp_path: Path) -> None:
    need("restic")
    site = AlarmSite.make(tmp_path / "site")
    fill(site.documents, 60)
    calls, tool = tmp_path / "calls", tmp_path / "bin/restic"
    tool.parent.mkdir()
    tool.write_text(f'#!/bin/sh\necho "$*" >> {calls}\nexec {shutil.which("restic")} "$@"\n')
    tool.chmod(0o755)
    watched = AlarmSite(site.home, {"PATH": f"{tool.parent}:{os.environ['PATH']}"})
    watched.netops("backup", "init", "main")
    watched.back_up()
    counts = []
    for more in ("alarm: true", "alarm: false"):
        site.configure(more)
        calls.write_text("")
        answer = watched.back_up()
        assert answer.code == 0
        counts.append(len(calls.read_text().splitlines()))
        if more == "alarm: true":
            assert answer.result["change"]["sampled"] == 0

    assert counts[0] == counts[1] == 1
