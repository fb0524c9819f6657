"""Which files changed while restic read them, so that nobody takes half a change for a whole file."""

import os
from collections.abc import Callable, Sequence
from typing import Any

from netops.backup.model import Job
from netops.backup.reading import Reading
from netops.backup.records import Remark
from netops.backup.restic import nodes
from netops.backup.restic.access import Access
from netops.backup.restic.client import Call
from netops.backup.restic.nodes import Node
from netops.backup.tally import shown
from netops.backup.tree import Entry, LeftOut, touched_files
from netops.core.errors import InterruptedRunError, NetopsError
from netops.core.status import Status

_SHOWN = 3
_RECORDED = 100
#: A file's times come from a clock that may be a tick behind, which is 10 ms at worst.
_TICK_S = 0.02


def changed(
    reading: Reading, job: Job, snapshot_id: str, access: Access, call: Call
) -> list[Remark]:
    """
    Tell which files of the new snapshot are not as they were when restic opened them.

    The snapshot is asked only where a file has changed since the start.
    """
    touched = _touched(reading, call.cancel.check if call.cancel else lambda: None)
    if not touched:
        return []
    status = Status.WARNING if job.on_changing == "warn" else Status.OK
    try:
        known = nodes.files(
            access,
            snapshot_id,
            {nodes.as_printed(path) for path in touched},
            call,
            within=list(touched),
        )
    except InterruptedRunError:
        raise
    except NetopsError as error:
        why = f"; netops could not look whether each had been read before: {error}"
        return [_remark(status, list(touched), why)]
    names = [path for path, entry in touched.items() if _differs(entry, path, known)]
    return [_remark(status, names)] if names else []


def _touched(reading: Reading, wait: Callable[[], None]) -> dict[str, Entry]:
    """Return the files that changed since restic started, whether it had read them or not."""
    since_ns = int((reading.began_s - _TICK_S) * 1e9)
    found = touched_files(
        reading.roots,
        LeftOut.of(reading.left_out),
        since_ns,
        one_file_system=reading.one_file_system,
        wait=wait,
    )
    return {os.fsdecode(entry.path): entry for entry in found}


def _differs(entry: Entry, path: str, known: dict[str, Node]) -> bool:
    node = known.get(nodes.as_printed(path))
    if node is None or node.ctime_ns == entry.facts.st_ctime_ns:
        return False
    # Another file that took the name: the one that was read is whole.
    return node.inode in {0, entry.facts.st_ino}


def _remark(status: Status, paths: Sequence[str], why: str = "") -> Remark:
    count = len(paths)
    names = [shown(path) for path in paths[:_RECORDED]]
    more = f" and {count - _SHOWN} more" if count > _SHOWN else ""
    listed = f"{', '.join(names[:_SHOWN])}{more}{why}"
    text = f"{count} changed while being backed up and may be half old, half new: {listed}"
    facts: dict[str, Any] = {"changing_count": count, "changing": names}
    return Remark(status, text, facts | ({"changing_unproven": True} if why else {}))
