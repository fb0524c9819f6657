"""The record book: every step is a new revision, numbered, chained, and in the journal."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from netops.core.clock import Clock, utc_text
from netops.core.dataclass import dataclass, replace
from netops.core.digest import chained
from netops.core.errors import AccessError, IntegrityError, UsageError
from netops.core.ids import new_id
from netops.core.people import one_line
from netops.journal.book import Book
from netops.journal.witness import Statement
from netops.records import form as forms
from netops.records.form import Form
from netops.records.life import STEPS, Policy, approver, check_step
from netops.records.model import Record, RecordState, Revision
from netops.records.pages import BOOK, KIND, number_of, records_of, series_of, told_by, values_of
from netops.store.database import Database

_DECISIONS = {"approved": True, "rejected": False}


@dataclass(frozen=True, slots=True)
class Hand:
    """Who acts, in which run, having seen which revision."""

    #: As the person says; empty for the account's own name.
    person: str = ""
    run_id: str | None = None
    #: The revision the actor has seen: refused when somebody was faster.
    seen: int | None = None
    #: netops itself fills what it found out; it never signs.
    automatic: bool = False
    #: Everything is examined and nothing is written; see `RecordBook.rehearse`.
    rehearses: bool = False


@dataclass(frozen=True, slots=True)
class _Page:
    """What one step writes, before it has a place in the book."""

    record: Record
    action: str
    state: RecordState
    changes: Mapping[str, Any]
    person: str
    note: str = ""
    sources: Sequence[str] = ()


class _KnownError(Exception):
    """All of this is in the book already; the transaction is undone, and no number is lost."""


class _RehearsedError(Exception):
    """The step could be taken; the transaction is undone, and `record` is how it would stand."""

    def __init__(self, record: Record) -> None:
        super().__init__(record.number)
        self.record = record


class RecordBook:
    """The records of a site."""

    def __init__(
        self,
        database: Database,
        open_journal: Callable[[], Book],
        policy: Policy,
        clock: Clock,
        account: str = "",
    ) -> None:
        from netops.journal import actor

        self.database = database
        self.policy = policy
        self.clock = clock
        self._open_journal = open_journal
        self._actor = actor.actor()
        self._account = account or actor.account()

    @property
    def journal(self) -> Book:
        """The journal, opened when it is first asked for: who only looks needs no key."""
        return self._open_journal()

    def records(self, form: str | None = None) -> list[Record]:
        """Return every record, in the order in which they were opened."""
        return records_of(self.database.execute("record_revisions", form=form))

    def record(self, name: str) -> Record:
        """Return a record by its number or id; raise UsageError when there is none."""
        found = records_of(self.database.execute("record_revisions_of", name=name.strip().upper()))
        if not found:
            raise UsageError(
                f"there is no record {name!r}", hint="see `netops topology record list`"
            )
        return found[0]

    def open(
        self,
        form: str,
        values: Mapping[str, Any],
        hand: Hand,
        *,
        planned: bool = False,
        sources: Sequence[str] = (),
    ) -> Record | None:
        """
        Open a draft under the next number; None when all `sources` are in the book already.

        Sources are what the record is made from; one that has its record makes no second.
        """
        paper = forms.load(form)
        _check_fields(paper, values, hand, None)
        with suppress(_KnownError), self.database.transaction():
            seq = self._turn_page()
            now = self.clock.now()
            record_id = new_id()
            fresh = self._take(sources, record_id)
            year = now.astimezone().year
            series = {"name": series_of(form, year)}
            rank = int(self.database.execute("next_in_sequence", **series)[0]["value"])
            number = number_of(paper.prefix, year, rank)
            draft = Record(record_id, number, form, RecordState.DRAFT, now, planned=planned)
            person = self._person(hand)
            page = _Page(draft, "opened", draft.state, values, person, sources=fresh)
            self._write(seq, page, hand)
            return self.record(record_id)
        return None

    @staticmethod
    def rehearse(step: Callable[[], Record | None]) -> Record | None:
        """Return how a record would stand after a step whose hand rehearses; nothing is written."""
        try:
            return step()
        except _RehearsedError as done:
            return done.record

    def fill(self, name: str, values: Mapping[str, Any], hand: Hand) -> Record:
        """Give fields values, as long as the record's state lets them change."""
        return self._step("fill", name, hand, values)

    def attach(
        self, name: str, values: Mapping[str, Any], hand: Hand, sources: Sequence[str]
    ) -> Record | None:
        """Add what netops found out later; None when all `sources` are in the book already."""
        with suppress(_KnownError):
            return self._step("attach", name, hand, values, sources=sources)
        return None

    def submit(self, name: str, hand: Hand, values: Mapping[str, Any] | None = None) -> Record:
        """Put a complete draft before the approvers."""
        return self._step("submit", name, hand, values)

    def approve(self, name: str, hand: Hand, note: str = "") -> Record:
        """Approve; only for accounts named as approvers, and never for one's own change."""
        return self._step("approve", name, hand, note=note)

    def reject(self, name: str, hand: Hand, note: str) -> Record:
        """Reject, with the reason; the record stays, and can be amended."""
        return self._step("reject", name, hand, note=note)

    def close(self, name: str, hand: Hand, values: Mapping[str, Any] | None = None) -> Record:
        """Close an approved record in which nothing is missing."""
        return self._step("close", name, hand, values)

    def amend(
        self, name: str, hand: Hand, note: str, values: Mapping[str, Any] | None = None
    ) -> Record:
        """Open a record again as a draft, in a new revision; it must be approved again."""
        return self._step("amend", name, hand, values, note=note)

    def void(self, name: str, hand: Hand, note: str) -> Record:
        """Declare a record void; its number is never given again."""
        return self._step("void", name, hand, note=note)

    def _step(
        self,
        verb: str,
        name: str,
        hand: Hand,
        values: Mapping[str, Any] | None = None,
        *,
        note: str = "",
        sources: Sequence[str] = (),
    ) -> Record:
        step = STEPS[verb]
        with self.database.transaction():
            seq = self._turn_page()
            record = self.record(name)
            note = one_line(note, "--reason", empty=True, longest=1000)
            _check_seen(record, hand)
            check_step(step, record, note)
            paper = forms.load(record.form)
            state = step.after or record.state
            _check_fields(
                paper, values or {}, hand, RecordState.DRAFT if verb == "amend" else state
            )
            decides = step.action in _DECISIONS
            person = (
                approver(self.policy, record, self._account, hand.person)
                if decides
                else self._person(hand)
            )
            changes = {**_unsigned(paper, record, verb), **(values or {})}
            changes |= self._signature(paper, verb, person, note)
            _check_rules(paper, verb, record, {**record.fields, **changes})
            fresh = self._take(sources, record.id)
            self._write(seq, _Page(record, step.action, state, changes, person, note, fresh), hand)
            return self.record(record.id)

    def _person(self, hand: Hand) -> str:
        if hand.automatic:
            return "netops"
        return one_line(hand.person, "--as", empty=True) or self._account

    def _signature(self, paper: Form, verb: str, person: str, note: str) -> dict[str, Any]:
        parts = {"person": person, "at": utc_text(self.clock.now()), "note": note or None}
        return {field: parts[part] for part, field in paper.signs.get(verb, {}).items()}

    def _take(self, sources: Sequence[str], record_id: str) -> list[str]:
        """Return the sources that have no record yet, and bind them to this one."""
        fresh = [
            one
            for one in dict.fromkeys(sources)
            if self.database.execute("add_record_source", source=one, record_id=record_id)
        ]
        if sources and not fresh:
            raise _KnownError
        return fresh

    def _turn_page(self) -> int:
        """Return the number of the next step; from here on nobody else writes until we are done."""
        seq = int(self.database.execute("next_in_sequence", name=BOOK)[0]["value"])
        last = self.database.execute("last_record_revision")
        if (int(last[0]["seq"]) if last else 0) != seq - 1 or self._is_behind_journal():
            raise IntegrityError(
                "the record book is not what was last written; nothing was recorded",
                hint="see `netops topology record verify`; --repair puts back what the journal knows",
            )
        return seq

    def _is_behind_journal(self) -> bool:
        """Tell whether the journal knows a later step than the table: a row is gone."""
        own = self.database.execute("last_record_revision_of_journal", journal=self.journal.origin)
        after = int(own[0]["journal_seq"]) if own else 0
        entries = self.journal.entries(after=after)
        return any(entry.kind.startswith(KIND) and told_by(entry) for entry in entries)

    def _write(self, seq: int, page: _Page, hand: Hand) -> None:
        """Write a step: the journal last, so that what is undone is undone in the table alone."""
        record = page.record
        if hand.rehearses:
            raise _RehearsedError(self._imagined(page))
        facts = {
            "seq": seq,
            "record_id": record.id,
            "n": record.revision + 1,
            "number": record.number,
            "form": record.form,
            "planned": int(record.planned),
            "at": utc_text(self.clock.now()),
            "actor": self._actor,
            "account": self._account,
            "person": page.person,
            "action": page.action,
            "state": str(page.state),
            "changes": forms.plain(dict(page.changes)),
            "sources": list(page.sources),
            "note": page.note,
            "journal": self.journal.origin,
        }
        last = self.database.execute("last_record_revision")
        digest = chained(str(last[0]["digest"]) if last else "", facts)
        entry = self.journal.append(
            KIND + page.action,
            record.number,
            ok=_DECISIONS.get(page.action),
            run=hand.run_id,
            detail={**facts, "digest": digest},
        )
        written = Statement(entry.seq, record.number, facts, digest)
        self.database.execute("add_record_revision", **values_of(written))

    def _imagined(self, page: _Page) -> Record:
        record, now = page.record, self.clock.now()
        place = record.id, record.revision + 1, now, self._actor
        step = Revision(*place, page.action, page.state, account=self._account, person=page.person)
        return replace(
            record,
            state=page.state,
            fields={**record.fields, **page.changes},
            revisions=(*record.revisions, step),
        )


