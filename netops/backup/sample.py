"""Which files changed since the previous backup, and a bounded sample of what is in them."""

import os
import random
import re
import stat
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

from netops.backup.anomaly import Names
from netops.backup.content import BLOCK_BYTES, WRAPPERS, Reading, promise_of, read_as
from netops.backup.patterns import Excludes
from netops.core.dataclass import dataclass, field

#: Files read, and bytes of each, whatever the size of the backup.
FILES = 64
FILE_BYTES = 64 * 1024
_NOTE = re.compile(
    r"(decrypt|recover|restor|ransom|unlock|how[ _-]?to[ _-]|readme[ _-]|read[ _-]me[ _-]|"
    r"(your|get|back)[ _-]?(your)?[ _-]?files|help[ _-]|_help|instructions?)",
    re.IGNORECASE,
)
_NOTE_ENDINGS = (".txt", ".html", ".htm", ".hta", ".rtf", ".md", ".url", ".bmp", ".png")
_LARGEST_NOTE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Scope:
    """Where to look and for how long."""

    paths: Sequence[str]
    exclude: Sequence[str] = ()
    one_file_system: bool = False
    #: Inode change time in seconds after which a file counts as touched; None takes every file.
    since_s: float | None = None
    #: The walk ends after this time, wherever it is.
    budget_s: float = 10.0
    seed: str = ""


@dataclass(frozen=True, slots=True)
class Sample:
    """What was seen of the touched files."""

    #: Regular files looked at, and those of them that were touched.
    seen: int
    touched: int
    #: The walk saw everything; otherwise the counts are those of the part it saw.
    is_complete: bool
    sampled: int
    broken: int
    opaque: int
    names: Names
    #: Some of the files that were judged broken or opaque.
    examples: tuple[str, ...] = ()


def take_sample(scope: Scope, wait: Callable[[], None] = lambda: None) -> Sample:
    """Walk the scope, read a sample of the touched files; `wait` may raise to end it early."""
    walk = _Walk(scope, random.Random(scope.seed))  # noqa: S311  a sample, not a secret
    walk.run(wait)
    readings: Counter[Reading] = Counter()
    examples: list[str] = []
    for path in walk.kept:
        wait()
        reading = _reading(path)
        if reading is None:
            continue
        readings[reading] += 1
        if reading in {Reading.BROKEN, Reading.OPAQUE}:
            examples.append(path)
    return Sample(
        walk.seen,
        walk.touched,
        walk.is_complete,
        readings.total(),
        readings[Reading.BROKEN],
        readings[Reading.OPAQUE],
        walk.names(),
        tuple(examples[:5]),
    )


@dataclass(slots=True)
class _Walk:
    """One pass over the tree, in memory that does not grow with it."""

    scope: Scope
    dice: random.Random
    kept: list[str] = field(default_factory=list)
    seen: int = 0
    touched: int = 0
    is_complete: bool = True
    folders: int = 0
    suffixes: Counter[str] = field(default_factory=Counter)
    notes: Counter[tuple[str, int]] = field(default_factory=Counter)

    def run(self, wait: Callable[[], None]) -> None:
        ends_s = time.monotonic() + self.scope.budget_s
        excludes = Excludes.of(self.scope.exclude)
        for path in self.scope.paths:
            with suppress(OSError):
                found = os.lstat(path)
                if stat.S_ISREG(found.st_mode):
                    self._file(path, os.path.basename(path), found)  # noqa: PTH119
                elif stat.S_ISDIR(found.st_mode):
                    self._tree(path, found.st_dev, excludes, ends_s, wait)

    def _tree(
        self, top: str, device: int, excludes: Excludes, ends_s: float, wait: Callable[[], None]
    ) -> None:
        """Go through the folders in random order, so that a walk cut short is a fair part."""
        waiting = [top]
        while waiting:
            if time.monotonic() > ends_s:
                self.is_complete = False
                return
            wait()
            index = self.dice.randrange(len(waiting))
            waiting[index], waiting[-1] = waiting[-1], waiting[index]
            with suppress(OSError):
                waiting.extend(self._folder(waiting.pop(), device, excludes))

    def _folder(self, path: str, device: int, excludes: Excludes) -> Iterator[str]:
        """Look at the files of one folder and yield its folders; one question a file, for speed."""
        before, is_open = self.touched, excludes.is_empty
        with os.scandir(path) as entries:
            for entry in entries:
                try:
                    found = entry.stat(follow_symlinks=False)
                except OSError:
                    continue
                if not is_open and excludes.leave_out(entry.path, entry.name):
                    continue
                if stat.S_ISREG(found.st_mode):
                    self._file(entry.path, entry.name, found)
                elif stat.S_ISDIR(found.st_mode) and (
                    not self.scope.one_file_system or found.st_dev == device
                ):
                    yield entry.path
        self.folders += self.touched > before

    def _file(self, path: str, name: str, found: os.stat_result) -> None:
        """Count a file, and keep it when it was touched and the dice say so."""
        self.seen += 1
        if self.scope.since_s is not None and found.st_ctime <= self.scope.since_s:
            return
        self.touched += 1
        if len(self.kept) < FILES:
            self.kept.append(path)
        elif (place := self.dice.randrange(self.touched)) < FILES:
            self.kept[place] = path
        lower = name.lower()
        if suffix := _appended(lower):
            self.suffixes[suffix] += 1
        if (
            0 < found.st_size <= _LARGEST_NOTE_BYTES
            and lower.endswith(_NOTE_ENDINGS)
            and _NOTE.search(lower)
        ):
            self.notes[lower, found.st_size] += 1

    def names(self) -> Names:
        ((note, _), count), *_ = self.notes.most_common(1) or [(("", 0), 0)]
        (suffix, files), *_ = self.suffixes.most_common(1) or [("", 0)]
        return Names(note, count, self.folders, suffix, files)


def _appended(name: str) -> str:
    """Return the strange ending that follows a known one, as in `report.docx.locked`."""
    if name.count(".") < 2:
        return ""
    parts = name.rsplit(".", 2)
    if parts[2] in WRAPPERS or parts[2].isdigit() or not promise_of(name):
        return ""
    return "" if promise_of(f"x.{parts[2]}") else f".{parts[2]}"


def _reading(path: str) -> Reading | None:
    with suppress(OSError):
        return read_as(os.path.basename(path), read_blocks(path))  # noqa: PTH119
    return None


def read_blocks(path: str) -> list[bytes]:
    """Return at most 64 kB of a regular file in blocks spread over it, head first, tail last."""
    # A file may have become a pipe since the walk; opening one must not wait for a writer.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            return []
        count = FILE_BYTES // BLOCK_BYTES
        if found.st_size <= FILE_BYTES:
            data = os.pread(descriptor, FILE_BYTES, 0)
            return [data[i : i + BLOCK_BYTES] for i in range(0, len(data), BLOCK_BYTES)]
        step = (found.st_size - BLOCK_BYTES) / (count - 1)
        return [os.pread(descriptor, BLOCK_BYTES, round(i * step)) for i in range(count)]
    finally:
        os.close(descriptor)
