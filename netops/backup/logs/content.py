"""Reading collected files: plain or compressed, bounded, line by line."""

import bz2
import gzip
import lzma
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from netops.backup.logs.names import is_compressed

_CHUNK_BYTES = 1 << 18
#: A compressed log larger than this when opened is kept as it is, and not looked into.
MAX_PLAIN_BYTES = 20_000_000_000
_LINE_BYTES = 1 << 20


class UnfinishedError(Exception):
    """The compressed file does not end yet, is damaged, or is out of all proportion."""


def chunks(path: Path, start: int = 0) -> Iterator[bytes]:
    """Yield the plain content from byte `start` on; raise UnfinishedError."""
    total = 0
    try:
        with _opened(path) as file:
            if start:
                file.seek(start)
            while data := file.read(_CHUNK_BYTES):
                total += len(data)
                if total > MAX_PLAIN_BYTES:
                    raise UnfinishedError
                yield data
    except (EOFError, OSError, lzma.LZMAError, zlib.error, ValueError) as error:
        if not is_compressed(path.name):
            raise
        raise UnfinishedError from error


def _opened(path: Path) -> BinaryIO:
    if path.name.endswith(".gz"):
        return cast("BinaryIO", gzip.open(path, "rb"))
    if path.name.endswith(".bz2"):
        return cast("BinaryIO", bz2.open(path, "rb"))
    if path.name.endswith(".xz"):
        return cast("BinaryIO", lzma.open(path, "rb"))
    return path.open("rb")


def lines(path: Path, start: int = 0) -> Iterator[bytes]:
    """Yield lines with their ends; what is longer than a line should be comes in parts."""
    rest = b""
    for data in chunks(path, start):
        *whole, rest = (rest + data).split(b"\n")
        for line in whole:
            yield line + b"\n"
        if len(rest) > _LINE_BYTES:
            yield rest
            rest = b""
    if rest:
        yield rest


def begins_with(path: Path, start: Path) -> int | None:
    """Return how many bytes `path` has beyond the content of `start`; None when it differs."""
    ahead = chunks(path)
    pending = b""
    for data in chunks(start):
        while len(pending) < len(data):
            more = next(ahead, b"")
            if not more:
                return None
            pending += more
        if not pending.startswith(data):
            return None
        pending = pending[len(data) :]
    return len(pending) + sum(len(data) for data in ahead)
