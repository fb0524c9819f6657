"""Reading files that others wrote: a limit on their size, and nothing but real files."""

import os
import stat
from pathlib import Path

from netops.core.errors import ConfigError


def read_limited(path: Path, limit_bytes: int) -> bytes:
    """Return a file's content; raise ConfigError for one that is too large, none, or unreadable."""
    try:
        raw = read_regular(path, limit_bytes + 1)
    except OSError as error:
        reason = (error.strerror or "cannot be read").lower()
        raise ConfigError(f"{path} cannot be read: {reason}", hint="check the path") from None
    except ValueError:
        raise ConfigError(f"{str(path)!r} is not the name of a file") from None
    if len(raw) > limit_bytes:
        limit = f"larger than {limit_bytes // 1_000_000} MB"
        raise ConfigError(f"{path} is {limit}", hint="is it the right file? split it if it is")
    return raw


def read_regular(path: Path, size_bytes: int) -> bytes:
    """Return at most so many bytes; raise OSError also for what is no regular file."""
    # O_NONBLOCK: a named pipe must be refused, not waited for.
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(0, "not a regular file")
        return file.read(size_bytes)
