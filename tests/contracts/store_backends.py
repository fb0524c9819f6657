"""The databases that the store's contract runs on, and rows to fill them with."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from netops.core.ids import new_id
from netops.store.database import Database, open_database
from netops.store.migrate import Migration
from tests.contracts.postgres_server import PostgresServer, postgres_server

AT = "2026-11-23T15:38:31.123Z"


@dataclass(frozen=True)
class Backend:
    """An empty database of one kind; plain values, so that it travels to other processes."""

    path: Path | None
    dsn: str | None

    def open(self, migrations: list[Migration] | None = None) -> Database:
        return open_database(path=self.path, dsn=self.dsn, migrations=migrations)


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as found:
        yield found


@pytest.fixture(params=["sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Backend:
    if request.param == "sqlite":
        return Backend(tmp_path / "netops.db", None)
    found: PostgresServer = request.getfixturevalue("server")
    return Backend(None, found.dsn(found.new_database()))


@pytest.fixture
def database(backend: Backend) -> Iterator[Database]:
    with backend.open() as found:
        yield found


def start_run(database: Database, key: str = "RUN", started_at: str = AT) -> str:
    database.execute("start_run", id=key, verb="backup", started_at=started_at, detail=None)
    return key


def start_backup(
    database: Database,
    job: str = "web",
    kind: str = "full",
    repository: str = "main",
    **changes: Any,
) -> str:
    """Start a backup with the next number in run RUN; return its id."""
    values: dict[str, Any] = {
        "id": new_id(),
        "run_id": "RUN",
        "seq": database.execute("next_backup_seq")[0]["seq"],
        "job": job,
        "repository": repository,
        "kind": kind,
        "base_id": None,
        "parent_id": None,
        "started_at": AT,
        "sources": "[]",
        "owner": None,
        "department": None,
        "custodian": None,
        "data_class": None,
    }
    values.update(changes)
    database.execute("start_backup", **values)
    return str(values["id"])


def finish_backup(database: Database, key: str, **changes: Any) -> list[Any]:
    values: dict[str, Any] = {
        "id": key,
        "finished_at": AT,
        "status": 0,
        "snapshot_id": "5f3c",
        "files_new": 1,
        "files_changed": 2,
        "files_unmodified": 3,
        "bytes_processed": 4_000_000_000_000,
        "bytes_added": 5,
        "duration_s": 1.5,
        "message": "",
    }
    values.update(changes)
    return list(database.execute("finish_backup", **values))


def place(database: Database, key: str, location: str = "main", **changes: Any) -> None:
    """Put a good primary placement, changed as asked."""
    values: dict[str, Any] = {
        "backup_id": key,
        "location": location,
        "role": "primary",
        "status": 0,
        "snapshot_id": "5f3c",
        "started_at": AT,
        "listed_at": AT,
        "duration_s": 0.25,
        "message": "",
    }
    values.update(changes)
    database.execute("put_placement", **values)
