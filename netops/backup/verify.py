"""`backup verify`: is everything still there, and is it whole."""

from netops.backup import locks
from netops.backup.examine import Depth, examine, is_structure_due, record
from netops.backup.model import Repository
from netops.backup.preflight import check_place, check_tools
from netops.backup.restic import simple
from netops.backup.room import BackupRoom, limits
from netops.backup.soundness import Soundness, is_part_due, next_part
from netops.core.dataclass import dataclass, replace
from netops.core.errors import IntegrityError, InterruptedRunError, NetopsError
from netops.core.results import Result
from netops.core.run import Context
from netops.core.status import Status

_LIST_S = 600.0


@dataclass(frozen=True, slots=True)
class VerifyRun:
    """The work of `backup verify` on one repository."""

    room: BackupRoom
    #: Read every byte back, not only the next portion.
    read_data: bool = False
    #: Read no data at all.
    structure_only: bool = False
    #: Do only what the repository's cadences say is due.
    due_only: bool = False

    def __call__(self, repository: Repository, context: Context) -> Result:
        """List, compare with the catalogue, and check; what was found is on record."""
        depth = self._depth(repository)
        if depth is None:
            return Result(repository.name, Status.OK, "nothing is due")
        try:
            check_tools(self.room)
            check_place(self.room, repository, context)
            with self.room.exclusively(repository, context):
                if not context.dry_run:
                    locks.clear_leftovers(self.room, repository, context)
                missing, count = self._compare(repository, context)
                if context.dry_run:
                    text = f"{count} snapshots listed; would do: {depth.text}"
                    return Result(repository.name, Status.OK, text, {"missing": missing})
                with self.room.unread(repository, context):
                    result = examine(self.room, repository, depth, context)
        except InterruptedRunError:
            raise
        except NetopsError as error:
            record(self.room, repository, context, depth, Status.CRITICAL, str(error))
            raise
        return self._conclude(repository, result, missing, count, context)

    def is_idle(self, repository: Repository) -> bool:
        """Tell whether nothing is to be done now."""
        return self.due_only and self._depth(repository) is None

    def _depth(self, repository: Repository) -> Depth | None:
        """Return how deep to look now, None when nothing is due."""
        plan, parts = repository.verify, repository.verify.parts
        soundness = Soundness(self.room.catalogue.database)
        readings = soundness.readings().get(repository.name, [])
        if self.read_data:
            return Depth(1, 1)
        portion = Depth(next_part(readings, parts), parts)
        if not self.due_only:
            return Depth() if self.structure_only else portion
        now = self.room.clock.now()
        if not self.structure_only and is_part_due(readings, plan.data, parts, now):
            return portion
        return Depth() if is_structure_due(self.room, repository, now) else None

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
        self,
        repository: Repository,
        result: Result,
        missing: list[str],
        count: int,
        context: Context,
    ) -> Result:
        facts = {"snapshots": count, "missing": missing, **result.facts}
        summary = f"{count} snapshots listed, {result.summary}"
        if not missing:
            return replace(result, summary=summary, facts=facts)
        shown = ", ".join(missing[:5]) + (" …" if len(missing) > 5 else "")
        text = f"{len(missing)} backups of the catalogue are gone: {shown}"
        record(self.room, repository, context, Depth(), Status.CRITICAL, text)
        self._mark_gone(repository, set(missing))
        error = result.error or IntegrityError(
            f"{repository.name}: {text}",
            hint=f"run `netops backup repair {repository.name}`; a copy elsewhere can bring them back",
        )
        parts = [text] if result.status is Status.OK else [text, result.summary]
        return Result(repository.name, Status.CRITICAL, "; ".join(parts), facts, error=error)

    def _mark_gone(self, repository: Repository, missing: set[str]) -> None:
        """Let go of what is not there, so that nothing stands on it and copies are made again."""
        for placement in self.room.catalogue.listed_at(repository.name):
            if placement.backup_id in missing:
                gone = replace(
                    placement,
                    status=int(Status.CRITICAL),
                    listed_at=None,
                    message="gone: not listed any more",
                )
                self.room.catalogue.place(gone)
