"""One pass over a stretch of entries: order, chain, Merkle subtree.

It runs in several processes. Stretches end at multiples of 2**16, so that each yields whole subtrees which only need joining.
"""

import json
import re
import sqlite3
from hashlib import sha256
from pathlib import Path

from netops.core.dataclass import dataclass, field
from netops.core.errors import NetopsError
from netops.journal import database, merkle
from netops.journal.model import Finding

HEIGHT = 16
STRETCH = 1 << HEIGHT
#: A file rewritten without care breaks every entry; a few findings a stretch tell as much.
_MOST_FINDINGS = 10
_ROWS = "SELECT seq, body, hash FROM entry WHERE seq > ? AND seq <= ? ORDER BY seq"
_MISSING = bytes(merkle.HASH_BYTES)
# `run` and `kind` are neighbours only at the top of a body: inside `detail` keys are sorted.
_RUN = re.compile(rb'"run":"((?:[^"\\]|\\.)*)","kind":"run\.(begin|end|lost)"')

# Small enough to stay in the processor's cache.
_BATCH = 512

Row = tuple[int, bytes, bytes]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Entries `start + 1` to `stop`, with what is known at their left edge."""

    path: Path
    start: int
    stop: int
    #: Chain hash of entry `start`; None to take the one in the file, which its own stretch checks.
    hash: bytes | None
    #: The part of the frontier at `start` that lies within this stretch's subtree.
    nodes: tuple[bytes, ...]
    #: Sizes at which the caller wants the frontier.
    sizes: tuple[int, ...]
    #: Up to here a signed note speaks for the entries: they are as netops wrote them, so JSON, or
    #: the note does not fit. Entries after it are parsed.
    signed: int


@dataclass(slots=True)
class Scan:
    """What a stretch holds."""

    start: int
    stop: int
    hash: bytes = b""
    entries: int = 0
    findings: list[Finding] = field(default_factory=list)
    #: Frontier within the subtree at each wanted size, and at `stop`.
    frontiers: dict[int, tuple[bytes, ...]] = field(default_factory=dict)
    #: Runs begun and not closed here, and runs closed that began earlier (names still escaped).
    opened: dict[bytes, int] = field(default_factory=dict)
    closed: set[bytes] = field(default_factory=set)
    #: The journal's own entries: keys and retention.
    marks: list[tuple[int, bytes]] = field(default_factory=list)

    def report(self, seq: int, problem: str) -> None:
        """Note a finding, unless this stretch has enough of them."""
        if len(self.findings) < _MOST_FINDINGS:
            self.findings.append(Finding(seq, problem))

    def note(self, seq: int, data: bytes) -> None:
        """Follow runs through begin and end, and keep what the journal says of itself."""
        if b'"kind":"journal.' in data:
            self.marks.append((seq, data))
        match = _RUN.search(data)
        if match is None:
            return
        run = match[1]
        if match[2] == b"begin":
            self.opened[run] = seq
        elif self.opened.pop(run, None) is None:
            self.closed.add(run)


def scan(stretch: Stretch) -> Scan:
    """Check the stretch; damage of any kind becomes a finding, never an exception."""
    result = Scan(stretch.start, stretch.stop)
    try:
        connection = database.open_for_reading(stretch.path)
        try:
            previous = stretch.hash or _stored_hash(connection, stretch.start)
            rows = connection.execute(_ROWS, (stretch.start, stretch.stop))
            _walk(rows, stretch, previous, result)
        finally:
            connection.close()
    except (sqlite3.Error, NetopsError, TypeError, ValueError, AttributeError) as error:
        last = stretch.start + result.entries
        result.findings.append(Finding(last + 1, f"not readable after entry {last}: {error}"))
    return result


def _stored_hash(connection: sqlite3.Connection, seq: int) -> bytes | None:
    row = connection.execute("SELECT hash FROM entry WHERE seq = ?", (seq,)).fetchone()
    return row[0] if row else None


def _walk(rows: sqlite3.Cursor, stretch: Stretch, previous: bytes | None, result: Scan) -> None:
    leaves: list[bytes] = []
    while batch := rows.fetchmany(_BATCH):
        expected = stretch.start + len(leaves) + 1
        # A whole batch is compared at once; only where something is wrong, entry by entry.
        if batch[-1][0] <= stretch.signed and _is_right(batch, expected, previous):
            leaves += [sha256(b"\x00" + data).digest() for _, data, _ in batch]
            for seq, data, _ in batch:
                if data[data.find(b'"kind":"') + 8] in b"jr":
                    result.note(seq, data)
        else:
            _examine(batch, expected, previous, leaves, result)
        result.entries += len(batch)
        previous = batch[-1][2]
    _pad(stretch.start + len(leaves) + 1, stretch.stop, leaves, result)
    result.hash = previous or b""
    base = stretch.start - stretch.start % STRETCH
    grove = merkle.Grove(stretch.start - base, stretch.nodes, leaves)
    for size in {*stretch.sizes, stretch.stop}:
        result.frontiers[size] = grove.frontier(size - base)


def _is_right(batch: list[Row], expected: int, previous: bytes | None) -> bool:
    """Tell whether numbers, form and chain of all rows are right."""
    if previous is None:
        return False
    hashes = [stored for _, _, stored in batch]
    return all(
        seq == number and data.startswith(b'{"seq":%d,"at":"' % number)
        for number, (seq, data, _) in enumerate(batch, expected)
    ) and hashes == [
        sha256(before + data).digest()
        for before, (_, data, _) in zip((previous, *hashes), batch, strict=False)
    ]


def _examine(
    batch: list[Row], expected: int, previous: bytes | None, leaves: list[bytes], result: Scan
) -> None:
    """Report what is wrong with each row; fill up `leaves` where entries are missing."""
    for seq, data, stored in batch:
        if seq < expected:
            raise ValueError(f"entry {seq} stands out of order")
        if seq > expected:
            _pad(expected, seq - 1, leaves, result)
            previous = None
        if problem := _misfit(seq, data):
            result.report(seq, problem)
        if previous is not None and sha256(previous + data).digest() != stored:
            result.report(
                seq, f"entry {seq} does not fit the hash chain: it or its hash was changed"
            )
        leaves.append(merkle.leaf_hash(data))
        result.note(seq, data)
        previous, expected = stored, seq + 1


def _pad(first: int, last: int, leaves: list[bytes], result: Scan) -> None:
    """Report missing entries and hold their place, so that the rest can be read."""
    if first <= last:
        which = f"entry {first} is" if first == last else f"entries {first} to {last} are"
        result.report(first, f"{which} missing")
        leaves += [_MISSING] * (last - first + 1)


def _misfit(seq: int, data: bytes) -> str | None:
    """Return what is wrong with the form of an entry, or None."""
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return f"entry {seq} is not JSON"
    if data.startswith(b'{"seq":%d,"at":"' % seq):
        return None
    if match := re.match(rb'\{"seq":(\d{1,18}),', data):
        return f"at place {seq} stands an entry that calls itself {int(match[1])}"
    return f"entry {seq} is not in the journal's form"
