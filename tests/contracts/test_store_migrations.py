"""Migrations on both databases: their sum is the schema, and none can do half its work."""

import re
import shutil
import sqlite3
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from netops.core.errors import ConfigError, NetopsError
from netops.store.migrate import Migration, known_migrations
from netops.store.queries import SQL
from tests.contracts import store_backends
from tests.contracts.postgres_server import PostgresServer
from tests.contracts.store_backends import Backend, start_run

server = store_backends.server
backend = store_backends.backend

NOTE = "CREATE TABLE note (id TEXT NOT NULL PRIMARY KEY); INSERT INTO note VALUES ('one');"
FACTS = {
    "columns": """SELECT table_name, column_name, data_type, is_nullable, column_default
        FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2""",
    "constraints": """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2""",
    "indexes": "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 2",
    "rows": "SELECT name, value FROM sequence ORDER BY 1",
}


def with_extra(folder: Path, sql: str = NOTE, count: int = 1) -> list[Migration]:
    """Return the known migrations and `count` more, the last one with `sql`."""
    shutil.copytree(SQL / "migrations", folder)
    for number in range(count):
        version = len(known_migrations()) + 1 + number
        text = sql if number == count - 1 else "CREATE TABLE between_two (id TEXT);"
        (folder / f"{version:04}_extra.sql").write_text(text, encoding="utf-8")
    return known_migrations(folder)


def raw(backend: Backend, sql: str) -> list[tuple[Any, ...]]:
    """Run one statement past our own code."""
    if backend.dsn is not None:
        import psycopg

        with psycopg.connect(backend.dsn, autocommit=True) as server_link:
            cursor = server_link.execute(sql.encode())
            return cursor.fetchall() if cursor.description else []
    file_link = sqlite3.connect(str(backend.path), isolation_level=None)
    try:
        return file_link.execute(sql).fetchall()
    finally:
        file_link.close()


def sqlite_facts(file: Path) -> dict[str, Any]:
    """Describe columns, keys, indexes and first rows, whatever order or layout made them."""
    facts: dict[str, Any] = {}
    link = sqlite3.connect(file)
    for (table,) in link.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        facts[table] = {
            "columns": sorted(row[1:] for row in link.execute(f"PRAGMA table_xinfo({table})")),
            "keys": sorted(row[2:] for row in link.execute(f"PRAGMA foreign_key_list({table})")),
        }
    for name, sql in link.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index'"):
        facts[name] = " ".join((sql or "").split())
    checks = "".join(row[0] for row in link.execute("SELECT sql FROM sqlite_master WHERE sql > ''"))
    facts["checks"] = sorted(re.findall(r"CHECK \([^()]*(?:\([^()]*\))?[^()]*\)", checks))
    facts["rows"] = link.execute("SELECT name, value FROM sequence ORDER BY 1").fetchall()
    link.close()
    return facts


def schema() -> str:
    """The tables as they should be in the end, a file for each room."""
    files = sorted((SQL / "schema").glob("*.sql"))
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def test_sqlite_migrations_add_up_to_the_schema(tmp_path: Path) -> None:
    Backend(tmp_path / "migrated.db", None).open().close()
    link = sqlite3.connect(tmp_path / "schema.db")
    link.executescript(schema())
    link.close()

    facts = sqlite_facts(tmp_path / "migrated.db")

    assert facts == sqlite_facts(tmp_path / "schema.db")
    assert len(facts["backup"]["columns"]) == 24
    assert len(facts["checks"]) >= 8


def test_postgresql_migrations_add_up_to_the_schema(server: PostgresServer) -> None:
    migrated, plain = (Backend(None, server.dsn(server.new_database())) for _ in range(2))
    migrated.open().close()
    raw(plain, schema())

    facts = {name: raw(migrated, sql) for name, sql in FACTS.items()}

    assert facts == {name: raw(plain, sql) for name, sql in FACTS.items()}
    assert all(facts.values())


def test_opening_twice_changes_nothing(backend: Backend) -> None:
    for _ in range(2):
        backend.open().close()

    rows = raw(backend, "SELECT version, name FROM schema_version ORDER BY version")
    assert rows == [(m.version, m.path.stem) for m in known_migrations()]


def test_an_older_database_is_migrated_with_its_rows(backend: Backend, tmp_path: Path) -> None:
    with backend.open() as database:
        start_run(database, "OLD")

    with backend.open(with_extra(tmp_path / "sql", count=2)) as database:
        assert [row["id"] for row in database.execute("unfinished_runs")] == ["OLD"]

    assert raw(backend, "SELECT id FROM note") == [("one",)]
    assert raw(backend, "SELECT MAX(version) FROM schema_version") == [
        (len(known_migrations()) + 2,)
    ]


