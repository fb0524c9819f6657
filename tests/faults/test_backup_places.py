"""Repositories that are gone, full, refused, silent or lying: never a false success, never a hang."""

import json
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.require import need, unavailable
from tests.sites import Site, descendants, tree, wait_until


def offsite_lags(site: Site, result: dict[str, object]) -> None:
    """The primary is good, the copy is not, and everybody is told so."""
    assert result["status"] == "CRITICAL"
    places = {p["location"]: p["status"] for p in result["locations"]}  # type: ignore[attr-defined]
    assert places == {"main": "OK", "offsite": "CRITICAL"}
    assert site.states() == {"main": "OK", "offsite": "CRITICAL"}
    end = site.last_end()
    assert (end["ok"], end["detail"]["exit_code"]) == (False, 2)


def catches_up(site: Site, copies: int) -> None:
    site.write()
    site.backup()
    assert site.states() == {"main": "OK", "offsite": "OK"}
    assert len(site.snapshots(site.offsite)) == copies


def test_offsite_directory_that_vanished(site: Site) -> None:
    away = site.directory / "away"
    site.offsite.rename(away)
    offsite_lags(site, site.backup(code=2))
    assert not site.offsite.exists()
    away.rename(site.offsite)
    catches_up(site, 2)


def test_offsite_server_that_is_down(site: Site) -> None:
    place = site.repositories["offsite"]
    here, place["location"] = place["location"], "rest:http://127.0.0.1:1/"
    site.write()
    started = time.monotonic()
    result = site.backup(code=2)
    assert time.monotonic() - started < 90
    offsite_lags(site, result)
    assert "127.0.0.1" in str(result["summary"])
    place["location"] = here
    catches_up(site, 2)


