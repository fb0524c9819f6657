"""Which days of which server's logs are here and in a backup, and which are missing."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from netops.backup.catalogue import Catalogue
from netops.backup.logs.ledger import Day, Ledger
from netops.backup.logs.source import LogSource, log_sources, spool_of
from netops.backup.model import BackupPlan
from netops.core.clock import local_text, parse_utc, utc_text
from netops.core.dataclass import dataclass
from netops.core.status import Status
from netops.core.units import duration_text

#: Collecting may pause so long before anyone is told.
_PAUSE_S = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class CoveredDay:
    """One day of one server."""

    day: str
    status: Status
    lines: int
    size_bytes: int
    in_backup: bool
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Coverage:
    """One server over some days, newest first."""

    name: str
    job: str
    status: Status
    collected_at: datetime | None
    remark: str
    days: Sequence[CoveredDay]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "name": self.name,
            "job": self.job,
            "status": self.status.name,
            "collected_at": utc_text(self.collected_at) if self.collected_at else None,
            "remark": self.remark,
            "days": [{**asdict(day), "status": day.status.name} for day in self.days],
        }


def coverages(
    plan: BackupPlan, catalogue: Catalogue, state: Path, now: datetime, *, days: int
) -> list[Coverage]:
    """Return the coverage of every log source over the last `days` days, today included."""
    found = []
    for name, (job, source) in log_sources(plan).items():
        repository = plan.jobs[job].repository
        newest = catalogue.history(job, repository).last_any
        stored_at = newest.started_at if newest else None
        found.append(_coverage(name, job, source, spool_of(state), stored_at, now, days))
    return found


def _coverage(
    name: str,
    job: str,
    source: LogSource,
    spool: Path,
    stored_at: datetime | None,
    now: datetime,
    count: int,
) -> Coverage:
    ledger = Ledger.read(spool / source.name)
    today = now.astimezone().date()
    begun = _begun(ledger)
    rows = [
        _day(today - timedelta(days=back), back, ledger, begun, stored_at) for back in range(count)
    ]
    state, remark = _pause(ledger.last_collected(), now)
    status = Status.worst([state, *(row.status for row in rows)])
    return Coverage(name, job, status, ledger.last_collected(), remark, rows)


def _begun(ledger: Ledger) -> date | None:
    """Return the day collecting began; days before it cannot be missing."""
    return parse_utc(ledger.first_at).astimezone().date() if ledger.first_at else None


def _day(
    moment: date, back: int, ledger: Ledger, begun: date | None, stored_at: datetime | None
) -> CoveredDay:
    name = moment.isoformat()
    day = ledger.days.get(name, Day())
    in_backup = bool(
        day.touched_at and stored_at is not None and stored_at >= parse_utc(day.touched_at)
    )
    status, remark = Status.OK, ""
    if day.size_bytes:
        if not in_backup and back > 1:
            status, remark = Status.WARNING, "in no backup yet"
    elif begun is None or moment < begun:
        remark = "before collecting began"
    elif back == 0:
        remark = "nothing yet today"
    else:
        # Yesterday can still be saved, if the server has it.
        status = Status.CRITICAL if back == 1 else Status.WARNING
        remark = "no logs of this day"
    return CoveredDay(name, status, day.lines, day.size_bytes, in_backup, remark)


def _pause(collected_at: datetime | None, now: datetime) -> tuple[Status, str]:
    if collected_at is None:
        return Status.CRITICAL, "never collected completely"
    age_s = (now - collected_at).total_seconds()
    if age_s > _PAUSE_S:
        return Status.CRITICAL, f"not collected for {duration_text(age_s)}"
    return Status.OK, f"collected {local_text(collected_at)}"
