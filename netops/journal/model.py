"""What the journal is made of, as plain values."""

from collections.abc import Mapping
from datetime import datetime

from netops.core.dataclass import dataclass
from netops.core.status import Status

#: Network logs must be kept six months (Cybersecurity Law of China, art. 23(3), formerly 21(3)).
SHORTEST_KEEP_DAYS = 180


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened, as it was written."""

    seq: int
    at: datetime
    host: str
    actor: str
    run: str | None
    kind: str
    subject: str
    ok: bool | None
    detail: Mapping[str, object]
    #: The exact bytes that the hash chain and the Merkle tree cover.
    body: bytes
    #: SHA-256 over the hash before and `body`, in hexadecimal.
    hash: str
    #: The machine's clock stood earlier than at the entry before.
    clock_back: bool = False


@dataclass(frozen=True, slots=True)
class OpenRun:
    """An intent whose outcome is not written yet."""

    run: str
    seq: int
    at: datetime
    verb: str
    #: The first of them; of a large run the others are in entries of their own.
    targets: tuple[str, ...]
    count: int
    host: str
    #: The process that began it still lives on this machine; False means it was killed.
    running: bool


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A signed statement: the first `size` entries have this Merkle root."""

    origin: str
    size: int
    #: RFC 6962 tree head, base64.
    root: str
    #: The C2SP signed note.
    note: str

    @property
    def head(self) -> str:
        """Return `size:root`, short enough to print in a report."""
        return f"{self.size}:{self.root}"


@dataclass(frozen=True, slots=True)
class Genesis:
    """What is left of the entries that retention removed; size 0 when nothing was."""

    size: int
    #: Chain hash of the last removed entry.
    hash: bytes
    #: Merkle frontier after `size` entries, largest subtree first.
    nodes: tuple[bytes, ...]
    #: Last whole month removed, `2025-09`, or an empty text.
    through: str
    #: The newest signed note that covered only removed entries, or an empty text.
    note: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason why the journal cannot be believed, and from which entry on."""

    seq: int | None
    problem: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What was checked and what came out."""

    entries: int
    findings: tuple[Finding, ...]
    #: Every entry up to this number is proven as it was written.
    verified_to: int
    #: Entries up to this number agree with an anchor kept outside; 0 without one.
    anchored_to: int
    #: Signed notes in the journal whose signature and root are right.
    checkpoints: int
    #: True statements the reader must know, none of them a sign of tampering.
    remarks: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Tell whether nothing speaks against the journal."""
        return not self.findings

    @property
    def status(self) -> Status:
        """Return the exit status: OK, or CRITICAL for tampering."""
        return Status.OK if self.ok else Status.CRITICAL
