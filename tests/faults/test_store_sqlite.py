"""The SQLite catalogue when the disk is full, the file damaged or locked, the writer killed."""

import os
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from netops.core.errors import IntegrityError, LockedError, NetopsError
from netops.store.database import open_database
from netops.store.snapshot import copy_sqlite
from netops.store.sqlite import SqliteDatabase
from tests.contracts.store_backends import AT, start_run
from tests.require import unavailable


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if os.getuid() != 0 or subprocess.run(command, check=False, capture_output=True).returncode:
        unavailable("tmpfs", "mounting a small tmpfs needs root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_says_so_and_keeps_what_was_written(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * 300_000)
    with open_database(path=small_disk / "netops.db") as database:
        kept = 0

        def write_for_ever() -> None:
            nonlocal kept
            for number in range(500):
                start_run(database, f"{number:05}" + "x" * 2000)
                kept = number + 1

        with pytest.raises(NetopsError, match="full") as caught:
            write_for_ever()
        assert "free some space" in str(caught.value.hint)
        assert len(database.execute("unfinished_runs")) == kept

        ballast.unlink()
        start_run(database, "after")
        assert len(database.execute("unfinished_runs")) == kept + 1
    with open_database(path=small_disk / "netops.db") as database:
        assert len(database.execute("unfinished_runs")) == kept + 1


def test_a_transaction_on_a_full_disk_is_none_of_it(small_disk: Path) -> None:
    with open_database(path=small_disk / "netops.db") as database:
        start_run(database, "before")

        def write_too_much() -> None:
            with database.transaction():
                for number in range(500):
                    start_run(database, f"{number:05}" + "x" * 5000)

        with pytest.raises(NetopsError, match="full"):
            write_too_much()
        assert [row["id"] for row in database.execute("unfinished_runs")] == ["before"]


def test_a_copy_to_a_full_disk_leaves_nothing_there(small_disk: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "big.db")) as link:
        link.execute("CREATE TABLE big AS SELECT zeroblob(3000000) AS data")
        link.commit()

    with pytest.raises(NetopsError, match="full") as caught:
        copy_sqlite(tmp_path / "big.db", small_disk / "copy.db")

    assert "free some space" in str(caught.value.hint)
    assert list(small_disk.iterdir()) == []


@pytest.mark.parametrize("damage", ["head", "middle"])
def test_a_damaged_file_is_an_integrity_error(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "netops.db"
    with open_database(path=path) as database, database.transaction():
        for number in range(500):
            start_run(database, f"{number:05}" + "x" * 500)
    whole = path.read_bytes()
    start = 0 if damage == "head" else 8192
    path.write_bytes(whole[:start] + b"\xa5" * (len(whole) - start))

    def read() -> None:
        with open_database(path=path) as database:
            database.execute("unfinished_runs")

    with pytest.raises(IntegrityError, match=r"netops\.db"):
        read()


def test_a_writer_that_never_ends_is_a_locked_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("netops.store.sqlite._BUSY_S", 0.2)
    with open_database(path=tmp_path / "netops.db") as database:
        with closing(sqlite3.connect(tmp_path / "netops.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(LockedError, match="locked"):
                start_run(database)
            with pytest.raises(LockedError), database.transaction():
                pass
        start_run(database)
        assert len(database.execute("unfinished_runs")) == 1


def write_half(path: Path, ready: Any) -> None:
    with SqliteDatabase(path) as database, database.transaction():
        start_run(database, "half")
        ready.set()
        signal.pause()


def test_a_killed_writer_leaves_all_or_none(tmp_path: Path) -> None:
    context = get_context("spawn")
    with open_database(path=tmp_path / "netops.db") as database:
        start_run(database, "whole")
        ready = context.Event()
        process = context.Process(target=write_half, args=(tmp_path / "netops.db", ready))
        process.start()
        assert ready.wait(30)
        process.kill()
        process.join(30)

        done = {"finished_at": AT, "status": 0, "detail": None}
        assert database.execute("finish_run", id="whole", **done) == [{"id": "whole"}]
        assert database.execute("finish_run", id="half", **done) == []
