"""The journal's end: what an append needs, and the append itself, inside a transaction."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from netops.core.dataclass import dataclass
from netops.core.errors import IntegrityError
from netops.journal import body, merkle
from netops.journal.model import Entry, Genesis

_TIP = f"""
SELECT tip.size, tip.hash, tip.nodes,
       coalesce((SELECT {body.AT} FROM entry WHERE seq = tip.size), x''),
       coalesce((SELECT max(seq) FROM entry), genesis.size),
       coalesce((SELECT hash FROM entry WHERE seq = tip.size), genesis.hash),
       coalesce((SELECT max(size) FROM checkpoint), 0)
FROM tip, genesis
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Tip:
    """Where the journal ends."""

    size: int
    hash: bytes
    nodes: tuple[bytes, ...]
    #: Moment of the last entry, as it stands in its body, or nothing.
    at: bytes

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
    if not is_typed(row[:4], int, bytes, bytes, bytes):
        raise _changed(path)
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
    if row is not None and is_typed(row, int, bytes, bytes, str, str):
        size, digest, nodes, through, note = row
        try:
            return Genesis(size, digest, merkle.unpack(nodes, size), through, note)
        except ValueError:
            pass
    raise IntegrityError(
        f"{path} does not say where it begins", hint="keep it as evidence, restore from a copy"
    )


def is_typed(row: Sequence[object], *types: type) -> bool:
    """Tell whether the row holds these types: damaged pages may hold others than the table says."""
    return len(row) == len(types) and all(map(isinstance, row, types))


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
    data = body.encode(
        seq,
        draft.at,
        clock_back=body.moment_bytes(draft.at) < tip.at,
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
    connection.execute("UPDATE tip SET size = ?, hash = ?, nodes = ?", (seq, digest, nodes))
    return body.decode(seq, data, digest)
