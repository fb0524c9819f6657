"""`backup restore`: bring data back, byte for byte, from any place that has it."""

import os
import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from netops.backup import holes
from netops.backup.catalogue import printable
from netops.backup.count import Count, counted
from netops.backup.engines.base import origin_of
from netops.backup.model import Job, Repository
from netops.backup.preflight import check_place, check_tools, tell_of_room
from netops.backup.replace import move_over
from netops.backup.restic import client, simple
from netops.backup.restic.simple import Snapshot
from netops.backup.room import NOTE_NAME, BackupRoom, limits
from netops.core.clock import local_text, parse_utc, utc_text
from netops.core.dataclass import dataclass, field
from netops.core.errors import IntegrityError, NetopsError, UsageError
from netops.core.files import private_directory
from netops.core.ids import new_id
from netops.core.results import Result
from netops.core.run import Context, Progress
from netops.core.status import Status
from netops.core.units import size_text

_LIST_S = 300.0


@dataclass(frozen=True, slots=True)
class Request:
    """What to bring back and where to put it."""

    job: Job
    #: Repository to read from.
    location: str
    #: A backup's id; None takes the newest (not after `at`).
    backup_id: str | None = None
    at: datetime | None = None
    paths: Sequence[str] = field(default_factory=tuple)
    #: None restores over the live data.
    target: Path | None = None
    #: Long runs of zeros shall take no room.
    sparse: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """The snapshot a restore reads."""

    snapshot_id: str
    backup_id: str | None
    taken_at: datetime
    #: The top of everything that is in it.
    paths: Sequence[str]


@dataclass(frozen=True, slots=True)
class RestoreRun:
    """The work of `backup restore` on one request."""

    room: BackupRoom

    def __call__(self, request: Request, context: Context) -> Result:
        """Restore, compare every byte with the repository, put databases in their place."""
        repository = self.room.repository(request.location)
        check_tools(self.room)
        check_place(self.room, repository, context)
        found = self._find(request, repository, context)
        if not request.paths:
            place = request.target or self.room.directories.staging
            tell_of_room(self.room, found.backup_id, place, context, sparse=request.sparse)
        if context.dry_run:
            return _rehearsal(request, found)
        try:
            with self.room.reading(repository, context):
                count = self._restore(request, repository, found, context)
        except NetopsError as error:
            self._record(request, found, context, Status.CRITICAL, Count(), str(error))
            raise
        target = str(request.target or "/")
        text = (
            f"{count.files} files, {size_text(count.size_bytes)} restored to {target} and compared"
        )
        if request.sparse:
            text += f", {size_text(count.disk_bytes)} on disk"
        if count.hidden:
            text += f"; {count.hidden} more could not be looked at to count them"
        self._record(request, found, context, Status.OK, count, text)
        facts = {
            "backup": found.backup_id,
            "snapshot": found.snapshot_id,
            "taken_at": utc_text(found.taken_at),
            "location": request.location,
            "to": target,
            "files": count.files,
            "bytes": count.size_bytes,
            "disk_bytes": count.disk_bytes,
            "uncounted": count.hidden,
        }
        return Result(request.job.name, Status.OK, text, facts)

    def _find(self, request: Request, repository: Repository, context: Context) -> Found:
        """Ask the repository itself: it is right even when the catalogue is lost."""
        deadline_s = limits(context, _LIST_S).deadline_s or _LIST_S
        access = self.room.access(repository)
        tag = f"netops-job={request.job.name}"
        listed = simple.snapshots(access, tag=tag, deadline_s=deadline_s, cancel=context.cancel)
        fitting = [snapshot for snapshot in listed if _fits(snapshot, request)]
        if not fitting:
            what = f"backup {request.backup_id}" if request.backup_id else "backup that fits"
            raise UsageError(
                f"{repository.name} has no {what} of job {request.job.name!r}",
                hint=f"see `netops backup list {request.job.name}`",
            )
        newest = max(fitting, key=_sequence)
        backup_id = newest.tag("netops-run")
        # The journal's note travels with every snapshot and is nobody's data.
        paths = [path for path in newest.paths if not path.endswith(f"/{NOTE_NAME}")]
        return Found(newest.id, backup_id, _taken_at(newest), paths)

    def _restore(
        self, request: Request, repository: Repository, found: Found, context: Context
    ) -> Count:
        paths = [_in_snapshot(path, found) for path in request.paths]
        call = limits(context, repository.deadline_s, quiet=True)
        context.progress(Progress(step="restoring"))
        access = self.room.access(repository)
        include = [literal(path) for path in paths or found.paths]
        if request.target is None:
            return self._in_place(request, access, found, include, call)
        target = _empty_directory(request.target)
        return self._write(request, access, found, target, include, call)

    def _write(
        self,
        request: Request,
        access: Any,
        found: Found,
        target: Path,
        include: Sequence[str],
        call: client.Call,
    ) -> Count:
        """Write and compare everything below `target`, each thing where it belongs."""
        sparse = request.sparse and check_tools(self.room).writes_holes
        client.restore(access, found.snapshot_id, str(target), call, include=include, sparse=sparse)
        if request.sparse and not sparse:
            holes.dig(target, call.cancel)
        _rehome(target, found)
        _require(target, request, found)
        return counted(target)

    def _in_place(
        self,
        request: Request,
        access: Any,
        found: Found,
        include: Sequence[str],
        call: client.Call,
    ) -> Count:
        """Restore and compare aside first, so that live data changes only once all is there."""
        work = private_directory(self.room.directories.staging / f"restore-{new_id()}")
        try:
            counted = self._write(request, access, found, work, include, call)
            databases = [
                Path(origin_of(path))
                for path in found.paths
                if origin_of(path) != path and _under(work, origin_of(path)).exists()
            ]
            move_over(work, Path("/"), roots=[Path(origin_of(path)) for path in found.paths])
            for database in databases:
                _drop_old_log(database)
        finally:
            shutil.rmtree(work, ignore_errors=True)
        return counted

    def _record(
        self,
        request: Request,
        found: Found,
        context: Context,
        status: Status,
        count: Count,
        text: str,
    ) -> None:
        known = found.backup_id and self.room.catalogue.backup(found.backup_id)
        now = self.room.clock.now()
        self.room.catalogue.database.execute(
            "add_restore",
            id=new_id(),
            run_id=context.run_id,
            backup_id=found.backup_id if known else None,
            job=request.job.name,
            location=request.location,
            snapshot_id=found.snapshot_id,
            at=utc_text(now),
            target=printable(str(request.target or "/")),
            status=int(status),
            files=count.files,
            bytes=count.size_bytes,
            duration_s=0.0,
            message=printable(text),
        )


