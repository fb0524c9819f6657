"""The checked configuration kept as JSON, so that a run every minute need not check it again."""

import json
import os
import stat
import time
import zlib
from pathlib import Path
from typing import Any

from netops import __version__
from netops.core.errors import ConfigError

_FORMAT = 2
# A file younger than this may change again within the same tick of its time stamp.
_SETTLED_NS = 50_000_000
_WRITABLE_BY_OTHERS = 0o022

Stamp = list[Any]  # path, mtime_ns, ctime_ns, size, inode: a list because JSON gives lists back


class Cache:
    """`.cache/config.json` beside the netops.yaml at `path`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = f"{path.parent}/.cache/config.json"

    def read(self) -> dict[str, Any] | None:
        """Return the values if every file is as it was, and nobody else could write here."""
        try:
            envelope = json.loads(self._trusted())
            state = envelope["state"]
            if zlib.crc32(state.encode()) != envelope["crc32"]:
                return None
            record = json.loads(state)
            if record["key"] != self._key() or record["stamps"] != self.stamps():
                return None
            values = record["values"]
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None
        return values if isinstance(values, dict) else None

    def stamps(self) -> list[Stamp]:
        """Return what identifies the present state of every file that is read."""
        return [_stamp(str(self._path)), *(_stamp(str(path)) for path in parts(self._path))]

    def write(self, values: dict[str, Any], stamps: list[Stamp]) -> None:
        """Keep `values`, read after `stamps` were taken; do nothing where that is not possible."""
        now = time.time_ns()
        if any(now - stamp[1] < _SETTLED_NS or now - stamp[2] < _SETTLED_NS for stamp in stamps):
            return
        from netops.core.files import private_directory, write_atomic

        state = json.dumps({"key": self._key(), "stamps": stamps, "values": values})
        envelope = json.dumps({"crc32": zlib.crc32(state.encode()), "state": state})
        file = Path(self._file)
        try:
            private_directory(file.parent)
            write_atomic(file, envelope, mode=0o600)
        except OSError:
            return  # a read-only directory costs speed, nothing else

    def _trusted(self) -> bytes:
        handle = os.open(self._file, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            for facts in (os.fstat(handle), os.stat(f"{self._path.parent}/.cache")):  # noqa: PTH116 # hot path
                if facts.st_uid not in (0, os.geteuid()) or facts.st_mode & _WRITABLE_BY_OTHERS:
                    raise OSError("the cache could be another user's work")
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise OSError("the cache is not a file")
            return file.read()

    def _key(self) -> list[Any]:
        # The host name is the default of site.origin.
        return [_FORMAT, __version__, os.uname().nodename]


def parts(path: Path) -> list[Path]:
    """Return conf.d/*.yaml beside `path`, in the order in which they are read."""
    directory = path.parent / "conf.d"
    try:
        names = os.listdir(directory)  # noqa: PTH208 # hot path
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ConfigError(f"{directory} cannot be listed: {error.strerror}") from None
    wanted = (name for name in names if name.endswith(".yaml") and not name.startswith("."))
    return [directory / name for name in sorted(wanted)]


def _stamp(path: str) -> Stamp:
    try:
        facts = os.stat(path)  # noqa: PTH116 # hot path
    except OSError:
        return [path, 0, 0, 0, 0]  # reading it will say what is wrong
    return [path, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_size, facts.st_ino]
