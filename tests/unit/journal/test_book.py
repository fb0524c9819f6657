"""The book: what it writes, what it lists, what it leaves open."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from netops.core.errors import AccessError, ConfigError, IntegrityError, UsageError
from netops.journal.book import Book
from netops.journal.verify import verify
from tests.unit.journal.lab import ORIGIN, START, SetClock, live, open_book, run_once


def test_entries_are_chained_and_numbered(tmp_path: Path) -> None:
    with open_book(tmp_path / "journal") as book:
        first = book.append("note", "core-1", ok=True, detail={"why": "换光模块"})
        second = book.append("note", "core-2")
        assert (first.seq, second.seq) == (1, 2)
        assert first.hash == sha256(bytes(32) + first.body).hexdigest()
        assert second.hash == sha256(bytes.fromhex(first.hash) + second.body).hexdigest()
        assert first.detail == {"why": "换光模块"}
        assert list(book.entries()) == [first, second] == [book.entry(1), book.entry(2)]
        assert book.size == 2


def test_directory_file_and_key_are_for_the_owner_only(tmp_path: Path) -> None:
    with open_book(tmp_path / "state" / "journal") as book:
        run_once(book, "one")
        modes = {path.name: path.stat().st_mode & 0o777 for path in book.directory.iterdir()}
        assert book.directory.stat().st_mode & 0o777 == 0o700
    assert modes["journal.db"] == 0o600
    assert [mode for name, mode in modes.items() if name.startswith("signing-")] == [0o600]


def test_opening_and_asking_for_open_runs_needs_no_cryptography(tmp_path: Path) -> None:
    live(tmp_path).close()
    code = (
        "import sys; from pathlib import Path; from netops.journal.book import Book;"
        f"book = Book.open(Path({str(tmp_path)!r}), origin='x'); book.open_runs();"
        "book.begin('r', 'poll', [], {}); book.end('r', 'poll', status=0, detail={});"
        "print(sorted({'nacl', 'pydantic', 'logging', 'yaml', 'subprocess'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_checkpoint_signs_everything_and_is_laid_beside_the_journal(tmp_path: Path) -> None:
    with open_book(tmp_path) as book:
        book.append("note", "a")
        checkpoint = book.checkpoint()
        # The first checkpoint makes the key, which is an entry of its own.
        assert (checkpoint.size, checkpoint.origin) == (2, ORIGIN)
        assert (tmp_path / "checkpoint.note").read_text() == checkpoint.note
        assert book.head() == checkpoint
        assert checkpoint.head == f"2:{checkpoint.root}"
        assert book.checkpoint() == checkpoint


def test_one_checkpoint_a_day_is_kept_and_the_newest_always(tmp_path: Path) -> None:
    clock = SetClock()
    with open_book(tmp_path, clock) as book:
        for number in range(5):
            run_once(book, f"a{number}")
        clock.pass_days(1)
        run_once(book, "b")
        assert book.head() is not None
        assert book.head().size == book.size  # type: ignore[union-attr]
    assert verify(tmp_path).checkpoints == 1 + 2 + 1  # handover, two days, the note file


def test_a_run_without_an_outcome_stays_open_until_somebody_closes_it(tmp_path: Path) -> None:
    with open_book(tmp_path) as book:
        book.begin("r1", "backup", ["pg", "sw-\udcff"], {"jobs": 2})
        book.begin("r2", "poll", [], {})
        book.end("r2", "poll", status=0, detail={})
        (lost,) = book.open_runs()
        assert (lost.run, lost.verb, lost.targets) == ("r1", "backup", ("pg", "sw-\udcff"))
        assert (lost.seq, lost.at, lost.running) == (1, START, True)
        entry = book.close_lost(lost)
        assert (entry.kind, entry.run, entry.ok) == ("run.lost", "r1", False)
        assert book.open_runs() == []
        with pytest.raises(UsageError, match="not open any more"):
            book.close_lost(lost)
        book.end("r1", "backup", status=1, detail={"late": True})
    assert verify(tmp_path).ok


def test_a_run_of_a_killed_process_is_told_from_a_living_one(tmp_path: Path) -> None:
    open_book(tmp_path).close()
    code = (
        "import os; from pathlib import Path; from netops.journal.book import Book;"
        f"book = Book.open(Path({str(tmp_path)!r}), origin='x');"
        "book.begin('r', 'backup', ['pg'], {}); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code], check=False)
    with open_book(tmp_path) as book:
        assert [(run.run, run.running) for run in book.open_runs()] == [("r", False)]
    assert verify(tmp_path).ok


def test_a_run_cannot_begin_twice(tmp_path: Path) -> None:
    with open_book(tmp_path) as book:
        book.begin("r", "backup", [], {})
        with pytest.raises(UsageError, match="open already"):
            book.begin("r", "backup", [], {})
        assert book.size == 1


@pytest.mark.parametrize("kind", ["", "run.begin", "run.lost", "journal.key", "journal.retention"])
def test_nobody_writes_the_journals_own_kinds_by_hand(tmp_path: Path, kind: str) -> None:
    with open_book(tmp_path) as book, pytest.raises(UsageError):
        book.append(kind, "x")


def test_a_clock_that_went_backwards_is_kept_as_it_was_and_marked(tmp_path: Path) -> None:
    clock = SetClock()
    with open_book(tmp_path, clock) as book:
        book.append("note", "before")
        clock.pass_days(-20)
        back = book.append("note", "back")
        again = book.append("note", "again")
        assert (back.clock_back, again.clock_back) == (True, False)
        assert back.at == START - timedelta(days=20)
        assert [entry.seq for entry in book.entries()] == [1, 2, 3]
        book.checkpoint()
    assert verify(tmp_path).ok


def test_dates_beyond_2038_are_kept(tmp_path: Path) -> None:
    moment = datetime(2107, 2, 28, 23, 59, 59, tzinfo=UTC)
    with open_book(tmp_path, SetClock(moment)) as book:
        book.append("note", "far")
        book.checkpoint()
        assert next(book.entries(since=moment)).at == moment
    assert verify(tmp_path).ok


def test_entries_are_found_by_time_kind_run_and_subject(tmp_path: Path) -> None:
    with live(tmp_path) as book:
        day = START + timedelta(days=2)
        one_day = list(book.entries(since=day, until=day + timedelta(days=1)))
        # 1 April: the month's new key comes with the day's checkpoint.
        assert [entry.kind for entry in one_day] == [
            "run.begin",
            "device.backup",
            "run.end",
            "journal.key",
        ]
        assert {entry.run for entry in book.entries(run="run-3")} == {"run-3"}
        assert len(list(book.entries(kind="device.backup"))) == 6
        assert len(list(book.entries(subject="sw-0", limit=4))) == 4
        newest = list(book.entries(kind="run.end", newest_first=True, limit=2))
        assert [entry.run for entry in newest] == ["run-5", "run-4"]
        assert list(book.entries(kind="device")) == []
        assert list(book.entries(limit=0)) == []


def test_listing_pages_through_more_than_one_page(tmp_path: Path) -> None:
    with open_book(tmp_path) as book:
        for number in range(600):
            book.append("a" if number % 2 else "b", str(number))
        assert [entry.seq for entry in book.entries()] == list(range(1, 601))
        assert [entry.seq for entry in book.entries(newest_first=True)] == list(range(600, 0, -1))
        assert len(list(book.entries(kind="a", limit=260))) == 260


def test_listing_goes_on_while_others_append(tmp_path: Path) -> None:
    with open_book(tmp_path) as book:
        book.append("note", "1")
        entries = book.entries()
        assert next(entries).seq == 1
        book.append("note", "2")


def test_an_unknown_entry_is_a_usage_error(tmp_path: Path) -> None:
    with open_book(tmp_path) as book, pytest.raises(UsageError, match="no entry 5"):
        book.entry(5)


def test_a_reader_needs_no_key_and_cannot_write(tmp_path: Path) -> None:
    live(tmp_path / "a").close()
    copy = tmp_path / "copy.db"
    copy.write_bytes((tmp_path / "a" / "journal.db").read_bytes())
    with Book.read(copy) as book:
        assert len(list(book.entries(kind="run.end"))) == 6
        with pytest.raises(AccessError, match="reading only"):
            book.append("note", "x")
        with pytest.raises(AccessError, match="reading only"):
            book.checkpoint()
    assert verify(copy).ok


def test_a_journal_keeps_the_name_it_was_made_with(tmp_path: Path) -> None:
    live(tmp_path).close()
    with Book.open(tmp_path, origin="renamed.host/journal") as book:
        assert book.origin == ORIGIN
        book.append("note", "x")
        book.checkpoint()
    assert verify(tmp_path, origin=ORIGIN).ok
    assert not verify(tmp_path, origin="renamed.host/journal").ok


def test_a_journal_is_kept_180_days_at_least(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="180 days"):
        Book.open(tmp_path, origin=ORIGIN, keep_days=179)
    open_book(tmp_path, keep_days=180).close()


def test_a_removed_journal_is_not_silently_begun_anew(tmp_path: Path) -> None:
    live(tmp_path).close()
    (tmp_path / "journal.db").unlink()
    with pytest.raises(IntegrityError, match="is gone"):
        open_book(tmp_path)


def test_a_cut_journal_takes_no_more_entries(tmp_path: Path) -> None:
    import sqlite3

    live(tmp_path).close()
    connection = sqlite3.connect(tmp_path / "journal.db")
    connection.execute("DROP TRIGGER entry_stay")
    connection.execute("DELETE FROM entry WHERE seq > 10")
    connection.commit()
    connection.close()
    with open_book(tmp_path) as book, pytest.raises(IntegrityError, match="not what was last"):
        book.append("note", "x")


def test_threads_may_share_a_book(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with open_book(tmp_path) as book:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda number: book.append("note", str(number)), range(100)))
        book.checkpoint()
    assert verify(tmp_path).entries == 101
    assert verify(tmp_path).ok
