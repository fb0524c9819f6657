"""Retention from end to end on real repositories: what is dropped is gone, what is kept restores."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from netops.backup.restic import client, simple
from netops.core.status import Status
from tests.require import need
from tests.system.retention_site import SmallSite, outcomes


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> SmallSite:
    need("restic")
    return SmallSite(tmp_path_factory.mktemp("template") / "site").make()


@pytest.fixture
def site(template: SmallSite, tmp_path: Path) -> SmallSite:
    return template.twin(tmp_path / "site")


def test_forget_drops_by_id_in_both_places_and_what_stays_restores(site: SmallSite) -> None:
    site.configure(retention="{keep_full: 1}")
    first = [site.back_up(), site.back_up("differential")]
    second = [site.back_up(), site.back_up("differential"), site.back_up("log")]
    others = _foreign_snapshot(site)

    rehearsed = site.forget(dry_run=True)
    assert site.lies_in("main") == [*first, *second]
    report = site.forget()

    assert (rehearsed.status, report.status) == (Status.OK, Status.OK)
    for rehearsal, result in zip(rehearsed.results, report.results, strict=True):
        assert outcomes(rehearsal) == {
            **dict.fromkeys(first, "would drop"),
            **dict.fromkeys(second, "kept"),
        }
        assert outcomes(result) == {
            **dict.fromkeys(first, "dropped"),
            **dict.fromkeys(second, "kept"),
        }
    assert site.lies_in("main") == site.lies_in("offsite") == second
    assert others in site.restic("main", "snapshots", "--json")
    target = site.directory / "back"
    site.netops(
        "backup",
        "restore",
        "docs",
        "--from",
        "offsite",
        "--backup",
        second[2],
        "--to",
        str(target),
        expect=0,
    )
    assert list(target.rglob("letter.txt"))


def _foreign_snapshot(site: SmallSite) -> str:
    """Back something else up into the same repository, as somebody without netops would."""
    site.restic("main", "backup", str(site.directory / "password"), "--time", "2030-01-01 00:00:00")
    listed = json.loads(site.restic("main", "snapshots", "--json"))
    return str(next(s["id"] for s in listed if "tags" not in s))


def test_what_was_dropped_counts_nowhere_any_more(site: SmallSite) -> None:
    old, new = site.back_up(), site.back_up()
    site.configure(retention="{keep_full: 1}")
    site.forget("offsite")

    again = site.back_up("differential")
    site.forget("main")
    last = site.back_up("log")

    assert site.lies_in("offsite") == [new, again, last], "a dropped copy must not come back"
    assert site.lies_in("main") == [new, again, last]
    assert old not in {row["backup_id"] for row in site.rows("good_at", location="main")}
    verified = site.netops("backup", "verify", expect=0)
    assert "gone" not in verified.stdout
    assert f"{old} " in (listed := site.netops("backup", "list").stdout)
    assert "main (dropped), offsite (dropped)" in listed
    shown = json.loads(site.netops("backup", "show", old, "--json").stdout)
    assert all(place["forgotten_at"] for place in shown["placements"])
    assert site.forget().results[0].summary == "3 kept", "a second time there is nothing to do"


def test_a_log_chain_stays_whole(site: SmallSite) -> None:
    site.configure(copies="[]", retention="{keep_full: 1, keep_differential: 1, keep_log: 1}")
    full = site.back_up()
    chain = [full, *(site.back_up("log") for _ in range(2)), site.back_up("differential")]
    newest = site.back_up("log")
    site.forget("main")

    assert site.lies_in("main") == [full, chain[3], newest]


def test_a_backup_dated_in_the_future_harms_nothing(site: SmallSite) -> None:
    site.configure(retention="{daily: 3}")
    before = [site.back_up() for _ in range(2)]
    at = site.clock.moment
    future = site.back_up(days=1500)
    still = site.forget("main")
    site.clock.moment = at
    back = site.forget("main")
    after = [site.back_up() for _ in range(3)]
    site.forget("main")

    assert set(outcomes(still.results[0]).values()) == {"kept"}
    assert set(outcomes(back.results[0]).values()) == {"kept"}, "the clock itself is in doubt"
    assert site.lies_in("main") == after
    assert future in site.lies_in("offsite")
    assert before[0] in site.lies_in("offsite")


def test_a_hold_outlives_retention_until_it_is_released(site: SmallSite) -> None:
    site.configure(copies="[]", retention="{keep_full: 1}")
    held = [site.back_up(), site.back_up("differential")]
    site.back_up()
    site.back_up()
    site.netops("backup", "hold", held[1], "--reason", "court order 17", expect=0)
    site.netops("backup", "hold", held[0], "--reason", "old", "--until", "2020-01-01", expect=64)
    site.forget("main")

    assert site.lies_in("main")[:2] == held
    explained = site.netops("backup", "forget", "docs", "--dry-run", expect=0).stdout
    assert "held: court order 17" in explained
    assert f"needed by the differential {held[1]}" in explained
    site.netops("backup", "release", held[1], "--reason", "settled", expect=0)
    site.netops("backup", "release", held[1], "--reason", "again", expect=64)
    site.forget("main")
    assert held[0] not in site.lies_in("main")
    entries = site.netops("journal", "list", "--json").stdout
    assert "court order 17" in entries
    assert "settled" in entries


def test_prune_frees_what_was_dropped_and_leaves_a_clean_repository(site: SmallSite) -> None:
    site.configure(copies="[]")
    for text in ("one", "two"):
        site.change(text, 3_000_000)
        site.back_up()
    site.configure(retention="{keep_full: 1}")
    site.forget("main")
    before = _bytes_in(site.directory / "main")

    rehearsed = json.loads(site.netops("backup", "prune", "main", "-n", "--json").stdout)
    report = site.prune("main")

    freed = report.results[0].facts["freed_bytes"]
    assert report.exit_code == 0, report.as_dict()
    assert freed == before - _bytes_in(site.directory / "main")
    assert freed > 2_900_000
    assert rehearsed["results"][0]["freed_bytes"] == pytest.approx(freed, rel=0.05)
    site.restic("main", "check", "--read-data")
    (check,) = site.rows("last_verifications")
    assert (check["location"], check["kind"], check["status"]) == ("main", "structure", 0)


def _bytes_in(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*"))


def test_prune_keeps_the_data_of_snapshots_that_nobody_dropped(site: SmallSite) -> None:
    site.configure(copies="[]")
    site.back_up()
    site.back_up()
    newest = json.loads(site.restic("main", "snapshots", "--json"))[-1]["id"]
    site.restic("main", "forget", newest)

    report = site.prune("main")

    assert report.exit_code == 2
    assert "not pruned: 1 backups of the catalogue are gone" in report.results[0].summary
    accepted = site.rebuild("main")
    assert accepted.status is Status.CRITICAL
    assert site.prune("main").exit_code == 0


def test_prune_uses_rights_of_its_own(site: SmallSite, tmp_path: Path) -> None:
    site.back_up()
    (site.directory / "other").write_text("another\n")
    (site.directory / "other").chmod(0o600)
    site.restic("main", "key", "add", "--new-password-file", str(site.directory / "other"))
    repository = f"{tmp_path}/link"
    Path(repository).symlink_to(site.directory / "offsite")
    site.configure(
        more=f", append_only: true, prune_location: '{repository}', prune_password: 'file:other'"
    )

    wrong = site.prune("offsite")
    site.restic("offsite", "key", "add", "--new-password-file", str(site.directory / "other"))
    right = site.prune("offsite")

    site.configure(more=", append_only: true, prune_password: 'file:other'")
    same_way = site.prune("offsite")

    assert wrong.exit_code == 77, wrong.as_dict()
    assert right.exit_code == 0, right.as_dict()
    assert same_way.exit_code == 0, same_way.as_dict()


def test_append_only_is_planned_only_and_named_prune_is_refused(site: SmallSite) -> None:
    site.configure(retention="{keep_full: 1}", more=", append_only: true")
    old, new = site.back_up(), site.back_up()

    forgotten = site.netops("backup", "forget", "--json", expect=0)
    refused = site.netops("backup", "prune", "offsite", expect=78)
    passed = site.netops("backup", "prune", expect=0)

    by_place = {r["target"]: r for r in json.loads(forgotten.stdout)["results"]}
    assert by_place["main"]["counts"] == {"kept": 1, "dropped": 1}
    assert by_place["offsite"]["counts"] == {"kept": 1, "planned": 1}
    assert site.lies_in("offsite") == [old, new]
    assert "prune_location" in refused.stdout
    assert "left alone" in passed.stdout


def test_access_logs_are_kept_half_a_year_or_the_configuration_is_refused(site: SmallSite) -> None:
    site.configure(retention="{keep_full: 1, min_days: 179}\n      class: Access Log")
    refused = site.netops("config", "check", expect=78)
    site.configure(copies="[]", retention="{keep_full: 1}\n      access_log: true")
    history = [site.back_up(), site.back_up(days=2), site.back_up(days=179), site.back_up(days=0.5)]
    site.forget("main")

    assert "netops.yaml:13: backup.jobs.docs.retention.min_days" in refused.stderr
    assert "180 days or longer, not 179" in refused.stderr
    assert site.lies_in("main") == history[1:]


def test_nothing_is_dropped_from_a_job_without_retention(site: SmallSite) -> None:
    site.configure(copies="[]", retention="{min_days: 3}")
    made = [site.back_up() for _ in range(3)]
    report = site.forget("main")

    assert report.results[0].summary == "3 kept"
    assert site.lies_in("main") == made


def test_a_catalogue_made_again_carries_the_chain_on(site: SmallSite) -> None:
    full, log = site.back_up(), site.back_up("log")
    logs = [log, site.back_up("log")]
    links = {row["id"]: (row["base_id"], row["parent_id"]) for row in _backups(site)}
    shutil.rmtree(site.directory / "state")

    rehearsed = site.rebuild(dry_run=True)
    assert _backups(site) == []
    report = site.rebuild()
    differential = site.back_up("differential")

    assert rehearsed.results[0].facts == report.results[0].facts
    assert report.status is Status.OK, report.as_dict()
    assert report.results[0].facts["entered"] == 3
    assert (report.results[1].facts["entered"], report.results[1].facts["placed"]) == (0, 3)
    rows = {row["id"]: row for row in _backups(site)}
    assert {
        key: (row["base_id"], row["parent_id"]) for key, row in rows.items() if key in links
    } == links
    assert [rows[key]["seq"] for key in (full, *logs, differential)] == [1, 2, 3, 4]
    assert rows[differential]["base_id"] == full
    assert [row["path"] for row in json.loads(rows[full]["sources"])] == [f"{site.directory}/docs"]
    target = site.directory / "back"
    site.netops("backup", "restore", "docs", "--backup", logs[0], "--to", str(target), expect=0)
    site.netops("backup", "verify", expect=0)
    again = site.rebuild()
    assert [r.facts["entered"] + r.facts["placed"] for r in again.results] == [0, 0]
    assert site.netops("backup", "status").returncode in {0, 1, 2}


def _backups(site: SmallSite) -> list[dict[str, Any]]:
    return [dict(row) for row in site.rows("backups", job="docs", limit=None)]


def test_an_offsite_alone_is_enough_for_the_catalogue(site: SmallSite) -> None:
    made = [site.back_up(), site.back_up("differential")]
    shutil.rmtree(site.directory / "state")
    shutil.rmtree(site.directory / "main")

    report = site.rebuild()

    assert [result.status for result in report.results] == [Status.CRITICAL, Status.OK]
    assert {row["id"] for row in _backups(site)} == set(made)
    assert _backups(site)[0]["base_id"] == made[0]
    target = site.directory / "back"
    site.netops("backup", "restore", "docs", "--from", "offsite", "--to", str(target), expect=0)


def test_a_lagging_catalogue_is_set_right(site: SmallSite) -> None:
    site.configure(copies="[]")
    first, second = site.back_up(), site.back_up()
    third = site.back_up("differential")
    listed = json.loads(site.restic("main", "snapshots", "--json"))
    site.restic(
        "main", "forget", next(s["id"] for s in listed if f"netops-run={first}" in s["tags"])
    )
    _spoil(site, second, third)

    report = site.rebuild()

    main = report.results[0]
    assert main.status is Status.CRITICAL
    assert main.facts["gone"] == [first]
    assert main.facts["placed"] == 2
    assert any("counted as failed, but it is there" in text for text in main.facts["remarks"])
    assert [row["backup_id"] for row in site.rows("good_at", location="main")] == [second, third]
    assert site.rows("backup_by_id", id=third)[0]["status"] == 1


def _spoil(site: SmallSite, unseen: str, failed: str) -> None:
    """Make the catalogue lag behind, as a crash and an old copy of it would."""
    import sqlite3

    link = sqlite3.connect(site.directory / "state/netops.db")
    with link:
        link.execute("DELETE FROM placement WHERE backup_id = ? AND location = 'main'", [unseen])
        link.execute(
            "UPDATE placement SET status = 2, listed_at = NULL WHERE backup_id = ?", [failed]
        )
        link.execute("UPDATE backup SET status = 2, snapshot_id = NULL WHERE id = ?", [failed])
    link.close()


def test_hostile_tags_end_in_remarks_and_in_no_wrong_record(site: SmallSite) -> None:
    site.configure(copies="[]")
    good = site.back_up()
    before = _backups(site)
    other = "01KTESTTESTTESTTESTTESTTES"
    for tags in (
        ["netops-job=docs", f"netops-run={other}", "netops-type=full", "netops-seq=1"],
        ["netops-job=docs", f"netops-run={good}", "netops-type=log", "netops-seq=1"],
        ["netops-job=docs", "netops-run=../../etc", "netops-type=full", "netops-seq=7"],
        ["netops-job=docs", f"netops-run={other}", "netops-type=full", "netops-seq=9e99"],
        ["netops-job=docs", f"netops-run={other}", "netops-type='; DROP", "netops-seq=8"],
        [
            "netops-job=\x1b[31mx",
            "netops-run=01KTESTTESTTESTTESTTESTTE0",
            "netops-type=full",
            "netops-seq=8",
        ],
        [
            "netops-job=docs",
            "netops-seq=3",
            "netops-seq=4",
            f"netops-run={other}",
            "netops-type=full",
        ],
    ):
        tag = [part for text in ("netops", *tags) for part in ("--tag", text)]
        site.restic("main", "backup", str(site.directory / "password"), *tag)

    report = site.rebuild("main")

    assert report.status is Status.WARNING
    assert len(report.results[0].facts["remarks"]) == 7
    assert "\x1b" not in site.netops("backup", "rebuild-catalogue", "main").stdout
    assert _backups(site) == before
    shutil.rmtree(site.directory / "state")
    empty = site.rebuild("main")
    assert {row["id"] for row in _backups(site)} <= {good, other}
    assert empty.status is Status.WARNING
    assert site.back_up() not in {good, other}


def test_only_full_ids_are_ever_forgotten() -> None:
    access = simple.Snapshot("0" * 64, "", (), (), "", None)
    with pytest.raises(ValueError, match="full ids"):
        client.forget(access, ["0f" * 4], client.Call())  # type: ignore[arg-type]
