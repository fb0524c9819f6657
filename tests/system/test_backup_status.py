"""`netops backup status`, `list`, `show` and `verify`: what people and monitoring are told."""

import json
import os
import re
from pathlib import Path

from tests.sites import Site

#: 'label'=value[unit];warning;critical;minimum (monitoring-plugins guidelines, performance data).
_PERFDATA = re.compile(r"'([^'=]+)'=(-?\d+)s;(\d*);(\d*);0")


def test_status_of_a_site_that_never_ran_is_critical(site: Site) -> None:
    assert site.states() == {"main": "CRITICAL", "offsite": "CRITICAL"}
    assert "no good backup here" in site.netops("backup", "status").out


def test_status_before_anything_ran_leaves_no_journal(site: Site) -> None:
    site.netops("backup", "status")
    assert not (site.state / "journal").exists()


def test_status_is_ok_after_a_good_run(backed_up: Site) -> None:
    done = backed_up.netops("backup", "status")
    assert done.code == 0
    lines = done.out.splitlines()
    assert [line.split()[:3] for line in lines[1:]] == [
        ["data", "main", "OK"],
        ["data", "offsite", "OK"],
    ]


def test_status_as_json_names_every_place_and_its_limits(backed_up: Site) -> None:
    done = backed_up.netops("backup", "status", "--json")
    plain = done.json()
    assert (plain["status"], plain["lost_runs"]) == ("OK", [])
    for row in plain["protections"]:
        assert row["type"] == "full"
        assert 0 <= row["rpo_s"] < 300
        assert row["warning_after_s"] < row["critical_after_s"]


def test_status_as_plugin_is_one_line_with_valid_perfdata(backed_up: Site) -> None:
    done = backed_up.netops("backup", "status", "--plugin")
    assert done.code == 0
    (line,) = done.out.splitlines()
    text, _, perfdata = line.partition(" | ")
    assert text.startswith("BACKUP OK - ")
    found = [_PERFDATA.fullmatch(part) for part in perfdata.split(" ")]
    assert [match and match[1] for match in found] == ["data@main", "data@offsite"]
    for match in found:
        assert match is not None
        assert int(match[2]) < int(match[3]) < int(match[4])


def test_quick_and_full_command_line_say_the_same(backed_up: Site) -> None:
    quick = backed_up.netops("backup", "status", "--json").json()
    full = backed_up.netops("backup", "status", "data", "--json").json()
    for answer in (quick, full):
        for row in answer["protections"]:
            row.pop("rpo_s")
    assert quick == full


def test_status_quiet_is_silent_when_all_is_well(backed_up: Site) -> None:
    done = backed_up.netops("backup", "status", "--quiet")
    assert (done.code, done.out, done.err) == (0, "", "")


def test_status_of_an_unknown_job_is_a_usage_error(backed_up: Site) -> None:
    done = backed_up.netops("backup", "status", "nothing")
    assert done.code == 64
    assert "jobs in netops.yaml: data" in done.err


def test_status_without_jobs_is_unknown(site: Site) -> None:
    site.settings["backup"]["jobs"] = {}
    site.write()
    for flags in ((), ("--plugin",), ("--json",)):
        done = site.netops("backup", "status", *flags)
        assert done.code == 3
        assert "UNKNOWN" in done.out


def test_failed_run_shows_in_status_although_an_older_backup_is_good(site: Site) -> None:
    site.backup()
    site.job["sources"] = ["/nonexistent/source"]
    site.write()
    site.backup(code=2)
    rows = site.status()
    assert rows["main"]["status"] == "CRITICAL"
    assert "/nonexistent/source" in rows["main"]["remark"]
    assert rows["main"]["restorable_at"] is not None


def test_old_backup_is_a_warning_and_then_critical(site: Site) -> None:
    site.job["max_age"] = "20s"
    site.write()
    site.backup()
    assert site.states()["main"] == "OK"
    site.job["max_age"] = "1s"
    site.write()
    done = site.netops("backup", "status")
    assert done.code == 2
    assert "older than" in done.out


