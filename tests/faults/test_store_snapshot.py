"""Copies of SQLite databases that are being written to, damaged, locked or left by a crash."""

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from netops.core.errors import AccessError, IntegrityError, NetopsError, TimeoutExpiredError
from netops.store.snapshot import copy_sqlite

SPAWN = get_context("spawn")
ACCOUNTS = 200
NOBODY = 65534


def make_bank(path: Path, journal_mode: str) -> None:
    """Make accounts that always hold 100 each on average."""
    with closing(sqlite3.connect(path, isolation_level=None)) as link:
        link.execute(f"PRAGMA journal_mode={journal_mode}")
        link.execute("CREATE TABLE account (id INTEGER PRIMARY KEY, money INTEGER, note TEXT)")
        link.execute("BEGIN")
        rows = [(number, 100, "x" * 500) for number in range(ACCOUNTS)]
        link.executemany("INSERT INTO account VALUES (?, ?, ?)", rows)
        link.execute("COMMIT")


def total(path: Path) -> tuple[int, int]:
    with closing(sqlite3.connect(path)) as link:
        count, money = link.execute("SELECT COUNT(*), SUM(money) FROM account").fetchone()
    return count, money


def keep_moving_money(path: Path, started: Any, stop: Any, moves: Any) -> None:
    """Rewrite every account in every transaction, without a pause."""
    with closing(sqlite3.connect(path, isolation_level=None, timeout=60)) as link:
        while not stop.is_set():
            link.execute("BEGIN IMMEDIATE")
            link.execute("UPDATE account SET money = money + 7 WHERE id % 2 = 0")
            link.execute("UPDATE account SET money = money - 7 WHERE id % 2 = 1")
            link.execute("COMMIT")
            moves.value += 1
            started.set()


def die_in_the_middle(path: Path) -> None:
    """Leave what a power cut leaves: half a transaction on disk, and its log."""
    link = sqlite3.connect(path, isolation_level=None)
    link.execute("PRAGMA wal_autocheckpoint=0")
    link.execute("UPDATE account SET note = 'committed'")
    link.execute("PRAGMA cache_size=5")
    link.execute("BEGIN")
    link.execute("UPDATE account SET money = 0, note = note || 'y'")
    os._exit(0)


def crash(path: Path) -> None:
    process = SPAWN.Process(target=die_in_the_middle, args=(path,))
    process.start()
    process.join(30)
    assert process.exitcode == 0


@contextmanager
def busy_writer(path: Path) -> Iterator[Any]:
    started, stop, moves = SPAWN.Event(), SPAWN.Event(), SPAWN.Value("q", 0)
    process = SPAWN.Process(target=keep_moving_money, args=(path, started, stop, moves))
    process.start()
    try:
        assert started.wait(30)
        yield moves
    finally:
        stop.set()
        process.join(30)
    assert process.exitcode == 0


@pytest.mark.parametrize("journal_mode", ["WAL", "DELETE"])
def test_every_copy_of_a_busy_database_is_one_moment_of_it(
    tmp_path: Path, journal_mode: str
) -> None:
    source = tmp_path / "bank.db"
    make_bank(source, journal_mode)
    copies = [tmp_path / f"copy-{number}.db" for number in range(6)]

    with busy_writer(source) as moves:
        before = moves.value
        sizes = [copy_sqlite(source, copy) for copy in copies]
        deadline = time.monotonic() + 20
        while moves.value <= before + 1 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert moves.value > before + 1, "the writer was held up for good"

    assert [total(copy) for copy in copies] == [(ACCOUNTS, ACCOUNTS * 100)] * len(copies)
    assert sizes == [copy.stat().st_size for copy in copies]
    assert {copy.stat().st_mode & 0o777 for copy in copies} == {0o600}
    assert sorted(p.name for p in tmp_path.iterdir() if "copy" in p.name) == [
        c.name for c in copies
    ]


