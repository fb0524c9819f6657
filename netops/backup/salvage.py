"""What is still readable in a broken pack, saved before the pack goes: restic before 0.17 drops it all."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from netops.backup.model import Repository
from netops.backup.records import Placement
from netops.backup.restic import client, nodes, simple
from netops.backup.restore import literal
from netops.backup.room import BackupRoom, limits
from netops.core.dataclass import dataclass
from netops.core.errors import InterruptedRunError, NetopsError
from netops.core.files import private_directory
from netops.core.run import Context, Progress

#: Larger files are left to the sources and the other repositories.
_MOST_BYTES = 2 * 1000**3
_MOST_SNAPSHOTS = 50
_TAG = "netops-salvage"
_LIST_S = 300.0


@dataclass(frozen=True, slots=True)
class Salvage:
    """Saves the files of one repository that have parts in broken packs; the caller holds it."""

    room: BackupRoom
    repository: Repository
    directory: Path
    context: Context

    def save(self, backups: Sequence[str], files: Sequence[str]) -> None:
        """Restore what can still be read of `files`, from every backup that is hit."""
        if not files:
            return
        self.context.progress(Progress(step="saving what is still readable"))
        private_directory(self.directory)
        budget = min(_MOST_BYTES, shutil.disk_usage(self.directory).free // 2)
        places = {p.backup_id: p for p in self.room.catalogue.listed_at(self.repository.name)}
        hit = [places[i] for i in reversed(backups) if i in places][:_MOST_SNAPSHOTS]
        for number, place in enumerate(hit):
            try:
                budget -= self._save_one(place, frozenset(files), number, budget)
            except InterruptedRunError:
                raise
            except NetopsError:
                # Some of it is broken, that is why we are here; what could be read was written.
                continue

    def _save_one(self, place: Placement, files: frozenset[str], number: int, budget: int) -> int:
        access = self.room.access(self.repository)
        call = limits(self.context, self.repository.deadline_s, quiet=True)
        found = nodes.files(access, place.snapshot_id or "", files, call)
        sizes = {path: node.size_bytes for path, node in found.items()}
        chosen, total = _affordable(sizes, budget)
        if chosen:
            target = str(self.directory / str(number))
            include = [literal(path) for path in chosen]
            client.restore(access, place.snapshot_id or "", target, call, include=include)
        return total

    def give_back(self) -> None:
        """Store what was saved again: its pieces fit the old backups by their content."""
        if not self.directory.is_dir():
            return
        access = self.room.access(self.repository)
        call = limits(self.context, self.repository.deadline_s, quiet=True)
        tree = client.Tree([str(self.directory)], tags=[_TAG], host=self.room.host)
        try:
            client.backup(access, tree, call)
            # The pieces stay; the snapshot that carried them is nobody's backup.
            carriers = simple.snapshots(access, tag=_TAG, deadline_s=_LIST_S)
            client.forget(access, [carrier.id for carrier in carriers], call)
        finally:
            shutil.rmtree(self.directory, ignore_errors=True)


def _affordable(sizes: Mapping[str, int], budget: int) -> tuple[list[str], int]:
    """Return the smallest files that fit into the budget, and their bytes."""
    chosen, total = [], 0
    for path, size_bytes in sorted(sizes.items(), key=lambda item: item[1]):
        if total + size_bytes > budget:
            break
        chosen.append(path)
        total += size_bytes
    return chosen, total
