"""Forgetting whole months, and proving what is left."""

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netops.core.errors import IntegrityError
from netops.journal.book import Book
from netops.journal.months import end_of_month, month_of, oldest_kept
from netops.journal.proof import check_proof, prove
from netops.journal.verify import verify
from tests.unit.journal.lab import SetClock, open_book, run_once

JANUARY = datetime(2026, 1, 5, 12, tzinfo=UTC)


def two_runs_a_month(directory: Path, months: int, clock: SetClock, keep_days: int = 180) -> Book:
    book = open_book(directory, clock, keep_days=keep_days)
    for number in range(2 * months):
        run_once(book, f"r{number}")
        clock.pass_days(15)
    return book


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)), st.integers(180, 3000))  # noqa: DTZ001
def test_the_oldest_month_kept_ends_after_the_limit(now: datetime, keep_days: int) -> None:
    now = now.replace(tzinfo=UTC)
    kept = oldest_kept(now, keep_days)
    assert kept <= now - timedelta(days=keep_days) < end_of_month(month_of(kept))


def test_only_whole_months_older_than_the_limit_go(tmp_path: Path) -> None:
    clock = SetClock(JANUARY)
    with two_runs_a_month(tmp_path, 12, clock) as book:
        anchor = book.head()
        before = {entry.seq: entry.body for entry in book.entries()}
        planned = book.remove_old(dry_run=True)
        assert {entry.seq for entry in book.entries()} == before.keys()
        removal = book.remove_old()
        assert removal == planned
        assert removal is not None
        left = list(book.entries())
        limit = clock.moment - timedelta(days=180)
        assert month_of(left[0].at) == month_of(limit)
        assert left[0].seq == removal.last + 1
        assert all(
            month_of(parse(before[seq])) < month_of(limit) for seq in range(1, removal.last + 1)
        )
        told = list(book.entries(kind="journal.retention"))
        assert [entry.detail["entries"] for entry in told] == [removal.entries]
        assert book.remove_old() is None
        run_once(book, "after")
    assert anchor is not None
    result = verify(tmp_path, anchors=[anchor.head])
    assert result.ok
    assert result.anchored_to == anchor.size
    assert any("removed by retention" in remark for remark in result.remarks)


def parse(body: bytes) -> datetime:
    from netops.journal import body as form

    return form.decode(int(body[7 : body.index(b",")]), body, b"").at


def test_guards_are_back_after_a_removal(tmp_path: Path) -> None:
    with two_runs_a_month(tmp_path, 12, SetClock(JANUARY)) as book:
        assert book.remove_old() is not None
    connection = sqlite3.connect(tmp_path / "journal.db")
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute("DELETE FROM entry")
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute("UPDATE entry SET body = x'00'")
    connection.close()


def test_removing_month_by_month_keeps_every_root(tmp_path: Path) -> None:
    clock = SetClock(JANUARY)
    heads = []
    with two_runs_a_month(tmp_path, 7, clock) as book:
        for number in range(12):
            book.remove_old()
            run_once(book, f"later-{number}")
            newest = book.head()
            assert newest is not None
            heads.append(newest.head)
            clock.pass_days(31)
        assert book.genesis().size > 0
        kept_from = book.genesis().size
        last = book.size
    result = verify(tmp_path, anchors=heads)
    assert result.ok
    assert any("removed entries only" in remark for remark in result.remarks)
    for seq in (kept_from + 1, kept_from + 2, last - 1):
        proof = prove(tmp_path, seq, head=heads[-1])
        assert check_proof(proof.text(), head=heads[-1]).seq == seq


def test_an_anchor_exactly_at_the_cut_is_still_compared(tmp_path: Path) -> None:
    import base64

    from netops.journal import merkle

    with two_runs_a_month(tmp_path, 12, SetClock(JANUARY)) as book:
        book.remove_old()
        genesis = book.genesis()
    head = f"{genesis.size}:{base64.b64encode(merkle.root(genesis.nodes)).decode()}"
    assert verify(tmp_path, anchors=[head]).anchored_to == genesis.size
    wrong = f"{genesis.size}:{base64.b64encode(bytes(32)).decode()}"
    assert not verify(tmp_path, anchors=[wrong]).ok


