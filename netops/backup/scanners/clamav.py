"""ClamAV: clamd over its socket, clamscan where no clamd answers."""

import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from errno import ELOOP, ENXIO
from itertools import islice
from pathlib import Path
from typing import Any

from netops.backup.scanners.base import (
    Candidate,
    Finding,
    Health,
    Limits,
    ScannerError,
    StaleFileError,
    Traits,
    Verdict,
    check_same,
    opened,
)
from netops.backup.scanners.clamd import Clamd, SilentError, read_answer
from netops.backup.scanners.clamscan import Clamscan
from netops.backup.scanners.signatures import Signatures, loaded, on_disk, problems
from netops.core import process
from netops.core.errors import ConfigError, NetopsError

_SOCKETS = ("/run/clamav/clamd.ctl", "/run/clamd.scan/clamd.sock", "/var/run/clamav/clamd.sock")
_DATABASE = Path("/var/lib/clamav")
#: Files for one start of clamscan, which loads all its signatures each time.
_BATCH = 20_000
#: A fresh database may lie on the disk this long before clamd must have loaded it.
_RELOAD_S = 2 * 3600.0
_LIMITS = ("Heuristics.Limits.Exceeded", "INSTREAM size limit exceeded")
#: ClamAV calls files that begin so clean unseen: SQLite and its journals, MP3, Ogg, Real Media, SIP.
_UNSEEN = tuple(
    bytes.fromhex(start)
    for start in (
        *("53514c69746520666f726d6174203300", "377f0682002de218", "377f0683002de218"),
        *("d9d505f920a163d7", "494433", "fffb90", "4f676753", "2e524d46"),
        *("5349502d48495420285349502f48", "53594d430100"),
    )
)


class ClamavScanner:
    """clamd when its socket answers, else clamscan."""

    traits = Traits(reads_for_us=True)

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.socket = options.get("socket")
        self.database = Path(options.get("database") or _DATABASE)
        self.max_age_s = float(options.get("max_signature_age") or 7 * 86_400)
        self.max_file_bytes = int(options.get("max_file_size") or 100_000_000)
        for path in (self.socket, self.database):
            if path is not None and not Path(path).is_absolute():
                raise ConfigError(f"scan: {path} is not an absolute path")

    def health(self, limits: Limits) -> Health:
        """Say what scans, with which signatures."""
        now, disk = datetime.now(UTC), on_disk(self.database)
        path = self._socket()
        if path is None:
            self._clamscan()
            told = problems(disk, None, now, self.max_age_s)
            return Health("clamscan", _number(disk), disk.at if disk else None, told)
        with Clamd(path, limits) as clamd:
            answer = clamd.ask("VERSION")
        found = disk if answer.startswith("COMMAND UNAVAILABLE") else loaded(answer)
        newer = disk if self._is_overdue() else None
        told = problems(found, newer, now, self.max_age_s)
        return Health(answer.partition("/")[0], _number(found), found.at if found else None, told)

    def scan(self, candidates: Iterable[Candidate], limits: Limits) -> Iterator[Verdict]:
        """Yield one verdict per candidate, in their order."""
        path = self._socket()
        if path is not None:
            yield from _ByClamd(path, limits, self.max_file_bytes).scan(candidates)
            return
        clamscan = Clamscan(self._clamscan(), self.database, self.max_file_bytes)
        ends_at_s = time.monotonic() + limits.deadline_s
        rest = iter(candidates)
        while batch := list(islice(rest, _BATCH)):
            left = Limits(max(ends_at_s - time.monotonic(), 0.001), limits.cancel)
            yield from map(_checked, batch, clamscan.scan(batch, left))

    def _socket(self) -> str | None:
        """Return the socket on which clamd listens, if any."""
        known = [self.socket] if self.socket else _SOCKETS
        return next((str(path) for path in known if _listens(str(path))), None)

    def _clamscan(self) -> str:
        try:
            return process.find_program("clamscan", package="clamav")
        except NetopsError as error:
            where = f"at {self.socket}" if self.socket else "at its usual sockets"
            raise ScannerError(
                f"clamd does not answer {where}, and clamscan is not installed",
                hint="apt-get install clamav-daemon, or set scan.socket to clamd's LocalSocket",
            ) from error

    def _is_overdue(self) -> bool:
        newest = max((_modified_s(path) for path in self.database.glob("daily.c?d")), default=0)
        return time.time() - newest > _RELOAD_S


