"""Holds the record book against itself and the journal: what was edited, removed, added or moved."""

from collections.abc import Iterator, Sequence

from netops.core.dataclass import dataclass
from netops.core.digest import chained
from netops.core.errors import IntegrityError
from netops.journal.witness import Difference, Statement, match
from netops.records.book import RecordBook
from netops.records.life import ACTIONS
from netops.records.pages import BOOK, KIND, series_of, statement_of, told_by, values_of


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came out of it."""

    steps: int
    records: int
    differences: tuple[Difference, ...]
    #: Digest of the last step: to print, and to keep outside.
    head: str
    #: Steps that the journal of this machine witnesses.
    witnessed: int


def verify(book: RecordBook) -> Verdict:
    """Compare tables, chain of digests, numbers and journal."""
    rows = [statement_of(row) for row in book.database.execute("record_revisions", form=None)]
    entries = list(_entries(book))
    own = [row for row in rows if row.facts["journal"] == book.journal.origin]
    found = [
        *match(own, entries, book.journal.genesis().size),
        *_chain(rows),
        *_numbers(rows),
        *_end(book, rows),
        *_sources(book, rows),
    ]
    unique = {(one.kind, one.journal_seq, one.text): one for one in found}
    return Verdict(
        len(rows),
        len({row.facts["record_id"] for row in rows}),
        tuple(unique.values()),
        rows[-1].digest if rows else "",
        len(entries),
    )


def repair(book: RecordBook, run_id: str | None) -> list[str]:
    """
    Put steps back that the journal knows and the table lost, as after a power cut; name them.

    What was edited or inserted stays as it is, and stays a finding: it is evidence.
    """
    put_back = []
    with book.database.transaction():
        rows = [statement_of(row) for row in book.database.execute("record_revisions", form=None)]
        taken = {int(row.facts["seq"]) for row in rows}
        known = {row.journal_seq for row in rows if row.facts["journal"] == book.journal.origin}
        for entry in _entries(book):
            if entry.journal_seq in known:
                continue
            if int(entry.facts["seq"]) in taken:
                raise IntegrityError(
                    f"{entry.text} is gone, and another step stands in its place",
                    hint="restore the database from its newest good backup",
                )
            _put_back(book, entry)
            put_back.append(entry.text)
        if put_back:
            book.journal.append(
                "record.repaired", "records", run=run_id, detail={"steps": put_back}
            )
    return put_back


def _put_back(book: RecordBook, step: Statement) -> None:
    facts = step.facts
    book.database.execute("add_record_revision", **values_of(step))
    for source in facts["sources"]:
        record_id = facts["record_id"]
        book.database.execute("add_record_source", source=source, record_id=record_id)
    _raise_to(book, BOOK, int(facts["seq"]))
    prefix_year, _, rank = str(facts["number"]).rpartition("-")
    year = int(prefix_year.rpartition("-")[2])
    _raise_to(book, series_of(str(facts["form"]), year), int(rank))


def _raise_to(book: RecordBook, name: str, value: int) -> None:
    if _value(book, name) < value:
        book.database.execute("set_sequence", name=name, value=value)


def _value(book: RecordBook, name: str) -> int:
    rows = book.database.execute("sequence_value", name=name)
    return int(rows[0]["value"]) if rows else 0


def _entries(book: RecordBook) -> Iterator[Statement]:
    found = [
        step
        for action in ACTIONS
        for entry in book.journal.entries(kind=KIND + action)
        if (step := told_by(entry))
    ]
    return iter(sorted(found, key=lambda step: step.journal_seq))


def _difference(kind: str, row: Statement, text: str) -> Difference:
    return Difference(kind, row.journal_seq, row.subject, text)


def _chain(rows: Sequence[Statement]) -> Iterator[Difference]:
    """Find what the digests and the numbers of steps tell, without the journal."""
    digest, seq, revisions = "", 0, dict[str, int]()
    for row in rows:
        facts, name = row.facts, f"step {row.facts['seq']} ({row.subject})"
        if facts["seq"] != seq + 1:
            missing = f"{seq + 1} to {facts['seq'] - 1}"
            yield _difference("deleted", row, f"before {name}, steps {missing} are gone")
        elif chained(digest, facts) != row.digest:
            yield _difference("edited", row, f"{name} or what stands before it was changed")
        before = revisions.get(facts["record_id"], 0)
        if facts["n"] != before + 1:
            yield _difference("reordered", row, f"{name} is revision {facts['n']} after {before}")
        digest, seq = row.digest, facts["seq"]
        revisions[facts["record_id"]] = facts["n"]


def _numbers(rows: Sequence[Statement]) -> Iterator[Difference]:
    """Find numbers that are missing: they are given without gaps."""
    newest: dict[str, int] = {}
    for row in (row for row in rows if row.facts["action"] == "opened"):
        series, _, rank = row.subject.rpartition("-")
        expected = newest.get(series, 0) + 1
        if not rank.isdecimal() or int(rank) != expected:
            yield _difference("deleted", row, f"{row.subject} follows {series}-{expected - 1:04}")
        newest[series] = int(rank) if rank.isdecimal() else expected


def _end(book: RecordBook, rows: Sequence[Statement]) -> Iterator[Difference]:
    """Find whether the end was cut off."""
    last = int(rows[-1].facts["seq"]) if rows else 0
    if (given := _value(book, BOOK)) != last:
        text = f"the book ends at step {last}, but {given} steps were numbered"
        yield Difference("deleted", None, "", text)


def _sources(book: RecordBook, rows: Sequence[Statement]) -> Iterator[Difference]:
    """Compare the table of sources with what the steps say."""
    told = {source: row.facts["record_id"] for row in rows for source in row.facts["sources"] or ()}
    stored = {
        str(row["source"]): row["record_id"] for row in book.database.execute("record_sources")
    }
    for source in sorted(told.keys() | stored.keys()):
        if told.get(source) != stored.get(source):
            text = f"source {source} belongs to {told.get(source)}, not {stored.get(source)}"
            yield Difference("edited", None, source, text)
