"""Locks of processes that ended and that nobody buried: restic takes those for living ones."""

import json
import os
from pathlib import Path

from netops.backup.model import Repository
from netops.backup.remains import place_of
from netops.backup.restic import client
from netops.backup.room import BackupRoom, limits
from netops.core.run import Context

_LOOK_S = 60.0


def release_locks(room: BackupRoom, repository: Repository, context: Context) -> int:
    """
    Take the locks of this machine's dead processes out of a repository; return how many.

    Where nothing reaps orphans, as in a container without an init, a killed restic stays in the
    table of processes, and restic itself would honour its lock for half an hour.
    """
    target = room.target(repository)
    access, call = room.access(repository), limits(context, _LOOK_S, quiet=True)
    if target.traits.opens_files:
        if not target.has_locks():
            return 0
        kept = room.directories.quarantine / context.run_id / repository.name

        def remove(lock_id: str) -> bool:
            return target.take_out("lock", lock_id, kept) is not None

    elif place := place_of(access, call):
        remove = place.remove_lock
    else:
        return 0
    found = client.locks(access, call).items()
    return sum(remove(lock_id) for lock_id, text in found if _is_of_the_dead(text))


def _is_of_the_dead(text: str) -> bool:
    try:
        lock = json.loads(text)
        host, pid = str(lock["hostname"]), int(lock["pid"])
    except (ValueError, TypeError, KeyError):
        return False
    if host != os.uname().nodename or pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True  # buried since restic looked
    except (OSError, OverflowError):
        return False
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[:1] == ["Z"]
