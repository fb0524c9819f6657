"""Locks: one holder, or many who share, and never one that is turned away for nothing."""

import os
import threading
import time
from pathlib import Path

import pytest

from netops.core import lock
from netops.core.errors import LockedError


def test_lock_is_held_in_the_block_and_free_after_it(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b.lock"
    assert not lock.is_held(path)
    with lock.hold(path, "it"):
        assert lock.is_held(path)
        assert (path.stat().st_mode & 0o777) == 0o600
        assert (path.parent.stat().st_mode & 0o777) == 0o700
    assert not lock.is_held(path)


def test_lock_is_free_after_an_exception(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with pytest.raises(ValueError, match="inside"), lock.hold(path, "it"):
        raise ValueError("inside")
    assert not lock.is_held(path)


def test_second_holder_is_refused_soon_and_told_who_holds_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with lock.hold(path, "the repository 'x'"):
        started = time.monotonic()
        with (
            pytest.raises(
                LockedError, match=rf"the repository 'x' is in use by process {os.getpid()}"
            ),
            lock.hold(path, "the repository 'x'"),
        ):
            pytest.fail("given twice")
        assert time.monotonic() - started < 30


def test_one_who_waits_gets_it_when_it_is_free(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    free = threading.Event()

    def occupy() -> None:
        with lock.hold(path, "it"):
            free.wait(60)

    thread = threading.Thread(target=occupy)
    thread.start()
    while not lock.is_held(path):
        time.sleep(0.01)
    threading.Timer(0.5, free.set).start()
    with lock.hold(path, "it", wait_s=60):
        assert free.is_set()
    thread.join()


def test_one_who_waits_stops_when_the_run_is_to_end(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    started = time.monotonic()
    with (
        lock.hold(path, "it"),
        pytest.raises(LockedError),
        lock.hold(path, "it", wait_s=600, cancelled=lambda: time.monotonic() - started > 0.3),
    ):
        pytest.fail("given twice")
    assert time.monotonic() - started < 60


def test_many_may_share_but_not_beside_one_who_does_not(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with (
        lock.hold(path, "it", shared=True),
        lock.hold(path, "it", shared=True),
        pytest.raises(LockedError),
        lock.hold(path, "it"),
    ):
        pytest.fail("given beside sharers")
    with lock.hold(path, "it"), pytest.raises(LockedError), lock.hold(path, "it", shared=True):
        pytest.fail("shared beside one who does not")


def test_those_who_only_look_see_no_lock_where_others_look(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.touch()
    stop = threading.Event()
    seen: list[bool] = []

    def look() -> None:
        while not stop.is_set():
            seen.append(lock.is_held(path))

    threads = [threading.Thread(target=look) for _ in range(3)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    stop.set()
    for thread in threads:
        thread.join()
    assert len(seen) > 100
    assert not any(seen)


@pytest.mark.parametrize("note", ["", "{", "[]", '{"pid": 1}', '{"pid": 1, "since": "x"}', "\x00"])
def test_note_that_cannot_be_read_does_not_hide_the_lock(tmp_path: Path, note: str) -> None:
    path = tmp_path / "lock"
    with lock.hold(path, "it"):
        path.write_text(note)
        with pytest.raises(LockedError, match=r"^it is in use$"), lock.hold(path, "it"):
            pytest.fail("given twice")
