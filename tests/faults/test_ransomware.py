"""Real trees, really encrypted, deleted or moved, backed up by the real command."""

import os
from pathlib import Path
from typing import Any

import pytest

from netops.app import Site as OpenSite
from netops.backup.alarm import blocked
from tests.documents import encrypt, files_of, fill, work_on
from tests.sites import Site, make_site

DAYS = 4


def lived(directory: Path, count: int = 200) -> Site:
    """Return a site whose job has a few ordinary days behind it."""
    site = make_site(directory)
    fill(site.source, count)
    for day in range(DAYS):
        work_on(files_of(site.source), day)
        assert site.backup()["status"] == "OK"
    return site


def why_blocked(site: Site) -> str | None:
    opened = OpenSite(site.directory / "netops.yaml")
    try:
        return blocked(opened.backups.catalogue, "data")
    finally:
        opened.close()


def alarms(site: Site) -> list[dict[str, Any]]:
    done = site.netops("backup", "alarm", "list", "--json")
    found: list[dict[str, Any]] = done.json()
    assert done.code == (2 if found else 0)
    return found


def test_encryption_is_critical_blocks_retention_and_leads_back_to_the_data(
    tmp_path: Path,
) -> None:
    site = lived(tmp_path / "site")
    assert set(site.states().values()) == {"OK"}
    assert why_blocked(site) is None
    last_good = site.backups()[0]["id"]
    before = {path: path.read_bytes() for path in files_of(site.source)}

    encrypt(files_of(site.source))
    result = site.backup(code=2)

    # The result, and the offsite copy of the run that saw it.
    assert result["status"] == "CRITICAL"
    alarm = result["alarm"]
    assert [sign["name"] for sign in alarm["signs"]] == ["encrypted", "rewritten"]
    assert "204 names end in .locked" in alarm["text"]
    assert alarm["clean_backup"] == last_good
    assert last_good in result["summary"]
    assert [place["status"] for place in result["locations"]] == ["OK", "OK"]
    # The status line, the list, and what retention is told.
    assert set(site.states().values()) == {"CRITICAL"}
    assert alarm["id"] in site.netops("backup", "status", "--plugin").out
    (listed,) = alarms(site)
    assert (listed["id"], listed["clean_id"]) == (alarm["id"], last_good)
    assert alarm["id"] in (why_blocked(site) or "")
    # The journal has it.
    assert alarm["id"] in str(site.journal()[-1])
    # An ordinary run afterwards reminds, and does not cry again.
    assert site.backup(code=1)["alarm"]["is_new"] is False
    assert set(site.states().values()) == {"CRITICAL"}

    # The data come back from where the alarm points.
    back = tmp_path / "back"
    arguments = ("data", "--backup", last_good, "--to", str(back))
    assert site.netops("backup", "restore", *arguments).code == 0
    assert {path: Path(f"{back}{path}").read_bytes() for path in before} == before

    answer = ("acknowledge", alarm["id"], "--reason", "a drill")
    assert site.netops("backup", "alarm", *answer).code == 0
    assert why_blocked(site) is None
    assert alarms(site) == []
    assert set(site.states().values()) == {"OK"}
    assert site.backup()["status"] == "OK"
    assert "a drill" in str(site.journal())


def test_alarms_pile_up_and_all_point_before_the_first(tmp_path: Path) -> None:
    site = lived(tmp_path / "site", 60)
    last_good = site.backups()[0]["id"]
    encrypt(files_of(site.source)[:45])
    site.backup(code=2)
    for path in files_of(site.source)[20:]:
        path.unlink()
    site.backup(code=2)

    first, second = alarms(site)

    assert first["clean_id"] == second["clean_id"] == last_good
    for alarm, still in ((first, second["id"]), (second, None)):
        site.netops("backup", "alarm", "acknowledge", alarm["id"], "--reason", "a drill")
        why = why_blocked(site)
        assert (why is None) if still is None else still in (why or "")


def test_deletion_of_most_files_is_critical(tmp_path: Path) -> None:
    site = lived(tmp_path / "site", 60)
    for file in files_of(site.source)[:40]:
        file.unlink()

    result = site.backup(code=2)

    assert [sign["name"] for sign in result["alarm"]["signs"]] == ["removed"]


def test_a_source_that_is_not_mounted_is_critical(tmp_path: Path) -> None:
    site = lived(tmp_path / "site", 60)
    site.source.rename(tmp_path / "elsewhere")
    site.source.mkdir()

    assert "are gone since the previous backup" in site.backup(code=2)["summary"]


def test_a_few_files_a_day_are_found_when_they_add_up(tmp_path: Path) -> None:
    site = lived(tmp_path / "site")
    last_good = site.backups()[0]["id"]

    def suffer(code: int) -> dict[str, Any]:
        healthy = [path for path in files_of(site.source) if path.suffix != ".locked"]
        encrypt(healthy[10::50])  # 2 %
        return site.backup(code=code)

    suffer(0)
    suffer(0)
    alarm = suffer(2)["alarm"]

    assert [sign["name"] for sign in alarm["signs"]] == ["encrypted"]
    assert alarm["clean_backup"] == last_good


@pytest.mark.parametrize("kind", ["full", "log"])
def test_a_full_backup_sees_the_attack_as_well_as_a_log(tmp_path: Path, kind: str) -> None:
    site = lived(tmp_path / "site", 60)
    encrypt(files_of(site.source), "")

    result = site.backup("--type", kind, code=2)

    assert {s["name"] for s in result["alarm"]["signs"]} == {"encrypted", "rewritten"}


def test_large_but_harmless_changes_raise_no_alarm(tmp_path: Path) -> None:
    site = lived(tmp_path / "site")
    for file in files_of(site.source):
        file.chmod(0o600)
    assert site.backup()["change"]["touched"] == 204, "new permissions"

    (site.source / "d1").rename(site.source / "moved")
    fill(site.source / "import", 80, seed=2)
    site.backup()

    for file in files_of(site.source)[::5]:
        file.write_text("an ordinary text\n" * 40) if file.suffix == ".txt" else os.utime(file)
    site.backup("--type", "full")
    assert alarms(site) == []


def test_a_killed_run_hides_no_attack(tmp_path: Path) -> None:
    site = lived(tmp_path / "site", 60)
    encrypt(files_of(site.source))
    # As a run leaves it that was killed after its snapshot: a backup that nobody measured.
    site.job["alarm"] = False
    site.write()
    site.backup()
    del site.job["alarm"]
    site.write()

    assert site.backup(code=2)["alarm"]["is_new"] is True
