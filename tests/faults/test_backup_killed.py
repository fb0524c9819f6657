"""Backups struck down in the middle: afterwards the truth is on record and a normal run succeeds."""

import json
import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from netops.core import lock
from tests.faults.slow import in_the_middle, slow_down, speed_up
from tests.sites import (
    PASSWORD,
    Site,
    arguments_of,
    environment,
    kill,
    restic_under,
    tree,
    wait_until,
)


def proceeds(site: Site) -> None:
    """A normal run succeeds, everything is whole, and all that ran is on record."""
    speed_up(site)
    site.backup()
    done = site.netops("backup", "status", "--json")
    assert (done.code, done.json()["lost_runs"]) == (0, []), done
    verified = site.netops("backup", "verify", "--json")
    assert verified.code == 0, verified
    entries = site.journal()
    begun = sorted(e["run"] for e in entries if e["kind"] == "run.begin")
    assert sorted(e["run"] for e in entries if e["kind"] in {"run.end", "run.lost"}) == begun
    target = site.directory / "proof"
    done = site.netops("backup", "restore", "data", "--from", "offsite", "--to", str(target))
    assert done.code == 0, done
    assert tree(target / str(site.source).lstrip("/")) == tree(site.source)


def outcome(site: Site, process_code: int) -> dict[str, object]:
    """Return the only result of a run that ended by itself with `process_code`."""
    report = json.loads((site.directory / "out").read_text())
    assert report["exit_code"] == process_code
    (result,) = report["results"]
    return dict(result)


def test_netops_killed_in_the_middle_of_a_backup(site: Site) -> None:
    slow_down(site, "main")
    with in_the_middle(site, "backup", site.main) as (process, restic):
        kill(process.pid)
        process.wait()
        wait_until(lambda: not arguments_of(restic), "restic ends with netops", wait_s=20)
    assert site.states() == {"main": "CRITICAL", "offsite": "CRITICAL"}
    assert "left no outcome" in site.status()["main"]["remark"]
    (lost,) = site.lost_runs()
    assert "backup run" in lost
    assert site.snapshots() == []
    proceeds(site)
    killed = site.backups()[-1]
    assert killed["status"] == 2
    assert "killed" in killed["message"]


def test_next_run_says_what_it_found_of_the_killed_one(site: Site) -> None:
    slow_down(site, "main")
    with in_the_middle(site, "backup", site.main) as (process, _):
        kill(process.pid)
    speed_up(site)
    done = site.netops("backup", "run", "data")
    assert done.code == 0, done
    assert "left no outcome" in done.err
    assert "1 killed backup(s) settled" in done.err


def test_backup_whose_snapshot_was_complete_when_netops_was_killed_is_adopted(site: Site) -> None:
    slow_down(site, "main")
    site.repositories["main"]["limit_upload"] = "1MB"
    site.write()
    with in_the_middle(site, "backup", site.main) as (process, restic):
        os.kill(process.pid, signal.SIGSTOP)
        wait_until(lambda: list((site.main / "snapshots").iterdir()), "restic stores its snapshot")
        wait_until(lambda: not arguments_of(restic), "restic ends")
        kill(process.pid)
    speed_up(site)
    result = site.backup()
    assert result["type"] == "differential"
    adopted = site.backups()[-1]
    assert adopted["status"] == 1
    assert "adopted" in adopted["message"]
    assert result["base"] == adopted["id"]
    proceeds(site)


def test_killed_backup_is_settled_only_once_its_repository_can_be_seen(site: Site) -> None:
    slow_down(site, "main")
    site.repositories["main"]["limit_upload"] = "1MB"
    site.write()
    with in_the_middle(site, "backup", site.main) as (process, restic):
        os.kill(process.pid, signal.SIGSTOP)
        wait_until(lambda: not arguments_of(restic), "restic ends")
        kill(process.pid)
    speed_up(site)
    away = site.directory / "away"
    site.main.rename(away)
    done = site.netops("backup", "run", "data")
    assert done.code == 69
    away.rename(site.main)
    site.backup()
    assert "adopted" in site.backups()[-1]["message"]


