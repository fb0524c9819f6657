"""The commands around the alarm: answer for it, switch it off, compare backups, pay little for it."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.documents import encrypt, files_of, fill
from tests.sites import Site, make_site


@pytest.fixture(scope="module")
def struck(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A job of 44 files with one clean backup and one encrypted."""
    site = documents(tmp_path_factory.mktemp("struck") / "site")
    site.backup()
    encrypt(files_of(site.source)[:30])
    site.backup(code=2)
    return site


def documents(directory: Path, alarm: Any = None) -> Site:
    site = make_site(directory)
    fill(site.source, 40)
    del site.job["offsite"]
    limit(site, alarm)
    return site


def limit(site: Site, alarm: Any) -> None:
    site.job["alarm"] = alarm
    site.write()


def alarm_id(site: Site) -> str:
    return str(site.netops("backup", "alarm", "list", "--all", "--json").json()[0]["id"])


def compare(site: Site, *arguments: str) -> dict[str, Any]:
    (result,) = site.netops("backup", "changes", *arguments, "--json").results()
    return result


def test_comparison_tells_added_changed_and_removed(struck: Site) -> None:
    newest, oldest = [backup["id"] for backup in struck.backups()]

    found = compare(struck, newest, "--limit", "1000")

    assert (found["from"], found["to"]) == (oldest, newest)
    assert (found["added"], found["removed"], found["changed"]) == (30, 30, 0)
    added = [row["path"] for row in found["files"] if row["change"] == "added"]
    assert added == sorted(str(p) for p in files_of(struck.source) if p.suffix == ".locked")
    assert compare(struck, newest, "--against", newest)["files"] == []


def test_comparison_lists_no_more_than_asked_and_counts_all(struck: Site) -> None:
    shown = struck.netops("backup", "changes", struck.backups()[0]["id"], "--limit", "5")

    assert shown.out.count("source/") == 5
    assert "55 more are not listed" in shown.out
    assert "30 added, 0 changed, 30 removed" in shown.out


def test_comparison_without_a_backup_before_says_so(struck: Site) -> None:
    answer = struck.netops("backup", "changes", struck.backups()[-1]["id"])
    assert answer.code == 64
    assert "no good backup of 'data' before" in answer.out


def test_acknowledging_needs_a_reason_and_a_known_alarm(struck: Site) -> None:
    known = alarm_id(struck)

    assert struck.netops("backup", "alarm", "acknowledge", known).code == 64
    assert struck.netops("backup", "alarm", "acknowledge", known, "--reason", " ").code == 64
    unknown = struck.netops("backup", "alarm", "acknowledge", "01ABC", "--reason", "x")

    assert (unknown.code, "there is no alarm 01ABC" in unknown.err) == (64, True)
    assert struck.netops("backup", "alarm", "list").code == 2


def test_rehearsed_acknowledgement_changes_nothing(struck: Site) -> None:
    arguments = ("acknowledge", alarm_id(struck), "--reason", "x", "--dry-run")
    assert struck.netops("backup", "alarm", *arguments).code == 0
    assert struck.netops("backup", "alarm", "list").code == 2


def test_acknowledged_alarm_keeps_who_and_why_and_cannot_be_answered_twice(
    struck: Site,
) -> None:
    arguments = ("acknowledge", alarm_id(struck).lower(), "--reason", "drill | 演練")
    assert struck.netops("backup", "alarm", *arguments).code == 0

    assert struck.netops("backup", "alarm", "list").out.count("\n") == 1
    (row,) = struck.netops("backup", "alarm", "list", "--all", "--json").json()
    assert (row["reason"], row["declared"]) == ("drill | 演練", False)
    assert row["acknowledged_by"]
    again = struck.netops("backup", "alarm", *arguments)
    assert again.code == 64
    assert "was acknowledged by" in again.out


def test_alarm_switched_off_looks_at_nothing_and_is_told(tmp_path: Path) -> None:
    site = documents(tmp_path / "site", alarm=False)
    site.backup()
    encrypt(files_of(site.source))

    assert "change" not in site.backup()
    assert site.status()["main"]["remark"] == "ransomware alarm off"
    assert site.states() == {"main": "OK"}


def test_limits_of_the_job_are_obeyed(tmp_path: Path) -> None:
    site = documents(tmp_path / "site", alarm={"min_files": 100})
    site.backup()
    encrypt(files_of(site.source))
    site.backup()

    limit(site, {"removed_percent": 20})
    for file in files_of(site.source)[:12]:
        file.unlink()
    site.backup(code=2)


def test_a_change_declared_ordinary_becomes_a_habit(tmp_path: Path) -> None:
    site = documents(tmp_path / "site")
    for turn in range(5):
        for file in files_of(site.source):
            if turn and file.suffix == ".txt":
                file.write_text(f"{turn} {file.read_text()}")
        assert site.backup()["status"] == "OK", "a young job that rewrites half of its files"

    def cut() -> None:
        for file in files_of(site.source)[:12]:
            file.unlink()

    limit(site, {"removed_percent": 20})
    cut()
    site.backup(code=2)
    arguments = ("acknowledge", alarm_id(site), "--reason", "the monthly purge", "--ordinary")
    assert site.netops("backup", "alarm", *arguments).code == 0
    fill(site.source, 40)
    site.backup()
    cut()
    site.backup()


def test_wrong_limits_are_told_where_they_stand(tmp_path: Path) -> None:
    site = documents(tmp_path / "site", alarm={"removed_percent": 0, "remove": 1})
    answer = site.netops("config", "check")
    assert answer.code == 78
    assert "backup.jobs.data.alarm.removed_percent" in answer.err
    assert "backup.jobs.data.alarm.remove" in answer.err


def test_unchanged_backup_reads_no_file_and_starts_restic_no_more_often(tmp_path: Path) -> None:
    site = documents(tmp_path / "site")
    calls, tool = tmp_path / "calls", tmp_path / "bin/restic"
    tool.parent.mkdir()
    tool.write_text(f'#!/bin/sh\necho "$*" >> {calls}\nexec {shutil.which("restic")} "$@"\n')
    tool.chmod(0o755)
    env = {"PATH": f"{tool.parent}:{os.environ['PATH']}"}
    assert site.netops("backup", "run", "data", env=env).code == 0
    starts = {}
    for alarm in (True, False):
        limit(site, alarm)
        calls.write_text("")
        done = site.netops("backup", "run", "data", "--json", env=env)
        starts[alarm] = len(calls.read_text().splitlines())
        if alarm:
            assert done.results()[0]["change"]["sampled"] == 0

    assert starts == {True: 1, False: 1}
