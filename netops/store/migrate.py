"""Ordered steps from any older database to the one this program knows."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import ClassVar, Protocol

from netops.core.clock import Clock, utc_text
from netops.core.dataclass import dataclass
from netops.core.errors import ConfigError, NetopsError
from netops.store.connection import Row
from netops.store.queries import SQL


class Migratable(Protocol):
    """What a migration needs of a database."""

    dialect: ClassVar[str]
    name: str

    def version(self) -> int:
        """Return the schema version, 0 for an empty database."""

    def migrating(self) -> AbstractContextManager[None]:
        """Open a transaction in which this process alone may migrate."""

    def keep_copy(self, version: int) -> None:
        """Keep the database as it is before migration `version`, where it is a file."""

    def script(self, sql: str) -> None:
        """Run several statements in one transaction."""

    def execute(self, name: str, /, **values: object) -> list[Row]:
        """Run the named statement and return its rows."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file `NNNN_name.sql`; what only one of the databases takes stands in DIALECT/ beside it."""

    version: int
    path: Path

    def scripts(self, dialect: str) -> list[str]:
        """Return what is to be run, the part for both databases first."""
        own = self.path.parent / dialect / self.path.name
        return [file.read_text(encoding="utf-8") for file in (self.path, own) if file.is_file()]


def known_migrations(folder: Path = SQL / "migrations") -> list[Migration]:
    """Return the migrations in order; raise ValueError unless they count 1, 2, 3 …"""
    found = [Migration(int(path.stem[:4]), path) for path in sorted(folder.glob("[0-9]*.sql"))]
    if [migration.version for migration in found] != list(range(1, len(found) + 1)):
        raise ValueError(f"{folder}: migrations must be numbered 0001, 0002 and so on")
    return found


def migrate(database: Migratable, clock: Clock, known: list[Migration]) -> None:
    """
    Bring the database to the newest version, all pending steps or none.

    Raises ConfigError for a database newer than the program, NetopsError when a step fails; the
    database then stays as it was.
    """
    if _pending(database, known):
        with database.migrating():
            # Another process may have been faster while this one waited.
            steps = _pending(database, known)
            if steps and steps[0].version > 1:
                database.keep_copy(steps[0].version)
            for step in steps:
                _apply(database, step, clock)


def _pending(database: Migratable, known: list[Migration]) -> list[Migration]:
    version = database.version()
    if version > len(known):
        raise ConfigError(
            f"{database.name} is at version {version}; this netops knows versions up to "
            f"{len(known)}",
            hint="upgrade netops, or go back to the copy kept before that migration "
            f"(a SQLite file ending in .before-{len(known) + 1:04}; on PostgreSQL your pg_dump)",
        )
    return known[version:]


def _apply(database: Migratable, step: Migration, clock: Clock) -> None:
    try:
        for script in step.scripts(database.dialect):
            database.script(script)
        database.execute(
            "add_schema_version",
            version=step.version,
            name=step.path.stem,
            applied_at=utc_text(clock.now()),
        )
    except NetopsError as error:
        raise type(error)(
            f"migration {step.path.stem} failed and was undone: {error}",
            hint=f"the database is as it was and serves the netops before; {error.hint}",
        ) from error
