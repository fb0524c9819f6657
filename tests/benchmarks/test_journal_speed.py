"""How long a million entries take to verify, beside hashing alone. Prints, judges nothing."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from netops.journal import body, merkle
from netops.journal.proof import prove
from netops.journal.verify import verify
from tests.unit.journal.lab import START, SetClock, open_book, run_once

ENTRIES = 1_000_000
Row = tuple[int, bytes, bytes]

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(1800)]


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def rows(first: int, digest: bytes, tree: list[bytes]) -> Iterator[Row]:
    """Yield the entries of runs with one result per device; `tree` becomes their frontier."""
    nodes = tuple(tree)
    for seq in range(first, ENTRIES + 1):
        kind = {0: "run.begin", 9: "run.end"}.get(seq % 10, "device.backup")
        data = body.encode(
            seq,
            START,
            clock_back=False,
            host="nms1",
            actor="netops",
            run=f"01JDB6Y4Q1{seq // 10:016d}",
            kind=kind,
            subject=f"sw-{seq % 300:03d}",
            ok=True,
            detail={"bytes": seq, "sha256": "9f86d081884c7d659a2feaa0c55ad015"},
        )
        digest = sha256(digest + data).digest()
        nodes = merkle.push(nodes, seq - 1, merkle.leaf_hash(data))
        yield seq, data, digest
    tree[:] = [*nodes, digest]


def grow(directory: Path) -> None:
    """Fill a journal up to a million entries past the slow, durable way in."""
    with open_book(directory) as book:
        run_once(book, "first")
        last = list(book.entries())[-1]
        nodes: tuple[bytes, ...] = ()
        for size, entry in enumerate(book.entries()):
            nodes = merkle.push(nodes, size, merkle.leaf_hash(entry.body))
        tree = list(nodes)
        with book.writing() as connection:
            more = rows(last.seq + 1, bytes.fromhex(last.hash), tree)
            connection.executemany("INSERT INTO entry VALUES (?, ?, ?)", more)
            *grown, digest = tree
            values = (ENTRIES, digest, merkle.pack(grown))
            connection.execute("UPDATE tip SET size = ?, hash = ?, nodes = ?", values)
            connection.execute(
                "INSERT INTO open_run SELECT CAST(json_extract(CAST(body AS TEXT), '$.run') AS BLOB),"
                " seq FROM entry WHERE seq = ?",
                (ENTRIES,),
            )
        book.checkpoint()


def hash_only(file: Path) -> None:
    """Do the least any verification must do: read every body and hash it once."""
    connection = sqlite3.connect(file)
    for (data,) in connection.execute("SELECT body FROM entry ORDER BY seq"):
        sha256(data).digest()
    connection.close()


def test_a_million_entries_are_verified(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    grow(tmp_path)
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

        def one_run(number: int) -> None:
            book.begin(f"r{number}", "backup", ["pg"], {})
            book.end(f"r{number}", "backup", status=0, detail={})
            book.checkpoint()

        spent = seconds(lambda: [one_run(number) for number in range(rounds)])
        appends = seconds(lambda: [book.append("note", "x") for _ in range(500)])
        asking = seconds(lambda: [open_book(tmp_path).open_runs() for _ in range(rounds)])
    with capsys.disabled():
        print(
            f"\nbegin + end + checkpoint: {spent / rounds * 1000:.2f} ms"
            f"\ndurable append:           {appends / 500 * 1000:.2f} ms"
            f"\nopen and list open runs:  {asking / rounds * 1000:.2f} ms"
        )
