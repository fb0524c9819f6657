"""What a run yields: one result per target, one report per run."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from netops.core.dataclass import dataclass, field
from netops.core.errors import LockedError, NetopsError
from netops.core.status import Status


@dataclass(frozen=True, slots=True)
class Result:
    """How one target fared."""

    target: str
    status: Status
    summary: str
    #: Plain facts (JSON types) for `--json` and the journal.
    facts: Mapping[str, Any] = field(default_factory=dict)
    duration_s: float = 0.0
    error: NetopsError | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        plain: dict[str, Any] = {
            "target": self.target,
            "status": self.status.name,
            "summary": self.summary,
            "duration_s": round(self.duration_s, 3),
            **self.facts,
        }
        if self.error is not None:
            plain["error"] = self.error.as_dict()
        return plain


def failed(target: str, error: NetopsError, duration_s: float) -> Result:
    """Return the result of a target whose work raised `error`."""
    # Somebody else is doing the work: worth a look, not an alarm.
    status = Status.WARNING if isinstance(error, LockedError) else Status.CRITICAL
    first, *rest = str(error).split("\n")
    text = f"{first}: {'; '.join(line.strip() for line in rest)}" if rest else first
    return Result(target, status, text, duration_s=duration_s, error=error)


@dataclass(frozen=True, slots=True)
class Report:
    """A finished run."""

    run_id: str
    verb: str
    started_at: datetime
    finished_at: datetime
    results: Sequence[Result]
    #: The signal that ended the run early.
    signal_number: int | None = None
    #: Why the outcome could not be written to the journal.
    unrecorded: str | None = None
    #: Size and root of the journal after the run, to print beside the result.
    journal_head: str | None = None

    @property
    def status(self) -> Status:
        """Return the worst status; a run whose outcome is not on record has failed."""
        states = [result.status for result in self.results]
        return Status.worst([*states, Status.CRITICAL] if self.unrecorded else states)

    @property
    def exit_code(self) -> int:
        """Return the code of docs/exit-codes.md: signal, could-not-start, or the worst status."""
        if self.signal_number is not None:
            return 128 + self.signal_number
        codes = {r.error.exit_code if r.error else 0 for r in self.results}
        if len(codes) == 1 and (code := codes.pop()) >= 64 and not self.unrecorded:
            return code  # no target could start, all for the same reason
        return int(self.status)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        from netops.core.clock import utc_text

        return {
            "run": self.run_id,
            "verb": self.verb,
            "started_at": utc_text(self.started_at),
            "finished_at": utc_text(self.finished_at),
            "status": self.status.name,
            "exit_code": self.exit_code,
            "journal_head": self.journal_head,
            "unrecorded": self.unrecorded,
            "results": [result.as_dict() for result in self.results],
        }