def test_list_and_show_tell_where_a_backup_lies(backed_up: Site) -> None:
    (backup,) = backed_up.backups()
    table = backed_up.netops("backup", "list", "data")
    assert table.code == 0
    assert backup["id"] in table.out
    assert "main, offsite" in table.out
    shown = backed_up.netops("backup", "show", backup["id"].lower())
    assert shown.code == 0
    for part in (backup["snapshot_id"], str(backed_up.source), "offsite", "primary"):
        assert part in shown.out
    assert backed_up.netops("backup", "show", backup["id"], "--json").json() == backup


def test_show_of_an_unknown_backup_is_a_usage_error(backed_up: Site) -> None:
    done = backed_up.netops("backup", "show", "nothing")
    assert done.code == 64
    assert "netops backup list" in done.err


def test_verify_of_whole_repositories_is_ok_and_shows_in_status(site: Site) -> None:
    site.backup()
    done = site.netops("backup", "verify", "--read-data", "--json")
    assert done.code == 0, done
    assert {r["target"]: r["status"] for r in done.results()} == {"main": "OK", "offsite": "OK"}
    assert all(row["verified_at"] for row in site.status().values())


def test_verify_finds_a_deleted_snapshot(site: Site) -> None:
    first = site.backup()
    site.backup()
    (site.main / "snapshots" / first["snapshot"]).unlink()
    done = site.netops("backup", "verify", "--json")
    assert done.code == 2
    results = {r["target"]: r for r in done.results()}
    assert results["main"]["status"] == "CRITICAL"
    assert first["backup"] in json.dumps(results["main"])
    assert results["offsite"]["status"] == "OK"
    states = site.states()
    assert states == {"main": "CRITICAL", "offsite": "OK"}


def test_verify_finds_one_flipped_byte(site: Site) -> None:
    (site.source / "large").write_bytes(os.urandom(300_000))
    site.backup()
    pack = max(
        (p for p in (site.main / "data").rglob("*") if p.is_file()), key=lambda p: p.stat().st_size
    )
    pack.chmod(0o600)
    raw = bytearray(pack.read_bytes())
    raw[1000] ^= 1
    pack.write_bytes(raw)
    done = site.netops("backup", "verify", "main", "--read-data")
    assert done.code == 2
    assert site.states() == {"main": "CRITICAL", "offsite": "OK"}


def test_verify_finds_a_truncated_pack_and_calls_it_damage_not_a_dead_server(site: Site) -> None:
    (site.source / "large").write_bytes(os.urandom(300_000))
    site.backup()
    pack = max(
        (p for p in (site.main / "data").rglob("*") if p.is_file()), key=lambda p: p.stat().st_size
    )
    pack.chmod(0o600)
    with pack.open("r+b") as file:
        file.truncate(1000)
    done = site.netops("backup", "verify", "main", "--read-data")
    assert done.code == 2, done


def test_init_refuses_to_make_an_empty_repository_where_backups_should_be(site: Site) -> None:
    site.backup()
    site.offsite.rename(site.directory / "unmounted")
    done = site.netops("backup", "init")
    assert done.code == 2, done
    assert "should be" in done.out
    assert not site.offsite.exists()


def test_init_makes_what_is_missing_and_proves_what_is_there(site: Site, tmp_path: Path) -> None:
    fresh = tmp_path / "elsewhere" / "fresh"
    site.repositories["fresh"] = {"location": str(fresh), "password": "file:password"}
    site.write()
    done = site.netops("backup", "init", "--json")
    assert done.code == 0, done
    summaries = {r["target"]: r["summary"] for r in done.results()}
    assert summaries["main"].startswith("exists")
    assert summaries["fresh"].startswith("created")
    assert (fresh.parent.stat().st_mode & 0o777) == 0o700
    assert site.netops("backup", "init", "fresh").code == 0


def test_job_that_is_only_run_by_hand_has_no_limit_of_age_in_any_form(site: Site) -> None:
    site.job["policy"] = {"full": "never", "differential": None}
    site.write()
    site.backup()
    for flags in ((), ("--plugin",), ("--json",)):
        done = site.netops("backup", "status", *flags)
        assert done.code == 0, done
        assert "inf" not in done.out.lower()
    assert site.status()["main"]["warning_after_s"] is None
