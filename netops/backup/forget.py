"""`backup forget`: let go of what retention no longer keeps, and prove by listing that it is gone."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from netops.backup import alarm, chores, retention
from netops.backup.locks import past_dead_locks
from netops.backup.model import Job, Kind, Repository
from netops.backup.preflight import check_tools
from netops.backup.restic import client, simple
from netops.backup.restic.simple import Snapshot
from netops.backup.retention import Candidate
from netops.backup.room import BackupRoom, limits
from netops.core.clock import parse_utc, utc_text
from netops.core.dataclass import dataclass, field, replace
from netops.core.results import Result
from netops.core.run import Context, Progress
from netops.core.status import Status

_LIST_S = 600.0
#: Command lines have an end.
_AT_ONCE = 500
#: What one journal entry holds of explanations, all locations together.
_EXPLAINED_BYTES = 500_000


@dataclass(frozen=True, slots=True)
class Explained:
    """The decision on one backup at one location, and what became of it."""

    job: str
    decision: retention.Decision
    #: `kept`, `would drop`, `planned`, `dropped`, `refused` or what else happened.
    outcome: str

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        backup = self.decision.backup
        return {
            "job": self.job,
            "backup": backup.id,
            "seq": backup.seq,
            "type": backup.kind.value,
            "started_at": utc_text(backup.started_at),
            "keep": self.decision.keep,
            "outcome": self.outcome,
            "reasons": list(self.decision.reasons),
        }


@dataclass(frozen=True, slots=True)
class ForgetRun:
    """The work of `backup forget` at one location, for all chosen jobs that lie there."""

    room: BackupRoom
    jobs: Sequence[Job]
    #: How many locations the run has.
    places: int = 1
    #: Only where the cadence says that it is time.
    due_only: bool = False

    def __call__(self, repository: Repository, context: Context) -> Result:
        """Decide on every backup, drop by explicit ids, and list again."""
        if self.is_idle(repository):
            return Result(repository.name, Status.OK, "nothing is due")
        started = self.room.clock.now()
        result = self._decide(repository, context)
        if self._is_whole(repository):
            chores.record(self.room, "forget", repository, started, context)
        return result

    def is_idle(self, repository: Repository) -> bool:
        """Tell whether nothing is to be done now."""
        return self.due_only and not chores.is_due(self.room, "forget", repository)

    def _is_whole(self, repository: Repository) -> bool:
        """Tell whether every job that lies there is among the chosen ones."""
        chosen = {job.name for job in self.jobs}
        jobs = self.room.plan.jobs.values()
        return all(job.name in chosen for job in jobs if repository.name in job.locations)

    def _decide(self, repository: Repository, context: Context) -> Result:
        if context.dry_run:
            plan = self._plan(repository)
            return self._result(plan, plan.explained("would drop"), context)
        with self.room.exclusively(repository, context):
            plan = self._plan(repository)
            outcome: str | Mapping[str, str] = ""
            if plan.drops and repository.may_delete:
                outcome = _drop(self.room, plan, context)
            elif plan.drops:
                outcome = "planned"
            return self._result(plan, plan.explained(outcome), context)

    def _plan(self, repository: Repository) -> "Plan":
        now = self.room.clock.now()
        plan = Plan(repository)
        for job in self.jobs:
            if repository.name not in job.locations:
                continue
            history, snapshots = candidates(self.room, job, repository.name, now)
            found = retention.decide(history, job.retention, now, None)
            blocked = alarm.blocked(self.room.catalogue, job.name)
            if blocked and any(not decision.keep for decision in found):
                plan.blocked[job.name] = blocked
                found = [_spared(decision, blocked) for decision in found]
            plan.decisions += [(job.name, decision) for decision in found]
            plan.snapshots.update(snapshots)
        return plan

    def _result(self, plan: "Plan", rows: Sequence[Explained], context: Context) -> Result:
        counts: dict[str, int] = {}
        for row in rows:
            counts[row.outcome] = counts.get(row.outcome, 0) + 1
        parts = [f"{number} {outcome}" for outcome, number in counts.items()]
        if "planned" in counts:
            parts.append("append-only: the storage's own side drops them, or set prune_location")
        parts += [f"{job}: nothing dropped: {why}" for job, why in plan.blocked.items()]
        troubled = plan.blocked or set(counts) - set(_FINE)
        # The journal takes entries up to a size; the table of a rehearsal is not written there.
        budget = None if context.dry_run else _EXPLAINED_BYTES // max(self.places, 1)
        shown = _fitting(rows, budget)
        facts = {
            "counts": counts,
            "blocked": plan.blocked,
            "decisions": shown,
            "left_off": len(rows) - len(shown),
        }
        return Result(
            plan.repository.name,
            Status.WARNING if troubled else Status.OK,
            ", ".join(parts) or "no backups here",
            facts,
        )


_FINE = ("kept", "dropped", "would drop", "planned", "was gone already")


@dataclass(slots=True)
class Plan:
    """What is to happen at one location."""

    repository: Repository
    decisions: list[tuple[str, retention.Decision]] = field(default_factory=list)
    #: Full snapshot ids by backup, as the catalogue has them.
    snapshots: dict[str, str] = field(default_factory=dict)
    #: Jobs that must not lose anything now, and why.
    blocked: dict[str, str] = field(default_factory=dict)

    @property
    def drops(self) -> dict[str, str]:
        """Return backup id → job of everything that is to go."""
        return {d.backup.id: job for job, d in self.decisions if not d.keep}

    def explained(self, outcome: str | Mapping[str, str]) -> list[Explained]:
        """Return one row per backup; `outcome` is that of all drops, or of each by its id."""
        rows = []
        for job, decision in self.decisions:
            text = outcome if isinstance(outcome, str) else outcome.get(decision.backup.id, "")
            rows.append(Explained(job, decision, "kept" if decision.keep else text))
        return rows


def candidates(
    room: BackupRoom, job: Job, location: str, now: datetime
) -> tuple[list[Candidate], dict[str, str]]:
    """Return the job's backups as `location` sees them, and backup id → snapshot id there."""
    holds = _open_holds(room, job, now)
    history: list[Candidate] = []
    snapshots: dict[str, str] = {}
    for row in room.catalogue.database.execute("placed_history", job=job.name, location=location):
        is_here = row["status"] in {0, 1} and row["listed_at"] is not None and row["snapshot_id"]
        history.append(
            Candidate(
                row["id"],
                row["seq"],
                Kind(row["kind"]),
                row["base_id"],
                row["parent_id"],
                parse_utc(row["started_at"]),
                is_here=bool(is_here),
                is_clean=row["backup_status"] == Status.OK,
                hold=holds.get(row["id"], ""),
            )
        )
        if is_here:
            snapshots[row["id"]] = row["snapshot_id"]
    return history, snapshots


