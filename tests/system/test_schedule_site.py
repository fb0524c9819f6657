"""What is scheduled on a real site: everything that has a cadence, by every way to start it."""

import signal
from pathlib import Path

import pytest

from tests.sites import Site, make_site, wait_until


@pytest.fixture
def site(tmp_path: Path) -> Site:
    site = make_site(tmp_path / "site")
    site.job["retention"] = {"keep_full": 1}
    site.job["policy"]["log"] = "every 5m"
    site.write()
    return site


def due(site: Site) -> dict[tuple[str, str], bool]:
    """Return (name, kind) → is it time."""
    done = site.netops("schedule", "plan", "--json")
    rows = {(row["name"], row["kind"]): row["due"] for row in done.json()}
    assert done.code == int(any(rows.values()))
    return rows


def test_everything_with_a_cadence_is_planned_and_not_due_once_done(site: Site) -> None:
    assert due(site) == {
        ("backup-data", "full"): True,
        ("backup-data", "differential"): False,
        ("backup-data", "log"): False,
        ("verify-main", "data"): True,
        ("verify-main", "structure"): False,
        ("verify-offsite", "data"): True,
        ("verify-offsite", "structure"): False,
        ("retention", "forget"): True,
        ("prune-main", "prune"): True,
        ("prune-offsite", "prune"): True,
    }
    site.backup()
    for verb in ("verify", "forget", "prune"):
        done = site.netops("backup", verb, "--due", "--quiet")
        assert (done.code, done.out) == (0, ""), done
    assert not any(due(site).values())
    count = len(site.journal())
    for verb in ("verify", "forget", "prune"):
        done = site.netops("backup", verb, "--due")
        assert done.code == 0
        assert done.out.count("nothing is due") == 2
    assert len(site.journal()) == count, "a look that finds nothing due is no event"


def test_a_site_that_keeps_everything_plans_no_forgetting(site: Site) -> None:
    del site.job["retention"]
    site.write()
    assert {name for name, _ in due(site)} == {"backup-data", "verify-main", "verify-offsite"}
    done = site.netops("backup", "forget", "--due", "--json")
    assert [result["summary"] for result in done.results()] == ["nothing is due"] * 2


def test_policies_of_the_site_rule_forget_and_prune(site: Site) -> None:
    site.settings["backup"].update(forget="every 6h", prune="never")
    site.repositories["offsite"]["append_only"] = True
    site.write()
    rows = {row["name"]: row for row in site.netops("schedule", "plan", "--json").json()}
    assert rows["retention"]["cadence"] == "every 6h"
    assert (rows["prune-main"]["cadence"], rows["prune-main"]["due"]) == ("never", False)
    assert "prune-offsite" not in rows


def test_forgetting_one_job_only_leaves_the_place_due(site: Site) -> None:
    jobs = site.settings["backup"]["jobs"]
    jobs["other"] = {**site.job}
    site.write()
    assert site.netops("backup", "forget", "data").code == 0
    assert due(site)["retention", "forget"]
    assert site.netops("backup", "forget").code == 0
    assert not due(site)["retention", "forget"]


def test_what_failed_stays_due(site: Site) -> None:
    site.backup()
    site.offsite.rename(site.directory / "away")
    assert site.netops("backup", "prune", "--due").code == 2
    rows = due(site)
    assert not rows["prune-main", "prune"]
    assert rows["prune-offsite", "prune"]


@pytest.mark.parametrize("kind", ["--systemd", "--cron"])
def test_timers_and_crontab_start_all_of_it(site: Site, kind: str) -> None:
    done = site.netops("schedule", "install", kind)
    assert done.code == 0, done
    commands = [
        "backup run data",
        "backup verify main",
        "backup verify offsite",
        "backup forget",
        "backup prune main",
        "backup prune offsite",
    ]
    if kind == "--cron":
        assert [done.out.count(f"{command} --due --quiet") for command in commands] == [1] * 6
        return
    # One template a verb; the repository or the job is the instance.
    for verb in ("run", "verify", "prune"):
        assert done.out.count(f"backup {verb} %I --due --quiet") == 1
    assert done.out.count("backup forget --due --quiet") == 1
    for unit in ("run@data", "verify@main", "verify@offsite", "prune@main", "prune@offsite"):
        assert f"# --- netops-backup-{unit}.timer" in done.out
    assert "# --- netops-retention.timer" in done.out


def test_without_catching_up_lines_fire_at_the_moments_of_the_cadences_only(site: Site) -> None:
    hourly = site.netops("schedule", "install", "--cron").out.splitlines()
    own = site.netops("schedule", "install", "--cron", "--no-catch-up").out.splitlines()
    (looked,) = [line for line in hourly if " backup forget " in line]
    (fired,) = [line for line in own if " backup forget " in line]
    assert (looked.split()[:5], fired.split()[:5]) == (
        ["0", "*", "*", "*", "*"],
        ["0", "0", "*", "*", "*"],
    )
    assert site.netops("schedule", "install", "--systemd", "--no-catch-up").code == 64


def test_the_daemon_does_all_of_it(site: Site) -> None:
    daemon = site.start("schedule", "run", "--parallel", "6")
    try:
        wait_until(lambda: not any(due(site).values()), "nothing is due any more")
    finally:
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(60) == 0, (site.directory / "err").read_text()
    verbs = {entry["subject"] for entry in site.journal() if entry["kind"] == "run.begin"}
    assert verbs == {"backup run", "backup verify", "backup forget", "backup prune"}
    assert site.status()["main"]["verified_at"] is not None
