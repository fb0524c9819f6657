"""The regular files that a backup would read, in one fixed order, without following any link."""

import os
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

from netops.core.dataclass import dataclass, field

_SPECIAL = re.compile(r"([\\*?\[\]])")
_META = re.compile(r"[\\*?\[\]!]")


class Entry(NamedTuple):
    """One regular file."""

    path: bytes
    facts: os.stat_result


def order(path: bytes) -> list[bytes]:
    """Return the key by which `regular_files` is sorted."""
    return path.split(b"/")


def literal(path: str) -> str:
    """Return the restic pattern that leaves out this path alone, whatever its name holds."""
    return _SPECIAL.sub(r"\\\1", path)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """
    What the walk may pass over because restic surely leaves it out too.

    Only patterns whose meaning cannot be mistaken count; all other excluded files are visited,
    which costs time and hides nothing.
    """

    paths: frozenset[bytes] = frozenset()
    names: frozenset[bytes] = frozenset()
    endings: tuple[bytes, ...] = ()
    beginnings: tuple[bytes, ...] = field(default=())

    @classmethod
    def of(cls, patterns: Sequence[str], paths: Sequence[str] = ()) -> "LeftOut":
        """Read restic's exclude patterns; `paths` are left out as they are."""
        if any(pattern.startswith("!") for pattern in patterns):
            patterns = ()  # restic 0.15 takes such a pattern as "keep after all"
        plain = [p for p in patterns if p and not _META.search(p)]
        loose = [p for p in patterns if "/" not in p]
        return cls(
            frozenset(
                os.fsencode(p)
                for p in [*plain, *paths]
                if p.startswith("/") and p == os.path.normpath(p)
            ),
            frozenset(os.fsencode(p) for p in plain if "/" not in p),
            tuple(os.fsencode(p[1:]) for p in loose if p[:1] == "*" and _is_plain(p[1:])),
            tuple(os.fsencode(p[:-1]) for p in loose if p[-1:] == "*" and _is_plain(p[:-1])),
        )

    def has(self, path: bytes, name: bytes) -> bool:
        """Tell whether file or directory is left out with all that is in it."""
        return (
            path in self.paths
            or name in self.names
            or name.endswith(self.endings)
            or name.startswith(self.beginnings)
        )


def _is_plain(text: str) -> bool:
    return bool(text) and not _META.search(text)


def regular_files(
    roots: Sequence[str], left_out: LeftOut, *, one_file_system: bool = False
) -> Iterator[Entry]:
    """
    Yield every regular file below the roots once, sorted by `order`.

    Directories that cannot be read are passed over: restic, run by the same account, cannot read
    them either and says so.
    """
    for root, facts in _tops(roots, left_out):
        if stat.S_ISREG(facts.st_mode):
            yield Entry(root, facts)
        elif stat.S_ISDIR(facts.st_mode):
            yield from _below(root, left_out, facts.st_dev if one_file_system else None)


def touched_files(
    roots: Sequence[str],
    left_out: LeftOut,
    since_ns: int,
    *,
    one_file_system: bool = False,
    wait: Callable[[], None] = lambda: None,
) -> Iterator[Entry]:
    """
    Yield the regular files whose inode changed at `since_ns` or later, in no order.

    Quicker than `regular_files`: one question a file, and patterns only for those that are found.
    `wait` is called for each folder, and may raise.
    """
    for root, facts in _tops(roots, left_out):
        if stat.S_ISDIR(facts.st_mode):
            device = facts.st_dev if one_file_system else None
            yield from _touched_below(root, left_out, since_ns, device, wait)
        elif stat.S_ISREG(facts.st_mode) and facts.st_ctime_ns >= since_ns:
            yield Entry(root, facts)


def _touched_below(
    root: bytes, left_out: LeftOut, since_ns: int, device: int | None, wait: Callable[[], None]
) -> Iterator[Entry]:
    waiting = [root]
    while waiting:
        wait()
        with suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                try:
                    facts = entry.stat(follow_symlinks=False)
                except OSError:
                    continue
                is_folder = stat.S_ISDIR(facts.st_mode)
                if not is_folder and (
                    facts.st_ctime_ns < since_ns or not stat.S_ISREG(facts.st_mode)
                ):
                    continue
                if left_out.has(entry.path, entry.name) or device not in {None, facts.st_dev}:
                    continue
                if is_folder:
                    waiting.append(entry.path)
                else:
                    yield Entry(entry.path, facts)


def _tops(roots: Sequence[str], left_out: LeftOut) -> Iterator[Entry]:
    """Yield each of the outermost roots that is there and not left out."""
    for root in _outermost([os.fsencode(os.path.normpath(root)) for root in roots]):
        if left_out.has(root, root.rpartition(b"/")[2]):
            continue
        with suppress(OSError):
            yield Entry(root, os.lstat(root))


def _outermost(roots: Sequence[bytes]) -> list[bytes]:
    kept: list[bytes] = []
    for root in sorted(set(roots), key=order):
        inside = any(root.startswith(top.rstrip(b"/") + b"/") for top in kept)
        if not inside:
            kept.append(root)
    return kept


def _below(root: bytes, left_out: LeftOut, device: int | None) -> Iterator[Entry]:
    waiting = [iter(_entries(root))]
    while waiting:
        entry = next(waiting[-1], None)
        if entry is None:
            waiting.pop()
            continue
        if left_out.has(entry.path, entry.name):
            continue
        with suppress(OSError):
            if entry.is_dir(follow_symlinks=False):
                if device is None or entry.stat(follow_symlinks=False).st_dev == device:
                    waiting.append(iter(_entries(entry.path)))
            elif entry.is_file(follow_symlinks=False):
                facts = entry.stat(follow_symlinks=False)
                if device is None or facts.st_dev == device:
                    yield Entry(entry.path, facts)


def _entries(directory: bytes) -> list["os.DirEntry[bytes]"]:
    with suppress(OSError), os.scandir(directory) as found:
        return sorted(found, key=lambda entry: entry.name)
    return []