class _ByClamd:
    """Scans one file after the other in one session, renewed when clamd ended it for idleness."""

    def __init__(self, path: str, limits: Limits, max_file_bytes: int) -> None:
        self.path, self.max_file_bytes = path, max_file_bytes
        self.cancel = limits.cancel
        self.ends_at_s = time.monotonic() + limits.deadline_s
        self.session: Clamd | None = None

    def scan(self, candidates: Iterable[Candidate]) -> Iterator[Verdict]:
        try:
            for candidate in candidates:
                yield self._verdict(candidate)
        finally:
            self._hang_up()

    def _verdict(self, candidate: Candidate) -> Verdict:
        if candidate.identity.size_bytes > self.max_file_bytes:
            return Verdict(candidate, Finding.TOO_LARGE, "larger than max_file_size")
        try:
            with opened(candidate) as handle:
                verdict = _concluded(candidate, self._asked(handle))
                check_same(handle, candidate)
                return verdict
        except StaleFileError:
            return Verdict(candidate, Finding.CHANGED)
        except OSError as error:
            return _unreadable(candidate, error)

    def _asked(self, handle: int) -> str:
        fresh = self.session is None
        try:
            answer = self._ask(handle)
        except ScannerError as error:
            self._hang_up()
            if fresh or isinstance(error, SilentError):
                raise
            answer = self._ask(handle)
        if read_answer(answer)[0] == "ERROR":
            # Some confinements (AppArmor) forbid clamd the descriptor, never the bytes.
            answer = self._streamed(handle) or answer
        return answer

    def _ask(self, handle: int) -> str:
        if os.pread(handle, 16, 0).startswith(_UNSEEN):
            # With a byte before it, it is of no known kind, and every signature is tried.
            return self._session().scan_stream(handle, b"\n")
        return self._session().scan_descriptor(handle)

    def _streamed(self, handle: int) -> str:
        try:
            return self._session().scan_stream(handle)
        except SilentError:
            raise
        except ScannerError:
            self._hang_up()
            return ""

    def _session(self) -> Clamd:
        if self.session is None:
            left_s = self.ends_at_s - time.monotonic()
            if left_s <= 0:
                raise ScannerError("the scan took too long", hint="raise scan.deadline")
            self.session = Clamd(self.path, Limits(left_s, self.cancel))
        return self.session

    def _hang_up(self) -> None:
        if self.session is not None:
            self.session.close()
            self.session = None


def _checked(candidate: Candidate, said: str) -> Verdict:
    """Return what clamscan said, unless the file is another one by now."""
    try:
        with opened(candidate) as handle:
            is_unseen = os.pread(handle, 16, 0).startswith(_UNSEEN)
    except StaleFileError:
        return Verdict(candidate, Finding.CHANGED)
    except OSError as error:
        return _unreadable(candidate, error)
    if said == "Empty file":
        return Verdict(candidate, Finding.CLEAN)
    verdict = _concluded(candidate, f": {said}" if said else "")
    if is_unseen and verdict.finding is Finding.CLEAN:
        return Verdict(candidate, Finding.IGNORED)
    return verdict


def _concluded(candidate: Candidate, answer: str) -> Verdict:
    word, name = read_answer(answer)
    if word == "OK":
        return Verdict(candidate, Finding.CLEAN)
    if name.startswith(_LIMITS):
        return Verdict(candidate, Finding.TOO_LARGE, name)
    if word == "FOUND":
        return Verdict(candidate, Finding.INFECTED, name)
    return Verdict(candidate, Finding.FAILED, name or "the scanner said nothing about it")


def _unreadable(candidate: Candidate, error: OSError) -> Verdict:
    gone = isinstance(error, FileNotFoundError | NotADirectoryError) or error.errno in {
        ELOOP,
        ENXIO,
    }
    finding = Finding.CHANGED if gone else Finding.UNREADABLE
    return Verdict(candidate, finding, error.strerror or "cannot be read")


def _listens(path: str) -> bool:
    """Tell whether anybody listens on the socket."""
    import socket

    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(10)
        try:
            probe.connect(path)
        except OSError:
            return False
    return True


def _modified_s(path: Path) -> float:
    with suppress(OSError):
        return path.stat().st_mtime
    return 0.0


def _number(found: Signatures | None) -> str:
    return str(found.number) if found else ""
