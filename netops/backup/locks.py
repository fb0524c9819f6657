"""Locks of dead processes hold nobody up: what one forbids is done once more without them."""

from collections.abc import Callable
from typing import TypeVar

from netops.backup.model import Repository
from netops.backup.room import BackupRoom
from netops.core.errors import LockedError
from netops.core.run import Context

T = TypeVar("T")


def past_dead_locks(
    room: BackupRoom, repository: Repository, context: Context, act: Callable[[], T]
) -> T:
    """
    Do what a lock may forbid; then once more, without the locks that dead processes left.

    For every kind of place: behind a protocol nobody sees locks beforehand without paying for it.
    A process that lives keeps its own, and so the second LockedError is the caller's.
    """
    try:
        return act()
    except LockedError:
        from netops.backup.recover import clear  # seldom needed, and every run starts here

        clear(room, repository, context)
        return act()
