"""One entry for an auditor: shown to be under a signed or printed head, without the rest.

The text is a c2sp.org/tlog-proof: `extra` carries the entry itself, so nothing else is needed.
"""

import sqlite3
from base64 import b64decode, b64encode
from pathlib import Path

from netops.core.dataclass import dataclass
from netops.core.errors import IntegrityError, UsageError
from netops.journal import body, database, merkle, note
from netops.journal.anchor import Anchor, parse_anchors
from netops.journal.model import Entry, Genesis
from netops.journal.tip import read_genesis

_TITLE = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True, slots=True)
class Proof:
    """An entry, its audit path, and the checkpoint it leads to."""

    #: Place in the tree, from 0: entry 1 is leaf 0.
    index: int
    body: bytes
    path: tuple[bytes, ...]
    #: A signed note, or the bare checkpoint text where only a printed head is known.
    checkpoint: str

    def text(self) -> str:
        """Return the proof as a file's content."""
        hashes = [b64encode(one).decode() for one in self.path]
        extra = f"extra {b64encode(self.body).decode()}"
        return "\n".join([_TITLE, extra, f"index {self.index}", *hashes, "", self.checkpoint])

    @property
    def head(self) -> note.Head:
        """Return what the checkpoint says; raise ValueError when it says nothing."""
        signed = "\n\n" in self.checkpoint
        return note.parse_head(note.parse(self.checkpoint).text if signed else self.checkpoint)


def prove(path: Path, seq: int, *, head: str | None = None) -> Proof:
    """
    Return the proof for entry `seq` under `head`, a note or `size:root`; else the newest one.

    Raises UsageError when no head covers the entry, IntegrityError when the journal does not
    agree with the head.
    """
    file = path / database.FILE_NAME if path.is_dir() else path
    with database.translated(file):
        connection = database.open_for_reading(file)
        try:
            size, root, checkpoint = _target(connection, head, seq)
            row = connection.execute("SELECT body FROM entry WHERE seq = ?", (seq,)).fetchone()
            if row is None:
                raise UsageError(f"the journal has no entry {seq}")
            trees = _Trees(connection, read_genesis(connection, file))
            steps = merkle.inclusion_path(seq - 1, size, trees.root)
        finally:
            connection.close()
    if not merkle.verify_inclusion(merkle.leaf_hash(row[0]), seq - 1, size, steps, root):
        raise IntegrityError(
            f"the journal does not agree with the head at {size}",
            hint="run `netops journal verify` with that head as its anchor",
        )
    return Proof(seq - 1, row[0], steps, checkpoint)


def check_proof(text: str, *, head: str | None = None, public_key: str | None = None) -> Entry:
    """
    Return the entry when the proof leads to `head` or to a checkpoint signed by `public_key`.

    Needs no journal. Raises IntegrityError when the proof does not hold, UsageError when it
    cannot be read or nothing was given to hold it against.
    """
    if head is None and public_key is None:
        raise UsageError("a proof must be held against a head or a public key")
    try:
        proof = parse_proof(text)
        claimed = proof.head
    except ValueError as error:
        raise UsageError(f"this is not a proof: {error}") from None
    if head is not None and (claimed.size, claimed.root) not in {
        (one.size, one.root) for one in parse_anchors(head)
    }:
        raise IntegrityError(f"the proof leads to another head than the given one: {claimed.size}")
    if public_key is not None:
        _check_signature(proof, public_key)
    leaf = merkle.leaf_hash(proof.body)
    if not merkle.verify_inclusion(leaf, proof.index, claimed.size, proof.path, claimed.root):
        raise IntegrityError("the entry is not under that head: it was changed, or the proof was")
    return body.decode(proof.index + 1, proof.body, b"")


def parse_proof(text: str) -> Proof:
    """Take a proof apart; raise ValueError when it is none."""
    top, separator, checkpoint = text.replace("\r\n", "\n").partition("\n\n")
    title, *lines = top.split("\n")
    if not separator or title != _TITLE or len(lines) < 2:
        raise ValueError("title, entry, index or checkpoint are missing")
    extra, index, *hashes = lines
    if not extra.startswith("extra ") or not index.removeprefix("index ").isdecimal():
        raise ValueError("entry or index are malformed")
    return Proof(
        int(index.removeprefix("index ")),
        b64decode(extra.removeprefix("extra "), validate=True),
        tuple(note.parse_root(one) for one in hashes),
        checkpoint,
    )


def _check_signature(proof: Proof, public_key: str) -> None:
    from netops.journal.keys import is_signed_by

    try:
        name, public = note.parse_public_key(public_key)
        signed = note.parse(proof.checkpoint)
    except ValueError as error:
        raise UsageError(f"the signature cannot be checked: {error}") from None
    if not is_signed_by(signed, name, public):
        raise IntegrityError("the proof's checkpoint is not signed by the given key")


def _target(connection: sqlite3.Connection, head: str | None, seq: int) -> tuple[int, bytes, str]:
    """Return size, root and checkpoint text to prove against."""
    if head is None:
        row = connection.execute(
            "SELECT note FROM checkpoint WHERE size >= ? ORDER BY size DESC LIMIT 1", (seq,)
        ).fetchone()
        if row is None:
            raise UsageError(
                f"no checkpoint covers entry {seq} yet", hint="the next netops run signs one"
            )
        head = str(row[0])
    covering = [one for one in parse_anchors(head) if one.size >= seq]
    if not covering or seq < 1:
        raise UsageError(f"the head does not cover entry {seq}")
    anchor = covering[0]
    return anchor.size, anchor.root, _checkpoint_text(connection, anchor)


def _checkpoint_text(connection: sqlite3.Connection, anchor: Anchor) -> str:
    if anchor.signed is not None:
        return note.compose(anchor.signed.text, anchor.signed.signatures)
    row = connection.execute(
        "SELECT note FROM checkpoint WHERE size = ?", (anchor.size,)
    ).fetchone()
    if row is not None:
        return str(row[0])
    (origin,) = connection.execute("SELECT origin FROM genesis").fetchone()
    return note.Head(origin, anchor.size, anchor.root).text()


class _Trees:
    """Heads over any aligned range of entries, removed ones included as far as known."""

    def __init__(self, connection: sqlite3.Connection, genesis: Genesis) -> None:
        self._connection = connection
        self._begin = genesis.size
        self._known: dict[tuple[int, int], bytes] = {}
        start = 0
        for node, height in zip(genesis.nodes, merkle.heights(genesis.size), strict=True):
            self._known[start, start + (1 << height)] = node
            start += 1 << height

    def root(self, start: int, stop: int) -> bytes:
        """Return the head over entries `start + 1` to `stop`."""
        if (start, stop) in self._known:
            return self._known[start, stop]
        if start < self._begin and stop - start > 1:
            split = start + merkle.split_point(stop - start)
            return merkle.node_hash(self.root(start, split), self.root(split, stop))
        rows = self._connection.execute(
            "SELECT body FROM entry WHERE seq > ? AND seq <= ? ORDER BY seq", (start, stop)
        )
        grove = merkle.Grove(0, (), [merkle.leaf_hash(data) for (data,) in rows])
        return merkle.root(grove.frontier(grove.size))