def test_a_copy_of_the_file_is_kept_before_a_migration(tmp_path: Path) -> None:
    backend = Backend(tmp_path / "netops.db", None)
    with backend.open() as database:
        start_run(database, "OLD")
        # Still open elsewhere, the newest rows only in the write-ahead log.
        backend.open(with_extra(tmp_path / "sql", count=2)).close()
        start_run(database, "NEW")

    first = len(known_migrations()) + 1
    copy = Backend(tmp_path / f"netops.db.before-{first:04}", None)
    assert copy.path is not None
    assert copy.path.stat().st_mode & 0o777 == 0o600
    with copy.open() as database:
        assert [row["id"] for row in database.execute("unfinished_runs")] == ["OLD"]
    assert not list(tmp_path.glob(f"netops.db.before-{first + 1:04}"))


def test_a_new_file_needs_no_copy(tmp_path: Path) -> None:
    Backend(tmp_path / "netops.db", None).open().close()

    assert [path.name for path in tmp_path.iterdir()] == ["netops.db"]


def test_a_newer_database_is_refused_and_left_alone(backend: Backend, tmp_path: Path) -> None:
    backend.open(with_extra(tmp_path / "sql")).close()

    with pytest.raises(ConfigError, match="knows versions up to") as caught:
        backend.open()

    assert "upgrade netops" in str(caught.value.hint)
    assert raw(backend, "SELECT id FROM note") == [("one",)]


@pytest.mark.parametrize(
    "broken",
    ["CREATE TABLE good (x TEXT); CREATE TABLE bad (;", "INSERT INTO run (id) VALUES ('half');"],
)
def test_a_failing_migration_leaves_the_old_version_working(
    backend: Backend, tmp_path: Path, broken: str
) -> None:
    with backend.open() as database:
        start_run(database, "OLD")

    with pytest.raises(NetopsError, match="was undone"):
        backend.open(with_extra(tmp_path / "sql", broken, count=2))

    assert raw(backend, "SELECT MAX(version) FROM schema_version") == [(len(known_migrations()),)]
    with backend.open() as database:
        start_run(database, "NEW")
        assert len(database.execute("unfinished_runs")) == 2
    with backend.open(with_extra(tmp_path / "mended")) as database:
        assert len(database.execute("unfinished_runs")) == 2


def test_a_migration_that_orphans_rows_is_undone(tmp_path: Path) -> None:
    backend = Backend(tmp_path / "netops.db", None)
    with backend.open() as database:
        start_run(database)
        store_backends.start_backup(database)

    with pytest.raises(NetopsError, match="points to a row that is gone"):
        backend.open(with_extra(tmp_path / "sql", "DELETE FROM run;"))

    assert raw(backend, "SELECT id FROM run") == [("RUN",)]


def open_together(backend: Backend, folder: Path, ready: Any) -> None:
    ready.wait(30)
    backend.open(known_migrations(folder)).close()


def run_together(target: Callable[..., None], *arguments: object) -> list[int | None]:
    context = get_context("spawn")
    ready = context.Barrier(4)
    processes = [context.Process(target=target, args=(*arguments, ready)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    return [process.exitcode for process in processes]


@pytest.mark.parametrize("existing", [False, True], ids=["new", "older"])
def test_processes_that_migrate_at_once_do_it_once(
    backend: Backend, tmp_path: Path, existing: bool
) -> None:
    with_extra(tmp_path / "sql")
    if existing:
        backend.open().close()

    assert run_together(open_together, backend, tmp_path / "sql") == [0] * 4

    assert raw(backend, "SELECT id FROM note") == [("one",)]


def test_another_programs_file_is_refused(tmp_path: Path) -> None:
    backend = Backend(tmp_path / "theirs.db", None)
    raw(backend, "CREATE TABLE theirs (x TEXT)")

    with pytest.raises(ConfigError, match="another program"):
        backend.open()

    assert raw(backend, "SELECT name FROM sqlite_master") == [("theirs",)]


def test_migrations_with_a_gap_are_a_mistake(tmp_path: Path) -> None:
    folder = tmp_path / "sql"
    with_extra(folder)
    (folder / "0009_far.sql").write_text("SELECT 1;", encoding="utf-8")

    with pytest.raises(ValueError, match="numbered"):
        known_migrations(folder)
