"""PostgreSQL that is not there, refuses, hangs up or waits for somebody else."""

from collections.abc import Iterator

import pytest

from netops.core.errors import AccessError, ConfigError, LockedError, UnreachableError
from netops.store.database import Database, open_database
from tests.contracts import store_backends
from tests.contracts.postgres_server import PostgresServer
from tests.contracts.store_backends import start_run

server = store_backends.server


@pytest.fixture
def dsn(server: PostgresServer) -> str:
    return server.dsn(server.new_database(), application_name="fault")


@pytest.fixture
def database(dsn: str) -> Iterator[Database]:
    with open_database(dsn=dsn) as found:
        yield found


def hang_up(server: PostgresServer, dsn: str) -> None:
    name = dsn.partition("dbname=")[2].partition(" ")[0]
    server.run(
        f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'"
    )


def test_no_server_is_unreachable(server: PostgresServer) -> None:
    for place in ("host=/nowhere", "host=127.0.0.1 port=1"):
        with pytest.raises(UnreachableError) as caught:
            open_database(dsn=f"{place} user=x dbname=x password=geheim")
        assert "geheim" not in str(caught.value)


def test_a_refused_login_is_an_access_error(server: PostgresServer) -> None:
    for options in ({}, {"password": "wrong-one"}):
        with pytest.raises(AccessError) as caught:
            open_database(dsn=server.dsn("postgres", "role_with_password", **options))
        assert "wrong-one" not in str(caught.value)
    with pytest.raises(AccessError):
        open_database(dsn=server.dsn("postgres", "nobody_at_all"))


def test_a_user_without_rights_is_an_access_error(server: PostgresServer) -> None:
    dsn = server.dsn(server.new_database(), "role_with_password", password="right")

    with pytest.raises(AccessError, match="permission denied"):
        open_database(dsn=dsn)


def test_a_database_that_does_not_exist_is_a_configuration_error(server: PostgresServer) -> None:
    with pytest.raises(ConfigError, match="does not exist") as caught:
        open_database(dsn=server.dsn("not_there"))

    assert "createdb" in str(caught.value.hint)


def test_a_database_that_cannot_hold_every_name_is_refused(server: PostgresServer) -> None:
    with pytest.raises(ConfigError, match="LATIN1"):
        open_database(dsn=server.dsn(server.new_database("LATIN1")))


def test_a_lost_connection_fails_once_and_is_made_again(
    server: PostgresServer, dsn: str, database: Database
) -> None:
    start_run(database, "before")
    hang_up(server, dsn)

    with pytest.raises(UnreachableError):
        start_run(database, "lost")

    start_run(database, "after")
    assert [row["id"] for row in database.execute("unfinished_runs")] == ["after", "before"]


def test_a_transaction_that_loses_its_connection_is_none_of_it(
    server: PostgresServer, dsn: str, database: Database
) -> None:
    def write_twice() -> None:
        with database.transaction():
            start_run(database, "first")
            hang_up(server, dsn)
            start_run(database, "second")

    with pytest.raises(UnreachableError):
        write_twice()

    with database.transaction():
        start_run(database, "again")
    assert [row["id"] for row in database.execute("unfinished_runs")] == ["again"]


def test_a_commit_that_loses_its_connection_is_an_error(
    server: PostgresServer, dsn: str, database: Database
) -> None:
    def write() -> None:
        with database.transaction():
            start_run(database, "first")
            hang_up(server, dsn)

    with pytest.raises(UnreachableError):
        write()

    assert database.execute("unfinished_runs") == []


def test_a_row_that_somebody_holds_is_a_locked_error(dsn: str, database: Database) -> None:
    database.script("SET lock_timeout = '100ms'")
    with open_database(dsn=dsn) as other, other.transaction():
        other.execute("next_backup_seq")
        with pytest.raises(LockedError):
            database.execute("next_backup_seq")

    assert database.execute("next_backup_seq") == [{"seq": 2}]
