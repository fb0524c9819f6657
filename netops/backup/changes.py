"""`backup changes`: which files differ between two backups, the file-integrity comparison."""

from collections import Counter
from typing import Any

from netops.backup.engines.base import origin_of
from netops.backup.records import Backup
from netops.backup.restic import client
from netops.backup.room import BackupRoom, limits
from netops.core.dataclass import dataclass, field
from netops.core.errors import UsageError
from netops.core.results import Result
from netops.core.run import Context
from netops.core.status import Status

#: What restic's letters mean; a file may carry several, the first of these that it has counts.
_LETTERS = {"+": "added", "-": "removed", "T": "type changed", "M": "changed", "U": "metadata"}


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two backups to compare; `earlier` None is the good one before."""

    later_id: str
    earlier_id: str | None = None
    #: Names shown at most; the counts are always whole.
    limit: int = 200


@dataclass(slots=True)
class _Tally:
    limit: int
    #: The journal's note travels in every snapshot and differs in every one; it is no file of the job.
    own_path: str
    counts: Counter[str] = field(default_factory=Counter)
    listed: list[dict[str, str]] = field(default_factory=list)

    def hear(self, path: str, letters: str) -> None:
        kind = next((word for letter, word in _LETTERS.items() if letter in letters), letters)
        if path.endswith("/") or path == self.own_path:
            return
        self.counts[kind] += 1
        if len(self.listed) < self.limit:
            self.listed.append({"change": kind, "path": origin_of(path)})


@dataclass(frozen=True, slots=True)
class ChangesRun:
    """The work of `backup changes` on one comparison; call it from a run."""

    room: BackupRoom

    def __call__(self, wanted: Comparison, context: Context) -> Result:
        """Let the repository compare the two snapshots; OK whatever the difference is."""
        later = _backup(self.room, wanted.later_id)
        earlier = self._earlier(later, wanted.earlier_id)
        facts: dict[str, Any] = {"job": later.job, "from": earlier.id, "to": later.id}
        if context.dry_run:
            return Result(later.job, Status.OK, f"would compare {earlier.id} with it", facts)
        repository = self.room.repository(later.repository)
        tally = _Tally(wanted.limit, str(self.room.anchor_note))
        client.diff(
            self.room.access(repository),
            (_snapshot(earlier), _snapshot(later)),
            tally.hear,
            limits(context, repository.deadline_s, quiet=True),
        )
        total = tally.counts.total()
        facts |= {name.replace(" ", "_"): tally.counts[name] for name in _LETTERS.values()}
        facts |= {"files": tally.listed, "not_listed": total - len(tally.listed)}
        shown = ", ".join(
            f"{tally.counts[name]:,} {name}" for name in ("added", "changed", "removed")
        )
        return Result(later.job, Status.OK, f"{shown} since {earlier.id}", facts)

    def _earlier(self, later: Backup, earlier_id: str | None) -> Backup:
        if earlier_id is not None:
            earlier = _backup(self.room, earlier_id)
            if (earlier.job, earlier.repository) != (later.job, later.repository):
                raise UsageError(
                    f"{earlier.id} is not a backup of {later.job!r} in {later.repository!r}",
                    hint="compare two backups of one job",
                )
            return earlier
        rows = self.room.catalogue.database.execute(
            "last_before", job=later.job, repository=later.repository, seq=later.seq
        )
        if not rows:
            raise UsageError(
                f"there is no good backup of {later.job!r} before {later.id}",
                hint="name the other one with --against RUN",
            )
        return _backup(self.room, rows[0]["backup_id"])


def _backup(room: BackupRoom, backup_id: str) -> Backup:
    key = backup_id.upper()
    backup = room.catalogue.backup(key) or next(iter(room.catalogue.backups_of_run(key)), None)
    if backup is None:
        raise UsageError(f"there is no backup {backup_id}", hint="see `netops backup list`")
    return backup


def _snapshot(backup: Backup) -> str:
    if backup.snapshot_id is None:
        raise UsageError(f"backup {backup.id} left no snapshot", hint="see `netops backup list`")
    return backup.snapshot_id
