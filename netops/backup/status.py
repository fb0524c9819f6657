"""How well each job is protected in each place: the answer monitoring asks for every minute."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Protocol

from netops.backup.kind import Kind
from netops.backup.soundness import Damage, Reading, Soundness, fully_read_at, is_overdue
from netops.backup.watch import Watch
from netops.core.clock import local_text, parse_utc, utc_text
from netops.core.dataclass import dataclass
from netops.core.status import Status
from netops.core.units import duration_text
from netops.store.connection import Row
from netops.store.database import Database

#: A run may be late by this share of its cadence before anyone is told.
_GRACE = 0.25
_LEAST_GRACE_S = 600.0


@dataclass(frozen=True, slots=True)
class Protection:
    """One job in one place."""

    job: str
    location: str
    role: str
    status: Status
    #: Start of the newest backup that can be restored from here: everything younger is at risk.
    restorable_at: datetime | None
    kind: Kind | None
    #: Seconds of work that would be lost now (the recovery point).
    rpo_s: float | None
    warning_after_s: float | None
    critical_after_s: float | None
    verified_at: datetime | None
    #: Everything stored here before has been read back since.
    fully_read_at: datetime | None
    #: Why it is not OK, or what is going on.
    remark: str

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "job": self.job,
            "location": self.location,
            "role": self.role,
            "status": self.status.name,
            "restorable_at": utc_text(self.restorable_at) if self.restorable_at else None,
            "type": self.kind.value if self.kind else None,
            "rpo_s": None if self.rpo_s is None else round(self.rpo_s),
            "warning_after_s": self.warning_after_s,
            "critical_after_s": self.critical_after_s,
            "verified_at": utc_text(self.verified_at) if self.verified_at else None,
            "fully_read_at": utc_text(self.fully_read_at) if self.fully_read_at else None,
            "remark": self.remark,
        }


def protections(
    jobs: Sequence[Watch], database: Database, now: datetime, is_running: Callable[[str], bool]
) -> list[Protection]:
    """Return one row per job × location, from the catalogue alone."""
    execute = database.execute
    good = {(row["job"], row["location"]): row for row in execute("latest_placements")}
    tries = {(row["job"], row["location"]): row for row in execute("latest_attempts")}
    alarms = {row["job"]: row["id"] for row in execute("open_alarms")}
    verified: dict[str, list[Row]] = {}
    for row in execute("last_verifications"):
        verified.setdefault(row["location"], []).append(row)
    soundness = Soundness(database)
    readings, damage = soundness.readings(), soundness.damage()
    return [
        _protection(
            job,
            location,
            now,
            good.get((job.name, location)),
            _attempt_status(tries.get((job.name, location)), job.name, is_running),
            max(verified.get(location, ()), key=lambda row: (row["at"], row["id"]), default=None),
            readings.get(location, []),
            [
                _alarm_status(job, location, alarms.get(job.name)),
                _damage_status(location, damage.get(location, [])),
                _reading_status(job, location, readings.get(location, []), database, now),
            ],
        )
        for job in jobs
        for location in job.locations
    ]


def _protection(
    job: Watch,
    location: str,
    now: datetime,
    row: Row | None,
    attempt: tuple[Status, str],
    check: Row | None,
    readings: Sequence[Reading],
    more: Sequence[tuple[Status, str]],
) -> Protection:
    restorable = parse_utc(row["started_at"]) if row else None
    rpo_s = (now - restorable).total_seconds() if restorable else None
    warning_s, critical_s = allowed_age_s(job)
    states = [*more, _age_status(rpo_s, warning_s, critical_s), attempt]
    states.append((_known(check["status"]) if check else Status.OK, _check_remark(check)))
    remark = "; ".join(text for _, text in states if text)
    return Protection(
        job.name,
        location,
        "primary" if location == job.locations[0] else "offsite",
        Status.worst(state for state, _ in states),
        restorable,
        Kind(row["kind"]) if row else None,
        rpo_s,
        warning_s,
        critical_s,
        parse_utc(check["at"]) if check else None,
        fully_read_at(readings),
        remark,
    )


class Aging(Protocol):
    """What limits the age of a job's backups."""

    @property
    def turn_s(self) -> float | None:
        """Seconds between two turns of the tightest cadence; None without cadences."""

    @property
    def max_age_s(self) -> float | None:
        """The critical age as configured."""