@pytest.mark.parametrize("end", ["netops", "restic", "deadline"])
def test_data_uploaded_before_the_end_is_not_uploaded_again(site: Site, end: str) -> None:
    # Three packs, of which restic sends two at a time; small ones hold names, not data.
    (site.source / "random").write_bytes(os.urandom(45_000_000))
    site.repositories["main"]["limit_upload"] = "8MB"
    if end == "deadline":
        site.repositories["main"]["deadline"] = "5s"
    site.write()
    process = site.start("backup", "run", "data")
    wait_until(lambda: whole_packs(site), "one pack is whole")
    restic = restic_under(process.pid, "backup")
    assert restic is not None, "it must be ended before it is done"
    if end == "netops":
        kill(process.pid)
    elif end == "restic":
        kill(restic)
    process.wait()
    wait_until(lambda: not arguments_of(restic), "restic ends")
    assert site.snapshots() == []
    found = whole_packs(site)
    site.repositories["main"].pop("deadline", None)
    speed_up(site)
    result = site.backup()
    assert result["bytes_added"] < 45_000_000 - 0.9 * sum(found.values())
    assert found.keys() <= whole_packs(site).keys(), "what was there is used"
    assert not unfinished_files(site), "half a pack is of no use to anybody"
    proceeds(site)


def whole_packs(site: Site) -> dict[str, int]:
    """Return name → bytes of the large packs that are stored completely."""
    packs = [path for path in (site.main / "data").rglob("*") if len(path.name) == 64]
    sizes = {path.name: path.stat().st_size for path in packs}
    return {name: size for name, size in sizes.items() if size > 10_000_000}


def unfinished_files(site: Site) -> list[Path]:
    """Return what restic was writing when it was killed."""
    return list(site.main.rglob("*-tmp-*"))


def test_lock_of_a_process_that_nobody_buried_is_taken_out(site: Site) -> None:
    command = ["restic", "--repo", str(site.main), "--no-cache", "backup", "--stdin"]
    env = environment({"RESTIC_PASSWORD": PASSWORD})
    with subprocess.Popen(command, env=env, stdin=subprocess.PIPE) as restic:
        wait_until(lambda: whole_locks(site), "restic has its lock")
        assert site.netops("backup", "unlock", "main").code == 0
        assert len(whole_locks(site)) == 1, "its process lives"
        kill(restic.pid)  # and nobody asks how it ended
        wait_until(lambda: not arguments_of(restic.pid), "restic is dead")
        done = site.netops("backup", "unlock", "main")
        assert (done.code, whole_locks(site)) == (0, []), done
        assert "1 lock(s) of dead processes taken out" in done.err
    proceeds(site)


def whole_locks(site: Site) -> list[Path]:
    return [path for path in (site.main / "locks").iterdir() if len(path.name) == 64]


def test_what_a_living_restic_is_writing_is_left_alone(site: Site) -> None:
    slow_down(site, "main")
    with in_the_middle(site, "backup", site.main) as (process, restic):
        os.kill(restic, signal.SIGSTOP)
        kill(process.pid)
        writing = unfinished_files(site)
        assert writing
        assert site.netops("backup", "unlock").code == 0
        assert unfinished_files(site) == writing
        os.kill(restic, signal.SIGCONT)
    wait_until(lambda: not arguments_of(restic), "restic ends")
    done = site.netops("backup", "unlock")
    assert unfinished_files(site) == []
    assert "half written" in done.err


def test_netops_killed_in_the_middle_of_a_copy(site: Site) -> None:
    slow_down(site, "offsite")
    with in_the_middle(site, "copy", site.offsite) as (process, restic):
        kill(process.pid)
        process.wait()
        wait_until(lambda: not arguments_of(restic), "restic ends with netops", wait_s=20)
    assert site.states() == {"main": "OK", "offsite": "CRITICAL"}
    assert len(site.lost_runs()) == 1
    assert site.snapshots(site.offsite) == []
    proceeds(site)
    assert len(site.snapshots(site.offsite)) == 2


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_restic_killed_in_the_middle_of_a_backup(site: Site, number: signal.Signals) -> None:
    slow_down(site, "main")
    with in_the_middle(site, "backup", site.main) as (process, restic):
        os.kill(restic, number)
        assert process.wait(60) == 2
    assert outcome(site, 2)["status"] == "CRITICAL"
    assert site.states() == {"main": "CRITICAL", "offsite": "CRITICAL"}
    assert site.lost_runs() == []
    (backup,) = site.backups()
    assert (backup["status"], backup["snapshot_id"]) == (2, None)
    assert site.last_end()["detail"]["exit_code"] == 2
    proceeds(site)


