"""Forget and prune against everything that may happen beside them: backups, kills, lost places."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from netops.core.status import Status
from tests.require import need
from tests.sites import descendants, kill, wait_until
from tests.system.retention_site import SmallSite, outcomes


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> SmallSite:
    need("restic")
    made = SmallSite(tmp_path_factory.mktemp("template") / "site").make()
    made.configure(copies="[]", retention="{keep_full: 1}")
    return made


@pytest.fixture
def site(template: SmallSite, tmp_path: Path) -> SmallSite:
    return template.twin(tmp_path / "site")


def locks_of(site: SmallSite) -> list[Path]:
    """Return the locks of `main` that are written whole."""
    return [path for path in (site.directory / "main/locks").iterdir() if len(path.name) == 64]


@contextmanager
def working(site: SmallSite) -> Iterator[subprocess.Popen[bytes]]:
    """Let another restic back up into `main`, as long as the block runs."""
    place = ["--repo", str(site.directory / "main")]
    password = ["--password-file", str(site.directory / "password")]
    restic = subprocess.Popen(
        ["restic", *place, *password, "--no-cache", "backup", "--stdin"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )
    wait_until(lambda: locks_of(site), "restic takes its lock")
    try:
        yield restic
    finally:
        if restic.stdin is not None:
            with suppress(BrokenPipeError):
                restic.stdin.write(b"done\n")
                restic.stdin.close()
        restic.wait(30)


def test_neither_forget_nor_prune_disturbs_a_backup_that_runs(site: SmallSite) -> None:
    old, new = site.back_up(), site.back_up()
    with working(site) as restic:
        forgotten = site.netops("backup", "forget", "--location", "main")
        pruned = site.netops("backup", "prune", "main")
        assert restic.poll() is None
        assert site.lies_in("main") == [old, new]

    assert (forgotten.returncode, pruned.returncode) == (75, 75), forgotten.stdout + pruned.stdout
    assert restic.returncode == 0
    assert [row["backup_id"] for row in site.rows("good_at", location="main")] == [old, new]
    assert outcomes(site.forget("main").results[0]) == {old: "dropped", new: "kept"}
    assert site.prune("main").exit_code == 0
    site.restic("main", "check", "--read-data")


def test_the_lock_of_a_killed_restic_stops_nobody(site: SmallSite) -> None:
    old, new = site.back_up(), site.back_up()
    with working(site) as restic:
        restic.send_signal(signal.SIGKILL)
        restic.wait(10)
    assert locks_of(site)

    assert outcomes(site.forget("main").results[0]) == {old: "dropped", new: "kept"}
    assert site.prune("main").exit_code == 0
    assert not locks_of(site)


def test_a_forget_killed_before_it_could_note_it_is_finished_by_the_next(site: SmallSite) -> None:
    old, new = site.back_up(), site.back_up()
    first = next(row for row in site.rows("placed_history", job="docs", location="main"))
    site.restic("main", "forget", first["snapshot_id"])

    report = site.forget("main")

    assert outcomes(report.results[0]) == {old: "was gone already", new: "kept"}
    assert report.status is Status.OK
    assert site.netops("backup", "verify", "main").returncode == 0


def test_a_killed_prune_is_finished_by_the_next(site: SmallSite) -> None:
    for text in ("one", "two"):
        site.change(text, 8_000_000)
        site.back_up()
    site.forget("main")
    netops = subprocess.Popen(site.command("backup", "prune", "main"), env=site.environment())
    wait_until(lambda: locks_of(site), "the check before the prune takes its lock")
    os.kill(netops.pid, signal.SIGSTOP)  # or it would start the next restic meanwhile
    children = descendants(netops.pid)
    for child in children:
        kill(child)
    kill(netops.pid)
    netops.wait(10)
    # To restic a process that nobody has buried yet is alive.
    wait_until(
        lambda: not any(Path(f"/proc/{child}").exists() for child in children), "all is quiet"
    )
    assert locks_of(site)

    report = site.prune("main")

    assert report.exit_code == 0, report.as_dict()
    site.restic("main", "check", "--read-data")


def test_a_damaged_repository_is_not_pruned(site: SmallSite) -> None:
    site.change("one", 2_000_000)
    site.back_up()
    site.change("two", 2_000_000)
    site.back_up()
    site.forget("main")
    biggest = max((site.directory / "main/data").rglob("*"), key=lambda path: path.stat().st_size)
    biggest.unlink()
    count = len(list((site.directory / "main/data").rglob("*")))

    report = site.prune("main")

    assert report.exit_code == 2
    assert "not pruned: the check before it failed" in report.results[0].summary
    assert len(list((site.directory / "main/data").rglob("*"))) == count
    assert site.rows("last_verifications")[0]["status"] == 2


def test_a_place_that_is_away_changes_nothing_in_the_catalogue(site: SmallSite) -> None:
    made = [site.back_up(), site.back_up()]
    shutil.move(site.directory / "main", site.directory / "unplugged")

    assert site.forget("main").exit_code == 69
    assert site.prune("main").exit_code == 69
    assert site.rebuild("main").exit_code == 69
    assert [row["backup_id"] for row in site.rows("good_at", location="main")] == made
