"""`netops backup run`: chains, due, dry run, quiet, and what the journal and the catalogue then say."""

import os
from pathlib import Path

import pytest

from tests.sites import Site, make_site, tree

#: Caches and locks, which hold nothing that anyone relies on.
_FLEETING = (".cache", "state/locks", "state/cache")


def test_first_backup_is_full_and_the_next_differential(site: Site) -> None:
    first = site.backup()
    (site.source / "file-0.txt").write_text("changed\n")
    second = site.backup()
    assert (first["type"], second["type"]) == ("full", "differential")
    assert first["files_new"] == 4
    assert second["files_changed"] == 1
    assert second["base"] == first["backup"]
    assert [place["status"] for place in second["locations"]] == ["OK", "OK"]


def test_every_kind_restores_the_whole_state_on_its_own(site: Site) -> None:
    site.backup("--type", "full")
    (site.source / "second").write_text("second")
    site.backup("--type", "log")
    (site.source / "third").write_text("third")
    log = site.backup("--type", "log")
    target = site.directory / "back"
    done = site.netops("backup", "restore", "data", "--to", str(target), "--backup", log["backup"])
    assert done.code == 0, done
    assert tree(target / str(site.source).lstrip("/")) == tree(site.source)


def test_full_backup_reads_every_file_again(site: Site) -> None:
    site.backup("--type", "full")
    again = site.backup("--type", "full")
    assert again["type"] == "full"
    assert again["files_unmodified"] == 0
    assert again["files_new"] + again["files_changed"] >= 4


def test_differential_stands_on_the_full_also_after_other_differentials(site: Site) -> None:
    full = site.backup("--type", "full")
    (site.source / "file-0.txt").write_text("one")
    site.backup("--type", "differential")
    (site.source / "file-1.txt").write_text("two")
    second = site.backup("--type", "differential")
    assert second["base"] == full["backup"]
    assert second["files_changed"] == 2


def test_log_backup_stands_on_the_last_backup_of_any_kind(site: Site) -> None:
    full = site.backup("--type", "full")
    first = site.backup("--type", "log")
    second = site.backup("--type", "log")
    known = {backup["id"]: backup for backup in site.backups()}
    assert known[first["backup"]]["parent_id"] == full["backup"]
    assert known[second["backup"]]["parent_id"] == first["backup"]
    assert known[second["backup"]]["base_id"] == full["backup"]


@pytest.mark.parametrize("kind", ["differential", "log"])
def test_dependent_backup_without_full_is_refused_with_the_next_step(site: Site, kind: str) -> None:
    done = site.netops("backup", "run", "data", "--type", kind)
    assert done.code == 2
    assert "no good full backup" in done.out
    assert "netops backup run data --type full" in done.out
    assert site.snapshots() == []


def test_due_does_nothing_the_second_time(site: Site) -> None:
    first = site.backup("--due")
    second = site.backup("--due")
    assert first["type"] == "full"
    assert second["type"] is None
    assert "nothing is due" in second["summary"]
    assert len(site.snapshots()) == 1


def test_due_makes_a_full_again_when_its_snapshot_has_vanished(site: Site) -> None:
    site.backup("--due")
    for path in (site.main / "snapshots").iterdir():
        path.unlink()
    again = site.backup("--due")
    assert again["type"] == "full"
    assert len(site.snapshots()) == 1


def test_differential_by_name_is_refused_when_the_full_has_vanished(site: Site) -> None:
    site.backup()
    for path in (site.main / "snapshots").iterdir():
        path.unlink()
    done = site.netops("backup", "run", "data", "--type", "differential")
    assert done.code == 2
    assert "--type full" in done.out


def test_dry_run_changes_nothing(site: Site) -> None:
    site.backup()
    (site.source / "new").write_text("new")
    before = tree(site.directory, leave_out=_FLEETING)
    done = site.netops("backup", "run", "data", "--dry-run")
    assert done.code == 0
    assert "would make a differential backup to main and offsite" in done.out
    assert tree(site.directory, leave_out=_FLEETING) == before


def test_dry_run_finds_a_missing_source(site: Site) -> None:
    site.job["sources"].append("/nonexistent/source")
    site.write()
    done = site.netops("backup", "run", "data", "--dry-run")
    assert done.code == 2
    assert "/nonexistent/source does not exist" in done.out


def test_quiet_prints_nothing_when_all_is_well(site: Site) -> None:
    done = site.netops("backup", "run", "--quiet")
    assert (done.code, done.out, done.err) == (0, "", "")


def test_quiet_prints_the_failure(site: Site) -> None:
    site.job["sources"] = ["/nonexistent/source"]
    site.write()
    done = site.netops("backup", "run", "--quiet")
    assert done.code == 2
    assert "/nonexistent/source" in done.out


