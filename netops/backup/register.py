"""The register of custody: every step goes into the journal and into the catalogue, and both must agree."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from netops.backup.custody import CONFIRMED, REFUSED, STEPS, Step
from netops.core import lock
from netops.core.errors import IntegrityError
from netops.journal.book import Book
from netops.journal.model import Entry
from netops.store.connection import Row
from netops.store.database import Database

_KIND = "custody."
_REPAIRED = "custody.repaired"


@dataclass(frozen=True, slots=True)
class Recorded:
    """A step where it is written down."""

    journal_seq: int
    step: Step
    digest: str


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing on which catalogue and journal do not agree."""

    #: `edited`, `deleted`, `inserted` or `rewritten`, seen from the journal.
    kind: str
    journal_seq: int | None
    handover_id: str
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
            "handover": self.handover_id,
            "text": self.text,
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """What came out of holding the catalogue against the journal."""

    compared: int
    differences: tuple[Difference, ...]
    #: Steps whose own entries the journal's retention removed.
    older_than_journal: int
    #: A later entry proves that those are as they were.
    older_proven: bool


class Register:
    """The custody steps of a site."""

    def __init__(
        self, database: Database, open_journal: Callable[[], Book], lock_file: Path
    ) -> None:
        self.database = database
        self._open_journal = open_journal
        self._lock_file = lock_file

    @property
    def journal(self) -> Book:
        """The journal, opened when it is first asked for: who only looks needs no key."""
        return self._open_journal()

    def steps(self) -> list[Step]:
        """Return every step, oldest first; raise IntegrityError for a row that is none."""
        return [recorded.step for recorded in map(_from_row, self._rows()) if recorded]

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the register, from looking to recording."""
        with lock.hold(self._lock_file, "the custody register", wait_s=30):
            yield

    def record(self, step: Step, run_id: str | None) -> Entry:
        """
        Write a step into the journal and the catalogue, within `alone`.

        Raises IntegrityError while the two disagree: nothing is built on a doubtful record. What
        happened to steps older than the journal cannot be mended and stays a finding for ever.
        """
        if any(one.can_be_repaired for one in self.compare().differences):
            raise IntegrityError(
                "catalogue and journal disagree about custody; nothing was recorded",
                hint="see `netops backup custody verify`; --repair takes the journal's word",
            )
        with self.database.transaction():
            rows = self._rows()
            digest = chained(rows[-1]["digest"] if rows else "", step)
            entry = self.journal.append(
                _KIND + step.step,
                step.handover_id,
                ok={CONFIRMED: True, REFUSED: False}.get(step.step),
                run=run_id,
                detail={**step.facts(), "digest": digest},
            )
            self._add(Recorded(entry.seq, step, digest))
        return entry

    def compare(self) -> Comparison:
        """Hold every row against its journal entry."""
        return compare(self._rows(), self._entries(), self.journal.genesis().size)

    def repair(self, run_id: str | None) -> tuple[Difference, ...]:
        """
        Make the catalogue say what the journal says, and put that on record.

        Rows older than the journal's beginning stay as they are: nothing tells what they were.
        """
        with self.alone():
            found = [one for one in self.compare().differences if one.can_be_repaired]
            entries = {recorded.journal_seq: recorded for recorded in self._entries()}
            if not found:
                return ()
            detail = {"differences": [one.as_dict() for one in found]}
            with self.database.transaction():
                for seq in {one.journal_seq for one in found if one.journal_seq is not None}:
                    self.database.execute("remove_custody_step", journal_seq=seq)
                    if seq in entries:
                        self._add(entries[seq])
                self.journal.append(_REPAIRED, "custody", run=run_id, detail=detail)
        return tuple(found)

    def _rows(self) -> list[Row]:
        return self.database.execute("custody_steps")

    def _entries(self) -> list[Recorded]:
        found = [
            recorded
            for step in STEPS
            for recorded in map(_from_entry, self.journal.entries(kind=_KIND + step))
            if recorded
        ]
        return sorted(found, key=lambda recorded: recorded.journal_seq)

    def _add(self, recorded: Recorded) -> None:
        facts = recorded.step.facts()
        facts["items"] = json.dumps(facts["items"], ensure_ascii=False)
        self.database.execute(
            "add_custody_step",
            journal_seq=recorded.journal_seq,
            digest=recorded.digest,
            **facts,
        )


def chained(before: str, step: Step) -> str:
    """Return the digest of a step and, through `before`, of all steps before it."""
    facts = json.dumps(step.facts(), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{before}\n{facts}".encode("ascii")).hexdigest()


def compare(rows: Sequence[Row], entries: Sequence[Recorded], removed_to: int) -> Comparison:
    """
    Return where the catalogue's `rows` differ from the journal's `entries`.

    Entries up to `removed_to` are gone by the journal's retention; the digest in the first entry
    after them tells whether their rows are still as they were.
    """
    by_seq = {int(row["journal_seq"]): row for row in rows}
    known = {recorded.journal_seq: recorded for recorded in entries}
    differences = [
        difference
        for recorded in entries
        if (difference := _against(recorded, by_seq.get(recorded.journal_seq)))
    ]
    for seq, row in by_seq.items():
        if seq not in known and seq > removed_to:
            text = f"a row that the journal does not know was inserted (as entry {seq})"
            differences.append(Difference("inserted", seq, str(row["handover_id"]), text))
    older = [row for seq, row in sorted(by_seq.items()) if seq <= removed_to]
    rewritten = bool(entries) and not _proves(entries[0], older)
    if rewritten:
        text = (
            f"entry {entries[0].journal_seq} was written after other steps than the "
            f"{len(older)} that are older than the journal"
        )
        differences.append(Difference("rewritten", None, "", text))
    return Comparison(len(known), tuple(differences), len(older), bool(entries) and not rewritten)


def _against(recorded: Recorded, row: Row | None) -> Difference | None:
    seq, step = recorded.journal_seq, recorded.step
    if row is None:
        text = f"entry {seq} ({step.step} by {step.party}) has no row: it was deleted"
        return Difference("deleted", seq, step.handover_id, text)
    expected = {**step.facts(), "digest": recorded.digest}
    found = _plain(row)
    changed = [name for name, value in expected.items() if found.get(name) != value]
    if not changed:
        return None
    shown = "; ".join(
        f"{name} is {_short(found.get(name))}, was {_short(expected[name])}" for name in changed
    )
    return Difference("edited", seq, step.handover_id, f"entry {seq} was edited: {shown}")


def _proves(first: Recorded, older: Sequence[Row]) -> bool:
    digest = ""
    for row in older:
        recorded = _from_row(row, strict=False)
        if recorded is None:
            return False
        digest = chained(digest, recorded.step)
    return chained(digest, first.step) == first.digest


def _plain(row: Row) -> dict[str, Any]:
    values = dict(row)
    try:
        values["items"] = json.loads(str(values["items"]))
    except ValueError:
        values["items"] = None
    return values


def _from_row(row: Row, *, strict: bool = True) -> Recorded | None:
    values = _plain(row)
    try:
        return Recorded(int(values["journal_seq"]), Step.from_facts(values), values["digest"])
    except (ValueError, KeyError, TypeError):
        if not strict:
            return None
        raise IntegrityError(
            f"the custody step of journal entry {values['journal_seq']} is not readable",
            hint="see `netops backup custody verify`",
        ) from None


def _from_entry(entry: Entry) -> Recorded | None:
    """Return the step of an entry; one written by hand under our kind is none."""
    detail: Mapping[str, Any] = entry.detail
    try:
        return Recorded(entry.seq, Step.from_facts(detail), str(detail["digest"]))
    except (ValueError, KeyError, TypeError):
        return None


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else text[:79] + "…"


def account_now() -> str:
    """Return the operating system's account that speaks now."""
    from netops.journal.actor import actor

    return actor()
