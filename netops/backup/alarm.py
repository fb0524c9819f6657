"""The alarm on a backup that changed too much: measured after each backup, open until somebody answers for it."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from typing import Any

from netops.backup.anomaly import WINDOW, Names, Past, Rates, Sign, judge
from netops.backup.catalogue import Catalogue, printable
from netops.backup.measure import measure
from netops.backup.model import Job
from netops.backup.records import Backup
from netops.backup.restic.messages import Summary
from netops.backup.room import BackupRoom
from netops.core.clock import local_text, parse_utc, utc_text
from netops.core.dataclass import dataclass, field_names, replace
from netops.core.errors import UsageError
from netops.core.ids import new_id
from netops.core.results import Result
from netops.core.run import Context
from netops.core.status import Status
from netops.store.connection import Row


@dataclass(frozen=True, slots=True)
class Alarm:
    """One jump, open until it is acknowledged."""

    id: str
    job: str
    #: The backup that jumped.
    backup_id: str
    #: The last good backup before the trouble began; None when there is none.
    clean_id: str | None
    at: datetime
    signs: tuple[Sign, ...]
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""
    reason: str = ""
    declared: bool = False

    @property
    def text(self) -> str:
        """Return what happened and where a restore should go, in one line."""
        reasons = "; ".join(sign.text for sign in self.signs)
        clean = f"; the last backup before it is {self.clean_id}" if self.clean_id else ""
        return f"alarm {self.id}: {reasons}{clean}"


def alarms(catalogue: Catalogue, *, everything: bool = False, limit: int = 100) -> list[Alarm]:
    """Return the open alarms, oldest first by job; or also the acknowledged ones, newest first."""
    execute = catalogue.database.execute
    rows = execute("alarms", limit=limit) if everything else execute("open_alarms")
    return [_alarm(row) for row in rows]


def blocked(catalogue: Catalogue, job: str) -> str | None:
    """
    Return why nothing of the job may be dropped in any place, None when it may.

    Everything older than the jump may be all that is left of the data, so retention asks here
    before it drops anything.
    """
    rows = catalogue.database.execute("open_alarms_of", job=job)
    if not rows:
        return None
    first = _alarm(rows[0])
    more = f" and {len(rows) - 1} more" if len(rows) > 1 else ""
    return (
        f"alarm {first.id} of {local_text(first.at)}{more} is not acknowledged: nothing is dropped "
        f"until `netops backup alarm acknowledge {first.id} --reason …`"
    )


@dataclass(frozen=True, slots=True)
class AcknowledgeRun:
    """The work of `backup alarm acknowledge` on one alarm; call it from a run."""

    room: BackupRoom
    reason: str
    #: The change was ordinary: learn from it.
    declared: bool = False

    def __call__(self, alarm_id: str, context: Context) -> Result:
        """Close the alarm under the caller's name; raise UsageError when it is not open."""
        from netops.journal.actor import actor

        alarm = find_alarm(self.room.catalogue, alarm_id)
        if alarm.acknowledged_at is not None:
            raise UsageError(
                f"alarm {alarm.id} was acknowledged by {alarm.acknowledged_by} on "
                f"{local_text(alarm.acknowledged_at)}"
            )
        who = actor()
        facts = {"job": alarm.job, "backup": alarm.backup_id, "reason": self.reason, "by": who}
        if context.dry_run:
            return Result(alarm.id, Status.OK, f"would acknowledge: {alarm.text}", facts)
        self.room.catalogue.database.execute(
            "acknowledge_alarm",
            id=alarm.id,
            at=utc_text(self.room.clock.now()),
            by=who,
            reason=printable(self.reason),
            declared=int(self.declared),
        )
        still = blocked(self.room.catalogue, alarm.job)
        text = f"{alarm.job}: {still}" if still else f"{alarm.job}: retention works again"
        return Result(alarm.id, Status.OK, f"acknowledged by {who}; {text}", facts)


def find_alarm(catalogue: Catalogue, alarm_id: str) -> Alarm:
    """Return one alarm by its id; raise UsageError when there is none."""
    rows = catalogue.database.execute("alarm_by_id", id=alarm_id.upper())
    if not rows:
        raise UsageError(f"there is no alarm {alarm_id}", hint="see `netops backup alarm list`")
    return _alarm(rows[0])