def test_one_failing_job_does_not_end_the_others(site: Site) -> None:
    jobs = site.settings["backup"]["jobs"]
    jobs["broken"] = {"sources": ["/nonexistent/source"], "repository": "main"}
    site.write()
    done = site.netops("backup", "run", "--json")
    assert done.code == 2
    assert {r["target"]: r["status"] for r in done.results()} == {
        "data": "OK",
        "broken": "CRITICAL",
    }


def test_two_jobs_into_one_repository_take_turns(site: Site) -> None:
    jobs = site.settings["backup"]["jobs"]
    for number in range(3):
        jobs[f"more-{number}"] = {"sources": [str(site.source)], "repository": "main"}
    site.settings["backup"]["parallel"] = 4
    site.write()
    done = site.netops("backup", "run", "--json")
    assert done.code == 0, done
    assert len(site.snapshots()) == 4


def test_every_copy_a_place_lacks_is_caught_up(site: Site) -> None:
    site.job["offsite"] = []
    site.write()
    for _ in range(3):
        site.backup()
    site.job["offsite"] = ["offsite"]
    site.write()
    result = site.backup()
    assert "3 caught up" in result["summary"]
    assert len(site.snapshots(site.offsite)) == 4
    assert all(
        {p["location"] for p in b["placements"] if p["listed_at"]} == {"main", "offsite"}
        for b in site.backups()
    )


def test_journal_has_intent_and_outcome_with_a_result_for_each_target(site: Site) -> None:
    site.job["sources"] = [str(site.source)]
    site.settings["backup"]["jobs"]["broken"] = {"sources": ["/no/such"], "repository": "main"}
    site.write()
    site.netops("backup", "run")
    begin, end = site.journal()[:2]
    assert (begin["kind"], begin["detail"]["targets"]) == ("run.begin", ["data", "broken"])
    assert end["kind"] == "run.end"
    assert end["run"] == begin["run"]
    outcomes = {r["target"]: r["status"] for r in end["detail"]["results"]}
    assert outcomes == {"data": "OK", "broken": "CRITICAL"}
    assert end["detail"]["exit_code"] == 2


def test_names_with_newlines_and_invalid_utf8_are_kept(site: Site) -> None:
    names = [b"new\nline", b"bytes-\xff\xfe", "漢字".encode(), b" lead and trail ", b"quote'\"$`"]
    for name in names:
        (Path(os.fsdecode(os.fsencode(site.source) + b"/" + name))).write_bytes(name)
    site.backup()
    target = site.directory / "back"
    done = site.netops("backup", "restore", "data", "--to", str(target))
    assert done.code == 0, done
    assert tree(target / str(site.source).lstrip("/")) == tree(site.source)


@pytest.mark.parametrize("name", ["../escape", "a\nb", "-rf", "a,b", "a b", "", "ä", "x" * 200])
def test_hostile_job_names_are_refused(site: Site, name: str) -> None:
    site.settings["backup"]["jobs"] = {name: site.job}
    site.write()
    done = site.netops("backup", "run")
    assert done.code == 78, done
    assert "Traceback" not in done.err


def test_surroundings_meant_for_another_restic_do_no_harm(site: Site) -> None:
    # Administrators export these for their own use of restic.
    done = site.netops(
        "backup",
        "run",
        env={
            "RESTIC_REPOSITORY": "/somewhere/else",
            "RESTIC_REPOSITORY_FILE": "/somewhere/file",
            "RESTIC_PASSWORD_COMMAND": "false",
            "RESTIC_PASSWORD": "wrong",
            "RESTIC_FROM_REPOSITORY": "/somewhere/else",
            "RESTIC_FROM_PASSWORD_COMMAND": "false",
        },
    )
    assert done.code == 0, done


def test_source_that_is_a_link_is_refused_because_only_the_link_would_be_stored(
    site: Site,
) -> None:
    link = site.directory / "link"
    link.symlink_to(site.source)
    site.job["sources"] = [str(link)]
    site.write()
    done = site.netops("backup", "run")
    assert done.code == 2
    assert f"{link} is a symbolic link" in done.out
    assert str(site.source) in done.out


def test_site_can_be_named_by_the_environment_and_by_the_directory(site: Site) -> None:
    import subprocess

    from tests.sites import COMMAND, environment

    for env, cwd in (
        ({"NETOPS_SITE": str(site.directory)}, "/"),
        ({}, str(site.directory)),
    ):
        done = subprocess.run(
            [*COMMAND, "backup", "run", "--quiet"], env=environment(env), cwd=cwd, check=False
        )
        assert done.returncode == 0
    assert len(site.snapshots()) == 2


def test_two_sites_share_nothing(tmp_path: Path) -> None:
    one, two = make_site(tmp_path / "one"), make_site(tmp_path / "two")
    one.backup()
    assert two.snapshots() == []
    assert two.backups() == []
