"""`backup prune`: free the space of what was dropped, between two checks, with rights of its own."""

from contextlib import suppress
from pathlib import Path

from netops.backup import alarm, chores
from netops.backup.locks import past_dead_locks
from netops.backup.model import Repository
from netops.backup.preflight import check_tools
from netops.backup.restic import check, client, simple
from netops.backup.room import BackupRoom, limits
from netops.core.clock import utc_text
from netops.core.dataclass import dataclass
from netops.core.errors import ConfigError, IntegrityError, NetopsError
from netops.core.ids import new_id
from netops.core.results import Result
from netops.core.run import Context, Progress
from netops.core.status import Status
from netops.core.units import size_text

_LIST_S = 600.0


@dataclass(frozen=True, slots=True)
class PruneRun:
    """The work of `backup prune` on one repository."""

    room: BackupRoom
    #: The repositories were named, not all of them taken.
    is_named: bool = True
    #: Only where the cadence says that it is time.
    due_only: bool = False

    def __call__(self, repository: Repository, context: Context) -> Result:
        """Check, free, check again; nothing is freed from a repository that is not whole."""
        if not repository.may_delete:
            return self._cannot(repository)
        if self.is_idle(repository):
            return Result(repository.name, Status.OK, "nothing is due")
        started = self.room.clock.now()
        check_tools(self.room)
        deleting = repository.for_deleting()
        self.room.target(deleting).reach(deleting.connect_timeout_s)
        with self.room.exclusively(deleting, context):
            self._refuse_if_missing(deleting, context)
            if context.dry_run:
                return self._rehearse(deleting, context)
            before = _size_bytes(deleting)
            with self.room.unread(deleting, context):
                self._check(deleting, context, "not pruned: the check before it failed")
                freed = self._prune(deleting, context)
                self._check(deleting, context, "pruned, but the check after it failed")
            after = _size_bytes(deleting)
        if before is not None and after is not None:
            freed = before - after
        chores.record(self.room, "prune", repository, started, context)
        facts = {"freed_bytes": freed, "size_bytes": after}
        return Result(
            repository.name, Status.OK, f"{size_text(freed)} freed, checked before and after", facts
        )

    def is_idle(self, repository: Repository) -> bool:
        """Tell whether nothing is to be done now."""
        return self.due_only and not (
            repository.may_delete and chores.is_due(self.room, "prune", repository)
        )

    def _cannot(self, repository: Repository) -> Result:
        text = f"repository {repository.name!r} is append-only: it refuses to delete"
        hint = (
            "prune on its own side, or name a place with the right to delete under "
            f"backup.repositories.{repository.name}.prune_location"
        )
        if self.is_named:
            raise ConfigError(text, hint=hint)
        return Result(repository.name, Status.OK, f"left alone: {text}; {hint}")

    def _refuse_if_missing(self, repository: Repository, context: Context) -> None:
        """Raise when snapshots vanished that nobody dropped: their data may still be there."""
        expected = self.room.catalogue.good_at(repository.name)
        jobs = [job for job in self.room.plan.jobs.values() if repository.name in job.locations]
        for job in jobs:
            if why := alarm.blocked(self.room.catalogue, job.name):
                raise NetopsError(
                    f"not pruned: {job.name}: {why}", hint="look into it and acknowledge it first"
                )
        deadline_s = limits(context, _LIST_S).deadline_s or _LIST_S
        listed = simple.snapshots(self.room.access(repository), tag="netops", deadline_s=deadline_s)
        missing = sorted(set(expected.values()) - {s.tag("netops-run") for s in listed} - {None})
        if missing:
            shown = ", ".join(missing[:5]) + (" …" if len(missing) > 5 else "")
            raise IntegrityError(
                f"not pruned: {len(missing)} backups of the catalogue are gone from "
                f"{repository.name}: {shown}",
                hint="find out who removed them; `netops backup rebuild-catalogue` accepts it",
            )

    def _rehearse(self, repository: Repository, context: Context) -> Result:
        call = limits(context, repository.deadline_s, quiet=True)
        freed = client.prune(self.room.access(repository), call, dry_run=True)
        facts = {"freed_bytes": freed}
        return Result(repository.name, Status.OK, f"would free {size_text(freed)}", facts)

    def _prune(self, repository: Repository, context: Context) -> int:
        context.progress(Progress(step="freeing space"))
        access = self.room.access(repository)
        call = limits(context, repository.deadline_s, quiet=True)
        return past_dead_locks(self.room, repository, context, lambda: client.prune(access, call))

    def _check(self, repository: Repository, context: Context, failing: str) -> None:
        context.progress(Progress(step="checking"))
        call = limits(context, repository.deadline_s, quiet=True)
        access = self.room.access(repository)
        found = past_dead_locks(self.room, repository, context, lambda: check.check(access, call))
        if found:
            broken = ", ".join(f"{kind} {name[:8]}" for kind, name in found.items()[:5])
            text = f"{failing}: broken: {broken}"
            self._record(repository, context, Status.CRITICAL, text)
            raise IntegrityError(
                f"{repository.name}: {text}",
                hint="run `netops backup verify` to see what is hit, then `netops backup repair`",
            )
        self._record(repository, context, Status.OK, "checked around a prune")

    def _record(self, repository: Repository, context: Context, status: Status, text: str) -> None:
        self.room.catalogue.database.execute(
            "add_verification",
            id=new_id(),
            run_id=context.run_id,
            location=repository.name,
            kind="structure",
            at=utc_text(self.room.clock.now()),
            status=int(status),
            message=text,
        )


def _size_bytes(repository: Repository) -> int | None:
    """Return the bytes of a repository in a directory; None for one behind a protocol."""
    if not repository.location.startswith("/"):
        return None
    size_bytes = 0
    for path in Path(repository.location).rglob("*"):
        with suppress(FileNotFoundError):  # a lock that somebody just let go
            size_bytes += path.lstat().st_size
    return size_bytes
