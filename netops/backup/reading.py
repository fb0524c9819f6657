"""What restic could not read, or not in peace: told with every backup, at no cost where all was well."""

import time
from collections.abc import Sequence
from pathlib import Path

from netops.backup.engines.base import Engine, Staged
from netops.backup.model import Source
from netops.backup.records import Backup, Remark
from netops.backup.restic.client import Tree
from netops.backup.restic.messages import Summary
from netops.core.dataclass import dataclass
from netops.core.status import Status

_SHOWN_PROBLEMS = 3
_RECORDED_PROBLEMS = 100


@dataclass(frozen=True, slots=True)
class Reading:
    """What restic is given to read; `began` just before it starts."""

    #: Live files and folders; a consistent copy does not change.
    roots: Sequence[str]
    left_out: Sequence[str]
    one_file_system: bool
    #: How many files of netops itself restic must read: they are new in every snapshot.
    own: int
    #: By the clock that files are stamped with.
    began_s: float

    def has_read(self, summary: Summary) -> bool:
        """Tell whether restic read any of the live files, rather than take all as they were before."""
        return bool(self.roots) and summary.files_new + summary.files_changed > self.own


def began(
    tree: Tree,
    parts: Sequence[tuple[Staged, tuple[Source, Engine]]],
    note: Path | None,
    parent: Backup | None,
) -> Reading:
    """Note what is read and when; `parts` are the sources with what was staged of them."""
    live = [part for part, (_, engine) in parts if not engine.traits.consistent]
    return Reading(
        [path for part in live for path in part.paths],
        tree.exclude,
        tree.one_file_system,
        _new_notes(note, parent),
        time.time(),
    )


def _new_notes(note: Path | None, parent: Backup | None) -> int:
    """Return 1 when the journal's note must differ from the one in the parent, else 0."""
    if note is None or not note.is_file():
        return 0
    return int(parent is None or note.stat().st_mtime > parent.started_at.timestamp())


def unreadable(summary: Summary) -> list[Remark]:
    """Tell how much the snapshot lacks: the first names to people, many to `--json` and the journal."""
    count = summary.problem_count
    if not count:
        return []
    shown = "; ".join(summary.problems[:_SHOWN_PROBLEMS])
    more = count - min(len(summary.problems), _SHOWN_PROBLEMS)
    text = f"{count} could not be read: {shown}" + (f"; and {more} more" if more > 0 else "")
    names = list(summary.problems[:_RECORDED_PROBLEMS])
    return [Remark(Status.WARNING, text, {"unreadable_count": count, "unreadable": names})]
