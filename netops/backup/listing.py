"""The proof that a snapshot is where it should be: found by listing, never believed from an exit code."""

from collections.abc import Sequence
from contextlib import suppress

from netops.backup.model import Repository
from netops.backup.records import Backup
from netops.backup.restic import simple
from netops.backup.room import BackupRoom, limits
from netops.core.clock import local_text
from netops.core.dataclass import dataclass, replace
from netops.core.errors import IntegrityError, NetopsError, UnreachableError
from netops.core.run import Context
from netops.core.status import Status

_LIST_S = 300.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look for in a repository."""

    backup_id: str
    #: As far as restic named it: 8 or 64 digits, or None when only the backup's tag is known.
    snapshot_id: str | None = None


def find(
    room: BackupRoom, repository: Repository, wanted: list[Wanted], context: Context
) -> dict[str, str]:
    """
    Return backup id → full snapshot id for everything that is there.

    A directory is proven by the snapshot's file, whose name is the SHA-256 of its content: no
    restic start, no key derivation. Other places are listed by restic, by the backup's own tag.
    """
    target = room.target(repository)
    found: dict[str, str] = {}
    if target.traits.cheap_listing:
        for item in wanted:
            full_id = target.find(item.snapshot_id) if item.snapshot_id else None
            if full_id:
                found[item.backup_id] = full_id
        if len(found) == len(wanted):
            return found
    listed = simple.snapshots(
        room.access(repository),
        tag="netops",
        deadline_s=limits(context, min(_LIST_S, repository.deadline_s)).deadline_s or _LIST_S,
        cancel=context.cancel,
    )
    by_run = {snapshot.tag("netops-run"): snapshot.id for snapshot in listed}
    return {item.backup_id: by_run[item.backup_id] for item in wanted if item.backup_id in by_run}


def prove(room: BackupRoom, repository: Repository, wanted: Wanted, context: Context) -> str:
    """Return the full snapshot id, or raise IntegrityError when it is not there."""
    found = find(room, repository, [wanted], context)
    if wanted.backup_id not in found:
        raise IntegrityError(
            f"{repository.name}: the new snapshot is not listed",
            hint="the backup is not counted as good; look at the repository and run it again",
        )
    return found[wanted.backup_id]


def still_there(
    room: BackupRoom, repository: Repository, backups: Sequence[Backup], context: Context
) -> list[Backup]:
    """
    Return the backups whose snapshots are still in the repository, where looking costs nothing.

    The others are let go of in the catalogue and told: they would make every later copy fail.
    """
    target = room.target(repository)
    if not target.traits.cheap_listing or not backups:
        return list(backups)
    try:
        target.reach(repository.connect_timeout_s)
    except UnreachableError:
        return list(backups)  # not mounted is not gone; the copy will tell it
    kept = []
    for backup in backups:
        with suppress(NetopsError):
            if backup.snapshot_id and target.find(backup.snapshot_id):
                kept.append(backup)
                continue
        for placement in room.catalogue.placements(backup.id):
            if placement.location == repository.name:
                text = "gone: its snapshot is not there any more"
                status = int(Status.CRITICAL)
                room.catalogue.place(
                    replace(placement, status=status, listed_at=None, message=text)
                )
        context.observer.notice(
            f"{repository.name}: backup {backup.id} of {local_text(backup.started_at)} is gone"
        )
    return kept
