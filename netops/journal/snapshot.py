"""Everything verify needs besides the entries, read at one moment."""

import sqlite3
from pathlib import Path
from typing import Any

from netops.core.dataclass import dataclass
from netops.core.errors import IntegrityError
from netops.journal import database
from netops.journal.model import Genesis
from netops.journal.tip import is_typed, read_genesis

_SCHEMA = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The journal's small tables."""

    path: Path
    origin: str
    genesis: Genesis
    #: First and last entry number and how many there are; 0, 0, 0 in an empty journal.
    first: int
    last: int
    count: int
    #: Size, hash, frontier as stored for the next append.
    tip: tuple[int, bytes, bytes]
    #: Size and text of each handover note, oldest first.
    keys: tuple[tuple[int, str], ...]
    #: Size and text of each checkpoint, smallest first.
    checkpoints: tuple[tuple[int, str], ...]
    #: Run and number of its `run.begin`.
    open_runs: tuple[tuple[bytes, int], ...]
    #: Names of tables and guards that are not as netops made them.
    foreign: tuple[str, ...]
    #: Multiples of the stretch length at which there are entries; empty when no number is missing.
    occupied: tuple[int, ...]


def take(path: Path, stretch: int) -> Snapshot:
    """Read the snapshot; raise IntegrityError when the file is not a journal."""
    with database.translated(path):
        connection = database.open_for_reading(path)
        try:
            connection.execute("BEGIN")
            return _read(connection, path, stretch)
        finally:
            connection.close()


def _read(connection: sqlite3.Connection, path: Path, stretch: int) -> Snapshot:
    def rows(sql: str, *types: type) -> tuple[Any, ...]:
        found = tuple(connection.execute(sql))
        if not all(is_typed(row, *types) for row in found):
            raise IntegrityError(f"{path} is damaged: a table holds values it cannot hold")
        return found

    genesis = read_genesis(connection, path)
    first, last, count = connection.execute(
        "SELECT coalesce(min(seq), 0), coalesce(max(seq), 0), count(*) FROM entry"
    ).fetchone()
    # Only a journal with holes needs the slow question where entries are at all.
    occupied = (
        connection.execute("SELECT DISTINCT (seq - 1) / ? FROM entry ORDER BY 1", (stretch,))
        if last - first + 1 != count and count
        else ()
    )
    return Snapshot(
        path=path,
        origin=rows("SELECT origin FROM genesis", str)[0][0],
        genesis=genesis,
        first=first,
        last=last,
        count=count,
        tip=(*rows("SELECT size, hash, nodes FROM tip", int, bytes, bytes), (0, b"", b""))[0],
        keys=rows("SELECT size, note FROM signing_key ORDER BY size", int, str),
        checkpoints=rows("SELECT size, note FROM checkpoint ORDER BY size", int, str),
        open_runs=rows("SELECT run, seq FROM open_run ORDER BY seq", bytes, int),
        foreign=_foreign(connection),
        occupied=tuple(number for (number,) in occupied),
    )


def _foreign(connection: sqlite3.Connection) -> tuple[str, ...]:
    """Return names of schema objects that were changed, added or removed."""
    model = sqlite3.connect(":memory:")
    try:
        for statement in (*database.TABLES, *database.GUARDS.values()):
            model.execute(statement)
        ours = set(model.execute(_SCHEMA))
    finally:
        model.close()
    return tuple(sorted({name for name, _ in ours ^ set(connection.execute(_SCHEMA))}))
