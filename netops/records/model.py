"""What a record is made of: a form, a number, a state, fields, and every revision there ever was."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from netops.core.dataclass import dataclass, field


class RecordState(StrEnum):
    """Where a record stands in its life."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    REJECTED = "rejected"
    CLOSED = "closed"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class Revision:
    """One step: who did what to a record, chained to the step before."""

    record_id: str
    n: int
    at: datetime
    actor: str
    #: opened, filled, submitted, approved, rejected, closed, amended or voided.
    action: str
    state: RecordState
    #: Fields that got a value in this step.
    changes: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""
    #: SHA-256 over this step and, through the one before, all earlier ones of the book.
    digest: str = ""
    journal_seq: int | None = None
    #: Place in the book; without gaps.
    seq: int = 0
    #: The account that stands for the actor: it may approve, or not.
    account: str = ""
    #: Who says that they act; a statement, where the account is a fact.
    person: str = ""
    #: Ids of what the record was made from, as far as this step brought them.
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it stands after its last revision."""

    id: str
    #: Such as TC-2026-0042: form, year, gap-free number.
    number: str
    #: Name of the form, such as `topology_change`.
    form: str
    state: RecordState
    opened_at: datetime
    #: Opened before the change happened, to be approved first.
    planned: bool = False
    fields: Mapping[str, Any] = field(default_factory=dict)
    revisions: tuple[Revision, ...] = ()

    @property
    def revision(self) -> int:
        """Return the number of the last revision: what an editor must have seen."""
        return self.revisions[-1].n if self.revisions else 0

    @property
    def is_open(self) -> bool:
        """Tell whether somebody still has to do something."""
        return self.state not in {RecordState.CLOSED, RecordState.VOID}

    @property
    def sources(self) -> tuple[str, ...]:
        """Return the ids of all that the record was made from."""
        return tuple(one for revision in self.revisions for one in revision.sources)

    def since(self) -> datetime:
        """Return when the record came into its state."""
        moment = self.opened_at
        for before, after in zip(self.revisions, self.revisions[1:], strict=False):
            if after.state is not before.state:
                moment = after.at
        return moment
