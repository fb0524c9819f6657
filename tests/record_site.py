"""A record book on a real database and a real journal, for tests."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from netops.core.clock import Clock
from netops.journal.book import Book
from netops.records.book import Hand, RecordBook
from netops.records.life import Policy
from netops.records.model import Record
from netops.store.database import Database
from tests.contracts.store_backends import Backend

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
FORM = "topology_change"
CHEN, WANG, LI, ZHAO = "Chen Li", "Wang Fang", "Li Wei", "Zhao Min"
POLICY = Policy({"wangfang": WANG, "chenli": CHEN})
#: What people fill in before they submit, and before they close.
REASON: Mapping[str, Any] = {"applicant": CHEN, "reason": "new building", "class": "normal"}
PLAN: Mapping[str, Any] = {**REASON, "expected": ["add device x"], "rollback_plan": "undo it"}
CLOSING: Mapping[str, Any] = {"operator": LI, "second_person": ZHAO, "notification": "by e-mail"}
NETOPS = Hand(automatic=True)


@dataclass
class MovingClock:
    """A clock that stands where it is put, and goes on a little with every look."""

    at: datetime = NOW

    def now(self) -> datetime:
        self.at += timedelta(milliseconds=1)
        return self.at

    def monotonic_s(self) -> float:
        return self.at.timestamp()

    def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass
class Desk:
    """The book as seen from several accounts."""

    database: Database
    journal: Book
    clock: MovingClock
    policy: Policy = POLICY

    def book(self, account: str = "chenli", clock: Clock | None = None) -> RecordBook:
        return RecordBook(
            self.database, lambda: self.journal, self.policy, clock or self.clock, account
        )

    def draft(self, planned: bool = False, **values: Any) -> Record:
        given = PLAN if planned else REASON
        record = self.book().open(FORM, {**given, **values}, Hand(CHEN), planned=planned)
        assert record is not None
        return record

    def approved(self, planned: bool = False) -> Record:
        number = self.draft(planned).number
        self.book().submit(number, Hand(CHEN))
        return self.book("wangfang").approve(number, Hand())

    def closed(self) -> Record:
        number = self.approved().number
        self.book().attach(number, {"verification": "passed"}, NETOPS, ["scan"])
        return self.book().close(number, Hand(LI), CLOSING)


@contextmanager
def desk(folder: Path, backend: Backend | None = None) -> Iterator[Desk]:
    """Open a desk in a folder."""
    clock = MovingClock()
    place = backend or Backend(folder / "netops.db", None)
    with (
        place.open() as database,
        Book.open(folder / "journal", origin="test.example.org/netops", clock=clock) as journal,
    ):
        yield Desk(database, journal, clock)