def allowed_age_s(job: Aging) -> tuple[float | None, float | None]:
    """
    Return the ages from which a job's newest backup is a warning and is critical.

    `max_age` is the critical age as configured. Without it: one turn of the tightest cadence
    plus grace, and two turns plus grace; None and None for a job without cadences.
    """
    if job.max_age_s is not None:
        return job.max_age_s * 0.9, job.max_age_s
    if job.turn_s is None:
        return None, None
    grace_s = max(job.turn_s * _GRACE, _LEAST_GRACE_S)
    return job.turn_s + grace_s, 2 * job.turn_s + grace_s


def _age_status(
    age_s: float | None, warning_s: float | None, critical_s: float | None
) -> tuple[Status, str]:
    if age_s is None:
        return Status.CRITICAL, "no good backup here"
    if age_s < -_LEAST_GRACE_S:
        return Status.WARNING, "the newest backup is dated in the future: check the clock"
    if critical_s is not None and age_s >= critical_s:
        return Status.CRITICAL, f"older than {duration_text(critical_s)}"
    if warning_s is not None and age_s >= warning_s:
        return Status.WARNING, f"older than {duration_text(warning_s)}"
    return Status.OK, ""


def _attempt_status(
    attempt: Row | None, job_name: str, is_running: Callable[[str], bool]
) -> tuple[Status, str]:
    if attempt is None:
        return Status.OK, ""
    if attempt["status"] is None:
        if is_running(job_name):
            return Status.OK, "running now"
        return Status.WARNING, "the last run was killed and left no outcome"
    status = _known(attempt["status"])
    if status is Status.OK:
        return status, ""
    if str(attempt["message"]).startswith("damaged:"):
        return status, ""  # the open damage tells the same, and what to do
    return status, f"last run: {attempt['message'] or status.name}"


def _damage_status(location: str, damage: Sequence[Damage]) -> tuple[Status, str]:
    if not damage:
        return Status.OK, ""
    since = local_text(min(item.found_at for item in damage))
    named = ", ".join(item.text for item in damage[:3]) + (" …" if len(damage) > 3 else "")
    return Status.CRITICAL, f"damaged ({named}, found {since}): netops backup repair {location}"


def _reading_status(
    job: Watch,
    location: str,
    readings: Sequence[Reading],
    database: Database,
    now: datetime,
) -> tuple[Status, str]:
    """Tell when not all of a repository was read back as often as its policy says."""
    cadence = job.readings[location]
    last = fully_read_at(readings)
    if last is None:
        first = database.execute("first_backup_at", job=job.name, location=location)
        since = parse_utc(first[0]["started_at"]) if first else now
    else:
        since = last
    if not is_overdue(readings, cadence, since, now):
        return Status.OK, ""
    known = f"since {local_text(last)}" if last else "ever"
    return Status.WARNING, f"not all data read back {known} ({cadence})"


def _alarm_status(job: Watch, location: str, alarm_id: str | None) -> tuple[Status, str]:
    if alarm_id is not None:
        return (
            Status.CRITICAL,
            f"changed like an attack: see `netops backup alarm list` ({alarm_id})",
        )
    is_told = not job.is_guarded and location == job.locations[0]
    return Status.OK, "ransomware alarm off" if is_told else ""


def _check_remark(check: Row | None) -> str:
    if check is None or check["status"] == Status.OK or check["message"].startswith("damaged:"):
        return ""
    return f"verification: {check['message']}"


def _known(value: object) -> Status:
    return Status(value) if value in {0, 1, 2, 3} else Status.UNKNOWN
