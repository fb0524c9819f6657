"""`backup verify`: is everything still there, and is it whole."""

from dataclasses import dataclass

from netops.backup import recover
from netops.backup.model import Repository
from netops.backup.preflight import check_place, check_tools
from netops.backup.restic import client, simple
from netops.backup.room import BackupRoom, limits
from netops.core.clock import utc_text
from netops.core.errors import InterruptedRunError, NetopsError
from netops.core.ids import new_id
from netops.core.results import Result
from netops.core.run import Context, Progress
from netops.core.status import Status

_LIST_S = 600.0


@dataclass(frozen=True, slots=True)
class VerifyRun:
    """The work of `backup verify` on one repository."""

    room: BackupRoom
    #: Read every byte back, not only the structure.
    read_data: bool = False

    def __call__(self, repository: Repository, context: Context) -> Result:
        """List, compare with the catalogue, and check; what was found is on record."""
        kind = "data" if self.read_data else "structure"
        try:
            check_tools(self.room)
            check_place(self.room, repository, context)
            with self.room.exclusively(repository, context):
                if not context.dry_run:
                    recover.clear_leftovers(self.room, repository, context)
                missing, count = self._compare(repository, context)
                if not context.dry_run:
                    context.progress(Progress(step=f"checking {kind}"))
                    access = self.room.access(repository)
                    call = limits(context, repository.deadline_s, quiet=True)
                    client.check(access, call, read_data=self.read_data)
        except InterruptedRunError:
            raise
        except NetopsError as error:
            self._record(repository, context, kind, Status.CRITICAL, str(error))
            raise
        return self._conclude(repository, context, kind, missing, count)

    def _compare(self, repository: Repository, context: Context) -> tuple[list[str], int]:
        """Return the backups the catalogue knows and the repository lacks, and how many it has."""
        expected = self.room.catalogue.good_at(repository.name)
        deadline_s = limits(context, _LIST_S).deadline_s or _LIST_S
        access = self.room.access(repository)
        listed = simple.snapshots(
            access, tag="netops", deadline_s=deadline_s, cancel=context.cancel
        )
        present = {snapshot.id for snapshot in listed}
        return sorted(expected[i] for i in expected if i not in present), len(listed)

    def _conclude(
        self, repository: Repository, context: Context, kind: str, missing: list[str], count: int
    ) -> Result:
        status = Status.CRITICAL if missing else Status.OK
        text = f"{count} snapshots listed, {kind} checked"
        if missing:
            shown = ", ".join(missing[:5]) + (" …" if len(missing) > 5 else "")
            text = f"{len(missing)} backups of the catalogue are gone: {shown}"
        self._record(repository, context, kind, status, text)
        facts = {"snapshots": count, "missing": missing, "check": kind}
        return Result(repository.name, status, text, facts)

    def _record(
        self, repository: Repository, context: Context, kind: str, status: Status, text: str
    ) -> None:
        if context.dry_run:
            return
        self.room.catalogue.database.execute(
            "add_verification",
            id=new_id(),
            run_id=context.run_id,
            location=repository.name,
            kind=kind,
            at=utc_text(self.room.clock.now()),
            status=int(status),
            message=text,
        )
