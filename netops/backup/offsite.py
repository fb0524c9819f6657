"""Offsite copies: everything each place still lacks, to all places at once, seen there before it counts."""

import threading
from collections.abc import Sequence

from netops.backup import listing
from netops.backup.locks import past_dead_locks
from netops.backup.model import Job, Repository
from netops.backup.preflight import check_place
from netops.backup.records import Backup, Placement
from netops.backup.recover import recover_place
from netops.backup.restic import client
from netops.backup.room import BackupRoom, limits
from netops.core.dataclass import dataclass, replace
from netops.core.errors import (
    IntegrityError,
    InterruptedRunError,
    NetopsError,
)
from netops.core.run import Context, Progress
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


def copy_everywhere(room: BackupRoom, job: Job, context: Context) -> list[Copied]:
    """
    Copy to every offsite place at once; return how those fared that lacked something.

    Each place has its own deadline and enters its own outcome as soon as it is known, so a place
    that stalls delays nobody. Raises only when the run is to end.
    """
    if len(job.offsite) < 2:
        found = [copy_missing(room, job, location, context) for location in job.offsite]
        return [copied for copied in found if copied is not None]
    copies = [_Copy(room, job, location, context) for location in job.offsite]
    for copy in copies:
        copy.start()
    for copy in copies:
        copy.join()
    for copy in copies:
        if copy.defect is not None:
            raise copy.defect
    return [copy.copied for copy in copies if copy.copied is not None]


class _Copy(threading.Thread):
    """The copy to one place; an exception waits for whoever joins."""

    def __init__(self, room: BackupRoom, job: Job, location: str, context: Context) -> None:
        super().__init__(name=f"copy-{location}", daemon=True)
        self._work = (room, job, location, context)
        self.copied: Copied | None = None
        self.defect: Exception | None = None

    def run(self) -> None:
        """Copy what the place lacks."""
        try:
            self.copied = copy_missing(*self._work)
        except Exception as error:
            self.defect = error


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
    context = _own_deadline(repository, context)
    unsettled = room.catalogue.open_copies(location) > 0
    started = room.clock.now()
    opened = [
        # A start is only entered once data may have been sent, or while older data may lie there.
        Placement(b.id, location, "offsite", None, None, started if unsettled else None, None)
        for b in missing
    ]
    try:
        with room.exclusively(repository, context):
            check_place(room, repository, context)
            recover_place(room, repository, context)
            opened = [replace(placement, started_at=started) for placement in opened]
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


def _own_deadline(repository: Repository, context: Context) -> Context:
    """Return the context with the place's own deadline over everything done there."""
    ends_at_s = context.clock.monotonic_s() + repository.deadline_s
    if context.ends_at_s is not None:
        ends_at_s = min(ends_at_s, context.ends_at_s)
    return replace(context, ends_at_s=ends_at_s)


def _copy(
    room: BackupRoom,
    job: Job,
    repository: Repository,
    missing: Sequence[Backup],
    context: Context,
) -> dict[str, str]:
    def show(progress: Progress) -> None:
        context.progress(replace(progress, step=f"copying to {repository.name}"))

    source = room.repository(job.repository)
    ids = [backup.snapshot_id for backup in missing if backup.snapshot_id]

    def copy() -> list[str]:
        return client.copy(
            room.access(source),
            room.access(repository),
            ids,
            replace(limits(context, repository.deadline_s), on_progress=show),
            stall_timeout_s=repository.stall_timeout_s,
        )

    with room.reading(source, context):
        names = past_dead_locks(room, repository, context, copy)
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
