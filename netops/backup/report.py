"""The backup report: how each job is protected where, what failed, who keeps it, on one page, in JSON and in CSV."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from netops.backup.coverage import Cover
from netops.backup.custody import Handover, Holding
from netops.backup.handover import Custody
from netops.backup.records import Backup
from netops.backup.status import Protection
from netops.core.cells import csv_text
from netops.core.clock import parse_utc, utc_text
from netops.core.dataclass import dataclass
from netops.core.status import Status
from netops.journal.witness import Comparison
from netops.store.connection import Row

#: More failures than this are counted, not listed.
MOST_FAILURES = 100
MOST_RESTORES = 50


@dataclass(frozen=True, slots=True)
class Outcomes:
    """How the backups of one job ended in the period."""

    job: str
    good: int
    warnings: int
    failed: int
    unfinished: int
    last_at: datetime

    @property
    def total(self) -> int:
        """Return how many were begun."""
        return self.good + self.warnings + self.failed + self.unfinished


@dataclass(frozen=True, slots=True)
class Check:
    """The newest verification of one repository and kind."""

    location: str
    kind: str
    at: datetime
    status: Status
    message: str


@dataclass(frozen=True, slots=True)
class Restored:
    """One restore or restore drill."""

    job: str
    location: str
    at: datetime
    target: str
    status: Status
    files: int
    size_bytes: int
    duration_s: float
    message: str


@dataclass(frozen=True, slots=True)
class BackupReport:
    """Everything the report says."""

    site: str
    origin: str
    made_at: datetime
    since: datetime
    protections: Sequence[Protection]
    covers: Sequence[Cover]
    outcomes: Sequence[Outcomes]
    failures: Sequence[Backup]
    checks: Sequence[Check]
    restores: Sequence[Restored]
    holdings: Sequence[Holding]
    handovers: Sequence[Handover]
    custody: Comparison
    #: `size:root` of the journal, to hold the journal against this page later.
    journal_head: str

    @property
    def status(self) -> Status:
        """Return the worst of what the report shows now; failures of the past do not count."""
        states = [row.status for row in self.protections]
        states += [cover.status for cover in self.covers]
        states += [Status.CRITICAL] * bool(self.custody.differences)
        return Status.worst(states)

    def of(self, subject: str) -> list[Cover]:
        """Return the covers of `server`, `job`, `repository` or `device`."""
        return [cover for cover in self.covers if cover.subject == subject]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "site": self.site,
            "origin": self.origin,
            "made_at": utc_text(self.made_at),
            "since": utc_text(self.since),
            "status": self.status.name,
            "journal_head": self.journal_head,
            "protections": [row.as_dict() for row in self.protections],
            "coverage": [cover.as_dict() for cover in self.covers],
            "outcomes": [_plain(row) for row in self.outcomes],
            "failures": [_failure(backup) for backup in self.failures],
            "verifications": [_plain(row) for row in self.checks],
            "restores": [_plain(row) for row in self.restores],
            "holdings": [holding.as_dict() for holding in self.holdings],
            "handovers": [handover.as_dict() for handover in self.handovers],
            "custody_differences": [one.as_dict() for one in self.custody.differences],
        }


def _plain(item: Outcomes | Check | Restored) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name in type(item).__slots__:
        value = getattr(item, name)
        if isinstance(value, datetime):
            value = utc_text(value)
        values[name] = value.name if isinstance(value, Status) else value
    return values


def _failure(backup: Backup) -> dict[str, Any]:
    return {
        "backup": backup.id,
        "job": backup.job,
        "type": backup.kind.value,
        "started_at": utc_text(backup.started_at),
        "status": None if backup.status is None else Status(backup.status).name,
        "message": backup.message,
    }


_HEADS = ("section", "name", "location", "status", "type", "at", "seconds", "remark")


def as_csv(report: BackupReport) -> str:
    """Return the report as one table; a cell that a spreadsheet would compute is disarmed."""
    return csv_text(_HEADS, _rows(report))


def _rows(report: BackupReport) -> Iterator[Sequence[object]]:
    for row in report.protections:
        at, kind = row.restorable_at, row.kind.value if row.kind else None
        yield (
            *("protection", row.job, row.location, row.status.name, kind, at, row.rpo_s),
            row.remark,
        )
    for cover in report.covers:
        plain = cover.as_dict()
        yield (
            *(f"coverage.{cover.subject}", cover.name, " ".join(cover.by), cover.status.name),
            *(None, cover.at, cover.limit_s, plain["reason"]),
        )
    for outcome in report.outcomes:
        text = f"{outcome.total} begun, {outcome.failed} failed, {outcome.unfinished} no outcome"
        yield ("outcomes", outcome.job, None, None, None, outcome.last_at, None, text)
    for backup in report.failures:
        state = Status(backup.status).name if backup.status is not None else "no outcome"
        yield (
            *("failure", backup.job, backup.repository, state, backup.kind.value),
            *(backup.started_at, backup.duration_s, backup.message),
        )
    yield from _more_rows(report)


def _more_rows(report: BackupReport) -> Iterator[Sequence[object]]:
    for check in report.checks:
        yield (
            *("verification", check.location, check.location, check.status.name, check.kind),
            *(check.at, None, check.message),
        )
    for one in report.restores:
        yield (
            *("restore", one.job, one.location, one.status.name, None, one.at, one.duration_s),
            f"to {one.target}: {one.message}",
        )
    for held in report.holdings:
        yield (
            "custody",
            held.item.name,
            held.place,
            None,
            held.item.kind,
            held.since,
            None,
            held.holder,
        )
    for handover in report.handovers:
        yield (
            *("handover", handover.id, handover.place, handover.state, None, handover.offered_at),
            *(None, f"{handover.giver} to {handover.receiver}, {handover.method}"),
        )


def gather(
    name: tuple[str, str],
    since: datetime,
    custody: Custody,
    protections: Sequence[Protection],
    covers: Sequence[Cover],
) -> BackupReport:
    """Return the report of the site `name` (its name and its origin) for the time from `since`."""
    execute, begin = custody.catalogue.database.execute, utc_text(since)
    done = custody.handovers()
    head = custody.register.journal.head()
    return BackupReport(
        site=name[0],
        origin=name[1],
        made_at=custody.clock.now(),
        since=since,
        protections=protections,
        covers=covers,
        outcomes=outcomes(execute("outcomes_since", since=begin)),
        failures=custody.catalogue.failures_since(since, MOST_FAILURES),
        checks=checks(execute("last_verifications")),
        restores=restores(execute("restores", job=None, limit=MOST_RESTORES), since),
        holdings=custody.holdings(done),
        handovers=[one for one in done if one.is_open or one.offered_at >= since],
        custody=custody.register.compare(),
        journal_head=head.head if head else "",
    )


def outcomes(rows: Sequence[Row]) -> list[Outcomes]:
    """Return one line per job from counts by job and status."""
    counts: dict[str, dict[Any, int]] = {}
    last: dict[str, datetime] = {}
    for row in rows:
        counts.setdefault(row["job"], {})[row["status"]] = int(row["count"])
        at = parse_utc(row["last_at"])
        last[row["job"]] = max(at, last.get(row["job"], at))
    return [
        Outcomes(
            job,
            found.get(0, 0),
            found.get(1, 0),
            found.get(2, 0) + found.get(3, 0),
            found.get(None, 0),
            last[job],
        )
        for job, found in counts.items()
    ]


def checks(rows: Sequence[Row]) -> list[Check]:
    """Return the newest verification per repository and kind."""
    return [
        Check(
            row["location"],
            row["kind"],
            parse_utc(row["at"]),
            Status(row["status"]),
            row["message"],
        )
        for row in rows
    ]


def restores(rows: Sequence[Row], since: datetime) -> list[Restored]:
    """Return the restores since a moment, newest first."""
    return [_restored(row) for row in rows if parse_utc(row["at"]) >= since]


def _restored(row: Mapping[str, Any]) -> Restored:
    return Restored(
        row["job"],
        row["location"],
        parse_utc(row["at"]),
        row["target"],
        Status(row["status"]),
        int(row["files"] or 0),
        int(row["bytes"] or 0),
        float(row["duration_s"] or 0),
        row["message"],
    )


def as_page(report: BackupReport, language: str) -> str:
    """Return the report as one HTML file."""
    from netops.reports.render import render

    values = {
        "report": report,
        "jobs": len({row.job for row in report.protections}),
        "failed": sum(row.failed for row in report.outcomes),
        "most_failures": MOST_FAILURES,
    }
    return render("backup_report.html.j2", language, values)
