"""Offsite copies: everything the place still lacks, each seen there before it counts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from netops.backup import listing
from netops.backup.model import Backup, Job, Placement, Repository
from netops.backup.preflight import check_place
from netops.backup.recover import recover_place
from netops.backup.restic import client
from netops.backup.room import BackupRoom, limits
from netops.core.errors import IntegrityError, InterruptedRunError, NetopsError
from netops.core.run import Context
from netops.core.status import Status

#: How many missed backups one run catches up, newest first.
CATCH_UP = 20


@dataclass(frozen=True, slots=True)
class Copied:
    """How one offsite place fared."""

    location: str
    status: Status
    summary: str
    #: Newest first: backup id → full snapshot id there.
    snapshots: dict[str, str]
    error: NetopsError | None = None


def copy_missing(room: BackupRoom, job: Job, location: str, context: Context) -> Copied | None:
    """
    Copy the job's good backups that `location` lacks; None when it lacks none.

    Never raises for a failed copy: the failure is the place's own status. Raises only when the
    run is to end, after noting it.
    """
    missing = listing.still_there(
        room,
        room.repository(job.repository),
        room.catalogue.missing_at(job.name, job.repository, location, CATCH_UP),
        context,
    )
    if not missing:
        return None
    repository = room.repository(location)
    started = room.clock.now()
    opened = [
        Placement(backup.id, location, "offsite", None, None, started, None) for backup in missing
    ]
    try:
        with room.exclusively(repository, context):
            recover_place(room, repository, context)
            for placement in opened:
                room.catalogue.place(placement)
            found = _copy(room, job, repository, missing, context)
    except NetopsError as error:
        _note(room, opened, {}, str(error))
        if isinstance(error, InterruptedRunError):
            raise
        return Copied(location, Status.CRITICAL, str(error), {}, error)
    _note(room, opened, found, "")
    absent = [backup.id for backup in missing if backup.id not in found]
    if absent:
        lost = IntegrityError(
            f"{location}: {len(absent)} of {len(missing)} copies are not listed there",
            hint="run `netops backup verify`; the next run copies them again",
        )
        return Copied(location, Status.CRITICAL, str(lost), found, lost)
    caught_up = f" ({len(missing) - 1} caught up)" if len(missing) > 1 else ""
    return Copied(location, Status.OK, f"copied and listed{caught_up}", found)


def _copy(
    room: BackupRoom,
    job: Job,
    repository: Repository,
    missing: Sequence[Backup],
    context: Context,
) -> dict[str, str]:
    check_place(room, repository, context)
    source = room.access(room.repository(job.repository))
    names = client.copy(
        source,
        room.access(repository),
        [backup.snapshot_id for backup in missing if backup.snapshot_id],
        limits(context, repository.deadline_s),
    )
    # restic names the copies in the order it makes them, which need not be ours; only for a
    # single one is the name known, and the tag tells the others.
    sure = names if len(missing) == 1 == len(names) else []
    wanted = [listing.Wanted(backup.id, sure[0] if sure else None) for backup in missing]
    return listing.find(room, repository, wanted, context)


def _note(
    room: BackupRoom, opened: Sequence[Placement], found: dict[str, str], message: str
) -> None:
    now = room.clock.now()
    for placement in opened:
        there = placement.backup_id in found
        room.catalogue.place(
            replace(
                placement,
                status=int(Status.OK if there else Status.CRITICAL),
                snapshot_id=found.get(placement.backup_id),
                listed_at=now if there else None,
                duration_s=(now - placement.started_at).total_seconds()
                if placement.started_at
                else None,
                message=message or ("" if there else "not listed after the copy"),
            )
        )
