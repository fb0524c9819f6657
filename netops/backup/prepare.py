"""`backup init` and `backup unlock`: repositories made, and freed of dead locks."""

from pathlib import Path

from netops.backup import locks
from netops.backup.model import BackupPlan, Repository
from netops.backup.preflight import check_tools
from netops.backup.restic import client, simple
from netops.backup.room import BackupRoom, limits
from netops.core.dataclass import dataclass
from netops.core.errors import NetopsError, UnreachableError
from netops.core.results import Result
from netops.core.run import Context
from netops.core.status import Status


def primaries_first(plan: BackupPlan, repositories: list[Repository]) -> list[Repository]:
    """Return the repositories, those that only take copies last."""
    primaries = {job.repository for job in plan.jobs.values()}
    return sorted(repositories, key=lambda repository: repository.name not in primaries)


@dataclass(frozen=True, slots=True)
class InitRun:
    """The work of `backup init` on one repository."""

    room: BackupRoom

    def __call__(self, repository: Repository, context: Context) -> Result:
        """Create the repository, or prove that the password opens the one that is there."""
        check_tools(self.room)
        access = self.room.access(repository)
        deadline_s = limits(context, 300).deadline_s or 300
        try:
            self.room.target(repository).reach(repository.connect_timeout_s)
            found = simple.repository_id(access, deadline_s=deadline_s, cancel=context.cancel)
        except UnreachableError as error:
            self._refuse_to_replace(repository, error)
            if context.dry_run:
                return Result(repository.name, Status.OK, f"would create {repository.location}")
        else:
            return Result(
                repository.name, Status.OK, "exists, the password opens it", {"id": found}
            )
        if access.is_local:
            _private_parent(Path(access.location))
        like = self._primary_of(repository)
        client.init(
            access, limits(context, 300, quiet=True), like=self.room.access(like) if like else None
        )
        made = simple.repository_id(access, deadline_s=deadline_s, cancel=context.cancel)
        shares = f", cut like {like.name}" if like else ""
        return Result(repository.name, Status.OK, f"created{shares}", {"id": made})

    def _refuse_to_replace(self, repository: Repository, error: UnreachableError) -> None:
        """Raise where backups should be: an empty repository there would hide that they are gone."""
        count = len(self.room.catalogue.good_at(repository.name))
        if count:
            raise NetopsError(
                f"{error}, and {count} backups should be there",
                hint="mount or bring back what was there, or give the new place another name",
            ) from error

    def _primary_of(self, repository: Repository) -> Repository | None:
        """Return the repository whose copies go here: data cut alike is stored once."""
        for job in self.room.plan.jobs.values():
            if repository.name in job.offsite:
                primary = self.room.repository(job.repository)
                try:
                    self.room.target(primary).reach(primary.connect_timeout_s)
                except NetopsError:
                    continue
                return primary
        return None


@dataclass(frozen=True, slots=True)
class UnlockRun:
    """The work of `backup unlock` on one repository."""

    room: BackupRoom

    def __call__(self, repository: Repository, context: Context) -> Result:
        """Remove the locks of dead processes; a living one keeps its own."""
        if context.dry_run:
            return Result(repository.name, Status.OK, "would remove locks of dead processes")
        with self.room.exclusively(repository, context):
            locks.clear(self.room, repository, context)
        return Result(repository.name, Status.OK, "locks of dead processes removed")


def _private_parent(path: Path) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise NetopsError(
            f"cannot make {path.parent}: {error.strerror}", hint="make it, or name another place"
        ) from error
