"""How long a million entries take to verify, beside hashing alone. Prints, judges nothing."""

import sqlite3
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from netops.journal.model import Checkpoint
from netops.journal.proof import prove
from netops.journal.verify import verify
from tests.unit.journal.lab import SetClock, grow, open_book, run_once

ENTRIES = 1_000_000

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(1800)]


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def hash_only(file: Path) -> None:
    """Do the least any verification must do: read every body and hash it once."""
    connection = sqlite3.connect(file)
    for (data,) in connection.execute("SELECT body FROM entry ORDER BY seq"):
        sha256(data).digest()
    connection.close()


def test_a_million_entries_are_verified(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    grow(tmp_path, ENTRIES)
    file = tmp_path / "journal.db"
    anchor = (tmp_path / "checkpoint.note").read_text()
    bare = seconds(lambda: hash_only(file))
    lines = [f"{ENTRIES} entries, {file.stat().st_size / ENTRIES:.0f} B each"]
    lines.append(f"read and hash once:    {bare:6.2f} s")
    for processes in (1, 2):
        spent = seconds(lambda count=processes: verify(tmp_path, anchors=[anchor], processes=count))  # type: ignore[misc]
        lines.append(
            f"verify, {processes} process(es): {spent:6.2f} s, {spent / bare:4.1f} x hashing"
        )
    lines.append(f"prove one entry:       {seconds(lambda: prove(tmp_path, 777_777)):6.2f} s")
    result = verify(tmp_path, anchors=[anchor])
    assert result.ok, result.findings
    assert result.entries == result.anchored_to == ENTRIES
    with capsys.disabled():
        print("", *lines, sep="\n")


def test_what_a_run_adds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rounds = 100
    clock = SetClock()
    with open_book(tmp_path, clock) as book:
        run_once(book, "first")

        def one_run(number: int) -> Checkpoint:
            book.begin(f"r{number}", "backup", ["pg"], {})
            book.end(f"r{number}", "backup", status=0, detail={})
            return book.checkpoint()

        spent = seconds(lambda: [one_run(number) for number in range(rounds)])
        appends = seconds(lambda: [book.append("note", "x") for _ in range(500)])
        asking = seconds(lambda: [open_book(tmp_path).open_runs() for _ in range(rounds)])
    with capsys.disabled():
        print(
            f"\nbegin + end + checkpoint: {spent / rounds * 1000:.2f} ms"
            f"\ndurable append:           {appends / 500 * 1000:.2f} ms"
            f"\nopen and list open runs:  {asking / rounds * 1000:.2f} ms"
        )
