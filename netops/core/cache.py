"""Values read from checked files, kept as JSON, so that a run every minute need not check them again."""

import json
import os
import stat
import time
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

# A file younger than this may change again within the same tick of its time stamp.
_SETTLED_NS = 50_000_000
_WRITABLE_BY_OTHERS = 0o022

Stamp = list[Any]  # path, mtime_ns, ctime_ns, size, inode: a list because JSON gives lists back


class FileCache:
    """A file in a `.cache` directory with what some other files meant when they were last read."""

    def __init__(
        self,
        file: str,
        key: Callable[[], list[Any]],
        sources: Callable[[], Iterable[Path]],
    ) -> None:
        """Keep values in `file`, valid for one `key` while the `sources` stay as they are."""
        self._file = file
        self._key = key
        self._sources = sources

    def read(self) -> dict[str, Any] | None:
        """Return the values if every file is as it was, and nobody else could write here."""
        try:
            check_sum, _, state = self._trusted().partition(b"\n")
            if zlib.crc32(state) != int(check_sum):
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
        return [_stamp(str(path)) for path in self._sources()]

    def write(self, values: dict[str, Any], stamps: list[Stamp]) -> None:
        """Keep `values`, read after `stamps` were taken; do nothing where that is not possible."""
        now = time.time_ns()
        if any(now - stamp[1] < _SETTLED_NS or now - stamp[2] < _SETTLED_NS for stamp in stamps):
            return
        from netops.core.files import private_directory, write_atomic

        state = json.dumps({"key": self._key(), "stamps": stamps, "values": values}).encode()
        file = Path(self._file)
        try:
            private_directory(file.parent)
            write_atomic(file, b"%d\n%b" % (zlib.crc32(state), state), mode=0o600)
        except OSError:
            return  # a read-only directory costs speed, nothing else

    def _trusted(self) -> bytes:
        handle = os.open(self._file, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            for facts in (os.fstat(handle), os.stat(os.path.dirname(self._file))):  # noqa: PTH116, PTH120 # hot path
                if facts.st_uid not in (0, os.geteuid()) or facts.st_mode & _WRITABLE_BY_OTHERS:
                    raise OSError("the cache could be another user's work")
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise OSError("the cache is not a file")
            return file.read()


def _stamp(path: str) -> Stamp:
    try:
        facts = os.stat(path)  # noqa: PTH116 # hot path
    except OSError:
        return [path, 0, 0, 0, 0]  # reading it will say what is wrong
    return [path, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_size, facts.st_ino]
