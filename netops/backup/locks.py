"""Locks of dead processes hold nobody up: they are cleared, and what one forbade is done once more."""

from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from netops.backup.model import Repository
from netops.backup.restic import simple
from netops.backup.room import BackupRoom, limits
from netops.core.errors import LockedError, UnreachableError
from netops.core.run import Context
from netops.core.units import size_text

T = TypeVar("T")
_UNLOCK_S = 120.0


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
        clear(room, repository, context)
        return act()


def clear(room: BackupRoom, repository: Repository, context: Context) -> None:
    """Remove what dead processes left in a repository: locks, and files half written."""
    from netops.backup.remains import sweep  # every run loads this one, and few remove anything
    from netops.backup.zombies import release_locks

    deadline_s = limits(context, _UNLOCK_S).deadline_s or _UNLOCK_S
    simple.unlock(room.access(repository), deadline_s=deadline_s, cancel=context.cancel)
    if count := release_locks(room, repository, context):
        context.observer.notice(f"{repository.name}: {count} lock(s) of dead processes taken out")
    if freed_bytes := sweep(room, repository, context):
        text = f"{size_text(freed_bytes)} removed that killed processes left half written"
        context.observer.notice(f"{repository.name}: {text}")


def clear_leftovers(room: BackupRoom, repository: Repository, context: Context) -> None:
    """
    Remove the locks of dead processes where some are seen to be left, as after a power cut.

    The caller holds the repository. Costs nothing where there are none and looking is cheap.
    """
    if room.target(repository).has_locks():
        with suppress(UnreachableError):  # what comes next says it better
            clear(room, repository, context)
