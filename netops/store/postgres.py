"""Scale-out: many writers on one PostgreSQL server."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from netops.core.errors import ConfigError, NetopsError
from netops.store.connection import Connection, Row
from netops.store.failures import from_postgres
from netops.store.queries import Query
from netops.store.values import Value

if TYPE_CHECKING:
    import psycopg

_CONNECT_S = 10
# Any fixed number will do; it tells our migrations from other uses of advisory locks.
_MIGRATION_LOCK = 0x6E65_746F_7073
# to_regclass would answer from a cache that is stale after waiting for another migration.
_HAS_TABLES = """SELECT 1 FROM pg_catalog.pg_class WHERE relname = 'schema_version'
    AND relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = current_schema())"""


class PostgresDatabase(Connection):
    """
    One connection to a PostgreSQL database, which should be UTF8 with the C collation.

    `createdb -T template0 -E UTF8 -l C netops` makes one: text then sorts as in SQLite, and an
    update of the system's locales cannot damage indexes. A lost connection fails the statement or
    transaction it was lost in; the next one connects again.
    """

    dialect = "postgresql"
    _begin = "BEGIN"

    def __init__(self, dsn: str) -> None:
        self._driver = _load_driver()
        self._errors = self._driver.Error
        self._options = _parse_dsn(dsn)
        super().__init__(_public_name(self._options))
        self._link = self._connect()

    def version(self) -> int:
        """Return the schema version, 0 where netops has no tables yet."""
        try:
            if self._link.execute(_HAS_TABLES).fetchone() is None:
                return 0
            found = self._link.execute("SELECT MAX(version) AS version FROM schema_version")
            return int((found.fetchone() or {})["version"] or 0)
        except self._errors as error:
            raise self._translate(error, self.name) from error

    @contextmanager
    def migrating(self) -> Iterator[None]:
        """Open a transaction that no other migration runs beside (an advisory lock)."""
        with self.transaction():
            self._command(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})")
            yield

    def keep_copy(self, version: int) -> None:
        """Do nothing: migrations roll back as a whole, and pg_dump is the administrator's."""

    def _connect(self) -> "psycopg.Connection[dict[str, Any]]":
        from psycopg.rows import dict_row

        try:
            link: psycopg.Connection[dict[str, Any]] = self._driver.connect(
                **cast("Any", self._options), autocommit=True, row_factory=dict_row
            )
        except self._errors as error:
            raise from_postgres(None, str(error), self.name, lost=True) from error
        encoding = link.info.parameter_status("server_encoding")
        if encoding != "UTF8":
            link.close()
            raise ConfigError(
                f"{self.name}: the database is encoded as {encoding}, not UTF8",
                hint="make one with: createdb -T template0 -E UTF8 -l C netops",
            )
        # The same patience as with a busy SQLite file; compiling costs more than our short queries.
        link.execute("SET lock_timeout = '30s'; SET jit = off")
        return link

    def _ready_link(self) -> "psycopg.Connection[dict[str, Any]]":
        if self._link.broken and self._depth == 0:
            self._link = self._connect()
        return self._link

    def _run(self, query: Query, values: Mapping[str, Value]) -> list[Row]:
        cursor = self._ready_link().execute(cast("Any", query.percent_sql), values)
        return [*cursor.fetchall()] if cursor.description else []

    def _run_script(self, sql: str) -> None:
        self._link.execute(cast("Any", sql))

    def _send(self, sql: str) -> None:
        self._ready_link().execute(cast("Any", sql))

    def _in_transaction(self) -> bool:
        return not self._link.closed

    def _translate(self, error: Exception, what: str) -> NetopsError:
        state = getattr(error, "sqlstate", None)
        return from_postgres(state, str(error), what, lost=self._link.closed)

    def _close(self) -> None:
        self._link.close()


def _load_driver() -> Any:
    try:
        import psycopg
    except ImportError as error:
        raise ConfigError(
            "a PostgreSQL database is configured, but psycopg is not installed",
            hint="pip install 'netops[postgresql]'",
        ) from error
    return psycopg


def _parse_dsn(dsn: str) -> dict[str, Any]:
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        options: dict[str, Any] = dict(conninfo_to_dict(dsn))
    except ProgrammingError:
        # libpq quotes the piece it stumbled over, which may be the password.
        raise ConfigError(
            "the PostgreSQL DSN cannot be read",
            hint="write postgresql://user@host:5432/database or host=… dbname=… user=…",
        ) from None
    defaults = {"connect_timeout": _CONNECT_S, "fallback_application_name": "netops"}
    return {**defaults, **options, "client_encoding": "UTF8"}


def _public_name(options: Mapping[str, Any]) -> str:
    """Return what messages may show: never the password."""
    host = options.get("host") or "the local socket"
    return f"PostgreSQL database {options.get('dbname') or 'of the user'} on {host}"
