"""The door to the state: SQLite by default, PostgreSQL for scale-out, the same named statements."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol, Self

from netops.core.clock import Clock, SystemClock
from netops.store.connection import Row
from netops.store.migrate import Migration, known_migrations, migrate

if TYPE_CHECKING:
    from types import TracebackType

    from netops.store.postgres import PostgresDatabase
    from netops.store.sqlite import SqliteDatabase


class Database(Protocol):
    """What the rest of netops may ask of a database; threads may share one."""

    dialect: ClassVar[str]
    name: str

    def execute(self, name: str, /, **values: object) -> list[Row]:
        """
        Run the named statement of sql/queries/ and return its rows.

        Every parameter must be given. Outside a transaction it is written when this returns.
        """

    def transaction(self) -> AbstractContextManager[None]:
        """Group statements: all or none; inside another transaction, a savepoint."""

    def script(self, sql: str) -> None:
        """Run several statements without parameters, in one transaction."""

    def close(self) -> None:
        """Let go of the connection; a second call does nothing."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: "TracebackType | None",
    ) -> None: ...


def open_database(
    *,
    path: Path | None = None,
    dsn: str | None = None,
    clock: Clock | None = None,
    migrations: list[Migration] | None = None,
) -> Database:
    """
    Open the SQLite file `path` or the PostgreSQL database `dsn`, and migrate it when needed.

    A file that is not there is made, mode 0600. Raises ConfigError when the database is newer than
    the program or psycopg is missing, UnreachableError, AccessError or IntegrityError.
    """
    if (path is None) == (dsn is None):
        raise TypeError("open_database takes either path or dsn")
    database = _connect(path, dsn)
    try:
        migrate(
            database,
            clock or SystemClock(),
            known_migrations() if migrations is None else migrations,
        )
    except BaseException:
        database.close()
        raise
    return database


def _connect(path: Path | None, dsn: str | None) -> "SqliteDatabase | PostgresDatabase":
    if path is not None:
        from netops.store.sqlite import SqliteDatabase

        return SqliteDatabase(path)
    from netops.store.postgres import PostgresDatabase

    return PostgresDatabase(dsn or "")
