"""What was scanned and found clean, so that a scan reads only what is new: one sorted file per job."""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from heapq import merge
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO, NamedTuple

from netops.backup.scanners.base import Identity, identity_of
from netops.backup.tree import Entry, order

_HEAD = b"netops-scan 1\0\0"
_CHUNK_BYTES = 1 << 18
#: Verdicts of rows; anything else is the signature that matched.
CLEAN = "-"
OPEN = "?"


class Row(NamedTuple):
    """One file and what is known of it."""

    path: bytes
    identity: Identity
    verdict: str


def read_rows(path: Path) -> Iterator[Row]:
    """Yield the rows of a file; none when it is missing, none more from where it is damaged."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        if file.read(len(_HEAD)) != _HEAD:
            return
        parts = _parts(file)
        for facts in parts:
            name = next(parts, None)
            try:
                *numbers, verdict = facts.decode("ascii").split(" ", 4)
                row = Row(name or b"", Identity(*(int(n, 16) for n in numbers)), verdict)
            except (UnicodeDecodeError, TypeError, ValueError):
                return
            if not row.path:
                return
            yield row


def _parts(file: BinaryIO) -> Iterator[bytes]:
    rest = b""
    while chunk := file.read(_CHUNK_BYTES):
        *whole, rest = (rest + chunk).split(b"\0")
        yield from whole


class Writer:
    """Writes rows, which come sorted."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        file.write(_HEAD)

    def add(self, row: Row) -> None:
        """Append one row."""
        numbers = " ".join(f"{number:x}" for number in row.identity)
        word = row.verdict.encode("ascii", "backslashreplace").decode() or "unnamed"
        self._file.write(f"{numbers} {word}".encode() + b"\0" + row.path + b"\0")


@contextmanager
def scratch(path: Path) -> Iterator[Writer]:
    """Write rows that are worth keeping however the block ends."""
    path.unlink(missing_ok=True)
    with open(path, "xb", opener=_private) as file:
        yield Writer(file)


@contextmanager
def written(path: Path) -> Iterator[Writer]:
    """Replace `path` when the block ends well; leave it as it is otherwise."""
    fresh = path.with_name(f"{path.name}.new")
    try:
        with open(fresh, "wb", opener=_private) as file:
            yield Writer(file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def _private(name: str, flags: int) -> int:
    return os.open(name, flags | os.O_NOFOLLOW, 0o600)


def compared(entries: Iterable[Entry], known: Iterable[Row]) -> Iterator[Row]:
    """Yield a row per entry: CLEAN where `known` has the same file so, else OPEN."""
    for entry, before in _joined(entries, known):
        identity = identity_of(entry.facts)
        same = before is not None and (before.identity, before.verdict) == (identity, CLEAN)
        yield Row(entry.path, identity, CLEAN if same else OPEN)


def differing(entries: Iterable[Entry], seen: Iterable[Row]) -> Iterator[Entry]:
    """Yield the entries that are not in `seen` as they are now."""
    for entry, before in _joined(entries, seen):
        if before is None or before.identity != identity_of(entry.facts):
            yield entry


def settled(
    before: Iterable[Row], verdicts: Iterable[Row], infected: Mapping[bytes, str]
) -> Iterator[Row]:
    """
    Yield the rows to keep: each new verdict, else what was clean before.

    A file that has no verdict now and was `infected` stays so.
    """
    rows = merge(
        ((order(row.path), 0, row) for row in before),
        ((order(row.path), 1, row) for row in verdicts),
    )
    for _, same in groupby(rows, key=itemgetter(0)):
        *_, (_, is_new, row) = same
        if is_new or row.verdict == CLEAN:
            yield row
        elif row.path in infected:
            yield row._replace(verdict=infected[row.path])


def _joined(entries: Iterable[Entry], known: Iterable[Row]) -> Iterator[tuple[Entry, Row | None]]:
    rows = iter(known)
    row = next(rows, None)
    for entry in entries:
        key = order(entry.path)
        while row is not None and order(row.path) < key:
            row = next(rows, None)
        yield entry, row if row is not None and row.path == entry.path else None