_ANSWER = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@contextmanager
def silent_server(*, answers: int) -> Iterator[int]:
    """Answer the first connections, accept all others and never say a word; yield the port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(50)
        kept: list[socket.socket] = []
        listener.settimeout(0.1)
        stop = threading.Event()

        def accept() -> None:
            while not stop.is_set():
                with suppress(TimeoutError, ConnectionError):
                    connection = listener.accept()[0]
                    kept.append(connection)
                    if len(kept) <= answers:
                        connection.recv(1000)
                        connection.sendall(_ANSWER)
                        connection.close()

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            stop.set()
            thread.join()
            for connection in kept:
                connection.close()


def test_offsite_that_accepts_and_never_answers_is_unreachable_in_time(site: Site) -> None:
    place = site.repositories["offsite"]
    here = place["location"]
    with silent_server(answers=0) as port:
        place.update(location=f"rest:http://127.0.0.1:{port}/", connect_timeout="2s")
        site.write()
        started = time.monotonic()
        result = site.backup(code=2)
        assert time.monotonic() - started < 90
    offsite_lags(site, result)
    assert "does not answer" in str(result["summary"])
    place.update(location=here, connect_timeout="20s")
    catches_up(site, 2)


def test_offsite_that_stalls_does_not_hold_the_run_beyond_its_deadline(site: Site) -> None:
    place = site.repositories["offsite"]
    here = place["location"]
    with silent_server(answers=1) as port:
        place.update(location=f"rest:http://127.0.0.1:{port}/", deadline="3s")
        site.write()
        started = time.monotonic()
        result = site.backup(code=2)
        assert time.monotonic() - started < 90
    offsite_lags(site, result)
    assert "within" in str(result["summary"])
    place.update(location=here, deadline="1h")
    catches_up(site, 2)


def test_primary_that_stalls_ends_at_its_deadline(site: Site) -> None:
    place = site.repositories["main"]
    here = place["location"]
    with silent_server(answers=1) as port:
        place.update(location=f"rest:http://127.0.0.1:{port}/", deadline="3s")
        site.write()
        started = time.monotonic()
        result = site.backup(code=2)
        assert time.monotonic() - started < 90
    assert result["error"]["code"] == "timeout"
    place.update(location=here, deadline="1h")
    catches_up(site, 1)


@pytest.mark.parametrize("command", ["verify", "unlock", "restore"])
def test_signal_ends_a_command_that_waits_for_a_silent_server(site: Site, command: str) -> None:
    with silent_server(answers=1 if command != "unlock" else 0) as port:
        site.repositories["main"]["location"] = f"rest:http://127.0.0.1:{port}/"
        site.write()
        arguments = {
            "verify": ("verify", "main"),
            "unlock": ("unlock", "main"),
            "restore": ("restore", "data", "--to", str(site.directory / "back")),
        }[command]
        process = site.start("backup", *arguments)

        def restics() -> list[int]:
            below = descendants(process.pid)
            return [pid for pid, words in below.items() if words[:2] == ["restic", "--repo"]]

        wait_until(restics, "restic waits")
        left = restics()
        process.terminate()
        assert process.wait(60) == 143
        wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in left), "restic is gone")
    assert site.last_end()["detail"]["signal"] == 15


def test_place_lost_for_good_is_told_in_every_run(site: Site) -> None:
    site.backup()
    shutil.rmtree(site.offsite)
    for _ in range(2):
        result = site.backup(code=2)
        assert result["status"] == "CRITICAL"
    assert site.states()["offsite"] == "CRITICAL"


def test_wrong_password_is_an_access_error_and_stores_nothing(site: Site) -> None:
    password = site.directory / "password"
    right = password.read_text()
    password.write_text("wrong-password\n")
    done = site.netops("backup", "run", "data", "--json")
    assert done.code == 77
    (result,) = done.results()
    assert (result["status"], result["error"]["code"]) == ("CRITICAL", "access")
    assert site.states() == {"main": "CRITICAL", "offsite": "CRITICAL"}
    assert site.last_end()["detail"]["exit_code"] == 77
    password.write_text(right)
    assert site.snapshots() == []
    catches_up(site, 1)


def test_wrong_password_of_the_offsite_alone_does_not_harm_the_primary(site: Site) -> None:
    other = site.directory / "other"
    other.write_text("wrong-password\n")
    other.chmod(0o600)
    site.repositories["offsite"]["password"] = "file:other"
    site.write()
    offsite_lags(site, site.backup(code=2))
    site.repositories["offsite"]["password"] = "file:password"
    catches_up(site, 2)


def test_missing_password_file_is_a_configuration_error(site: Site) -> None:
    (site.directory / "password").unlink()
    done = site.netops("backup", "run", "data")
    assert done.code == 78, done
    assert "password" in done.out
    assert site.states()["main"] == "CRITICAL"


@contextmanager
def small_disk(site: Site, place: Path, size: str) -> Iterator[Path]:
    """Put a repository on a disk of its own."""
    if os.getuid() != 0:
        unavailable("root", "mounting a small disk needs root")
    disk = site.directory / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(disk)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        unavailable("mount", f"cannot mount a tmpfs: {mounted.stderr.decode()}")
    try:
        shutil.copytree(place, disk / "repository")
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=False)


def fill(disk: Path) -> None:
    """Leave no byte on a disk."""
    with (disk / "filler").open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(65536)):
            continue


def test_full_disk_of_the_primary(site: Site) -> None:
    with small_disk(site, site.main, "48m") as disk:
        site.repositories["main"]["location"] = str(disk / "repository")
        site.write()
        (site.source / "large").write_bytes(os.urandom(80_000_000))
        result = site.backup(code=2)
        assert "disk is full" in str(result["summary"])
        assert site.states()["main"] == "CRITICAL"
        assert not list((disk / "repository" / "snapshots").iterdir())
        again = site.backup(code=2)  # also what cannot even write its lock is no other run's lock
        assert again["status"] == "CRITICAL"
        (site.source / "large").unlink()
        subprocess.run(["mount", "-o", "remount,size=400m", str(disk)], check=True)
        site.backup()
        assert site.states() == {"main": "OK", "offsite": "OK"}
        assert site.netops("backup", "verify").code == 0


def test_full_disk_under_a_restore_is_told_before_and_called_by_its_name(site: Site) -> None:
    with (site.source / "image").open("wb") as file:
        file.truncate(40_000_000)
    site.backup()
    with small_disk(site, site.main, "20m") as disk:
        done = site.netops("backup", "restore", "data", "--to", str(disk / "back"))
        assert done.code == 2, done
        assert f"40.0 MB come back, {disk} has" in done.err
        assert "--sparse" in done.err
        assert f"the disk of {disk}/back is full: not everything came back" in done.out
        assert "repository's disk" not in done.out
    assert site.states() == {"main": "OK", "offsite": "OK"}


def test_completely_full_disk_of_the_primary_is_critical_not_locked(site: Site) -> None:
    with small_disk(site, site.main, "48m") as disk:
        site.repositories["main"]["location"] = str(disk / "repository")
        site.write()
        fill(disk)
        result = site.backup(code=2)
        assert result["status"] == "CRITICAL"
        (disk / "filler").unlink()
        catches_up(site, 1)


def test_full_disk_of_the_offsite(site: Site) -> None:
    with small_disk(site, site.offsite, "48m") as disk:
        here = site.repositories["offsite"]["location"]
        site.repositories["offsite"]["location"] = str(disk / "repository")
        site.write()
        (site.source / "large").write_bytes(os.urandom(80_000_000))
        offsite_lags(site, site.backup(code=2))
        site.repositories["offsite"]["location"] = here
        catches_up(site, 2)


def test_full_disk_of_netops_itself_never_passes_for_success(site: Site) -> None:
    site.backup()
    with small_disk(site, site.state, "8m") as disk:
        site.settings["state_dir"] = str(disk / "repository")
        site.write()
        fill(disk)
        done = site.netops("backup", "run", "data")
        assert done.code != 0, done
        assert "Traceback" not in done.err
        assert "internal error" not in done.out + done.err
        (disk / "filler").unlink()
        site.backup()
        assert site.states() == {"main": "OK", "offsite": "OK"}


def test_state_directory_of_somebody_else_is_refused_in_one_line(site: Site) -> None:
    site.settings["state_dir"] = "/proc/netops"
    site.write()
    done = site.netops("backup", "run", "data")
    assert done.code == 78, done
    assert len(done.err.splitlines()) == 2


def test_snapshot_forgotten_in_the_primary_before_it_was_copied_does_not_block_later_copies(
    site: Site,
) -> None:
    here = site.offsite.rename(site.directory / "away")
    result = site.backup(code=2)
    (site.main / "snapshots" / str(result["snapshot"])).unlink()
    here.rename(site.offsite)
    site.backup()
    site.backup()
    assert site.states() == {"main": "OK", "offsite": "OK"}


def test_primary_that_is_not_mounted_loses_nothing_of_the_catalogue(site: Site) -> None:
    aside = site.directory / "aside"
    site.offsite.rename(aside)
    site.backup("--due", code=2)
    aside.rename(site.offsite)
    away = site.directory / "away"
    site.main.rename(away)
    site.backup("--due", code=69)
    away.rename(site.main)
    result = site.backup("--due")
    assert result["type"] is None
    assert "copied" in str(result["summary"])
    site.backup()
    assert site.states() == {"main": "OK", "offsite": "OK"}


def test_snapshot_dated_in_the_future_is_neither_parent_nor_newest(site: Site) -> None:
    first = site.backup()
    site.restic(
        *("backup", "--time", "2035-01-01 00:00:00", "--host", "test.example.org"),
        *(
            "--tag",
            "netops,netops-job=data,netops-run=01FUTURE,netops-seq=0",
            str(site.main / "config"),
        ),
    )
    (site.source / "file-0.txt").write_text("now")
    second = site.backup("--type", "log")
    known = {backup["id"]: backup for backup in site.backups()}
    assert known[second["backup"]]["parent_id"] == first["backup"]
    target = site.directory / "newest"
    done = site.netops("backup", "restore", "data", "--to", str(target))
    assert done.code == 0, done
    assert tree(target / str(site.source).lstrip("/")) == tree(site.source)
    assert site.states() == {"main": "OK", "offsite": "OK"}
    assert site.last_end()["detail"]["exit_code"] == 0
    site.backup()


def test_clock_that_was_once_in_the_future_does_not_stop_backups_that_are_due(site: Site) -> None:
    need("faketime")
    site.prefix = ("faketime", "2035-01-01 00:00:00")
    site.backup("--due")
    site.prefix = ()
    assert "future" in site.status()["main"]["remark"]
    again = site.backup("--due")
    assert again["type"] == "full"
    assert site.states() == {"main": "OK", "offsite": "OK"}
    assert site.backup("--due")["type"] is None
    (site.source / "since").write_text("since")
    site.backup("--type", "log")
    target = site.directory / "newest"
    site.netops("backup", "restore", "data", "--to", str(target))
    assert tree(target / str(site.source).lstrip("/")) == tree(site.source)


def test_json_output_is_whole_also_when_everything_fails(site: Site) -> None:
    shutil.rmtree(site.main)
    done = site.netops("backup", "run", "--json")
    assert done.code == 69
    report = json.loads(done.out)
    assert report["results"][0]["error"]["hint"]
