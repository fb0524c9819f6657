"""What must hold before a backup starts: restic itself passes over much of it in silence."""

from contextlib import suppress
from pathlib import Path

from netops.backup.engines.base import Engine
from netops.backup.model import Job, Repository, Source
from netops.backup.restic import version
from netops.backup.room import BackupRoom
from netops.core.errors import NetopsError, ToolError
from netops.core.run import Context
from netops.core.units import size_text

#: Below this a repository's disk counts as full.
_ROOM_BYTES = 32 * 1000**2


def check_sources(job: Job, engines: list[tuple[Source, Engine]]) -> None:
    """Raise NetopsError naming every source that cannot be backed up."""
    problems = [problem for _, engine in engines for problem in engine.problems()]
    if problems:
        raise NetopsError(
            f"job {job.name!r}: {'; '.join(problems)}",
            hint="mount or correct the source in netops.yaml; nothing was backed up",
        )


def check_place(room: BackupRoom, repository: Repository, context: Context) -> None:
    """Raise UnreachableError or ToolError unless the repository answers and has room."""
    target = room.target(repository)
    left_s = context.remaining_s()
    timeout_s = repository.connect_timeout_s
    target.reach(timeout_s if left_s is None else min(timeout_s, left_s))
    free = target.free_bytes() if target.traits.measures_space else None
    if free is not None and free < _ROOM_BYTES:
        raise ToolError(
            f"repository {repository.name!r} has {size_text(free)} left",
            hint="make room on its disk; what is already stored stays valid",
        )


def check_tools(room: BackupRoom) -> version.Version:
    """Return the version of restic; raise ToolError unless a supported one is installed."""
    return version.installed(room.directories.cache)


def check_staging(room: BackupRoom, engines: list[tuple[Source, Engine]]) -> None:
    """Raise ToolError when consistent copies would fill the disk netops itself lives on."""
    import shutil

    needed = sum(engine.size_hint_bytes() for _, engine in engines)
    if not needed:
        return
    room.directories.staging.mkdir(mode=0o700, parents=True, exist_ok=True)
    free = shutil.disk_usage(room.directories.staging).free
    if free < needed + _ROOM_BYTES:
        raise ToolError(
            f"consistent copies need {size_text(needed)}, {room.directories.staging} has {size_text(free)}",
            hint="make room there, or move state_dir to a larger disk",
        )


def tell_of_room(
    room: BackupRoom, backup_id: str | None, place: Path, context: Context, *, sparse: bool
) -> None:
    """Say that a restore may not fit; where disks compress, or with holes, it may all the same."""
    import shutil

    backup = room.catalogue.backup(backup_id) if backup_id else None
    writes_holes = check_tools(room).writes_holes
    if backup is None or (sparse and writes_holes):
        return
    advice = "with --sparse, long runs of zeros take no room"
    if not writes_holes:
        advice = "restic 0.15 or newer, with --sparse, takes no room for long runs of zeros"
    with suppress(OSError):
        there = next(folder for folder in (place, *place.parents) if folder.exists())
        free = shutil.disk_usage(there).free
        if free < backup.bytes_processed:
            needed = size_text(backup.bytes_processed)
            context.observer.notice(f"{needed} come back, {there} has {size_text(free)}: {advice}")
