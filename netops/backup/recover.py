"""After a killed run: dead locks removed, finished snapshots adopted, uploaded data found again."""

from netops.backup import listing
from netops.backup.locks import clear, clear_leftovers, past_dead_locks
from netops.backup.model import Job, Repository
from netops.backup.records import Backup, Placement
from netops.backup.restic import client
from netops.backup.room import BackupRoom, limits
from netops.core.clock import local_text
from netops.core.dataclass import replace
from netops.core.errors import InterruptedRunError, NetopsError
from netops.core.run import Context
from netops.core.status import Status


def recover_job(room: BackupRoom, job: Job, context: Context) -> None:
    """
    Settle the job's backups that have no outcome; the caller holds the job and its repository.

    A snapshot that restic finished before the end is adopted; otherwise the backup is closed as
    failed, and the repository is told about the data it already has. While the repository cannot
    be looked at they stay open: nobody knows their outcome yet.
    """
    repository = room.repository(job.repository)
    dead = [backup for backup in room.catalogue.unfinished() if backup.job == job.name]
    if not dead:
        clear_leftovers(room, repository, context)
        if room.catalogue.is_upload_broken_off(job.name, repository.name):
            _find_again(room, repository, context)
        return
    try:
        clear(room, repository, context)
        wanted = [listing.Wanted(backup.id) for backup in dead]
        found = listing.find(room, repository, wanted, context)
    except InterruptedRunError:
        raise
    except NetopsError as error:
        # The job is to tell in its own words that its repository is out of reach.
        context.observer.notice(f"{repository.name}: not yet recovered: {error}")
        return
    _adopt(room, repository, dead, found)
    for backup in dead:
        if backup.id not in found:
            _close(room, repository, backup)
    context.observer.notice(
        f"{job.name}: {len(dead)} killed backup(s) settled, {len(found)} of them complete"
    )
    if len(found) < len(dead):
        _find_uploaded_data(room, repository, context)


def _find_again(room: BackupRoom, repository: Repository, context: Context) -> None:
    """Settle an upload that was interrupted, while the repository answers."""
    try:
        room.target(repository).reach(repository.connect_timeout_s)
        clear(room, repository, context)
    except InterruptedRunError:
        raise
    except NetopsError:
        return  # the backup that follows says it in its own words
    _find_uploaded_data(room, repository, context)


def _find_uploaded_data(room: BackupRoom, repository: Repository, context: Context) -> None:
    """List the packs again: restic before 0.17 enters what it uploaded only at the end."""
    access, call = room.access(repository), limits(context, repository.deadline_s, quiet=True)
    try:
        past_dead_locks(
            room,
            repository,
            context,
            lambda: client.rebuild_index(access, call, may_keep_old=True),
        )
    except InterruptedRunError:
        raise
    except NetopsError as error:
        context.observer.notice(f"{repository.name}: data may be uploaded again: {error}")


def _adopt(
    room: BackupRoom, repository: Repository, dead: list[Backup], found: dict[str, str]
) -> None:
    now = room.clock.now()
    for backup in dead:
        if backup.id in found:
            text = "adopted: the run was killed after its snapshot was complete"
            room.catalogue.finish(
                replace(
                    backup,
                    finished_at=now,
                    status=int(Status.WARNING),
                    snapshot_id=found[backup.id],
                    message=text,
                )
            )
            room.catalogue.place(
                Placement(
                    backup.id,
                    repository.name,
                    "primary",
                    int(Status.WARNING),
                    found[backup.id],
                    backup.started_at,
                    now,
                    None,
                    text,
                )
            )


def _close(room: BackupRoom, repository: Repository, backup: Backup) -> None:
    text = f"killed: the run of {local_text(backup.started_at)} left no outcome"
    now = room.clock.now()
    critical = int(Status.CRITICAL)
    room.catalogue.finish(replace(backup, finished_at=now, status=critical, message=text))
    room.catalogue.place(
        Placement(
            backup.id,
            repository.name,
            "primary",
            critical,
            None,
            backup.started_at,
            None,
            None,
            text,
        )
    )


def recover_place(room: BackupRoom, repository: Repository, context: Context) -> None:
    """Clear an offsite repository in which an earlier copy was killed; the caller holds it."""
    if not room.catalogue.open_copies(repository.name):
        return
    clear(room, repository, context)
    _find_uploaded_data(room, repository, context)
    context.observer.notice(f"{repository.name}: settled after a killed copy")
