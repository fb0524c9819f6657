"""The record book on both databases: numbers without gaps, rows that stay, and every change found."""

import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from netops.core.clock import SystemClock
from netops.core.errors import IntegrityError, NetopsError
from netops.journal.book import Book
from netops.records.book import Hand, RecordBook
from netops.records.verify import repair, verify
from tests.contracts import store_backends
from tests.contracts.store_backends import Backend
from tests.record_site import CHEN, FORM, POLICY, REASON, Desk, desk

server = store_backends.server
backend = store_backends.backend
PROCESSES = 16


@pytest.fixture
def site(tmp_path: Path, backend: Backend) -> Iterator[Desk]:
    with desk(tmp_path, backend) as opened:
        yield opened


def open_records(backend: Backend, folder: Path, ready: Any, worker: int) -> None:
    with backend.open() as database, Book.open(folder, origin="test.example.org/netops") as journal:
        book = RecordBook(database, lambda: journal, POLICY, SystemClock(), f"worker{worker}")
        ready.wait(60)
        for turn in range(2):
            # Every second source is one that all of them want.
            source = f"shared {turn}" if turn else f"own {worker}"
            book.open(FORM, REASON, Hand(CHEN), sources=[source])


def test_sixteen_processes_number_without_gaps_and_never_twice(
    tmp_path: Path, backend: Backend
) -> None:
    with desk(tmp_path, backend):
        pass
    context = get_context("spawn")
    ready = context.Barrier(PROCESSES)
    processes = [
        context.Process(target=open_records, args=(backend, tmp_path / "journal", ready, number))
        for number in range(PROCESSES)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)

    assert [process.exitcode for process in processes] == [0] * PROCESSES
    with desk(tmp_path, backend) as site:
        ranks = sorted(int(one.number[-4:]) for one in site.book().records())
        assert ranks == list(range(1, PROCESSES + 2))
        assert verify(site.book()).differences == ()


def raw(backend: Backend, *statements: str) -> int:
    """Run statements past our own code; return how many rows the last one touched."""
    if backend.dsn is not None:
        import psycopg

        with psycopg.connect(backend.dsn, autocommit=True) as server_link:
            return [server_link.execute(one.encode()).rowcount for one in statements][-1]
    link = sqlite3.connect(str(backend.path), isolation_level=None)
    try:
        return [link.execute(one).rowcount for one in statements][-1]
    finally:
        link.close()


def tamper(backend: Backend, sql: str) -> None:
    """Do what somebody does who owns the tables: away with the triggers, then the change."""
    remove_triggers(backend)
    assert raw(backend, sql) > 0


def remove_triggers(backend: Backend) -> None:
    names = ["record_revision_stays", "record_source_stays"]
    names += [] if backend.dsn else ["record_revision_remains", "record_source_remains"]
    drops = [
        f"DROP TRIGGER {name}" + (f" ON {name.rpartition('_')[0]}" if backend.dsn else "")
        for name in names
    ]
    raw(backend, *drops)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE record_revision SET note = 'never mind'",
        "DELETE FROM record_revision",
        "UPDATE record_source SET record_id = 'other'",
        "DELETE FROM record_source",
    ],
)
def test_the_database_itself_refuses_to_change_or_remove_steps(
    site: Desk, backend: Backend, sql: str
) -> None:
    site.book().open(FORM, {}, Hand(automatic=True), sources=["event"])

    with pytest.raises(Exception, match=r"never (changed|removed)"):
        raw(backend, sql)
    assert verify(site.book()).differences == ()


COLUMNS = "record_id, n, number, form, planned, at, actor, account, person, action, state, changes"