def test_restic_killed_in_the_middle_of_a_copy(site: Site) -> None:
    slow_down(site, "offsite")
    with in_the_middle(site, "copy", site.offsite) as (process, restic):
        kill(restic)
        assert process.wait(60) == 2
    result = outcome(site, 2)
    assert result["status"] == "CRITICAL"
    assert result["locations"][0]["status"] == "OK"  # type: ignore[index]
    assert result["locations"][1]["status"] == "CRITICAL"  # type: ignore[index]
    assert site.states() == {"main": "OK", "offsite": "CRITICAL"}
    proceeds(site)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_in_the_middle_of_a_backup_closes_everything(
    site: Site, number: signal.Signals
) -> None:
    slow_down(site, "main")
    with in_the_middle(site, "backup", site.main) as (process, restic):
        process.send_signal(number)
        assert process.wait(60) == 128 + number
        assert not arguments_of(restic)
    assert outcome(site, 128 + number)["status"] == "CRITICAL"
    assert site.lost_runs() == []
    assert site.last_end()["detail"]["signal"] == number
    assert list((site.main / "locks").iterdir()) == []
    assert site.states()["main"] == "CRITICAL"
    proceeds(site)


def test_signal_in_the_middle_of_a_copy_keeps_the_good_backup(site: Site) -> None:
    slow_down(site, "offsite")
    with in_the_middle(site, "copy", site.offsite) as (process, _):
        process.terminate()
        assert process.wait(60) == 143
    assert site.states() == {"main": "OK", "offsite": "CRITICAL"}
    assert site.last_end()["detail"]["exit_code"] == 143
    proceeds(site)


def test_many_signals_at_once_end_a_run_as_one_does(site: Site) -> None:
    slow_down(site, "main")
    with in_the_middle(site, "backup", site.main) as (process, _):
        for _ in range(20):
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                process.send_signal(number)
        code = process.wait(60)
    assert code in {129, 130, 143}
    assert site.last_end()["detail"]["exit_code"] == code


def test_overall_timeout_ends_a_run_and_says_so(site: Site) -> None:
    slow_down(site, "main")
    done = site.netops("backup", "run", "data", "--timeout", "2s", "--json")
    assert done.code == 2
    (result,) = done.results()
    assert result["error"]["code"] == "timeout"
    assert site.last_end()["detail"]["exit_code"] == 2
    proceeds(site)


@pytest.mark.parametrize("where", ["job", "main"])
def test_deadline_of_job_and_repository_end_a_backup(site: Site, where: str) -> None:
    slow_down(site, "main")
    owner = site.job if where == "job" else site.repositories["main"]
    owner["deadline"] = "2s"
    site.write()
    result = site.backup(code=2)
    assert result["error"]["code"] == "timeout"
    del owner["deadline"]
    proceeds(site)


def test_second_run_of_the_same_job_is_told_to_wait(site: Site) -> None:
    slow_down(site, "main")
    with in_the_middle(site, "backup", site.main) as (process, _):
        running = site.status()
        assert "running now" in running["main"]["remark"]
        assert site.lost_runs() == []
        second = site.netops("backup", "run", "data", "--json")
        assert second.code == 75
        (result,) = second.results()
        assert result["error"]["code"] == "locked"
        assert f"process {process.pid}" in result["summary"]
        process.terminate()
        process.wait(60)
    assert [backup["status"] for backup in site.backups()] == [2]
    proceeds(site)


def test_status_asked_all_the_time_never_makes_a_run_think_the_job_is_taken(site: Site) -> None:
    slow_down(site, "main")
    with in_the_middle(site, "backup", site.main) as (process, _):
        kill(process.pid)  # an open attempt makes status look at the job's lock
    job_lock = site.state / "locks" / "job-data.lock"
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            lock.is_held(job_lock)
            time.sleep(0.001)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        speed_up(site)
        for _ in range(5):
            site.backup()
    finally:
        stop.set()
        thread.join()


def test_lock_files_of_killed_runs_do_not_pile_up(site: Site) -> None:
    slow_down(site, "main")
    with in_the_middle(site, "backup", site.main) as (process, _):
        kill(process.pid)
    runs = site.state / "locks" / "runs"
    assert len(list(runs.iterdir())) == 1
    speed_up(site)
    site.backup()
    assert list(runs.iterdir()) == []


def test_stale_locks_of_dead_processes_do_not_stop_a_check(site: Site) -> None:
    slow_down(site, "main")
    with in_the_middle(site, "backup", site.main) as (process, restic):
        kill(restic)
        process.wait(60)
    assert list((site.main / "locks").iterdir()) != []
    done = site.netops("backup", "verify", "main")
    assert done.code == 0, done


def test_unlock_removes_locks_of_dead_processes(site: Site, tmp_path: Path) -> None:
    slow_down(site, "main")
    with in_the_middle(site, "backup", site.main) as (process, restic):
        kill(restic)
        process.wait(60)
    assert site.netops("backup", "unlock").code == 0
    assert list((site.main / "locks").iterdir()) == []
