"""A journal with a past: a clock that obeys, and runs on many days."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

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
