"""The journal's end: what an append needs, and the append itself, inside a transaction."""

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from netops.core.clock import utc_text
from netops.core.errors import IntegrityError
from netops.journal import body, merkle
from netops.journal.model import Entry, Genesis

_TIP = """
SELECT tip.size, tip.hash, tip.nodes, tip.at,
       coalesce((SELECT max(seq) FROM entry), genesis.size),
       coalesce((SELECT hash FROM entry WHERE seq = tip.size), genesis.hash),
       coalesce((SELECT max(size) FROM checkpoint), 0)
FROM tip, genesis
"""


@dataclass(frozen=True, slots=True)
class Tip:
    """Where the journal ends."""

    size: int
    hash: bytes
    nodes: tuple[bytes, ...]
    #: Moment of the last entry, as text, or an empty text.
    at: str

    @property
    def root(self) -> bytes:
        """Return the Merkle root over all entries."""
        return merkle.root(self.nodes)


def read_tip(connection: sqlite3.Connection, path: Path) -> Tip:
    """Return the end; raise IntegrityError where the file was cut or changed behind our back."""
    row = connection.execute(_TIP).fetchone()
    if row is None:
        raise _changed(path)
    size, digest, nodes, at, last_seq, last_hash, signed = row
    if last_seq != size or last_hash != digest or signed > size:
        raise _changed(path)
    try:
        return Tip(size, digest, merkle.unpack(nodes, size), at)
    except ValueError:
        raise _changed(path) from None


def _changed(path: Path) -> IntegrityError:
    return IntegrityError(
        f"the end of {path} is not what was last written",
        hint="run `netops journal verify`; to go on, move the whole journal directory aside and"
        " keep it as evidence: the next run starts a new journal",
    )


def read_genesis(connection: sqlite3.Connection, path: Path) -> Genesis:
    """Return where the kept entries begin."""
    row = connection.execute(
        "SELECT size, hash, nodes, through, note FROM genesis WHERE one = 1"
    ).fetchone()
    if row is not None:
        size, digest, nodes, through, note = row
        try:
            return Genesis(size, digest, merkle.unpack(nodes, size), through, note)
        except ValueError:
            pass
    raise IntegrityError(
        f"{path} does not say where it begins", hint="keep it as evidence, restore from a copy"
    )


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry before it has a number."""

    at: datetime
    host: str
    actor: str
    run: str | None
    kind: str
    subject: str
    ok: bool | None
    detail: dict[str, object]


def append(connection: sqlite3.Connection, path: Path, draft: Draft) -> Entry:
    """Write the entry after the last one; the caller holds the write lock."""
    tip = read_tip(connection, path)
    seq = tip.size + 1
    at = utc_text(draft.at)
    data = body.encode(
        seq,
        draft.at,
        clock_back=at < tip.at,
        host=draft.host,
        actor=draft.actor,
        run=draft.run,
        kind=draft.kind,
        subject=draft.subject,
        ok=draft.ok,
        detail=draft.detail,
    )
    digest = sha256(tip.hash + data).digest()
    nodes = merkle.pack(merkle.push(tip.nodes, tip.size, merkle.leaf_hash(data)))
    connection.execute("INSERT INTO entry VALUES (?, ?, ?)", (seq, data, digest))
    connection.execute(
        "UPDATE tip SET size = ?, hash = ?, nodes = ?, at = ?", (seq, digest, nodes, at)
    )
    return body.decode(seq, data, digest)