CASES: list[tuple[str, set[str] | None]] = [
    ("UPDATE record_revision SET person = 'Mallory' WHERE action = 'approved'", {"edited"}),
    ("UPDATE record_revision SET account = 'x' WHERE action = 'approved'", {"edited"}),
    ("UPDATE record_revision SET changes = '{}' WHERE action = 'opened'", {"edited"}),
    ("UPDATE record_revision SET changes = 'no json' WHERE n = 2", {"edited"}),
    ("UPDATE record_revision SET state = 'closed' WHERE action = 'rejected'", {"edited"}),
    ("UPDATE record_revision SET planned = 1 - planned WHERE n = 1", {"edited"}),
    ("UPDATE record_revision SET at = '2020-01-01T00:00:00.000Z' WHERE n = 1", {"edited"}),
    ("UPDATE record_revision SET sources = '[]' WHERE action = 'attached'", {"edited"}),
    ("UPDATE record_revision SET journal_seq = 999 WHERE seq = 2", {"deleted", "inserted"}),
    ("DELETE FROM record_revision WHERE seq = 3", {"deleted", "reordered"}),
    ("DELETE FROM record_revision WHERE seq = (SELECT MAX(seq) FROM record_revision)", None),
    ("DELETE FROM record_revision", {"deleted", "edited"}),
    ("UPDATE record_revision SET seq = 1000 - seq", None),
    ("DELETE FROM record_source", {"edited"}),
    ("UPDATE sequence SET value = 3 WHERE name = 'record_revision'", {"deleted"}),
    (
        f"INSERT INTO record_revision (seq, journal, journal_seq, digest, note, sources, {COLUMNS})"
        f" SELECT seq + 1, journal, 999, digest, note, sources, {COLUMNS.replace(' n,', ' n + 1,')}"
        " FROM record_revision WHERE seq = (SELECT MAX(seq) FROM record_revision)",
        {"inserted", "edited", "deleted"},
    ),
]
TABLES = ("record_revision", "record_source", "sequence")


def test_every_kind_of_tampering_is_found(site: Desk, backend: Backend) -> None:
    site.closed()
    rejected = site.draft().number
    site.book().submit(rejected, Hand(CHEN))
    site.book("wangfang").reject(rejected, Hand(), "not now")
    remove_triggers(backend)
    for table in TABLES:
        raw(backend, f"CREATE TABLE keep_{table} AS SELECT * FROM {table}")

    for sql, kinds in CASES:
        assert verify(site.book()).differences == (), sql
        assert raw(backend, sql) > 0, sql
        found = {one.kind for one in verify(site.book()).differences}
        assert found, sql
        assert kinds is None or found <= kinds, (sql, found)
        for table in TABLES:
            raw(backend, f"DELETE FROM {table}", f"INSERT INTO {table} SELECT * FROM keep_{table}")


def test_nothing_is_written_after_the_end_was_cut_off(site: Desk, backend: Backend) -> None:
    site.draft()
    number = site.draft().number
    tamper(backend, f"DELETE FROM record_revision WHERE number = '{number}'")

    with pytest.raises(IntegrityError, match="nothing was recorded"):
        site.draft()


def test_a_step_that_only_the_journal_knows_is_put_back_and_its_number_stays_taken(
    site: Desk, backend: Backend
) -> None:
    """A power cut between journal and table leaves an entry without a row."""
    site.draft()
    book = site.book()
    # The journal is written, then the database goes away before it commits.
    book.journal.append("record.note", "by hand", detail={"digest": "x"})
    with suppress(ZeroDivisionError), site.database.transaction():
        book.open(FORM, REASON, Hand(CHEN), sources=["event"])
        raise ZeroDivisionError

    assert {one.kind for one in verify(book).differences} == {"deleted"}
    with pytest.raises(IntegrityError, match="not what was last written"):
        site.draft()
    assert repair(book, None) == ["TC-2026-0002 opened by Chen Li"]
    assert verify(book).differences == ()
    assert repair(book, None) == []
    assert site.draft().number == "TC-2026-0003"
    assert book.open(FORM, REASON, Hand(CHEN), sources=["event"]) is None


def test_an_edited_step_is_not_repaired_but_stays_evidence(site: Desk, backend: Backend) -> None:
    site.draft()
    tamper(backend, "UPDATE record_revision SET person = 'Mallory'")

    assert repair(site.book(), None) == []
    assert verify(site.book()).differences


def test_a_refused_step_leaves_no_trace(site: Desk) -> None:
    number = site.draft().number
    before = site.journal.size

    with pytest.raises(NetopsError):
        site.book().close(number, Hand(CHEN))

    assert site.journal.size == before
    assert verify(site.book()).steps == 1


def test_hostile_text_goes_in_and_out_unchanged(site: Desk) -> None:
    hostile = ["'; DROP TABLE record_revision; --", "\x00\u202e<script>", "\ud800 half", "換線"]
    record = site.book().open(FORM, {"content": hostile}, Hand(automatic=True), sources=["e"])

    assert record is not None
    assert site.book().record(record.number).fields["content"] == hostile
    assert verify(site.book()).differences == ()


@pytest.mark.parametrize("name", ["", "TC-2026-9999", "' OR 1=1 --", "換線"])
def test_an_unknown_record_is_said_to_be_unknown(site: Desk, name: str) -> None:
    site.draft()
    with pytest.raises(NetopsError, match="there is no record"):
        site.book().record(name)
