"""How much a finished backup changed: what restic counted, and a look at the files where that is not enough."""

import json

from netops.backup.anomaly import Names, Rates
from netops.backup.model import Job, Kind
from netops.backup.records import Backup
from netops.backup.restic.messages import Summary
from netops.backup.room import BackupRoom
from netops.core.clock import parse_utc
from netops.core.dataclass import replace
from netops.core.run import Context
from netops.store.connection import Row

#: So few pieces of new content are no mass change; nobody looks at files for them.
_FEW = 4
_LEAST_WALK_S = 2.0


def measure(
    room: BackupRoom,
    job: Job,
    backup: Backup,
    summary: Summary,
    before: Row | None,
    context: Context,
) -> tuple[Rates, Names]:
    """Return the change since `before`, the row of the newest backup that was measured."""
    if before is not None and not _is_same_task(backup, before):
        before = None
    rates = compare(backup, summary.data_blobs, before)
    if before is not None and is_quiet(rates, job.alarm.min_files):
        return rates, Names()
    return _look(room, job, backup, rates, before, context)


def compare(backup: Backup, new_blobs: int, before: Row | None) -> Rates:
    """Return the change as far as restic's counts of this backup and the one before tell it."""
    files = backup.files_new + backup.files_changed + backup.files_unmodified
    rates = Rates(backup.kind.value, files, bytes=backup.bytes_processed, new_blobs=new_blobs)
    if before is None:
        return rates
    return replace(
        rates,
        files_before=before["files"],
        bytes_before=before["bytes"],
        touched=_touched_at_least(backup, before),
        removed=_removed(backup, files, before),
    )


def is_quiet(rates: Rates, min_files: int) -> bool:
    """Tell whether so little is new that no file needs a look; a full backup is always looked at."""
    return rates.touched is not None and rates.new_blobs < _FEW and rates.touched < min_files


def _look(
    room: BackupRoom,
    job: Job,
    backup: Backup,
    rates: Rates,
    before: Row | None,
    context: Context,
) -> tuple[Rates, Names]:
    """Complete the rates by a look at the files themselves."""
    from netops.backup.sample import Scope, take_sample

    since = parse_utc(before["started_at"]) if before is not None else None
    if since is not None and since >= backup.started_at:
        return rates, Names()  # the clock went back, so the file times tell nothing
    live = [(s, e) for s, e in room.engines_of(job) if not e.traits.consistent]
    if not live:
        return rates, Names()  # copies of databases: new files at every change
    scope = Scope(
        [str(source.options.get("path", "")) for source, _ in live],
        job.exclude,
        job.one_file_system,
        since.timestamp() if since is not None else None,
        max(backup.duration_s / 10, _LEAST_WALK_S),
        backup.id,
    )
    seen = take_sample(scope, context.cancel.check)
    sampled = replace(rates, sampled=seen.sampled, broken=seen.broken, opaque=seen.opaque)
    if since is None or not seen.seen:
        return sampled, seen.names
    part = 1.0 if seen.is_complete else max(rates.files / seen.seen, 1.0)
    touched = round(seen.touched * part)
    if rates.touched is not None:
        touched = min(touched, backup.files_new + backup.files_changed)
    return replace(sampled, touched=touched), seen.names


def _is_same_task(backup: Backup, before: Row) -> bool:
    """Tell whether the backup before read the same sources; otherwise the counts compare nothing."""
    return bool(json.loads(before["sources"]) == [dict(part) for part in backup.sources])


def _touched_at_least(backup: Backup, before: Row) -> int | None:
    """Return how many files restic saw change beyond those of the backup before; None for unknown."""
    if backup.kind is Kind.FULL:
        return None  # without a parent every file is new
    count = backup.files_new + backup.files_changed
    if backup.parent_id == before["parent_id"]:
        count -= before["files_new"] + before["files_changed"]
    return max(count, 0)


def _removed(backup: Backup, files: int, before: Row) -> int:
    kept = backup.files_changed + backup.files_unmodified
    if backup.parent_id == before["backup_id"]:
        return int(max(before["files"] - kept, 0))
    if backup.parent_id is not None and backup.parent_id == before["parent_id"]:
        kept_before = before["files_changed"] + before["files_unmodified"]
        return int(max(kept_before - kept, 0) + max(before["files_new"] - backup.files_new, 0))
    return int(max(before["files"] - files, 0))
