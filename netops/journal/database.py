"""The journal's own SQLite file: its tables, opening it safely, and what its errors mean."""

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from netops.core.errors import AccessError, IntegrityError, LockedError, NetopsError
from netops.core.files import sync_directory

FILE_NAME = "journal.db"
NOTE_NAME = "checkpoint.note"
#: Chain hash before the first entry.
FIRST_HASH = bytes(32)
_FORMAT = 1
_WAIT_S = 30.0
_DAMAGED_HINT = (
    "run `netops journal verify`, keep the file as evidence, restore from an offsite copy"
)

TABLES = (
    "CREATE TABLE entry (seq INTEGER PRIMARY KEY, body BLOB NOT NULL, hash BLOB NOT NULL) STRICT",
    # What the next append needs: derived from `entry`, and compared with it by verify.
    "CREATE TABLE tip (one INTEGER PRIMARY KEY CHECK (one = 1), size INTEGER NOT NULL,"
    " hash BLOB NOT NULL, nodes BLOB NOT NULL) STRICT",
    "CREATE TABLE genesis (one INTEGER PRIMARY KEY CHECK (one = 1), origin TEXT NOT NULL,"
    " size INTEGER NOT NULL, hash BLOB NOT NULL, nodes BLOB NOT NULL, through TEXT NOT NULL,"
    " note TEXT NOT NULL) STRICT",
    "CREATE TABLE checkpoint (size INTEGER PRIMARY KEY, day TEXT NOT NULL, note TEXT NOT NULL)"
    " STRICT",
    "CREATE TABLE signing_key (size INTEGER PRIMARY KEY, month TEXT NOT NULL, note TEXT NOT NULL)"
    " STRICT",
    "CREATE TABLE open_run (run BLOB PRIMARY KEY, seq INTEGER NOT NULL) STRICT",
)
# A guard against accidents only: whoever can write the file can drop a trigger. The chain and the
# signatures are what detects intent.
GUARDS = {
    "entry_keep": "CREATE TRIGGER entry_keep BEFORE UPDATE ON entry"
    " BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END",
    "entry_stay": "CREATE TRIGGER entry_stay BEFORE DELETE ON entry"
    " BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END",
}


def create(path: Path, origin: str) -> None:
    """Make an empty journal at `path`, whole or not at all; one that is already there stays."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        os.close(handle)
        try:
            _fill(name, origin)
            with suppress(FileExistsError):
                os.link(name, path)
        finally:
            Path(name).unlink()
        sync_directory(path.parent)
    except OSError as error:
        raise AccessError(
            f"cannot create the journal in {path.parent}: {error.strerror}",
            hint="make the directory writable for the user that runs netops",
        ) from error


def _fill(name: str, origin: str) -> None:
    connection = sqlite3.connect(name, isolation_level=None)
    with translated(Path(name)):
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("BEGIN")
        for statement in (*TABLES, *GUARDS.values()):
            connection.execute(statement)
        connection.execute("INSERT INTO tip VALUES (1, 0, ?, x'')", (FIRST_HASH,))
        connection.execute(
            "INSERT INTO genesis VALUES (1, ?, 0, ?, x'', '', '')", (origin, FIRST_HASH)
        )
        connection.execute(f"PRAGMA user_version = {_FORMAT}")
        connection.execute("COMMIT")
        connection.close()


def open_for_writing(path: Path) -> sqlite3.Connection:
    """Return a connection whose commits survive a power cut."""
    with translated(path):
        connection = _connect(path, "mode=rw")
        connection.execute("PRAGMA synchronous = FULL")
        _check_format(connection, path)
        return connection


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Return a connection that changes nothing and also reads a copy on a read-only medium."""
    if not path.is_file():
        raise IntegrityError(
            f"there is no journal at {path}",
            hint="if netops has run here before, the journal was removed; look for a copy",
        )
    with translated(path):
        try:
            connection = _connect(path, "mode=ro")
            _check_format(connection, path)
        except sqlite3.OperationalError as error:
            if not _needs_immutable(path, error):
                raise
            connection = _connect(path, "mode=ro&immutable=1")
            _check_format(connection, path)
        return connection


def _needs_immutable(path: Path, error: sqlite3.OperationalError) -> bool:
    """Tell whether only the missing write permission for SQLite's side files is in the way."""
    log = path.with_name(f"{path.name}-wal")
    refused = _primary(error) in {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}
    # With a log beside it, the file alone would be an older state; that must not pass silently.
    return refused and os.access(path, os.R_OK) and not (log.exists() and log.stat().st_size)


def _connect(path: Path, options: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?{options}",
        uri=True,
        timeout=_WAIT_S,
        isolation_level=None,
        check_same_thread=False,
    )
    # Text on a damaged page need not be UTF-8; it must end as a finding, not as a traceback.
    connection.text_factory = lambda data: data.decode(errors="replace")
    return connection


def _check_format(connection: sqlite3.Connection, path: Path) -> None:
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version == _FORMAT:
            return
    except BaseException:
        connection.close()
        raise
    connection.close()
    raise IntegrityError(f"{path} is not a journal of format {_FORMAT}", hint=_DAMAGED_HINT)


@contextmanager
def writing(connection: sqlite3.Connection, path: Path) -> Iterator[None]:
    """Run the block as one durable transaction that no other process interleaves."""
    with translated(path):
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into those of netops."""
    try:
        yield
    except sqlite3.Error as error:
        raise meaning_of(error, path) from error
    except UnicodeDecodeError as error:
        # SQLite quotes a damaged schema in its message, and Python cannot decode that.
        raise IntegrityError(f"{path} is damaged", hint=_DAMAGED_HINT) from error


def meaning_of(error: sqlite3.Error, path: Path) -> NetopsError:
    """Return the error that says what `error` means for the journal at `path`."""
    match _primary(error):
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return LockedError(f"{path} stayed locked for {_WAIT_S:.0f} s", hint="try again")
        case sqlite3.SQLITE_FULL | sqlite3.SQLITE_IOERR:
            return NetopsError(
                f"cannot read or write {path}: {error}",
                hint="look at free space and at the disk; the journal is whole, what was being"
                " written is not in it",
            )
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return AccessError(
                f"cannot open {path} as needed: {error}",
                hint="the journal's directory must be writable for the user that runs netops;"
                " copy journal.db together with journal.db-wal to read it elsewhere",
            )
    return IntegrityError(f"{path} is damaged: {error}", hint=_DAMAGED_HINT)


def _primary(error: sqlite3.Error) -> int | None:
    code = getattr(error, "sqlite_errorcode", None)
    return code & 0xFF if isinstance(code, int) else None
