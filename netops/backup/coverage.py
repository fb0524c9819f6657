"""What is not protected: servers without a backup, jobs without a fresh offsite copy, repositories never read back."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from netops.backup.model import BackupPlan, Job
from netops.backup.soundness import Soundness, fully_read_at
from netops.backup.status import Protection, allowed_age_s
from netops.core.clock import parse_utc, utc_text
from netops.core.dataclass import dataclass, field
from netops.core.i18n import mark
from netops.core.status import Status
from netops.inventory.model import Device
from netops.inventory.select import select
from netops.store.database import Database

#: A repository may go unread for this many times the policy before that is critical.
_FAR_TOO_LONG = 2
_READ_WITHIN_S = 35 * 86_400.0


@dataclass(frozen=True, slots=True)
class CoveragePolicy:
    """What must be covered, and how freshly."""

    #: Selector of the devices that must be backed up.
    servers: str = "role=server"
    offsite_age_s: float | None = None
    read_within_s: float = _READ_WITHIN_S
    #: Repository → its own policy, where it has one.
    read_within_of: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cover:
    """How one server, job or repository is covered."""

    #: `server`, `job`, `repository` or `device` (one that the inventory lacks).
    subject: str
    name: str
    status: Status
    #: The moment the verdict rests on: newest backup, offsite copy or full read; None for never.
    at: datetime | None
    #: What it rests on: jobs of a server, offsite places of a job, jobs that name a device.
    by: tuple[str, ...]
    #: Message id of the reason, with values for its `%(name)s`; empty when all is well.
    reason: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    limit_s: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "subject": self.subject,
            "name": self.name,
            "status": self.status.name,
            "at": utc_text(self.at) if self.at else None,
            "by": list(self.by),
            "limit_s": self.limit_s,
            "reason": self.reason % self.values if self.reason else "",
        }


@dataclass(frozen=True, slots=True)
class Question:
    """What coverage looks at."""

    plan: BackupPlan
    devices: Sequence[Device]
    #: The name this machine signs with; jobs that name no device protect it.
    origin: str
    policy: CoveragePolicy
    now: datetime


def assess(asked: Question, protections: Iterable[Protection], database: Database) -> list[Cover]:
    """Return the covers of servers, jobs and repositories, and devices nobody knows."""
    rows = list(protections)
    readings = Soundness(database).readings()
    reads = {name: at for name, parts in readings.items() if (at := fully_read_at(parts))}
    firsts: dict[str, datetime] = {}
    for row in database.execute("latest_placements"):
        at = parse_utc(row["first_listed_at"])
        firsts[row["location"]] = min(at, firsts.get(row["location"], at))
    return [
        *servers(asked, rows),
        *offsite_copies(asked, rows),
        *full_reads(asked, reads, firsts),
        *unknown_devices(asked),
    ]


def servers(asked: Question, protections: Sequence[Protection]) -> list[Cover]:
    """Return one cover per server of the inventory; one that says so when there is none."""
    chosen = select(asked.devices, asked.policy.servers)
    if not chosen:
        reason = mark("no device of the inventory matches %(selector)s")
        values = {"selector": asked.policy.servers}
        return [Cover("server", "-", Status.UNKNOWN, None, (), reason, values)]
    return [_server(device, asked, protections) for device in chosen]


def protected_by(device: Device, plan: BackupPlan, origin: str) -> list[Job]:
    """Return the jobs that protect a device."""
    local = origin in {device.name, device.host}
    return [
        job
        for job in plan.jobs.values()
        if device.name in job.protects or (not job.protects and local)
    ]


def _server(device: Device, asked: Question, protections: Sequence[Protection]) -> Cover:
    jobs = protected_by(device, asked.plan, asked.origin)
    names = tuple(job.name for job in jobs)
    if not jobs:
        reason = mark("no job protects it")
        return Cover("server", device.name, Status.CRITICAL, None, (), reason)
    covers = [_job_cover(device.name, job, asked.now, protections) for job in jobs]
    worst = Status.worst(cover.status for cover in covers)
    shown = next(cover for cover in covers if cover.status is worst)
    # A server is as old as the oldest of its jobs.
    moments = [cover.at for cover in covers]
    oldest = None if None in moments else min(at for at in moments if at)
    return Cover(
        "server", device.name, worst, oldest, names, shown.reason, shown.values, shown.limit_s
    )


def _job_cover(name: str, job: Job, now: datetime, protections: Sequence[Protection]) -> Cover:
    newest = _newest(job, protections)
    warning_s, critical_s = allowed_age_s(job)
    if newest is None:
        reason = mark("job %(job)s has no good backup")
        return Cover("server", name, Status.CRITICAL, None, (), reason, {"job": job.name})
    age = (now - newest).total_seconds()
    status = _by_age(age, warning_s, critical_s)
    reason = mark("the newest backup of job %(job)s is too old") if status else ""
    return Cover("server", name, status, newest, (), reason, {"job": job.name}, critical_s)


def _newest(
    job: Job, protections: Sequence[Protection], role: str | None = None
) -> datetime | None:
    moments = [
        row.restorable_at
        for row in protections
        if row.job == job.name and row.restorable_at and role in {None, row.role}
    ]
    return max(moments, default=None)


def _by_age(age_s: float, warning_s: float | None, critical_s: float | None) -> Status:
    if critical_s is not None and age_s >= critical_s:
        return Status.CRITICAL
    return Status.WARNING if warning_s is not None and age_s >= warning_s else Status.OK


def offsite_copies(asked: Question, protections: Sequence[Protection]) -> list[Cover]:
    """Return one cover per job: is the newest copy elsewhere fresh enough."""
    return [_offsite(job, asked, protections) for job in asked.plan.jobs.values()]


def _offsite(job: Job, asked: Question, protections: Sequence[Protection]) -> Cover:
    if not job.offsite:
        reason = mark("no offsite repository is configured")
        return Cover("job", job.name, Status.CRITICAL, None, (), reason)
    warning_s, critical_s = allowed_age_s(job)
    if asked.policy.offsite_age_s is not None:
        warning_s, critical_s = None, asked.policy.offsite_age_s
    newest = _newest(job, protections, "offsite")
    if newest is None:
        reason = mark("there is no good offsite copy")
        return Cover("job", job.name, Status.CRITICAL, None, job.offsite, reason)
    status = _by_age((asked.now - newest).total_seconds(), warning_s, critical_s)
    reason = mark("the newest offsite copy is too old") if status else ""
    return Cover("job", job.name, status, newest, job.offsite, reason, {}, critical_s)


def full_reads(
    asked: Question, reads: Mapping[str, datetime], firsts: Mapping[str, datetime]
) -> list[Cover]:
    """Return one cover per repository: was every byte read back within the policy."""
    return [_full_read(name, asked, reads, firsts) for name in asked.plan.repositories]


def _full_read(
    name: str, asked: Question, reads: Mapping[str, datetime], firsts: Mapping[str, datetime]
) -> Cover:
    limit_s = asked.policy.read_within_of.get(name, asked.policy.read_within_s)
    read = reads.get(name)
    # What was never read counts from the first backup in it; an empty one needs no reading.
    begun = read or firsts.get(name)
    if begun is None:
        reason = mark("nothing is stored there yet")
        return Cover("repository", name, Status.OK, None, (), reason, {}, limit_s)
    age = asked.now - begun
    status = _by_age(age.total_seconds(), limit_s, limit_s * _FAR_TOO_LONG)
    if status:
        reason = mark("not read back in full for %(days)s days")
        values = {"days": age // timedelta(days=1)}
    else:
        reason, values = ("" if read else mark("not read back in full yet")), {}
    return Cover("repository", name, status, read, (), reason, values, limit_s)


def unknown_devices(asked: Question) -> list[Cover]:
    """Return the devices that jobs name and the inventory lacks."""
    known = {device.name for device in asked.devices}
    named: dict[str, list[str]] = {}
    for job in asked.plan.jobs.values():
        for device in job.protects:
            if device not in known:
                named.setdefault(device, []).append(job.name)
    reason = mark("the inventory has no device of this name")
    return [
        Cover("device", device, Status.WARNING, None, tuple(jobs), reason)
        for device, jobs in named.items()
    ]


def coverage_policy(data: Mapping[str, Any], selector: str = "") -> CoveragePolicy:
    """Return the policy of the checked `backup:` section; `selector` overrides its servers."""
    section = data.get("coverage") or {}
    repositories = data.get("repositories") or {}
    own = {name: _own_policy(row) for name, row in repositories.items()}
    asked = section.get("read_within")
    return CoveragePolicy(
        selector or section.get("servers") or "role=server",
        section.get("offsite_age"),
        float(asked or _READ_WITHIN_S),
        {} if asked else {name: limit_s for name, limit_s in own.items() if limit_s},
    )


def _own_policy(row: Mapping[str, Any]) -> float | None:
    """Return how often a repository says of itself that it is read in full, in seconds."""
    verify = row.get("verify")
    cadence = verify.get("data") if isinstance(verify, Mapping) else None
    if not isinstance(cadence, str):
        return None
    from netops.core.cadence import parse_cadence

    turn = parse_cadence(cadence)
    # One turn and a quarter, as with backups: a monthly read is not late on the 31st day. One that
    # is never to be read has no policy of its own, but still has to be read.
    return turn.interval_s * 1.25 if turn.rule is not None else None