def _rehearsal(request: Request, found: Found) -> Result:
    text = f"would restore {found.backup_id} of {local_text(found.taken_at)}"
    facts = {"backup": found.backup_id, "snapshot": found.snapshot_id}
    return Result(request.job.name, Status.OK, f"{text} to {request.target or '/'}", facts)


def _fits(snapshot: Snapshot, request: Request) -> bool:
    if request.backup_id is not None:
        return snapshot.tag("netops-run") == request.backup_id
    return request.at is None or _taken_at(snapshot) <= request.at


def _sequence(snapshot: Snapshot) -> tuple[int, str]:
    """Order by netops' own sequence: a clock that jumped must not make an old backup the newest."""
    return snapshot.sequence, snapshot.time


def _taken_at(snapshot: Snapshot) -> datetime:
    # Go writes nanoseconds; Python reads microseconds.
    import re

    return parse_utc(re.sub(r"(\.\d{6})\d+", r"\1", snapshot.time))


def _in_snapshot(path: str, found: Found) -> str:
    """Return the path inside the snapshot for a path a person names."""
    return next((inside for inside in found.paths if origin_of(inside) == path), path)


def _rehome(target: Path, found: Found) -> None:
    """Move consistent copies from the staging path to the path of the original."""
    for path in found.paths:
        source = _under(target, path)
        if origin_of(path) != path and os.path.lexists(source):
            home = _under(target, origin_of(path))
            _refuse_links(target, source)
            _refuse_links(target, home)
            home.parent.mkdir(parents=True, exist_ok=True)
            source.replace(home)
            _remove_empty_parents(source.parent, target)


def _refuse_links(target: Path, path: Path) -> None:
    """Raise where a link of the snapshot would lead a move out of `target`."""
    for parent in path.parents:
        if parent == target:
            return
        if parent.is_symlink():
            break
    raise IntegrityError(
        f"the snapshot would have {path} written through a link, out of {target}",
        hint="netops makes no such snapshots; find out who wrote it, and restore another backup",
    )


def literal(path: str) -> str:
    """Return a path with everything escaped that restic would take as a pattern."""
    return "".join(f"\\{char}" if char in "*?[]\\" else char for char in path)


def _under(target: Path, path: str) -> Path:
    return target / path.lstrip("/")


def _empty_directory(target: Path) -> Path:
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UsageError(
            f"{target} is not an empty directory",
            hint="name a new directory with --to; netops never writes over data unasked",
        )
    return private_directory(target)


def _require(target: Path, request: Request, found: Found) -> None:
    """Raise unless everything that was asked for came out of the repository."""
    absent = [path for path in request.paths if not os.path.lexists(_under(target, path))]
    if absent:
        raise UsageError(
            f"nothing in the backup is called {', '.join(absent)}",
            hint="paths are absolute, as they were on the machine",
        )
    if not request.paths and not any(
        os.path.lexists(_under(target, origin_of(path))) for path in found.paths
    ):
        raise IntegrityError(
            f"snapshot {found.snapshot_id[:8]} holds nothing of {', '.join(found.paths)}",
            hint="choose another backup from `netops backup list`",
        )


def _drop_old_log(database: Path) -> None:
    """Remove the log of the replaced SQLite database: it would be replayed into the restored one."""
    for suffix in ("-wal", "-shm", "-journal"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)


def _remove_empty_parents(folder: Path, stop: Path) -> None:
    while folder != stop and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
