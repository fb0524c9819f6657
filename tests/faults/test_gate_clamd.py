"""The gate when its scanner hangs, dies or is killed with netops: told, bounded, and made good."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from netops.backup.model import Scan
from netops.backup.scanners.base import ScannerError
from netops.core.cancel import Cancel
from netops.core.errors import InterruptedRunError
from netops.core.run import Progress
from netops.core.status import Status
from tests import clamav, gate_room
from tests.backup_site import ROOT, BackupSite
from tests.require import need


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    need("clamd", "sigtool")
    place = tmp_path / "av"
    clamav.write_signatures(place / "db")
    return place


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    for number in range(300):
        (folder / f"{number:03}").write_text(f"file {number}")
    return folder


def scan(directory: Path, **more: object) -> Scan:
    options = {"socket": f"{directory}/s", "database": f"{directory}/db"}
    return Scan("clamav", options=options, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("policy", ["warn", "fail"])
def test_clamd_killed_half_way(directory: Path, data: Path, tmp_path: Path, policy: str) -> None:
    place = gate_room.room(tmp_path / "state")
    work = gate_room.job(scan(directory, on_missing=policy))
    with clamav.clamd(directory) as daemon:

        def kill(progress: Progress) -> None:
            if progress.step == "scanning":
                daemon.process.kill()
                daemon.process.wait()

        run = gate_room.context(kill)
        if policy == "fail":
            with pytest.raises(ScannerError, match="nothing was backed up"):
                gate_room.screen(place, work, data, run)
        else:
            (remark,) = gate_room.screen(place, work, data, run).remarks()
            assert remark.status is Status.WARNING
            assert "clamd" in remark.text
            scanned = remark.facts["scan"]["scanned"]
            assert 64 <= scanned < 300
            assert f"{300 - scanned} new file(s) were backed up without a scan" in remark.text
    with clamav.clamd(directory):
        (remark,) = gate_room.screen(place, work, data).remarks()
        assert remark.status is Status.OK
        assert remark.facts["scan"]["scanned"] == 300 - 64
        (remark,) = gate_room.screen(place, work, data).remarks()
        assert remark.facts["scan"]["scanned"] == 0


def test_clamd_that_hangs_ends_at_the_deadline(directory: Path, data: Path, tmp_path: Path) -> None:
    with clamav.clamd(directory) as daemon:
        site = BackupSite(
            tmp_path / "site",
            f"sources: [{data}]\n"
            f"scan: {{engine: clamav, socket: {daemon.socket}, database: {daemon.database},"
            " deadline: 5s}\n",
        )
        site.init()
        daemon.process.send_signal(signal.SIGSTOP)
        done = site.backup()
        daemon.process.send_signal(signal.SIGCONT)
        assert done.code == 1, done
        assert "clamd did not answer in time" in done.result["summary"]
        assert done.result["duration_s"] < 30
        assert site.backup().code == 0


def test_hanging_scan_is_a_warning_and_the_rest_is_kept(
    directory: Path, data: Path, tmp_path: Path
) -> None:
    place = gate_room.room(tmp_path / "state")
    work = gate_room.job(scan(directory, deadline_s=2))
    with clamav.clamd(directory) as daemon:

        def stop(progress: Progress) -> None:
            if progress.step == "scanning":
                daemon.process.send_signal(signal.SIGSTOP)

        started = time.monotonic()
        (remark,) = gate_room.screen(place, work, data, gate_room.context(stop)).remarks()
        assert time.monotonic() - started < 60
        assert remark.status is Status.WARNING
        assert "clamd did not answer in time" in remark.text
        daemon.process.send_signal(signal.SIGCONT)


def test_signal_half_way_keeps_the_verdicts(directory: Path, data: Path, tmp_path: Path) -> None:
    place = gate_room.room(tmp_path / "state")
    work = gate_room.job(scan(directory))
    cancel = Cancel()

    def interrupt(progress: Progress) -> None:
        if progress.step == "scanning":
            cancel.by_signal(signal.SIGTERM)

    with clamav.clamd(directory):
        with pytest.raises(InterruptedRunError):
            gate_room.screen(place, work, data, gate_room.context(interrupt, cancel))
        (remark,) = gate_room.screen(place, work, data).remarks()
        assert remark.facts["scan"]["scanned"] == 300 - 64


def test_netops_killed_half_way_goes_on_where_it_was(
    directory: Path, data: Path, tmp_path: Path
) -> None:
    for number in range(300, 4000):
        (data / f"{number}").write_text(f"file {number}")
    with clamav.clamd(directory) as daemon:
        site = BackupSite(
            tmp_path / "site",
            f"sources: [{data}]\n"
            f"scan: {{engine: clamav, socket: {daemon.socket}, database: {daemon.database}}}\n",
        )
        site.init()
        argv = [sys.executable, "-m", "netops", "--site", str(site.directory), "backup", "run"]
        process = subprocess.Popen(
            argv, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        verdicts = site.state / "scan/data.done"
        _await(lambda: verdicts.exists() and verdicts.stat().st_size > 20_000)
        process.kill()
        process.wait()
        done = site.backup()
        assert done.code == 0, done
        result = done.result["scan"]
        assert result["files"] == 4000


def _await(condition: object) -> None:
    assert callable(condition)
    for _ in range(600):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it never came so far")


def test_file_written_to_between_scan_and_backup_is_told(
    directory: Path, data: Path, tmp_path: Path
) -> None:
    place = gate_room.room(tmp_path / "state")
    work = gate_room.job(scan(directory))
    with clamav.clamd(directory):
        screening = gate_room.screen(place, work, data)
        (data / "007").write_bytes(clamav.EICAR)
        (data / "born later").write_bytes(clamav.EICAR)
        (remark,) = screening.remarks()
        assert "2 written to after the scan" in remark.text
        assert str(data / "007") in remark.text
        (remark,) = gate_room.screen(place, work, data).remarks()
        assert remark.facts["scan"]["infected_count"] == 2


def test_quarantine_open_to_others_is_refused_and_the_file_stays_out(
    directory: Path, data: Path, tmp_path: Path
) -> None:
    evil = data / "evil"
    evil.write_bytes(clamav.EICAR)
    away = tmp_path / "away"
    away.mkdir()
    away.chmod(0o755)
    place = gate_room.room(tmp_path / "state")
    work = gate_room.job(scan(directory, quarantine=str(away)))
    with clamav.clamd(directory):
        screening = gate_room.screen(place, work, data)
        assert str(evil) in screening.staged.exclude
        (remark,) = screening.remarks()
        assert "open to others" in remark.text
        assert evil.exists()
        away.chmod(0o700)
        gate_room.screen(place, work, data)
        assert not evil.exists()
