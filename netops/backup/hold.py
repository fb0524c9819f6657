"""`backup hold` and `backup release`: a backup that retention must leave alone, and the end of it."""

from datetime import datetime

from netops.backup.catalogue import printable
from netops.backup.records import Backup
from netops.backup.room import BackupRoom
from netops.core.clock import local_text, utc_text
from netops.core.dataclass import dataclass
from netops.core.errors import UsageError
from netops.core.ids import new_id
from netops.core.results import Result
from netops.core.run import Context
from netops.core.status import Status


@dataclass(frozen=True, slots=True)
class HoldRun:
    """The work of `backup hold` on one backup."""

    room: BackupRoom
    reason: str
    #: None holds until somebody releases it.
    until: datetime | None = None

    def __call__(self, backup: Backup, context: Context) -> Result:
        """Enter the hold; the run writes the journal."""
        now = self.room.clock.now()
        if self.until is not None and self.until <= now:
            raise UsageError(
                f"{local_text(self.until)} is over", hint="a hold ends in the future, or never"
            )
        facts = {
            "job": backup.job,
            "reason": self.reason,
            "until": utc_text(self.until) if self.until else None,
        }
        until = f"until {local_text(self.until)}" if self.until else "until it is released"
        if not context.dry_run:
            self.room.catalogue.database.execute(
                "add_hold",
                id=new_id(),
                run_id=context.run_id,
                backup_id=backup.id,
                reason=printable(self.reason),
                placed_at=utc_text(now),
                until=facts["until"],
            )
        return Result(backup.id, Status.OK, f"held {until}: {self.reason}", facts)


@dataclass(frozen=True, slots=True)
class ReleaseRun:
    """The work of `backup release` on one backup."""

    room: BackupRoom
    reason: str

    def __call__(self, backup: Backup, context: Context) -> Result:
        """End every hold on the backup."""
        database = self.room.catalogue.database
        holds = [
            row
            for row in database.execute("open_holds", job=backup.job)
            if row["backup_id"] == backup.id
        ]
        if not holds:
            raise UsageError(
                f"nobody holds {backup.id}", hint=f"see `netops backup forget {backup.job} -n`"
            )
        if not context.dry_run:
            database.execute(
                "release_holds",
                backup_id=backup.id,
                released_at=utc_text(self.room.clock.now()),
                release_reason=printable(self.reason),
            )
        facts = {
            "job": backup.job,
            "reason": self.reason,
            "held_for": [row["reason"] for row in holds],
        }
        return Result(backup.id, Status.OK, f"released ({len(holds)}): {self.reason}", facts)