def test_a_month_with_an_open_run_stays_whole(tmp_path: Path) -> None:
    clock = SetClock(JANUARY)
    with open_book(tmp_path, clock, keep_days=180) as book:
        run_once(book, "january")
        clock.pass_days(30)
        run_once(book, "february")
        clock.pass_days(1)
        book.begin("stuck", "backup", [], {})
        clock.pass_days(300)
        run_once(book, "december")
        removal = book.remove_old()
        assert removal is not None
        assert removal.through == "2026-01"
        assert next(book.entries()).at.month == 2
        assert [run.run for run in book.open_runs()] == ["stuck"]
    assert verify(tmp_path).ok


def test_an_entry_under_a_wrong_clock_stays_with_the_next(tmp_path: Path) -> None:
    clock = SetClock(JANUARY)
    with open_book(tmp_path, clock, keep_days=180) as book:
        run_once(book, "january")
        clock.moment = datetime(1970, 1, 1, tzinfo=UTC)
        doubtful = book.append("note", "after the battery died")
        clock.moment = JANUARY + timedelta(days=300)
        run_once(book, "november")
        removal = book.remove_old()
        assert removal is not None
        assert next(book.entries()).seq == doubtful.seq
    assert verify(tmp_path).ok


def test_an_idle_journal_forgets_everything_but_that(tmp_path: Path) -> None:
    clock = SetClock(JANUARY)
    with open_book(tmp_path, clock, keep_days=180) as book:
        run_once(book, "january")
        clock.pass_days(400)
        assert book.remove_old() is not None
        assert [entry.kind for entry in book.entries()] == ["journal.retention", "journal.key"]
        run_once(book, "next")
    assert verify(tmp_path).ok


def test_an_empty_journal_has_nothing_to_forget(tmp_path: Path) -> None:
    with open_book(tmp_path) as book:
        assert book.remove_old() is None


def test_nothing_is_removed_where_the_old_part_was_changed(tmp_path: Path) -> None:
    with two_runs_a_month(tmp_path, 12, SetClock(JANUARY)) as book:
        connection = sqlite3.connect(tmp_path / "journal.db")
        connection.execute("DROP TRIGGER entry_keep")
        connection.execute(
            "UPDATE entry SET body = CAST(replace(body, 'sw-0', 'sw-9') AS BLOB) WHERE seq = 2"
        )
        connection.commit()
        connection.close()
        with pytest.raises(IntegrityError, match="nothing was removed"):
            book.remove_old()
        assert book.genesis().size == 0
        assert book.entry(1).seq == 1


def test_a_removal_that_nobody_signed_is_found(tmp_path: Path) -> None:
    """Cutting off the beginning and calling it retention needs a signed entry that says so."""
    from netops.journal import merkle

    with two_runs_a_month(tmp_path, 4, SetClock(JANUARY)) as book:
        entries = list(book.entries())[:6]
    nodes: tuple[bytes, ...] = ()
    for size, entry in enumerate(entries):
        nodes = merkle.push(nodes, size, merkle.leaf_hash(entry.body))
    connection = sqlite3.connect(tmp_path / "journal.db")
    guard = "CREATE TRIGGER entry_stay BEFORE DELETE ON entry BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END"
    connection.execute("DROP TRIGGER entry_stay")
    connection.execute("DELETE FROM entry WHERE seq <= 6")
    connection.execute(guard)
    connection.execute("DELETE FROM checkpoint WHERE size <= 6")
    connection.execute(
        "UPDATE genesis SET size = 6, hash = ?, nodes = ?, through = '2026-01'",
        (bytes.fromhex(entries[-1].hash), merkle.pack(nodes)),
    )
    connection.commit()
    connection.close()
    (finding,) = verify(tmp_path).findings
    assert "no signed entry tells of their removal" in finding.problem
