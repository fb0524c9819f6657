"""Where logs are read: this machine's directories, or a server's through its forced command."""

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple, Protocol

from netops.backup.logs.source import LogSource
from netops.core.cancel import Cancel
from netops.core.dataclass import dataclass
from netops.core.errors import ConfigError, IntegrityError
from netops.core.secrets import resolve
from netops.core.ssh import Account, Connection, HostKey, KnownHosts, connect, parse_host_key

MAX_FILES = 100_000
_LIST_BYTES = 64_000_000
_LIST_S = 120.0
_NAME_BYTES = 4096
_CHUNK_BYTES = 1 << 16

Sink = Callable[[bytes], None]


class Entry(NamedTuple):
    """One file of a log directory, as it is now."""

    #: Which of the source's paths.
    number: int
    inode: int
    size_bytes: int
    modified_s: float
    #: Relative to the path; not to be trusted.
    name: bytes

    @property
    def key(self) -> str:
        """Return what stays the same while the file is renamed."""
        return f"{self.number}:{self.inode}"


@dataclass(frozen=True, slots=True)
class Listing:
    """All files, and whether some could not be looked at."""

    entries: Sequence[Entry]
    problem: str = ""


class Origin(Protocol):
    """A place to read logs from."""

    def listing(self) -> Listing:
        """Return the regular files below the paths; no link is followed."""

    def read(self, entry: Entry, offset: int, length: int, sink: Sink) -> None:
        """Hand at most `length` bytes from `offset` on to `sink`; fewer when there are fewer."""


class LocalOrigin:
    """Directories of this machine."""

    def __init__(self, paths: Sequence[str], cancel: Cancel) -> None:
        self._paths, self._cancel = paths, cancel
        self._where: dict[str, bytes] = {}

    def listing(self) -> Listing:
        """Return the regular files below the paths."""
        problems: list[str] = []
        entries: list[Entry] = []
        for number, root in enumerate(self._paths):
            for path, facts in _walk(os.fsencode(root), problems):
                name = path[len(os.fsencode(root)) :].lstrip(b"/")
                entry = Entry(number, facts.st_ino, facts.st_size, facts.st_mtime, name)
                self._where[entry.key] = path
                entries.append(entry)
                self._cancel.check()
        return Listing(entries, "; ".join(problems[:3]))

    def read(self, entry: Entry, offset: int, length: int, sink: Sink) -> None:
        """Hand on bytes of the file, if it still is the one that was listed."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            handle = os.open(self._where[entry.key], flags)
        except FileNotFoundError:
            return
        except OSError as error:
            shown = entry.name.decode(errors="backslashreplace")
            raise IntegrityError(f"{shown}: {error.strerror}") from error
        try:
            facts = os.fstat(handle)
            if facts.st_ino != entry.inode or not stat.S_ISREG(facts.st_mode):
                return
            while length and (data := os.pread(handle, min(length, _CHUNK_BYTES), offset)):
                self._cancel.check()
                sink(data)
                offset, length = offset + len(data), length - len(data)
        finally:
            os.close(handle)


def _walk(root: bytes, problems: list[str]) -> Iterator[tuple[bytes, os.stat_result]]:
    def failed(error: OSError) -> None:
        problems.append(f"{os.fsdecode(error.filename or root)}: {error.strerror}")

    for directory, _, names in os.walk(root, onerror=failed):
        for name in sorted(names):
            path = os.path.join(directory, name)  # noqa: PTH118  names may be no UTF-8
            with suppress(FileNotFoundError):
                facts = os.lstat(path)
                if stat.S_ISREG(facts.st_mode):
                    yield path, facts


class SshOrigin:
    """A server's directories, through the forced command `netops-logs-export`."""

    def __init__(self, connection: Connection, source: LogSource) -> None:
        self._connection, self._source = connection, source

    def listing(self) -> Listing:
        """Return the regular files the server shows; raise IntegrityError for a wrong answer."""
        data = bytearray()
        said = self._connection.run(
            "list", data.extend, deadline_s=_LIST_S, limit_bytes=_LIST_BYTES
        )
        *records, end, rest = [b"", b"", *bytes(data).split(b"\0")]
        if rest or end not in {b"end 0", b"end 1"}:
            raise self._wrong("its list has no end", said)
        entries = [self._entry(record) for record in records if record]
        if len(entries) > MAX_FILES:
            raise self._wrong(f"it lists more than {MAX_FILES} files", "")
        if len({entry.key for entry in entries}) < len(entries):
            entries = list({entry.key: entry for entry in entries}.values())  # hard links
        return Listing(entries, (said or "some could not be read") if end == b"end 1" else "")

    def _entry(self, record: bytes) -> Entry:
        parts = record.split(b" ", 4)
        try:
            number, inode, size = (int(part) for part in parts[:3])
            entry = Entry(number, inode, size, float(parts[3]), parts[4])
        except (ValueError, IndexError):
            raise self._wrong(
                "its list cannot be read", record[:80].decode("ascii", "replace")
            ) from None
        known = 0 <= number < len(self._source.paths)
        sane = 0 < inode < 1 << 64 and 0 <= size < 1 << 62 and 0 <= entry.modified_s < 1e11
        if not known or not sane or not is_safe(entry.name):
            shown = record[:120].decode("ascii", "backslashreplace")
            raise self._wrong("its list names something impossible", shown)
        return entry

    def read(self, entry: Entry, offset: int, length: int, sink: Sink) -> None:
        """Hand on what the server sends, never more than was asked for."""
        command = f"read {entry.number} {entry.inode} {offset} {length}"
        self._connection.run(command, sink, deadline_s=self._source.deadline_s, limit_bytes=length)

    def _wrong(self, what: str, said: str) -> IntegrityError:
        return IntegrityError(
            f"{self._source.name}: {what}" + (f" ({said})" if said else ""),
            hint="compare netops-logs-export there with `netops backup logs authorize`",
        )


