"""`doctor` looks at everything, survives what it finds, and says in one line how to mend it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from netops.app import Site
from netops.core.status import Status
from netops.setup.doctor import Finding, examine
from netops.setup.init import make_site
from tests.require import need


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    make_site(tmp_path)
    file = tmp_path / "netops.yaml"
    small = file.read_text(encoding="utf-8").replace("sources: [/etc]", "sources: [./inventory]")
    file.write_text(small, encoding="utf-8")
    made = Site(file)
    yield made
    made.close()


def findings(site: Site | None) -> dict[str, Finding]:
    return {finding.subject: finding for finding in examine(site)}


def test_every_finding_that_is_not_ok_names_a_remedy(site: Site) -> None:
    for finding in examine(site):
        assert finding.status is Status.OK or finding.remedy, finding


def test_missing_programs_are_named_with_their_packages(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = findings(None)
    assert found["restic"].status is Status.CRITICAL
    assert found["restic"].remedy == "apt-get install restic"
    assert found["setpriv"].remedy == "apt-get install util-linux"
    assert found["timeout"].remedy == "apt-get install coreutils"
    assert found["site"].status is Status.WARNING
    assert "netops init" in found["site"].remedy


def test_old_restic_is_critical(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "restic"
    program.write_text("#!/bin/sh\necho restic 0.12.1 compiled with go\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    finding = findings(None)["restic"]
    assert finding.status is Status.CRITICAL
    assert "0.12.1 is too old" in finding.text


def test_wrong_configuration_ends_the_list_with_every_mistake(site: Site) -> None:
    site.file.write_text("site: {nmae: x}\nbackup: {parallel: many}\n", encoding="utf-8")
    last = list(examine(site))[-1]
    assert last.subject == "configuration"
    assert last.status is Status.CRITICAL
    assert "site.nmae" in last.text
    assert "backup.parallel" in last.text


def test_repository_that_is_not_there_is_critical(site: Site) -> None:
    found = findings(site)
    for name in ("main", "offsite"):
        assert found[f"repository {name}"].status is Status.CRITICAL
        assert "netops backup init" in found[f"repository {name}"].remedy


def test_password_open_to_others_is_told(site: Site) -> None:
    need("restic")
    (site.directory / "keys/main.password").chmod(0o644)
    finding = findings(site)["repository main"]
    assert finding.status is Status.CRITICAL
    assert "chmod 600" in finding.remedy


def test_missing_source_is_told_with_its_job(site: Site) -> None:
    shutil.rmtree(site.directory / "inventory")
    finding = findings(site)["job etc"]
    assert finding.status is Status.CRITICAL
    assert "inventory does not exist" in finding.text


def test_open_state_directory_is_critical_and_ends_the_list(site: Site) -> None:
    site.state.chmod(0o755)
    last = list(examine(site))[-1]
    assert (last.subject, last.status) == ("state", Status.CRITICAL)
    assert last.remedy == f"chmod 700 {site.state}"


def test_damaged_journal_does_not_hide_the_repositories(site: Site) -> None:
    assert findings(site)["journal"].status is Status.OK
    site.close()
    for file in site.journal_directory.glob("journal.db*"):
        file.write_bytes(b"no database at all" * 100)
    found = findings(site)
    assert found["journal"].status is Status.CRITICAL
    assert "repository main" in found
    assert "job etc" in found


def test_unwritable_place_for_the_state_is_told(site: Site) -> None:
    (site.directory / "state").write_text("a file in the way", encoding="utf-8")
    last = list(examine(site))[-1]
    assert (last.subject, last.status) == ("state", Status.CRITICAL)
