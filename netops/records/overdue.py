"""Records that wait too long: submitted in time (R17.14), decided in time, closed in time."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from netops.core.clock import parse_utc, utc_text
from netops.core.dataclass import dataclass
from netops.core.status import Status
from netops.core.units import duration_text
from netops.records.life import Policy
from netops.records.model import Record, RecordState

_WAITS = {
    RecordState.DRAFT: "submitted",
    RecordState.SUBMITTED: "approved or rejected",
    RecordState.APPROVED: "closed",
}


@dataclass(frozen=True, slots=True)
class Overdue:
    """A record that should have moved on."""

    record: Record
    since: datetime
    waited_s: float
    limit_s: float

    @property
    def status(self) -> Status:
        """Return WARNING, and CRITICAL after twice the time."""
        return Status.CRITICAL if self.waited_s > 2 * self.limit_s else Status.WARNING

    @property
    def text(self) -> str:
        """Return what is late, for people."""
        waits = _WAITS[self.record.state]
        return (
            f"{self.record.number} should be {waits} within {duration_text(self.limit_s)}; "
            f"it waits for {duration_text(self.waited_s)}"
        )

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "number": self.record.number,
            "state": str(self.record.state),
            "status": self.status.name,
            "since": utc_text(self.since),
            "waited_s": round(self.waited_s),
            "limit_s": round(self.limit_s),
            "text": self.text,
        }


def overdue(records: Iterable[Record], policy: Policy, now: datetime) -> list[Overdue]:
    """Return what waits too long, the longest first."""
    limits = {
        RecordState.DRAFT: policy.submit_within_s,
        RecordState.SUBMITTED: policy.approve_within_s,
        RecordState.APPROVED: policy.close_within_s,
    }
    found = []
    for record in records:
        if record.state not in limits:
            continue
        since = _since(record)
        waited_s, limit_s = (now - since).total_seconds(), limits[record.state]
        if waited_s > limit_s:
            found.append(Overdue(record, since, waited_s, limit_s))
    return sorted(found, key=lambda one: one.waited_s - one.limit_s, reverse=True)


def _since(record: Record) -> datetime:
    """Return from when on the record waits: an approved plan not before its planned end."""
    since = record.since()
    planned = record.fields.get("planned_until")
    if record.state is RecordState.APPROVED and isinstance(planned, str) and planned:
        try:
            return max(since, parse_utc(planned))
        except (ValueError, TypeError):
            return since
    return since
