"""Real trees, really encrypted, deleted or moved, backed up by the real command."""

import os
from pathlib import Path

import pytest

from netops.app import Site
from netops.backup.alarm import blocked
from tests.alarm_site import AlarmSite, encrypt, fill, work_on
from tests.require import need

DAYS = 4


def lived(home: Path, count: int = 200) -> AlarmSite:
    """Return a site whose job has a few ordinary days behind it."""
    need("restic")
    site = AlarmSite.make(home, more="offsite: [off]")
    fill(site.documents, count)
    assert site.netops("backup", "init").code == 0
    for day in range(DAYS):
        work_on(site.files(), day)
        assert site.back_up().code == 0
    return site


def why_blocked(site: AlarmSite) -> str | None:
    opened = Site(site.home / "netops.yaml")
    try:
        return blocked(opened.backups.catalogue, "docs")
    finally:
        opened.close()


def newest_backup(site: AlarmSite) -> str:
    return str(site.netops("backup", "list", "docs", "--json").data[0]["id"])


def test_encryption_is_critical_blocks_retention_and_leads_back_to_the_data(
    tmp_path: Path,
) -> None:
    site = lived(tmp_path / "site")
    assert site.netops("backup", "status").code == 0
    assert why_blocked(site) is None
    last_good, before = newest_backup(site), {p: p.read_bytes() for p in site.files()}

    encrypt(site.files())
    answer = site.back_up()

    # The result, the exit code and the offsite copy of the run that saw it.
    assert (answer.code, answer.result["status"]) == (2, "CRITICAL")
    alarm = answer.result["alarm"]
    assert [sign["name"] for sign in alarm["signs"]] == ["encrypted", "rewritten"]
    assert "200 names end in .locked" in alarm["text"]
    assert alarm["clean_backup"] == last_good
    assert last_good in answer.result["summary"]
    assert [p["status"] for p in answer.result["locations"]] == ["OK", "OK"]
    # The status line, the list, and what retention is told.
    status = site.netops("backup", "status", "--plugin")
    assert (status.code, status.out.split(" - ")[0]) == (2, "BACKUP CRITICAL")
    assert alarm["id"] in status.out
    (listed,) = site.netops("backup", "alarm", "list", "--json").data
    assert (listed["id"], listed["clean_id"]) == (alarm["id"], last_good)
    assert alarm["id"] in (why_blocked(site) or "")
    # The journal has it.
    assert alarm["id"] in site.netops("journal", "list", "--json").out
    # An ordinary run afterwards reminds, and does not cry again.
    again = site.back_up()
    assert (again.code, again.result["alarm"]["is_new"]) == (1, False)
    assert site.netops("backup", "status").code == 2

    # The data come back from where the alarm points.
    back = tmp_path / "back"
    arguments = ("docs", "--backup", last_good, "--to", str(back))
    assert site.netops("backup", "restore", *arguments).code == 0
    assert {p: Path(f"{back}{p}").read_bytes() for p in before} == before

    done = site.netops("backup", "alarm", "acknowledge", alarm["id"], "--reason", "a drill")
    assert done.code == 0
    assert why_blocked(site) is None
    assert site.netops("backup", "status").code == 0
    assert site.netops("backup", "alarm", "list").code == 0
    assert site.back_up().code == 0
    assert "a drill" in site.netops("journal", "list", "--json").out
    assert site.netops("journal", "verify").code == 0


def test_deletion_of_most_files_is_critical(tmp_path: Path) -> None:
    site = lived(tmp_path / "site")
    for file in site.files()[:130]:
        file.unlink()

    answer = site.back_up()

    assert answer.code == 2
    assert [sign["name"] for sign in answer.result["alarm"]["signs"]] == ["removed"]


def test_a_source_that_is_not_mounted_is_critical(tmp_path: Path) -> None:
    site = lived(tmp_path / "site", 60)
    site.documents.rename(tmp_path / "elsewhere")
    site.documents.mkdir()

    answer = site.back_up()

    assert answer.code == 2
    assert "are gone since the previous backup" in answer.result["summary"]


def test_a_few_files_a_day_are_found_when_they_add_up(tmp_path: Path) -> None:
    site = lived(tmp_path / "site")
    last_good, codes = newest_backup(site), []
    for day in range(4):
        healthy = [path for path in site.files() if path.suffix != ".locked"]
        encrypt(healthy[day::50])  # 2 %
        codes.append(answer := site.back_up())
        if answer.code:
            break

    assert [answer.code for answer in codes] == [0, 0, 2]
    alarm = codes[-1].result["alarm"]
    assert [sign["name"] for sign in alarm["signs"]] == ["encrypted"]
    assert alarm["clean_backup"] == last_good


@pytest.mark.parametrize("kind", ["full", "log"])
def test_a_full_backup_sees_the_attack_as_well_as_a_log(tmp_path: Path, kind: str) -> None:
    site = lived(tmp_path / "site", 60)
    encrypt(site.files(), "")

    answer = site.back_up("--type", kind)

    assert answer.code == 2
    assert {s["name"] for s in answer.result["alarm"]["signs"]} == {"encrypted", "rewritten"}


def test_large_but_harmless_changes_raise_no_alarm(tmp_path: Path) -> None:
    site = lived(tmp_path / "site")
    for file in site.files():
        file.chmod(0o600)
    assert site.back_up().code == 0, "new permissions"

    (site.documents / "d1").rename(site.documents / "moved")
    fill(site.documents / "import", 80, seed=2)
    assert site.back_up().code == 0, "a moved folder and an import"

    for file in site.files()[::5]:
        file.write_text("an ordinary text\n" * 40) if file.suffix == ".txt" else os.utime(file)
    assert site.back_up("--type", "full").code == 0, "an update of some files"
