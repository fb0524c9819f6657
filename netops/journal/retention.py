"""Forgetting: whole months only, in the open, and what is left can still be proven."""

import sqlite3
from collections.abc import Iterable
from hashlib import sha256
from typing import TYPE_CHECKING

from netops.core.dataclass import dataclass
from netops.core.errors import IntegrityError
from netops.journal import body, database, merkle
from netops.journal.model import Genesis
from netops.journal.months import month_of, oldest_kept
from netops.journal.tip import read_genesis, read_tip

if TYPE_CHECKING:
    from netops.journal.book import Book


@dataclass(frozen=True, slots=True)
class Removal:
    """What retention removed, or would remove."""

    #: Number of the first and last entry.
    first: int
    last: int
    #: Last whole month, `2025-09`.
    through: str

    @property
    def entries(self) -> int:
        """Return how many entries that is."""
        return self.last - self.first + 1


def remove_old(book: "Book", *, dry_run: bool = False) -> Removal | None:
    """
    Remove the whole months older than the book's `keep_days`; return None when there is none.

    The removal is journalled and signed before it happens. Raises IntegrityError, and removes
    nothing, when the old part does not agree with its hashes.
    """
    with book.writing() as connection:
        begin = read_genesis(connection, book.path)
        removal = _plan(book, connection, begin)
        if removal is None or dry_run:
            return removal
        after = _condense(book, connection, begin, removal)
        detail = {
            "size": after.size,
            "entries": removal.entries,
            "through": after.through,
            "hash": after.hash.hex(),
            "root": merkle.root(after.nodes).hex(),
            "keep_days": book.keep_days,
        }
        book.write(connection, "journal.retention", after.through, ok=True, detail=detail)
    book.checkpoint()
    with book.writing() as connection:
        if read_genesis(connection, book.path).size == begin.size:
            _remove(connection, after)
    return removal


def _plan(book: "Book", connection: sqlite3.Connection, begin: Genesis) -> Removal | None:
    last = _last_removable(book, connection, begin)
    if last <= begin.size:
        return None
    data = connection.execute("SELECT seq, body, hash FROM entry WHERE seq = ?", (last,)).fetchone()
    return Removal(begin.size + 1, last, month_of(body.decode(*data).at))


def _last_removable(book: "Book", connection: sqlite3.Connection, begin: Genesis) -> int:
    """Return the number before the first entry that must stay."""
    stays = _first_young(book, connection, begin)
    (open_run,) = connection.execute("SELECT min(seq) FROM open_run").fetchone()
    last = min(stays, open_run or stays) - 1
    month = month_of(book.entry(last + 1).at) if last + 1 < stays else None
    while last > begin.size:
        entry = book.entry(last)
        # An entry under a clock that stood wrong may be younger than it says: it stays with the
        # next one. And where an open run keeps a part of a month, it keeps all of it.
        if not entry.clock_back and month_of(entry.at) != month:
            break
        last -= 1
    return last


def _first_young(book: "Book", connection: sqlite3.Connection, begin: Genesis) -> int:
    kept = body.moment_bytes(oldest_kept(book.clock.now(), book.keep_days))
    row = connection.execute(
        f"SELECT seq FROM entry WHERE seq > ? AND {body.AT} >= ? ORDER BY seq LIMIT 1",  # noqa: S608
        (begin.size, kept),
    ).fetchone()
    return row[0] if row else read_tip(connection, book.path).size + 1


def _condense(
    book: "Book", connection: sqlite3.Connection, begin: Genesis, removal: Removal
) -> Genesis:
    """Return the genesis that stands for all entries until `removal.last`."""
    rows: Iterable[tuple[int, bytes, bytes]] = connection.execute(
        "SELECT seq, body, hash FROM entry WHERE seq <= ? ORDER BY seq", (removal.last,)
    )
    size, digest = begin.size, begin.hash
    leaves = []
    for seq, data, stored in rows:
        digest = sha256(digest + data).digest()
        if seq != size + 1 or digest != stored:
            raise IntegrityError(
                f"entry {size + 1} does not agree with its hash, so nothing was removed",
                hint="run `netops journal verify`",
            )
        leaves.append(merkle.leaf_hash(data))
        size = seq
    nodes = merkle.Grove(begin.size, begin.nodes, leaves).frontier(size)
    note = connection.execute(
        "SELECT note FROM checkpoint WHERE size <= ? ORDER BY size DESC LIMIT 1", (size,)
    ).fetchone()
    return Genesis(size, digest, nodes, removal.through, note[0] if note else begin.note)


def _remove(connection: sqlite3.Connection, after: Genesis) -> None:
    connection.execute("DROP TRIGGER entry_stay")
    connection.execute("DELETE FROM entry WHERE seq <= ?", (after.size,))
    connection.execute(database.GUARDS["entry_stay"])
    connection.execute("DELETE FROM checkpoint WHERE size <= ?", (after.size,))
    connection.execute(
        "UPDATE genesis SET size = ?, hash = ?, nodes = ?, through = ?, note = ?",
        (after.size, after.hash, merkle.pack(after.nodes), after.through, after.note),
    )
