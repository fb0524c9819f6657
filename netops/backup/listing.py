"""The proof that a snapshot is where it should be: found by listing, never believed from an exit code."""

from dataclasses import dataclass

from netops.backup.model import Repository
from netops.backup.restic import simple
from netops.backup.room import BackupRoom, limits
from netops.core.errors import IntegrityError
from netops.core.run import Context

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
        deadline_s=limits(context, _LIST_S).deadline_s or _LIST_S,
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
