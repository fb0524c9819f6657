"""Collecting the logs of one server: only what is new travels, and nothing here is ever overwritten."""

import os
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, BinaryIO

from netops.backup.logs import content, names
from netops.backup.logs.days import Counts, DayCounter
from netops.backup.logs.ledger import Ledger, Piece
from netops.backup.logs.origin import Entry, Origin, opened
from netops.backup.logs.source import LogSource, spool_of
from netops.core import lock
from netops.core.cancel import Cancel
from netops.core.clock import Clock, utc_text
from netops.core.dataclass import dataclass, field
from netops.core.errors import IntegrityError, NetopsError
from netops.core.files import private_directory
from netops.core.units import size_text

#: So much of what is here already is compared before anything is added to it.
_OVERLAP_BYTES = 4096
_LISTED = 100
#: Copies that are gone on the server are compared with what appears there, for so long.
_COMPARED_S = 60 * 86_400.0
_SPARE_BYTES = 256_000_000
_COMMIT_FILES = 50


@dataclass(slots=True)
class Collected:
    """What one collection brought."""

    files: int = 0
    size_bytes: int = 0
    lines: int = 0
    problems: list[str] = field(default_factory=list)

    def summary(self) -> str:
        """Return it in a line."""
        text = f"{size_text(self.size_bytes)} in {self.lines} lines from {self.files} file(s)"
        return "; ".join([text if self.files else "nothing new", *self.problems[:3]])

    def facts(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "files": self.files,
            "bytes": self.size_bytes,
            "lines": self.lines,
            "problems": self.problems[:_LISTED],
        }


def collect(
    source: LogSource, state: Path, clock: Clock, cancel: Cancel, *, wait_s: float = 300
) -> Collected:
    """
    Bring what is new from a server into state/logs.

    Raises AccessError for a wrong host key or a refused login, UnreachableError, IntegrityError
    when the server's answers cannot be true; what was collected before stays as it is.
    """
    directory = private_directory(spool_of(state) / source.name)
    with lock.hold(
        state / "locks" / f"logs-{source.name}.lock",
        f"collecting from {source.name!r}",
        wait_s=wait_s,
        cancelled=cancel.is_set,
    ):
        ledger = Ledger.read(directory)
        with opened(source, state, cancel) as origin:
            return _Collection(source, origin, ledger, clock, cancel).run()