def _check_seen(record: Record, hand: Hand) -> None:
    if hand.seen is not None and hand.seen != record.revision:
        last = record.revisions[-1]
        raise UsageError(
            f"{record.number} is at revision {record.revision}, not {hand.seen}: it was "
            f"{last.action} by {last.person} in the meantime",
            hint=f"look at it again: `netops topology record show {record.number}`",
        )


def _check_fields(
    paper: Form, values: Mapping[str, Any], hand: Hand, state: RecordState | None
) -> None:
    """Refuse what the actor may not fill, or not any more."""
    for name in values:
        field = paper.field(name)
        if hand.automatic:
            if field.by != "automatic":
                raise AccessError(f"{name} is for people, not for netops")
            continue
        if not field.for_people:
            raise AccessError(f"{name} is filled by netops, not by people")
        if state in {RecordState.APPROVED, RecordState.CLOSED} and field.stage != "close":
            raise AccessError(
                f"{name} is part of what was approved",
                hint="`amend` opens the record again; it must then be approved again",
            )


def _unsigned(paper: Form, record: Record, verb: str) -> dict[str, Any]:
    """Return the signatures that an amended record loses."""
    if verb != "amend":
        return {}
    signed = {field for parts in paper.signs.values() for field in parts.values()}
    return dict.fromkeys(sorted(signed & record.fields.keys()))


def _check_rules(paper: Form, verb: str, record: Record, values: Mapping[str, Any]) -> None:
    for one, other in paper.same_persons(values):
        raise AccessError(
            f"{record.number}: {one.label.lower()} and {other.label.lower()} are the same "
            f"({values[one.name]})",
            hint="that takes two people",
        )
    if verb in forms.STAGES:
        missing = paper.missing(verb, values, planned=record.planned)
        if missing:
            listed = ", ".join(field.name for field in missing)
            options = " ".join(f"--set {field.name}=…" for field in missing if field.for_people)
            raise UsageError(
                f"{record.number} cannot be {STEPS[verb].action}: {listed} missing",
                hint=f"add {options}" if options else "the next scan fills what is automatic",
            )
