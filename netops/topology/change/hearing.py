"""What scans stored, told to the record book: every change gets its record, also after a crash."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from itertools import groupby
from typing import Protocol

from netops.records.book import RecordBook
from netops.records.model import Record
from netops.topology.change.record import draft_changes
from netops.topology.model import Endpoint, Event, Snapshot

#: How far back events are looked for that are not in the book yet.
REACH = timedelta(days=7)


class Told(Protocol):
    """An event as it is stored."""

    @property
    def id(self) -> str:
        """Return its id."""

    @property
    def event(self) -> Event:
        """Return the event itself."""

    @property
    def snapshot_before(self) -> str | None:
        """Return the id of the snapshot before it; None for the first."""

    @property
    def snapshot_after(self) -> str:
        """Return the id of the snapshot that showed it."""


class Memory(Protocol):
    """Where snapshots and endpoints are kept."""

    def snapshot(self, name: str) -> Snapshot:
        """Return a snapshot by its id."""

    def endpoints(self) -> Mapping[str, Endpoint]:
        """Return everything that was ever seen on a port."""


def record_changes(
    book: RecordBook, memory: Memory, stored: Iterable[Told], run_id: str | None = None
) -> list[Record]:
    """
    Put stored events into the record book, scan by scan, and return the records they went to.

    Give it the events of the last days, not of the last scan alone: what is in the book already
    changes nothing, and what a crash kept out of it comes in now.
    """
    known = {source for record in book.records() for source in record.sources}
    fresh = [one for one in stored if one.id not in known]
    found: dict[str, Record] = {}
    for (before, after), told in groupby(fresh, _scan):
        if before is None:
            continue  # the first scan shows what is there, not what changed
        for record in _of_scan(book, memory, before, after, list(told), run_id):
            found[record.id] = record
    return list(found.values())


def _scan(one: Told) -> tuple[str | None, str]:
    return one.snapshot_before, one.snapshot_after


def _of_scan(
    book: RecordBook,
    memory: Memory,
    before: str,
    after: str,
    told: Sequence[Told],
    run_id: str | None,
) -> list[Record]:
    return draft_changes(
        book,
        memory.snapshot(before),
        memory.snapshot(after),
        [(one.id, one.event) for one in told],
        memory.endpoints().values(),
        run_id,
    )
