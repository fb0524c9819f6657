"""What broken parts of a repository mean: which files and backups are hit, and that they know it."""

from collections.abc import Sequence
from typing import Any

from netops.backup.model import Repository
from netops.backup.records import Placement
from netops.backup.restic.check import Findings, Hits, find_hit
from netops.backup.room import BackupRoom, limits
from netops.backup.soundness import Damage, Soundness
from netops.core.clock import local_text
from netops.core.dataclass import dataclass, replace
from netops.core.errors import IntegrityError, InterruptedRunError, NetopsError
from netops.core.run import Context, Progress
from netops.core.status import Status

_NAMED_FILES = 200
#: One broken pack can mean thousands of missing pieces; the first tell enough.
_ENTERED = 100
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Toll:
    """Broken parts and everything they hit."""

    location: str
    damage: tuple[Damage, ...]
    #: Ids of the backups that cannot be relied on here, oldest first.
    backups: tuple[str, ...]
    files: tuple[str, ...]
    #: False when a broken directory list hides which files are hit.
    complete: bool

    @property
    def text(self) -> str:
        """Return it in one sentence."""
        parts = _some([damage.text for damage in self.damage])
        files = _some(self.files) if self.files else ""
        if not self.complete:
            files = f"{files} and others that cannot be named" if files else "files not nameable"
        backups = f"{len(self.backups)} backups hit" if self.backups else "no backup hit"
        return f"damaged: {parts}; {backups}" + (f"; files: {files}" if files else "")

    def facts(self) -> dict[str, Any]:
        """Return plain values for the journal and `--json`."""
        return {
            "damage": [{"kind": item.kind, "id": item.object} for item in self.damage],
            "hit_backups": list(self.backups),
            "hit_files": list(self.files[:_NAMED_FILES]),
            "hit_files_complete": self.complete and len(self.files) <= _NAMED_FILES,
        }

    def error(self) -> IntegrityError:
        """Return it as an error that says what to do."""
        return IntegrityError(
            f"{self.location}: {self.text}",
            hint=f"run `netops backup repair {self.location}`; other repositories still have "
            "their own copies",
        )


def take_toll(
    room: BackupRoom, repository: Repository, findings: Findings, context: Context
) -> Toll:
    """Name what the findings hit, and enter it: what is hit is no longer counted as good."""
    toll = assess(room, repository, findings, context)
    if not context.dry_run:
        enter(room, repository, toll, context)
    return toll


def assess(room: BackupRoom, repository: Repository, findings: Findings, context: Context) -> Toll:
    """Name what the findings hit; change nothing."""
    context.progress(Progress(step="naming what is hit"))
    hits = _hits(room, repository, findings, context)
    listed = room.catalogue.listed_at(repository.name)
    hit = [p.backup_id for p in listed if _is_hit(p, findings, hits)]
    files = tuple(sorted({path for paths in hits.files.values() for path in paths if path}))
    detail = {"backups": hit, "files": list(files[:_NAMED_FILES]), "complete": hits.complete}
    now = room.clock.now()
    damage = tuple(Damage(kind, found, now, detail) for kind, found in findings.items())
    return Toll(repository.name, damage, tuple(hit), files, hits.complete)


def _hits(room: BackupRoom, repository: Repository, findings: Findings, context: Context) -> Hits:
    if findings.indexes or findings.other:
        return Hits({}, complete=False)  # without the index nothing can be looked up
    call = limits(context, repository.deadline_s, quiet=True)
    try:
        return find_hit(room.access(repository), findings, call)
    except InterruptedRunError:
        raise
    except NetopsError as error:
        context.observer.notice(f"{repository.name}: cannot name what is hit: {error}")
        return Hits({}, complete=False)


def _is_hit(placement: Placement, findings: Findings, hits: Hits) -> bool:
    if not hits.complete:
        return True
    full_id = placement.snapshot_id or ""
    return any(full_id.startswith(found) for found in (*hits.files, *findings.snapshots))


def enter(room: BackupRoom, repository: Repository, toll: Toll, context: Context) -> None:
    """Enter damage in the catalogue; the backups it hits lose their good status here."""
    soundness = Soundness(room.catalogue.database)
    message = f"{toll.text} (found {local_text(room.clock.now())})"[:1000]
    hit = set(toll.backups)
    with room.catalogue.database.transaction():
        for damage in toll.damage[:_ENTERED]:
            soundness.put_damage(repository.name, damage, context.run_id)
        for placement in room.catalogue.listed_at(repository.name):
            if placement.backup_id in hit:
                room.catalogue.place(
                    replace(placement, status=int(Status.CRITICAL), message=message)
                )


def count_good_again(room: BackupRoom, repository: Repository, note: str) -> list[str]:
    """Count as good what no open damage hits any more; return the ids of these backups."""
    left = Soundness(room.catalogue.database).damage(repository.name).get(repository.name, [])
    if not all(damage.detail.get("complete") for damage in left):
        return []
    still_hit = {backup for damage in left for backup in damage.detail.get("backups", ())}
    healed = []
    for placement in room.catalogue.listed_at(repository.name):
        if placement.status != Status.CRITICAL or placement.backup_id in still_hit:
            continue
        room.catalogue.place(replace(placement, status=_own_status(room, placement), message=note))
        healed.append(placement.backup_id)
    return healed


def _own_status(room: BackupRoom, placement: Placement) -> int:
    """Return how well the backup itself went: healing does not add files it never read."""
    backup = room.catalogue.backup(placement.backup_id)
    known = backup is not None and backup.status == Status.WARNING
    return int(Status.WARNING if known and placement.role == "primary" else Status.OK)


def open_damage_text(room: BackupRoom, location: str) -> str:
    """Return one line about the open damage at a location, empty when there is none."""
    found = Soundness(room.catalogue.database).damage(location).get(location, [])
    if not found:
        return ""
    return (
        f"{location} is damaged ({_some([d.text for d in found])}): netops backup repair {location}"
    )


def _some(words: Sequence[str]) -> str:
    more = f" and {len(words) - _SHOWN} more" if len(words) > _SHOWN else ""
    return ", ".join(words[:_SHOWN]) + more