def is_safe(name: bytes) -> bool:
    """Tell whether a name stays below its directory."""
    parts = name.split(b"/")
    return 0 < len(name) <= _NAME_BYTES and not {b"", b".", b".."} & set(parts)


def account_of(source: LogSource) -> Account:
    """Return how to log in; resolves the secret key."""
    return Account(
        source.host or "",
        source.port,
        source.user,
        resolve(source.private_key, base=Path("/")),
        introduce=f"run `netops backup logs authorize {source.name}`",
    )


def known_hosts_of(source: LogSource, state: Path) -> KnownHosts:
    """Return the pinned keys: the one in netops.yaml, else those in the state directory."""
    if source.host_key:
        return _Stated(source.host_key)
    return KnownHosts(state / "ssh" / "known_hosts")


class _Stated(KnownHosts):
    """The key that netops.yaml states."""

    def __init__(self, text: str) -> None:
        super().__init__(Path("/dev/null"))
        try:
            self._key = parse_host_key(text)
        except ValueError as error:
            raise ConfigError(f"source logs: host_key: {error}") from error

    def find(self, address: str) -> list[HostKey]:
        """Return the key that is stated."""
        del address
        return [self._key]

    def pin(self, address: str, key: HostKey) -> None:
        """Refuse: the file states another."""
        raise ConfigError(
            f"netops.yaml states host_key of {address}", hint=f"write there: {key.kind} {key.body}"
        )


@contextmanager
def opened(source: LogSource, state: Path, cancel: Cancel) -> Iterator[Origin]:
    """Reach the source; raise AccessError, UnreachableError."""
    if source.host is None:
        yield LocalOrigin(source.paths, cancel)
        return
    with connect(account_of(source), known_hosts_of(source, state), cancel) as connection:
        yield SshOrigin(connection, source)