def watch(room: BackupRoom, job: Job, backup: Backup, summary: Summary, context: Context) -> None:
    """Measure how much a finished backup changed, remember it, and open an alarm at a jump."""
    if not job.alarm.enabled:
        return
    execute = room.catalogue.database.execute
    rows = execute("change_rates", job=job.name, limit=2 * WINDOW)
    rates, names = measure(room, job, backup, summary, rows[0] if rows else None, context)
    sound = [row for row in rows if not row["doubts"]]
    past = [Past(_rates(row), row["alarms"] > 0) for row in sound]
    signs = judge(rates, past, job.alarm, names)
    with room.catalogue.database.transaction():
        values = {**asdict(rates), "backup_id": backup.id, "job": job.name, "seq": backup.seq}
        execute("add_change_rate", **values)
        if signs:
            began = max(sign.began for sign in signs)
            seq = sound[began - 1]["seq"] if began else backup.seq
            _open(room, backup, seq, _with_suffix(signs, names))


def tell(room: BackupRoom, job: Job, result: Result) -> Result:
    """Return the result of a run with what `watch` found in it, and with alarms still open."""
    backup_id = result.facts.get("backup")
    if backup_id is None or not job.alarm.enabled:
        return result
    execute = room.catalogue.database.execute
    newest = execute("change_rates", job=job.name, limit=1)
    facts = dict(result.facts)
    if newest and newest[0]["backup_id"] == backup_id:
        facts["change"] = {k: v for k, v in asdict(_rates(newest[0])).items() if k != "kind"}
    found = [_alarm(row) for row in execute("open_alarms_of", job=job.name)]
    new = [alarm for alarm in found if alarm.backup_id == backup_id]
    for alarm in new or found[:1]:
        status = Status.CRITICAL if new else Status.WARNING
        text = alarm.text if new else f"{alarm.text} (open since {local_text(alarm.at)})"
        facts["alarm"] = {**_plain(alarm), "is_new": bool(new)}
        summary = f"{text}; {result.summary}"
        worst = Status.worst([status, result.status])
        return replace(result, status=worst, summary=summary, facts=facts)
    return replace(result, facts=facts)


def _with_suffix(signs: Sequence[Sign], names: Names) -> Sequence[Sign]:
    if not names.suffix:
        return signs
    text = f"{names.suffix_files:,} names end in {printable(names.suffix)}"
    return [replace(signs[0], text=f"{signs[0].text}; {text}"), *signs[1:]]


def _open(room: BackupRoom, backup: Backup, began_seq: int, signs: Sequence[Sign]) -> None:
    execute = room.catalogue.database.execute
    earlier = execute("open_alarms_of", job=backup.job)
    clean_id = earlier[0]["clean_id"] if earlier else None
    if not earlier:
        clean = execute("last_before", job=backup.job, repository=backup.repository, seq=began_seq)
        clean_id = clean[0]["backup_id"] if clean else None
    execute(
        "open_alarm",
        id=new_id(),
        job=backup.job,
        backup_id=backup.id,
        clean_id=clean_id,
        at=utc_text(room.clock.now()),
        signs=printable(json.dumps([asdict(sign) for sign in signs], ensure_ascii=False)),
    )


def _rates(row: Row) -> Rates:
    return Rates(**{name: row[name] for name in field_names(Rates)})


def _alarm(row: Row) -> Alarm:
    signs: Sequence[Mapping[str, Any]] = ()
    with suppress(ValueError):
        signs = json.loads(row["signs"])
    moment = row["acknowledged_at"]
    return Alarm(
        row["id"],
        row["job"],
        row["backup_id"],
        row["clean_id"],
        parse_utc(row["at"]),
        tuple(Sign(**sign) for sign in signs),
        parse_utc(moment) if moment else None,
        row["acknowledged_by"],
        row["reason"],
        bool(row["declared"]),
    )


def _plain(alarm: Alarm) -> dict[str, Any]:
    return {
        "id": alarm.id,
        "text": alarm.text,
        "clean_backup": alarm.clean_id,
        "signs": [asdict(sign) for sign in alarm.signs],
    }
