"""Rows of the record book to records and back, and what the journal says of each."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from netops.core.clock import parse_utc
from netops.core.dataclass import replace
from netops.core.errors import IntegrityError
from netops.journal.model import Entry
from netops.journal.witness import Statement
from netops.records.life import ACTIONS
from netops.records.model import Record, RecordState, Revision
from netops.store.connection import Row

#: Kinds of journal entries: `record.opened`, `record.approved` …
KIND = "record."
#: The row of numbers that all steps share.
BOOK = "record_revision"
_JSON = ("changes", "sources")
#: What a step says; all of it is in the row, in the journal, and under the digest.
FACTS = (
    *("seq", "record_id", "n", "number", "form", "planned", "at", "actor", "account", "person"),
    *("action", "state", "changes", "sources", "note", "journal"),
)


def series_of(form: str, year: int) -> str:
    """Return the name of a form's row of numbers."""
    return f"record/{form}/{year}"


def number_of(prefix: str, year: int, rank: int) -> str:
    """Return `TC-2026-0042`."""
    return f"{prefix}-{year}-{rank:04}"


def statement_of(row: Row) -> Statement:
    """Return what a row says, whether it can be understood or not."""
    facts = {name: row[name] for name in FACTS}
    for name in _JSON:
        try:
            facts[name] = json.loads(str(facts[name]))
        except (ValueError, RecursionError):
            facts[name] = None
    return Statement(int(row["journal_seq"]), str(row["number"]), facts, str(row["digest"]))


def told_by(entry: Entry) -> Statement | None:
    """Return the step of an entry; one written by hand under our kind is none."""
    detail: Mapping[str, Any] = entry.detail
    action = entry.kind.removeprefix(KIND)
    if action not in ACTIONS or not isinstance(detail.get("digest"), str):
        return None
    facts = {name: detail[name] for name in FACTS if name in detail}
    if len(facts) != len(FACTS) or facts["action"] != action:
        return None
    text = f"{facts['number']} {action} by {facts['person']}"
    return Statement(entry.seq, str(facts["number"]), facts, str(detail["digest"]), text)


def values_of(statement: Statement) -> dict[str, Any]:
    """Return what `add_record_revision` takes."""
    values: dict[str, Any] = {**statement.facts}
    for name in _JSON:
        values[name] = json.dumps(values[name])
    return {**values, "journal_seq": statement.journal_seq, "digest": statement.digest}


def records_of(rows: Iterable[Row]) -> list[Record]:
    """Return the records as they stand after their last steps, in the order of the book."""
    found: dict[str, Record] = {}
    for row in rows:
        try:
            revision = _revision(statement_of(row))
            found[revision.record_id] = _turned(found.get(revision.record_id), revision, row)
        except (ValueError, KeyError, TypeError):
            raise IntegrityError(
                f"step {row['seq']} of the record book ({row['number']}) is not readable",
                hint="see `netops topology record verify`",
            ) from None
    return list(found.values())


def _turned(record: Record | None, revision: Revision, row: Row) -> Record:
    if record is None:
        record = Record(
            revision.record_id,
            str(row["number"]),
            str(row["form"]),
            revision.state,
            revision.at,
            planned=bool(row["planned"]),
        )
    fields = {**record.fields, **revision.changes}
    return replace(
        record,
        state=revision.state,
        fields={name: value for name, value in fields.items() if value is not None},
        revisions=(*record.revisions, revision),
    )


def _revision(statement: Statement) -> Revision:
    facts = statement.facts
    return Revision(
        record_id=str(facts["record_id"]),
        n=int(facts["n"]),
        at=parse_utc(facts["at"]),
        actor=str(facts["actor"]),
        action=str(facts["action"]),
        state=RecordState(facts["state"]),
        changes=dict(facts["changes"]),
        note=str(facts["note"]),
        digest=statement.digest,
        journal_seq=statement.journal_seq,
        seq=int(facts["seq"]),
        account=str(facts["account"]),
        person=str(facts["person"]),
        sources=tuple(map(str, facts["sources"])),
    )
