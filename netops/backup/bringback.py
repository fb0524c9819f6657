"""Snapshots brought back from the repository that has them whole: the places heal each other."""

from collections.abc import Sequence
from pathlib import Path

from netops.backup import listing
from netops.backup.model import Repository
from netops.backup.preflight import check_place
from netops.backup.records import Backup, Placement
from netops.backup.restic import client, mend
from netops.backup.room import BackupRoom, limits
from netops.core.dataclass import dataclass, field, replace
from netops.core.errors import AccessError, IntegrityError, InterruptedRunError, NetopsError
from netops.core.files import private_directory
from netops.core.run import Context, Progress
from netops.core.status import Status


@dataclass(slots=True)
class Returned:
    """What came back and what went wrong on the way."""

    #: Backup id → repository it came from.
    sources: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class BringBack:
    """Brings backups back into one repository; the caller holds it."""

    room: BackupRoom
    repository: Repository
    #: Keeps what is taken out.
    quarantine: Path
    context: Context

    def __call__(self, backup_ids: Sequence[str]) -> Returned:
        """Bring back those of `backup_ids` that another repository has whole."""
        returned = Returned()
        for location, ids in self._sources(backup_ids).items():
            partner = self.room.repository(location)
            try:
                check_place(self.room, partner, self.context)
                for backup_id in self._from(partner, ids):
                    returned.sources[backup_id] = location
            except InterruptedRunError:
                raise
            except NetopsError as error:
                returned.problems.append(f"from {location}: {error}")
        return returned

    def can(self, backup_ids: Sequence[str]) -> list[str]:
        """Return those that some other repository has whole, as far as the catalogue knows."""
        return sorted(i for ids in self._sources(backup_ids).values() for i in ids)

    def _sources(self, backup_ids: Sequence[str]) -> dict[str, list[str]]:
        """Return location → ids of the backups to take from there; a primary goes first."""
        found: dict[str, list[str]] = {}
        for backup_id in backup_ids:
            places = self.room.catalogue.placements(backup_id)  # primaries first
            for place in places:
                elsewhere = place.location != self.repository.name
                if elsewhere and place.is_good and place.location in self.room.plan.repositories:
                    found.setdefault(place.location, []).append(backup_id)
                    break
        return found

    def _from(self, partner: Repository, ids: Sequence[str]) -> list[str]:
        """Take broken snapshots away, copy whole ones in, and see them there."""
        self.context.progress(Progress(step=f"copying back from {partner.name}"))
        taken = self._take_away(ids)
        try:
            with self.room.reading(partner, self.context):
                client.copy(
                    self.room.access(partner),
                    self.room.access(self.repository),
                    [self._place(i, partner.name).snapshot_id or "" for i in ids],
                    limits(self.context, partner.deadline_s),
                    stall_timeout_s=partner.stall_timeout_s,
                )
            wanted = [listing.Wanted(backup_id) for backup_id in ids]
            found = listing.find(self.room, self.repository, wanted, self.context)
        except NetopsError:
            self._undo(taken)
            raise
        self._enter(found, partner)
        if len(found) < len(ids):
            raise IntegrityError(
                f"{len(ids) - len(found)} of {len(ids)} are not listed after copying back"
            )
        return list(found)

    def _take_away(self, ids: Sequence[str]) -> dict[str, Path]:
        """
        Make room for whole snapshots: restic copies none that seems to be there already.

        Returns what can be put back, by backup.
        """
        here = [place for i in ids if (place := self._place(i)).snapshot_id and place.listed_at]
        target = self.room.target(self.repository)
        if target.traits.opens_files:
            moved = {
                place.backup_id: target.take_out(
                    "snapshot", place.snapshot_id or "", self.quarantine
                )
                for place in here
            }
            return {backup_id: path for backup_id, path in moved.items() if path is not None}
        self._forget(here)
        return {}

    def _forget(self, here: Sequence[Placement]) -> None:
        access, call = self.room.access(self.repository), limits(self.context, quiet=True)
        ids = [place.snapshot_id or "" for place in here]
        if not ids:
            return
        private_directory(self.quarantine)
        for snapshot_id in ids:
            text = mend.snapshot_text(access, snapshot_id, call)
            (self.quarantine / f"snapshot-{snapshot_id}.json").write_text(text, encoding="utf-8")
        client.forget(access, ids, call)
        wanted = [listing.Wanted(place.backup_id) for place in here]
        if listing.find(self.room, self.repository, wanted, self.context):
            raise AccessError(
                f"{self.repository.name} does not let go of damaged snapshots",
                hint="the server is append-only: repair it on the server, with its own account",
            )
        for place in here:
            self.room.catalogue.place(
                replace(place, listed_at=None, message="gone: taken out by a repair")
            )

    def _undo(self, taken: dict[str, Path]) -> None:
        for path in taken.values():
            self.room.target(self.repository).put_back("snapshot", path)

    def _enter(self, found: dict[str, str], partner: Repository) -> None:
        now = self.room.clock.now()
        for backup_id, snapshot_id in found.items():
            place = self._place(backup_id)
            self.room.catalogue.place(
                replace(
                    place,
                    # Critical until the check after the repair has found everything whole.
                    status=int(Status.CRITICAL),
                    snapshot_id=snapshot_id,
                    listed_at=now,
                    message=f"brought back from {partner.name}",
                )
            )
            if place.role == "primary":
                self.room.catalogue.move(backup_id, snapshot_id)

    def _place(self, backup_id: str, location: str | None = None) -> Placement:
        name = location or self.repository.name
        return next(p for p in self.room.catalogue.placements(backup_id) if p.location == name)


def newest_per_job(room: BackupRoom, backup_ids: Sequence[str]) -> list[str]:
    """Return the newest of the backups of each job: what they share, the others share as well."""
    known = [backup for i in backup_ids if (backup := room.catalogue.backup(i)) is not None]
    newest: dict[str, Backup] = {}
    for backup in sorted(known, key=lambda backup: backup.seq):
        newest[backup.job] = backup
    return [backup.id for backup in newest.values()]
