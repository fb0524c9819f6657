"""Locks of processes that ended and that nobody buried: restic takes those for living ones."""

import json
import os
from pathlib import Path

from netops.backup.model import Repository
from netops.backup.restic import client
from netops.backup.room import BackupRoom, limits
from netops.core.run import Context

_LOOK_S = 60.0


def release_locks(room: BackupRoom, repository: Repository, context: Context) -> int:
    """
    Take the locks of this machine's zombies out of a repository in a directory; return how many.

    Where nothing reaps orphans, as in a container without an init, a killed restic stays in the
    table of processes, and restic itself would honour its lock for half an hour.
    """
    target = room.target(repository)
    if not target.traits.opens_files or not target.has_locks():
        return 0
    access, call = room.access(repository), limits(context, _LOOK_S, quiet=True)
    taken = 0
    for lock_id, text in client.locks(access, call).items():
        if _is_of_a_zombie(text):
            kept = room.directories.quarantine / context.run_id / repository.name
            taken += target.take_out("lock", lock_id, kept) is not None
    return taken


def _is_of_a_zombie(text: str) -> bool:
    try:
        lock = json.loads(text)
        host, pid = str(lock["hostname"]), int(lock["pid"])
    except (ValueError, TypeError, KeyError):
        return False
    if host != os.uname().nodename:
        return False
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False  # gone, and so restic's own to judge
    return stat.rpartition(")")[2].split()[:1] == ["Z"]
