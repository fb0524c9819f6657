"""What the antivirus gate asks of a scanner; tests/contracts checks every scanner."""

import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from netops.core.cancel import Cancel
from netops.core.dataclass import dataclass
from netops.core.errors import NetopsError


class ScannerError(NetopsError):
    """The scanner is missing, failed, or did not answer in time; nothing was concluded."""

    code = "scanner"


class Identity(NamedTuple):
    """What tells that a file is the one that was scanned: every write changes one of these."""

    inode: int
    size_bytes: int
    modified_ns: int
    changed_ns: int


def identity_of(facts: os.stat_result) -> Identity:
    """Return the identity of a file from its stat."""
    return Identity(facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns)


class Candidate(NamedTuple):
    """One file to scan."""

    path: str
    identity: Identity


class Finding(StrEnum):
    """What a scan concluded about one file."""

    CLEAN = "clean"
    INFECTED = "infected"
    #: Beyond a limit of the scanner: size, depth, number of members.
    TOO_LARGE = "too large"
    #: Of a kind that the scanner calls clean without looking.
    IGNORED = "ignored"
    #: It was replaced or written to before it could be read.
    CHANGED = "changed"
    #: This account may not read it, so no backup by this account holds it.
    UNREADABLE = "unreadable"
    #: The scanner gave no verdict.
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The conclusion about one candidate."""

    candidate: Candidate
    finding: Finding
    #: The signature that matched, or why there is no conclusion.
    name: str = ""


@dataclass(frozen=True, slots=True)
class Health:
    """What a scanner works with."""

    engine: str
    signatures: str
    signatures_at: datetime | None
    #: Why its verdicts are not worth their name; empty when they are.
    problems: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a scan may go on."""

    deadline_s: float
    cancel: Cancel


@dataclass(frozen=True, slots=True)
class Traits:
    """What a scanner can do, so that nobody asks for its name."""

    #: It reads files that only netops can open.
    reads_for_us: bool


class Scanner(Protocol):
    """One malware scanner."""

    traits: Traits

    def __init__(self, options: Mapping[str, Any]) -> None:
        """Take the options of `scan:`; raise ConfigError for wrong ones, touch nothing."""

    def health(self, limits: Limits) -> Health:
        """Say what scans, with which signatures; raise ScannerError when nothing can."""

    def scan(self, candidates: Iterable[Candidate], limits: Limits) -> Iterator[Verdict]:
        """
        Yield one verdict per candidate, in their order, whatever its name.

        Never says CLEAN of a file that was not read to its end as `identity` describes it. Raises
        ScannerError when it cannot go on (verdicts already given stand), or what the cancel raises.
        """


@contextmanager
def opened(candidate: Candidate) -> Iterator[int]:
    """
    Open exactly the file of the candidate; no link is followed, no pipe waited for.

    Raises OSError, or StaleFileError when another file or content is there now.
    """
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY
    handle = os.open(candidate.path, flags)
    try:
        check_same(handle, candidate)
        yield handle
    finally:
        os.close(handle)


class StaleFileError(Exception):
    """The file is no longer the one that was found."""


def check_same(handle: int, candidate: Candidate) -> None:
    """Raise StaleFileError when the open file is no longer what the candidate describes."""
    facts = os.fstat(handle)
    if not stat.S_ISREG(facts.st_mode) or identity_of(facts) != candidate.identity:
        raise StaleFileError
