"""A table of steps that the journal witnesses: each row says what its entry says, or it was changed."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from netops.core.dataclass import dataclass
from netops.core.digest import chained


@dataclass(frozen=True, slots=True)
class Statement:
    """What a row, or the entry that witnesses it, says."""

    journal_seq: int
    #: What the step is about, such as the id of a handover.
    subject: str
    #: Plain values (JSON types); all that the digest covers.
    facts: Mapping[str, Any]
    digest: str
    #: How messages call the step, such as `confirmed by Li Wei`.
    text: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing on which table and journal do not agree."""

    #: `edited`, `deleted`, `inserted` or `rewritten`, seen from the journal.
    kind: str
    journal_seq: int | None
    subject: str
    text: str

    @property
    def can_be_repaired(self) -> bool:
        """Tell whether the journal still knows what was written."""
        return self.kind != "rewritten"

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "kind": self.kind,
            "journal_seq": self.journal_seq,
            "subject": self.subject,
            "text": self.text,
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """What came out of holding a table against the journal."""

    compared: int
    differences: tuple[Difference, ...]
    #: Steps whose own entries the journal's retention removed.
    older_than_journal: int
    #: A later entry proves that those are as they were.
    older_proven: bool


def compare(rows: Sequence[Statement], entries: Sequence[Statement], removed_to: int) -> Comparison:
    """
    Return where the table's `rows` differ from the journal's `entries`.

    Entries up to `removed_to` are gone by the journal's retention; the digest in the first entry
    after them tells whether their rows are still as they were.
    """
    differences = match(rows, entries, removed_to)
    by_seq = {row.journal_seq: row for row in rows}
    older = [row for seq, row in sorted(by_seq.items()) if seq <= removed_to]
    rewritten = bool(entries) and not _proves(entries[0], older)
    if rewritten:
        text = (
            f"entry {entries[0].journal_seq} was written after other steps than the "
            f"{len(older)} that are older than the journal"
        )
        differences.append(Difference("rewritten", None, "", text))
    compared = len({entry.journal_seq for entry in entries})
    return Comparison(compared, tuple(differences), len(older), bool(entries) and not rewritten)


def match(
    rows: Sequence[Statement], entries: Sequence[Statement], removed_to: int
) -> list[Difference]:
    """Return what row by row is not as its entry says; entries up to `removed_to` are gone."""
    by_seq = {row.journal_seq: row for row in rows}
    known = {entry.journal_seq for entry in entries}
    differences = [
        difference
        for entry in entries
        if (difference := _against(entry, by_seq.get(entry.journal_seq)))
    ]
    for seq, row in by_seq.items():
        if seq not in known and seq > removed_to:
            text = f"a row that the journal does not know was inserted (as entry {seq})"
            differences.append(Difference("inserted", seq, row.subject, text))
    return differences


def _against(entry: Statement, row: Statement | None) -> Difference | None:
    seq = entry.journal_seq
    if row is None:
        text = f"entry {seq} ({entry.text}) has no row: it was deleted"
        return Difference("deleted", seq, entry.subject, text)
    expected = {**entry.facts, "digest": entry.digest}
    found = {**row.facts, "digest": row.digest}
    changed = [name for name, value in expected.items() if found.get(name) != value]
    if not changed:
        return None
    shown = "; ".join(
        f"{name} is {_short(found.get(name))}, was {_short(expected[name])}" for name in changed
    )
    return Difference("edited", seq, entry.subject, f"entry {seq} was edited: {shown}")


def _proves(first: Statement, older: Sequence[Statement]) -> bool:
    digest = ""
    for row in older:
        digest = chained(digest, row.facts)
    return chained(digest, first.facts) == first.digest


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else text[:79] + "…"
