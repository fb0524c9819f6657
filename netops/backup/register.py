"""The register of custody: every step goes into the journal and into the catalogue, and both must agree."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from netops.backup.custody import CONFIRMED, REFUSED, STEPS, Step
from netops.core import lock
from netops.core.digest import chained
from netops.core.errors import IntegrityError
from netops.journal.book import Book
from netops.journal.model import Entry
from netops.journal.witness import Comparison, Difference, Statement, compare
from netops.store.connection import Row
from netops.store.database import Database

_KIND = "custody."
_REPAIRED = "custody.repaired"


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
        return [_step_of(row) for row in self._rows()]

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
            digest = chained(rows[-1]["digest"] if rows else "", step.facts())
            entry = self.journal.append(
                _KIND + step.step,
                step.handover_id,
                ok={CONFIRMED: True, REFUSED: False}.get(step.step),
                run=run_id,
                detail={**step.facts(), "digest": digest},
            )
            self._add(Statement(entry.seq, step.handover_id, step.facts(), digest))
        return entry

    def compare(self) -> Comparison:
        """Hold every row against its journal entry."""
        rows = [_from_row(row) for row in self._rows()]
        return compare(rows, self._entries(), self.journal.genesis().size)

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

    def _entries(self) -> list[Statement]:
        found = [
            recorded
            for step in STEPS
            for recorded in map(_from_entry, self.journal.entries(kind=_KIND + step))
            if recorded
        ]
        return sorted(found, key=lambda recorded: recorded.journal_seq)

    def _add(self, recorded: Statement) -> None:
        facts = dict(recorded.facts)
        facts["items"] = json.dumps(facts["items"], ensure_ascii=False)
        self.database.execute(
            "add_custody_step",
            journal_seq=recorded.journal_seq,
            digest=recorded.digest,
            **facts,
        )


def _plain(row: Row) -> dict[str, Any]:
    values = dict(row)
    try:
        values["items"] = json.loads(str(values["items"]))
    except ValueError:
        values["items"] = None
    return values


def _step_of(row: Row) -> Step:
    try:
        return Step.from_facts(_plain(row))
    except (ValueError, KeyError, TypeError):
        raise IntegrityError(
            f"the custody step of journal entry {row['journal_seq']} is not readable",
            hint="see `netops backup custody verify`",
        ) from None


def _from_row(row: Row) -> Statement:
    """Return what a row says, whether it can be understood or not."""
    values = _plain(row)
    seq, digest = int(values.pop("journal_seq")), str(values.pop("digest"))
    return Statement(seq, str(values["handover_id"]), values, digest)


def _from_entry(entry: Entry) -> Statement | None:
    """Return the step of an entry; one written by hand under our kind is none."""
    detail: Mapping[str, Any] = entry.detail
    try:
        step, digest = Step.from_facts(detail), str(detail["digest"])
    except (ValueError, KeyError, TypeError):
        return None
    text = f"{step.step} by {step.party}"
    return Statement(entry.seq, step.handover_id, step.facts(), digest, text)


def account_now() -> str:
    """Return the operating system's account that speaks now."""
    from netops.journal.actor import actor

    return actor()