def test_rows_that_are_only_in_the_write_ahead_log_are_copied(tmp_path: Path) -> None:
    make_bank(tmp_path / "bank.db", "WAL")
    with closing(sqlite3.connect(tmp_path / "bank.db")) as writer:
        writer.execute("UPDATE account SET money = 200")
        writer.commit()
        writer.execute("UPDATE account SET money = 300")
        assert (tmp_path / "bank.db-wal").stat().st_size > 0

        copy_sqlite(tmp_path / "bank.db", tmp_path / "copy.db")

    assert total(tmp_path / "copy.db") == (ACCOUNTS, ACCOUNTS * 200)


@pytest.mark.parametrize(
    "name", ["a b?mode=rwc#%41.db", "資料庫.db", "café".encode("latin-1") + b".db"]
)
def test_odd_file_names_are_only_names(tmp_path: Path, name: str | bytes) -> None:
    source = tmp_path / os.fsdecode(name)
    make_bank(source, "DELETE")

    copy_sqlite(source, tmp_path / "copy.db")

    assert total(tmp_path / "copy.db") == (ACCOUNTS, ACCOUNTS * 100)


def test_a_database_that_needs_functions_of_its_program_is_copied(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "own.db", isolation_level=None)) as link:
        link.create_collation("ours", lambda a, b: (a > b) - (a < b))
        link.create_function("grade", 1, len, deterministic=True)
        link.execute("CREATE TABLE own (a TEXT COLLATE ours UNIQUE, CHECK (grade(a) > 0))")
        link.execute("CREATE INDEX by_grade ON own (grade(a))")
        link.execute("INSERT INTO own VALUES ('x')")

    copy_sqlite(tmp_path / "own.db", tmp_path / "copy.db")

    with closing(sqlite3.connect(tmp_path / "copy.db")) as link:
        assert link.execute("SELECT a FROM own NOT INDEXED").fetchall() == [("x",)]


@pytest.mark.parametrize("content", [b"", b"hello", b"not a database at all" * 500])
def test_a_file_that_is_no_database_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "source").write_bytes(content)

    with pytest.raises(IntegrityError, match="source"):
        copy_sqlite(tmp_path / "source", tmp_path / "copy.db")

    assert [path.name for path in tmp_path.iterdir()] == ["source"]


def test_a_damaged_database_is_refused_and_the_older_copy_stays(tmp_path: Path) -> None:
    source, copy = tmp_path / "bank.db", tmp_path / "copy.db"
    make_bank(source, "DELETE")
    copy_sqlite(source, copy)
    whole = source.read_bytes()
    source.write_bytes(whole[:8192] + b"\xff" * 4096 + whole[12288:])

    with pytest.raises(IntegrityError, match=r"bank\.db"):
        copy_sqlite(source, copy)

    assert total(copy) == (ACCOUNTS, ACCOUNTS * 100)


def test_a_missing_file_or_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NetopsError, match="No such file"):
        copy_sqlite(tmp_path / "nothing.db", tmp_path / "copy.db")
    with pytest.raises(NetopsError, match="is not a file"):
        copy_sqlite(tmp_path, tmp_path / "copy.db")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("journal_mode", ["WAL", "DELETE"])
def test_an_exclusive_lock_is_waited_for_and_no_longer_than_asked(
    tmp_path: Path, journal_mode: str
) -> None:
    make_bank(tmp_path / "bank.db", journal_mode)
    with closing(sqlite3.connect(tmp_path / "bank.db", isolation_level=None)) as link:
        link.execute("PRAGMA locking_mode=EXCLUSIVE")
        link.execute("BEGIN EXCLUSIVE")
        link.execute("UPDATE account SET money = 1")
        started = time.monotonic()
        with pytest.raises(TimeoutExpiredError, match=r"locked by its program for 0\.5 s"):
            copy_sqlite(tmp_path / "bank.db", tmp_path / "copy.db", wait_s=0.5)
        waited_s = time.monotonic() - started

    assert 0.4 < waited_s < 60
    assert not list(tmp_path.glob("*copy*"))


