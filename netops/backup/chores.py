"""Forgetting and pruning on time: how often, and when each last came to a good end where."""

from collections.abc import Iterable
from datetime import datetime

from netops.backup.model import BackupPlan, Repository
from netops.backup.room import BackupRoom
from netops.core.cadence import Cadence, parse_cadence
from netops.core.clock import parse_utc, utc_text
from netops.core.run import Context


def cadence_of(plan: BackupPlan, verb: str) -> Cadence:
    """Return how often `forget` or `prune` is done."""
    return parse_cadence({"forget": plan.forget, "prune": plan.prune}[verb])


def places(plan: BackupPlan) -> list[Repository]:
    """Return the repositories of jobs whose retention ever drops anything."""
    used = dict.fromkeys(
        name for job in plan.jobs.values() if job.retention.drops for name in job.locations
    )
    return [plan.repositories[name] for name in used]


def last_done(room: BackupRoom, verb: str) -> dict[str, datetime]:
    """Return the start of the last good run of `verb`, by location."""
    rows = room.catalogue.database.execute("chores", verb=verb)
    return {row["location"]: parse_utc(row["at"]) for row in rows}


def oldest(places: Iterable[Repository], done: dict[str, datetime]) -> datetime | None:
    """Return when the place that waits longest had its turn; None when one never had."""
    moments = [done.get(place.name) for place in places]
    return None if None in moments else min((m for m in moments if m), default=None)


def is_due(room: BackupRoom, verb: str, repository: Repository) -> bool:
    """Tell whether it is time for `verb` in a repository."""
    if repository not in places(room.plan):
        return False
    last = last_done(room, verb).get(repository.name)
    return cadence_of(room.plan, verb).is_due(last, room.clock.now())


def record(
    room: BackupRoom, verb: str, repository: Repository, started: datetime, context: Context
) -> None:
    """Remember that `verb` came to a good end in a repository."""
    if context.dry_run:
        return
    room.catalogue.database.execute(
        "put_chore",
        verb=verb,
        location=repository.name,
        at=utc_text(started),
        run_id=context.run_id,
    )
