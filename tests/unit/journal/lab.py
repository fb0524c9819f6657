"""A journal with a past: a clock that obeys, and runs on many days."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from netops.journal import body, merkle
from netops.journal.book import Book

ORIGIN = "nms1.campus.example/journal"
START = datetime(2026, 3, 30, 8, 0, tzinfo=UTC)


class SetClock:
    """A clock that stands still until told."""

    def __init__(self, start: datetime = START) -> None:
        self.moment = start

    def now(self) -> datetime:
        return self.moment

    def monotonic_s(self) -> float:
        return self.moment.timestamp()

    def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)

    def pass_days(self, days: float) -> None:
        self.moment += timedelta(days=days)


def open_book(directory: Path, clock: SetClock | None = None, *, keep_days: int = 400) -> Book:
    return Book.open(directory, origin=ORIGIN, clock=clock or SetClock(), keep_days=keep_days)


def run_once(book: Book, name: str, *, notes: int = 1) -> None:
    """Do what every run does: intent, work, outcome, signature."""
    book.begin(name, "backup", ["sw-1", "sw-2"], {})
    for number in range(notes):
        book.append("device.backup", f"sw-{number}", ok=True, run=name, detail={"bytes": 18_342})
    book.end(name, "backup", status=0, detail={"done": 2})
    book.checkpoint()


def live(directory: Path, *, days: int = 6, keep_days: int = 400, start: datetime = START) -> Book:
    """Return the book of a machine that made one run a day, into the next month."""
    clock = SetClock(start)
    book = open_book(directory, clock, keep_days=keep_days)
    for day in range(days):
        run_once(book, f"run-{day}")
        clock.pass_days(1)
    return book


def grow(directory: Path, entries: int) -> None:
    """Fill a journal past the slow, durable way in, and sign it."""
    with open_book(directory) as book:
        run_once(book, "first")
        digest = bytes(32)
        leaves = []
        for entry in book.entries():
            digest = bytes.fromhex(entry.hash)
            leaves.append(merkle.leaf_hash(entry.body))
        with book.writing() as connection:
            more = _rows(len(leaves) + 1, entries, digest, leaves)
            connection.executemany("INSERT INTO entry VALUES (?, ?, ?)", more)
            sql = "UPDATE tip SET size = seq, hash = entry.hash, nodes = ? FROM entry WHERE seq = ?"
            nodes = merkle.Grove(0, (), leaves).frontier(entries)
            connection.execute(sql, (merkle.pack(nodes), entries))
        book.checkpoint()


def _rows(
    first: int, last: int, digest: bytes, leaves: list[bytes]
) -> Iterator[tuple[int, bytes, bytes]]:
    for seq in range(first, last + 1):
        # The last run ends with the last entry, so that none is left open.
        kind = {9: "run.begin", 0: "run.end"}.get((last - seq) % 10, "device.backup")
        data = body.encode(
            seq,
            START,
            clock_back=False,
            host="nms1",
            actor="netops",
            run=f"01JDB6Y4Q1{(last - seq) // 10:016d}",
            kind=kind,
            subject=f"sw-{seq % 300:03d}",
            ok=True,
            detail={"bytes": seq, "sha256": "9f86d081884c7d659a2feaa0c55ad015"},
        )
        digest = sha256(digest + data).digest()
        leaves.append(merkle.leaf_hash(data))
        yield seq, data, digest
