"""The embedded default: one file, one writer at a time, many readers."""

import os
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from netops.core.errors import ConfigError, IntegrityError, NetopsError
from netops.core.files import private_directory
from netops.store.connection import Connection, Row
from netops.store.failures import from_os, from_sqlite, sqlite_code
from netops.store.queries import Query
from netops.store.values import Value

_BUSY_S = 30.0


class SqliteDatabase(Connection):
    """A database file: WAL, so readers never wait; every commit on the disk before it returns."""

    dialect = "sqlite"
    # A deferred transaction that turns into a writer halfway cannot wait for its turn.
    _begin = "BEGIN IMMEDIATE"
    _errors = sqlite3.Error

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        super().__init__(str(self.path))
        try:
            self._link = _connect(self.path)
        except sqlite3.Error as error:
            raise from_sqlite(error, self.name) from error

    def version(self) -> int:
        """Return the schema version, 0 for an empty database; refuse another program's file."""
        try:
            # One look decides: another process may create the tables at any moment.
            tables = {row[0] for row in self._link.execute("SELECT name FROM sqlite_master")}
            if "schema_version" in tables:
                row = self._link.execute("SELECT MAX(version) FROM schema_version").fetchone()
                return int(row[0] or 0)
        except sqlite3.Error as error:
            raise from_sqlite(error, self.name) from error
        if tables:
            raise ConfigError(
                f"{self.path} is a database of another program",
                hint="name a file of its own for netops",
            )
        return 0

    @contextmanager
    def migrating(self) -> Iterator[None]:
        """
        Hold the only write transaction; its end checks what foreign keys could not while it ran.

        Tables can only be rebuilt with foreign keys off, and SQLite switches them outside of
        transactions alone (sqlite.org/lang_altertable.html, section 7).
        """
        self._link.execute("PRAGMA foreign_keys=OFF")
        try:
            with self.transaction():
                yield
                if self._link.execute("PRAGMA foreign_key_check").fetchone():
                    raise IntegrityError(
                        f"{self.name}: a row points to a row that is gone",
                        hint="restore the newest good copy of this file",
                    )
        finally:
            self._link.execute("PRAGMA foreign_keys=ON")

    def keep_copy(self, version: int) -> None:
        """Keep the file as it is before migration `version`, beside it."""
        from netops.store.snapshot import copy_sqlite

        copy_sqlite(self.path, self.path.with_name(f"{self.path.name}.before-{version:04}"))

    def _run(self, query: Query, values: Mapping[str, Value]) -> list[Row]:
        cursor = self._link.execute(query.sql, values)
        if cursor.description is None:
            return []
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]

    def _run_script(self, sql: str) -> None:
        # executescript would commit the open transaction first.
        for statement in split_statements(sql):
            self._link.execute(statement)

    def _send(self, sql: str) -> None:
        self._link.execute(sql)

    def _in_transaction(self) -> bool:
        return self._link.in_transaction

    def _translate(self, error: Exception, what: str) -> NetopsError:
        return from_sqlite(error, what) if isinstance(error, sqlite3.Error) else NetopsError(what)

    def _close(self) -> None:
        self._link.close()


def split_statements(sql: str) -> list[str]:
    """Return the statements of a script; SQLite itself tells where one ends."""
    found: list[str] = []
    start = 0
    for end, character in enumerate(sql, 1):
        if character == ";" and sqlite3.complete_statement(sql[start:end]):
            found.append(sql[start:end].strip())
            start = end
    rest = sql[start:].strip()
    return [*found, rest] if rest else found


def _connect(path: Path) -> sqlite3.Connection:
    _create_private(path)
    link = sqlite3.connect(path, isolation_level=None, timeout=_BUSY_S, check_same_thread=False)
    try:
        _use_wal(link)
        link.execute("PRAGMA synchronous=FULL")
        link.execute("PRAGMA foreign_keys=ON")
    except BaseException:
        link.close()
        raise
    return link


def _create_private(path: Path) -> None:
    """Create the file for our eyes only; SQLite gives its mode to the files beside it."""
    if path.exists():
        return
    try:
        private_directory(path.parent)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        raise from_os(error, str(path)) from error


def _use_wal(link: sqlite3.Connection) -> None:
    """Turn WAL on; two processes doing it at once see "locked" at once, so try again."""
    deadline = time.monotonic() + _BUSY_S
    while True:
        try:
            link.execute("PRAGMA journal_mode=WAL").fetchone()
        except sqlite3.OperationalError as error:
            if sqlite_code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return