def test_a_copy_keeps_the_locks_that_this_process_holds_on_the_source(tmp_path: Path) -> None:
    """Any close() of the file drops them (POSIX), which lets two writers in: it destroys data."""
    make_bank(tmp_path / "bank.db", "DELETE")
    code = (
        "import sqlite3, sys\nlink = sqlite3.connect(sys.argv[1], timeout=0)\n"
        "try: link.execute('UPDATE account SET money = 1')\n"
        "except sqlite3.OperationalError as error: print(error)"
    )
    with closing(sqlite3.connect(tmp_path / "bank.db", isolation_level=None)) as link:
        link.execute("BEGIN IMMEDIATE")
        copy_sqlite(tmp_path / "bank.db", tmp_path / "copy.db")
        other = [sys.executable, "-c", code, str(tmp_path / "bank.db")]
        said = subprocess.run(other, capture_output=True, text=True, check=True).stdout

    assert said.strip() == "database is locked"


def test_a_rollback_journal_left_by_a_crash_is_applied_to_the_copy_only(tmp_path: Path) -> None:
    source = tmp_path / "bank.db"
    make_bank(source, "DELETE")
    crash(source)
    left = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert "bank.db-journal" in left

    copy_sqlite(source, tmp_path / "copy.db")

    assert total(tmp_path / "copy.db") == (ACCOUNTS, ACCOUNTS * 100)
    assert {name: (tmp_path / name).read_bytes() for name in left} == left


def test_a_log_beside_the_target_is_not_replayed_into_the_copy(tmp_path: Path) -> None:
    make_bank(tmp_path / "bank.db", "DELETE")
    (tmp_path / "copy.db-wal").write_bytes(b"frames of another database")

    with pytest.raises(NetopsError, match="belongs to another database"):
        copy_sqlite(tmp_path / "bank.db", tmp_path / "copy.db")


@pytest.fixture
def shelf() -> Iterator[Path]:
    """A folder that an ordinary user may reach (pytest's own is closed to others)."""
    folder = Path(tempfile.mkdtemp(prefix="netops-shelf-", dir="/tmp"))
    folder.chmod(0o755)
    (folder / "out").mkdir(mode=0o777)
    (folder / "out").chmod(0o777)
    (folder / "source").mkdir()
    yield folder
    (folder / "source").chmod(0o755)
    shutil.rmtree(folder)


def copy_as_nobody(source: Path, target: Path, answer: Any) -> None:
    # Imported before the rights to read the interpreter's library are given up.
    import shutil
    import tempfile
    import urllib.parse

    _ = shutil, tempfile, urllib.parse
    if os.getuid() == 0:
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    try:
        copy_sqlite(source, target)
        answer.put(("copied", ""))
    except NetopsError as error:
        answer.put((type(error).__name__, str(error)))


def copied_by_nobody(source: Path, target: Path) -> tuple[str, str]:
    answer = SPAWN.SimpleQueue()
    process = SPAWN.Process(target=copy_as_nobody, args=(source, target, answer))
    process.start()
    process.join(30)
    assert process.exitcode == 0
    found: tuple[str, str] = answer.get()
    return found


@pytest.mark.parametrize("journal_mode", ["WAL", "DELETE"])
@pytest.mark.parametrize("crashed", [False, True], ids=["clean", "crashed"])
def test_a_folder_that_cannot_be_written_is_no_obstacle(
    shelf: Path, journal_mode: str, crashed: bool
) -> None:
    source = shelf / "source" / "bank.db"
    make_bank(source, journal_mode)
    if crashed:
        crash(source)
        with suppress(FileNotFoundError):
            source.with_name("bank.db-shm").unlink()
    for path in source.parent.iterdir():
        path.chmod(0o444)
    source.parent.chmod(0o555)

    assert copied_by_nobody(source, shelf / "out" / "copy.db") == ("copied", "")

    assert total(shelf / "out" / "copy.db") == (ACCOUNTS, ACCOUNTS * 100)
    assert [path.name for path in (shelf / "out").iterdir()] == ["copy.db"]


def test_a_file_that_may_not_be_read_is_an_access_error(shelf: Path) -> None:
    source = shelf / "source" / "bank.db"
    make_bank(source, "DELETE")
    source.chmod(0)

    kind, message = copied_by_nobody(source, shelf / "out" / "copy.db")

    assert kind == AccessError.__name__
    assert "Permission denied" in message