class _Collection:
    """One collection from one server; its lock is held."""

    def __init__(
        self, source: LogSource, origin: Origin, ledger: Ledger, clock: Clock, cancel: Cancel
    ) -> None:
        self.source, self.origin, self.ledger = source, origin, ledger
        self.clock, self.cancel = clock, cancel
        self.now = clock.now()
        self.done = Collected()
        self.left_bytes = source.max_per_run_bytes
        self.uncommitted = 0
        self.ends_at_s = clock.monotonic_s() + source.deadline_s

    def run(self) -> Collected:
        listing = self.origin.listing()
        if listing.problem:
            self.done.problems.append(listing.problem)
        self._close_vanished({entry.key for entry in listing.entries})
        try:
            for entry in self._in_order(listing.entries):
                self.cancel.check()
                if self.clock.monotonic_s() >= self.ends_at_s:
                    self._note("time is up; the rest is left for the next run")
                    break
                self._bring(entry)
            self.ledger.first_at = self.ledger.first_at or utc_text(self.now)
            if not self.done.problems:
                self.ledger.collected_at = utc_text(self.now)
        finally:
            self._forget_old()
            self.ledger.write()
        return self.done

    def _in_order(self, entries: Sequence[Entry]) -> list[Entry]:
        """
        Return what to look at: first what goes on growing, then what is new, oldest first.

        Every file that is no longer what it was is noted before any new one is looked at: a new
        one may be its copy, compressed or not, and may even have taken over its inode.
        """
        wanted = []
        for entry in entries:
            if self._is_excluded(entry):
                continue
            piece = self.ledger.open.get(entry.key)
            try:
                if piece is not None and not self._continues(piece, entry):
                    self.ledger.close(entry.key, self.now)
            except IntegrityError as error:
                self._note(str(error))
            else:
                wanted.append(entry)
        return sorted(
            wanted, key=lambda entry: (entry.key not in self.ledger.open, entry.modified_s)
        )

    def _is_excluded(self, entry: Entry) -> bool:
        name = names.shown(entry.name)
        base = name.rpartition("/")[2]
        return any(fnmatchcase(name, p) or fnmatchcase(base, p) for p in self.source.exclude)

    def _close_vanished(self, there: set[str]) -> None:
        for key in [key for key in self.ledger.open if key not in there]:
            self.ledger.close(key, self.now)

    def _bring(self, entry: Entry) -> None:
        try:
            self._take(entry)
            self._commit()
        except IntegrityError as error:
            self._note(str(error))
        except OSError as error:
            raise NetopsError(
                f"cannot write below {self.ledger.directory}: {error.strerror}",
                hint="make room, or move state_dir to a larger disk",
            ) from error

    def _take(self, entry: Entry) -> None:
        piece = self.ledger.open.get(entry.key)
        if piece is None:
            if not entry.size_bytes:
                return
            piece = self._new_piece(entry)
        piece.name = names.shown(entry.name)
        got = self._append(piece, entry)
        if not piece.size_bytes:
            return
        self.ledger.open[entry.key] = piece
        piece.modified_s = entry.modified_s
        is_whole = piece.size_bytes >= entry.size_bytes
        if not got or (is_whole and not piece.counted_bytes and self._is_known(piece)):
            return
        self._count(piece)
        self.done.files += 1
        self.done.size_bytes += got

    def _commit(self) -> None:
        """Write the ledger now and then: what a kill leaves unnoted is brought again."""
        self.uncommitted += 1
        if self.uncommitted >= _COMMIT_FILES:
            self.ledger.write()
            self.uncommitted = 0

    def _new_piece(self, entry: Entry) -> Piece:
        copy = names.copy_name(self.source.paths[entry.number], entry, self.now)
        path = self.ledger.directory / copy
        private_directory(path.parent)
        stem, number = copy, 1
        while path.exists():  # twice within one second
            number += 1
            head, dot, tail = stem.rpartition("/")
            copy = f"{head}{dot}{number}-{tail}"
            path = self.ledger.directory / copy
        return Piece("", copy)

    def _cut_uncommitted(self, piece: Piece) -> None:
        """Drop what a killed run added without noting it."""
        path = self.ledger.path(piece)
        if not path.exists():
            piece.size_bytes = 0  # lost here: bring it again
        elif path.stat().st_size > piece.size_bytes:
            os.truncate(path, piece.size_bytes)

    def _continues(self, piece: Piece, entry: Entry) -> bool:
        """Tell whether the file there begins with what is here (else: truncated, or another)."""
        unchanged = (entry.size_bytes, entry.modified_s) == (piece.size_bytes, piece.modified_s)
        if not piece.copy:
            return unchanged
        self._cut_uncommitted(piece)
        if entry.size_bytes < piece.size_bytes:
            return False
        if unchanged or not piece.size_bytes:
            return True
        start = max(piece.size_bytes - _OVERLAP_BYTES, 0)
        seen = bytearray()
        self.origin.read(entry, start, piece.size_bytes - start, seen.extend)
        with self.ledger.path(piece).open("rb") as file:
            file.seek(start)
            return file.read(piece.size_bytes - start) == bytes(seen)

    def _append(self, piece: Piece, entry: Entry) -> int:
        """Add what the file has beyond the copy; return the bytes that came."""
        wanted = entry.size_bytes - piece.size_bytes if piece.copy else 0
        if wanted <= 0:
            return 0
        length = min(wanted, self.left_bytes)
        self._require_room(length)
        if length < wanted:
            self._note(f"{piece.name}: {size_text(wanted - length)} left for the next run")
        if not length:
            return 0
        with _appending(self.ledger.path(piece)) as file:
            before = file.seek(0, os.SEEK_END)

            def take(data: bytes) -> None:
                file.write(data)

            self.origin.read(entry, piece.size_bytes, length, take)
            file.flush()
            os.fsync(file.fileno())
            got = file.tell() - before
        self.left_bytes -= got
        piece.size_bytes += got
        return got

    def _require_room(self, length: int) -> None:
        free = shutil.disk_usage(self.ledger.directory).free
        if free < length + _SPARE_BYTES:
            raise NetopsError(
                f"{self.source.name}: {size_text(length)} of logs wait, "
                f"{self.ledger.directory} has {size_text(free)}",
                hint="make room there, or move state_dir to a larger disk",
            )

    def _is_known(self, piece: Piece) -> bool:
        """
        Settle a file that only repeats what was collected while it was still written to.

        A rotated log is renamed (and known by its inode), copied, or compressed. A copy that goes
        on beyond what is here is added to it.
        """
        path = self.ledger.path(piece)
        for old in reversed(self.ledger.closed):
            if not self._may_repeat(piece, old):
                continue
            try:
                beyond = content.begins_with(path, self.ledger.path(old))
            except content.UnfinishedError:
                return False
            if beyond is None:
                continue
            if beyond:
                self._extend(old, path)
            path.unlink()
            piece.copy, piece.counted_bytes = "", piece.size_bytes
            return True
        return False

    def _may_repeat(self, piece: Piece, old: Piece) -> bool:
        before = self.ledger.path(old)
        is_plain = not names.is_compressed(before.name) and before.is_file()
        return is_plain and names.log_of(old.name) == names.log_of(piece.name)

    def _extend(self, old: Piece, path: Path) -> None:
        start = old.size_bytes
        with _appending(self.ledger.path(old)) as file:
            position = 0
            for data in content.chunks(path):
                fresh = data[max(start - position, 0) :]
                position += len(data)
                file.write(fresh)
                old.size_bytes += len(fresh)
            file.flush()
            os.fsync(file.fileno())
        self.done.files += 1
        self.done.size_bytes += old.size_bytes - start
        self._count(old)

    def _count(self, piece: Piece) -> None:
        """Count by day what has come since the last count."""
        path = self.ledger.path(piece)
        is_packed = names.is_compressed(path.name)
        moment = datetime.fromtimestamp(piece.modified_s or self.now.timestamp(), UTC)
        counter = DayCounter(moment, piece.day)
        try:
            start = 0 if is_packed else piece.counted_bytes
            if not is_packed or not piece.counted_bytes:
                counter.feed(content.lines(path, start))
        except content.UnfinishedError:
            return  # it is still being written; counted when it is whole
        piece.counted_bytes = piece.size_bytes
        piece.day = counter.day
        self._enter(counter.counts)

    def _enter(self, counts: Counts) -> None:
        self.ledger.enter(counts, self.now)
        self.done.lines += sum(lines for lines, _ in counts.values())

    def _note(self, text: str) -> None:
        if len(self.done.problems) < _LISTED:
            self.done.problems.append(text)

    def _forget_old(self) -> None:
        """Let go of copies past their time here; the backups keep them by their own rules."""
        now_s = self.now.timestamp()
        kept: list[Piece] = []
        for piece in self.ledger.closed:
            age_s = now_s - piece.modified_s
            if age_s > self.source.keep_s and piece.copy:
                self.ledger.path(piece).unlink(missing_ok=True)
            elif age_s <= max(self.source.keep_s, _COMPARED_S):
                kept.append(piece)
        self.ledger.closed = kept


def _appending(path: Path) -> BinaryIO:
    def private(name: str, flags: int) -> int:
        return os.open(name, flags | os.O_NOFOLLOW, 0o600)

    return open(path, "ab", opener=private)
