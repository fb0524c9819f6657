"""The ratchet: a key a month, each vouched for by the one before, none kept longer."""

import sqlite3
import tempfile
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netops.core.errors import IntegrityError, UsageError
from netops.journal import keys, note
from netops.journal.book import Book
from netops.journal.keychain import read_keychain
from netops.journal.signing import start_key
from netops.journal.verify import verify
from tests.unit.journal.lab import ORIGIN, SetClock, live, open_book, run_once


def handovers(directory: Path) -> list[tuple[int, str]]:
    connection = sqlite3.connect(directory / "journal.db")
    try:
        return connection.execute("SELECT size, note FROM signing_key ORDER BY size").fetchall()
    finally:
        connection.close()


def first_key(directory: Path) -> str:
    key = read_keychain(ORIGIN, handovers(directory), []).first_key()
    assert key is not None
    return key


def test_a_new_month_brings_a_new_key_and_destroys_the_old(tmp_path: Path) -> None:
    clock = SetClock()
    with open_book(tmp_path, clock) as book:
        run_once(book, "march")
        (march,) = keys.secret_paths(tmp_path)
        clock.pass_days(1)
        run_once(book, "still march")
        assert keys.secret_paths(tmp_path) == [march]
        clock.pass_days(1)
        run_once(book, "april")
        (april,) = keys.secret_paths(tmp_path)
        assert april != march
        recorded = list(book.entries(kind="journal.key"))
        assert [secret_name(entry.subject) for entry in recorded] == [march.name, april.name]
        assert recorded[1].detail["before"] == recorded[0].subject
    assert verify(tmp_path, trusted_keys=[first_key(tmp_path)]).ok


def secret_name(identity: str) -> str:
    return keys.secret_path(Path(), identity).name


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(-70, 70), min_size=1, max_size=8))
def test_ratchet_holds_whatever_the_clock_does(jumps: list[int]) -> None:
    clock = SetClock()
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        with open_book(directory, clock) as book:
            months = []
            for number, days in enumerate(jumps):
                clock.pass_days(days)
                run_once(book, str(number))
                months.append(f"{clock.moment:%Y-%m}")
        changes = 1 + sum(one != other for one, other in pairwise(months))
        assert len(handovers(directory)) == changes
        assert len(keys.secret_paths(directory)) == 1
        assert verify(directory, trusted_keys=[first_key(directory)]).ok


def test_a_first_key_that_is_not_the_printed_one_is_found(tmp_path: Path) -> None:
    live(tmp_path).close()
    other = note.public_key_text(ORIGIN, keys.make_secret(ORIGIN).public)
    (finding,) = verify(tmp_path, trusted_keys=[other]).findings
    assert "not one of the trusted keys" in finding.problem


def test_a_trusted_key_that_is_no_key_is_a_usage_error(tmp_path: Path) -> None:
    live(tmp_path).close()
    with pytest.raises(UsageError, match="not a public key"):
        verify(tmp_path, trusted_keys=["root"])


@pytest.mark.parametrize("content", [None, "", "PRIVATE+KEY+x", "PRIVATE+KEY+a+b+AAAA", "\0"])
def test_without_its_key_a_journal_is_not_signed_but_still_written(
    tmp_path: Path, content: str | None
) -> None:
    with live(tmp_path) as book:
        (secret,) = keys.secret_paths(tmp_path)
        secret.unlink()
        if content is not None:
            secret.write_text(content)
        book.append("note", "still written")
        with pytest.raises(IntegrityError, match="missing or damaged"):
            book.checkpoint()
        assert book.entry(book.size).subject == "still written"


def test_a_replaced_key_is_reported_until_it_is_trusted(tmp_path: Path) -> None:
    with live(tmp_path) as book:
        keys.secret_paths(tmp_path)[0].unlink()
        book.replace_lost_key()
        run_once(book, "after")
    (finding,) = verify(tmp_path).findings
    assert "not vouched for" in finding.problem
    last = keys.parse_handover(handovers(tmp_path)[-1][1])
    replaced = note.public_key_text(ORIGIN, last.public)
    assert verify(tmp_path, trusted_keys=[first_key(tmp_path), replaced]).ok


def test_a_crash_between_handover_and_checkpoint_is_made_good(tmp_path: Path) -> None:
    clock = SetClock()
    with open_book(tmp_path, clock) as book:
        run_once(book, "one")
        clock.pass_days(3)
        with book.writing() as connection:
            start_key(book, connection, vouched=True)
        assert len(keys.secret_paths(tmp_path)) == 2
        assert verify(tmp_path).ok
        run_once(book, "two")
        assert len(keys.secret_paths(tmp_path)) == 1
    assert verify(tmp_path).ok


def test_a_key_of_an_undone_handover_is_swept_away(tmp_path: Path) -> None:
    with live(tmp_path) as book:
        with pytest.raises(RuntimeError, match="power cut"):
            hand_over_until_the_power_fails(book)
        assert len(keys.secret_paths(tmp_path)) == 2
        run_once(book, "after")
    assert len(keys.secret_paths(tmp_path)) == 1
    assert verify(tmp_path).ok


def hand_over_until_the_power_fails(book: Book) -> None:
    with book.writing() as connection:
        start_key(book, connection, vouched=True)
        raise RuntimeError("power cut")


def test_a_key_of_today_cannot_sign_an_earlier_month(tmp_path: Path) -> None:
    with live(tmp_path) as book:
        today = keys.parse_handover(handovers(tmp_path)[-1][1])
        thief = keys.load_secret(tmp_path, ORIGIN, today.public)
        old = list(book.entries())[3]
    head = note.Head(ORIGIN, 4, bytes(32))
    forged = note.compose(head.text(), [thief.sign(head.text())])
    connection = sqlite3.connect(tmp_path / "journal.db")
    connection.execute("INSERT OR REPLACE INTO checkpoint VALUES (4, ?, ?)", (f"{old.at}", forged))
    connection.commit()
    connection.close()
    problems = [finding.problem for finding in verify(tmp_path).findings]
    assert any("not in charge at that size" in problem for problem in problems)


def test_a_secret_open_to_others_is_remarked(tmp_path: Path) -> None:
    live(tmp_path).close()
    assert not any("chmod" in one for one in verify(tmp_path).remarks)
    keys.secret_paths(tmp_path)[0].chmod(0o644)
    result = verify(tmp_path)
    assert result.ok
    assert any("chmod 600" in one for one in result.remarks)


def test_a_month_is_one_key_even_for_many_checkpoints(tmp_path: Path) -> None:
    clock = SetClock()
    with open_book(tmp_path, clock) as book:
        for number in range(4):
            run_once(book, str(number))
            clock.moment += timedelta(hours=1)
    assert len(handovers(tmp_path)) == 1
