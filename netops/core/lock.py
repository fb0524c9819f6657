"""Locks between processes: held by the kernel, so a killed run never leaves one behind."""

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from netops.core.clock import SystemClock, local_text, utc_text
from netops.core.errors import LockedError
from netops.core.files import private_directory

#: `is_held` takes a lock for a moment; nobody may be turned away by that.
_PATIENCE_S = 0.25


@contextmanager
def hold(
    path: Path,
    what: str,
    *,
    wait_s: float = 0,
    cancelled: Callable[[], bool] = lambda: False,
    shared: bool = False,
) -> Iterator[None]:
    """
    Hold the lock file `path` while the block runs; `what` names the thing for the error.

    Any number may hold it `shared` at once, none of them beside one who does not share it.
    Raises LockedError with the holder's process and start when it is not free within `wait_s`.
    """
    private_directory(path.parent)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _take(handle, fcntl.LOCK_SH if shared else fcntl.LOCK_EX, (path, what), wait_s, cancelled)
        if shared:
            yield
            return
        note = json.dumps({"pid": os.getpid(), "since": utc_text(SystemClock().now())})
        os.ftruncate(handle, 0)
        os.pwrite(handle, note.encode(), 0)
        yield
        os.ftruncate(handle, 0)
    finally:
        os.close(handle)


def _take(
    handle: int,
    kind: int,
    named: tuple[Path, str],
    wait_s: float,
    cancelled: Callable[[], bool],
) -> None:
    path, what = named
    nap_s = 0.01
    deadline = time.monotonic() + max(wait_s, _PATIENCE_S)
    while True:
        try:
            fcntl.flock(handle, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline or cancelled():
                raise LockedError(
                    f"{what} is in use{_holder(path)}",
                    hint="wait for that run to end; nothing was changed",
                ) from None
            time.sleep(nap_s)
            nap_s = min(nap_s * 1.5, 0.2)
        else:
            return


def _holder(path: Path) -> str:
    """Return who holds the lock, as far as the file tells."""
    from datetime import datetime

    try:
        note = json.loads(path.read_text(encoding="utf-8"))
        since = datetime.fromisoformat(note["since"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return f" by process {note.get('pid')} since {local_text(since)}"


def is_held(path: Path) -> bool:
    """Tell whether a living process holds the lock file `path`."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        # Shared, so that two who ask at once do not see each other.
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False
