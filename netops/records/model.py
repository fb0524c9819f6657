"""What a record is made of: a form, a number, a state, fields, and every revision there ever was."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


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
    #: SHA-256 over this step and, through the one before, all earlier ones.
    digest: str = ""
    journal_seq: int | None = None


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