def _open_holds(room: BackupRoom, job: Job, now: datetime) -> dict[str, str]:
    found: dict[str, str] = {}
    for row in room.catalogue.database.execute("open_holds", job=job.name):
        if row["until"] is None or parse_utc(row["until"]) > now:
            until = f" (until {row['until'][:10]})" if row["until"] else ""
            before = f"{found[row['backup_id']]}; " if row["backup_id"] in found else ""
            found[row["backup_id"]] = f"{before}{row['reason']}{until}"
    return found


def _spared(decision: retention.Decision, why: str) -> retention.Decision:
    if decision.keep:
        return decision
    return replace(decision, keep=True, reasons=(f"nothing is dropped: {why}",))


def _drop(room: BackupRoom, plan: Plan, context: Context) -> dict[str, str]:
    """Drop what the plan says; return backup id → outcome, each proven by a listing."""
    check_tools(room)
    repository = plan.repository.for_deleting()
    room.target(repository).reach(repository.connect_timeout_s)
    context.progress(Progress(step="listing"))
    before = _listed(room, repository, context)
    named = _named(plan, before)
    ids = sorted(snapshot_id for found in named.values() for snapshot_id in found)
    for start in range(0, len(ids), _AT_ONCE):
        context.progress(Progress(step="forgetting"))
        _forget(room, repository, ids[start : start + _AT_ONCE], context)
    after = {snapshot.id for snapshot in _listed(room, repository, context)} if ids else set()
    now = room.clock.now()
    outcomes = {}
    for backup_id in plan.drops:
        outcomes[backup_id] = _outcome(plan, backup_id, named, {s.id for s in before}, after)
        if outcomes[backup_id] in {"dropped", "was gone already"}:
            text = f"{outcomes[backup_id]}: retention"
            room.catalogue.forget(backup_id, repository.name, now, text)
    return outcomes


def _listed(room: BackupRoom, repository: Repository, context: Context) -> list[Snapshot]:
    deadline_s = limits(context, _LIST_S).deadline_s or _LIST_S
    return simple.snapshots(room.access(repository), tag="netops", deadline_s=deadline_s)


def _named(plan: Plan, listed: Sequence[Snapshot]) -> dict[str, list[str]]:
    """Return backup id → ids of the snapshots that carry its own tags; copies may be doubled."""
    drops = plan.drops
    kept = {plan.snapshots.get(d.backup.id) for _, d in plan.decisions if d.keep}
    named: dict[str, list[str]] = {}
    for snapshot in listed:
        backup_id = snapshot.tag("netops-run") or ""
        is_own = backup_id in drops and snapshot.tag("netops-job") == drops[backup_id]
        if is_own and snapshot.id not in kept:
            named.setdefault(backup_id, []).append(snapshot.id)
    return named


def _forget(room: BackupRoom, repository: Repository, ids: list[str], context: Context) -> None:
    access = room.access(repository)
    call = limits(context, repository.deadline_s, quiet=True)
    past_dead_locks(room, repository, context, lambda: client.forget(access, ids, call))


def _outcome(
    plan: Plan,
    backup_id: str,
    named: Mapping[str, Sequence[str]],
    before: set[str],
    after: set[str],
) -> str:
    ids = named.get(backup_id, ())
    if any(snapshot_id in after for snapshot_id in ids):
        return "refused by the server"
    if ids:
        return "dropped"
    if plan.snapshots.get(backup_id) in before:
        return "left alone: its snapshot does not carry its tag"
    return "was gone already"


def _fitting(rows: Sequence[Explained], budget_bytes: int | None) -> list[dict[str, Any]]:
    """Return the rows as plain values, as many as the budget allows, drops before keeps."""
    if budget_bytes is None:
        return [row.as_dict() for row in rows]
    chosen = set(_affordable(rows, budget_bytes))
    return [row.as_dict() for place, row in enumerate(rows) if place in chosen]


def _affordable(rows: Sequence[Explained], budget_bytes: int) -> Iterator[int]:
    for place in sorted(range(len(rows)), key=lambda place: rows[place].decision.keep):
        budget_bytes -= len(json.dumps(rows[place].as_dict()))
        if budget_bytes < 0:
            return
        yield place
