"""A private PostgreSQL server for tests: own folder, unix socket only, gone when the tests are."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from tests.require import need, unavailable

_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "40",
    "autovacuum": "off",
}


@dataclass
class PostgresServer:
    """Where the server listens; `role_with_password` must give its password, `netops` need not."""

    folder: Path
    process: "subprocess.Popen[bytes]"
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def dsn(self, database: str, user: str = "netops", **options: str) -> str:
        """Return the DSN of a database on this server."""
        more = "".join(f" {name}={value}" for name, value in options.items())
        return f"host={self.folder} dbname={database} user={user}{more}"

    def new_database(self, encoding: str = "UTF8") -> str:
        """Make an empty database and return its name."""
        name = f"test_{next(self._numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING '{encoding}' LOCALE 'C'")
        return name

    def run(self, sql: str, database: str = "postgres") -> None:
        """Run one statement as the superuser."""
        import psycopg

        with psycopg.connect(self.dsn(database), autocommit=True) as link:
            link.execute(sql.encode())


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Start a server and stop it at the end, whatever happens; skip where there is none."""
    programs = _find_programs()
    # A socket path holds 107 bytes at most, so the folder must be short.
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    process: subprocess.Popen[bytes] | None = None
    try:
        if os.getuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        _make_cluster(programs, folder)
        process = _start(programs, folder)
        server = PostgresServer(folder, process)
        _wait_until_ready(server)
        server.run("CREATE ROLE role_with_password LOGIN PASSWORD 'right'")
        yield server
    finally:
        if process is not None:
            _stop(process)
        shutil.rmtree(folder, ignore_errors=True)


def _find_programs() -> Path:
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"),
        key=lambda path: int(path.parts[-3]) if path.parts[-3].isdigit() else 0,
    )
    if not found:
        unavailable("postgres", "no PostgreSQL server under /usr/lib/postgresql")
    need("setpriv")
    return found[-1].parent


def _as_owner() -> list[str]:
    """Return what goes before a server program: it refuses root, and must die with the tests."""
    who = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    # A change of user clears the signal, so it is asked for by a second setpriv.
    return [*(who if os.getuid() == 0 else []), "setpriv", "--pdeathsig=QUIT"]


def _make_cluster(programs: Path, folder: Path) -> None:
    command = ["initdb", "-D", f"{folder}/data", "-A", "trust", "-U", "netops", "--no-sync"]
    command += ["-E", "UTF8", "--locale=C"]
    made = subprocess.run(
        [*_as_owner(), str(programs / command[0]), *command[1:]],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    rules = folder / "data/pg_hba.conf"
    strict = "local all role_with_password scram-sha-256\n"
    rules.write_text(strict + rules.read_text(encoding="utf-8"), encoding="utf-8")


def _start(programs: Path, folder: Path) -> "subprocess.Popen[bytes]":
    command = [*_as_owner(), str(programs / "postgres"), "-D", f"{folder}/data"]
    for name, value in {**_SETTINGS, "unix_socket_directories": str(folder)}.items():
        command += ["-c", f"{name}={value}"]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)


def _wait_until_ready(server: PostgresServer) -> None:
    deadline = time.monotonic() + 30
    while not _answers(server):
        log = (server.folder / "log").read_text(encoding="utf-8", errors="replace")
        assert server.process.poll() is None, log
        assert time.monotonic() < deadline, log
        time.sleep(0.1)


def _answers(server: PostgresServer) -> bool:
    import psycopg

    try:
        psycopg.connect(server.dsn("postgres")).close()
    except psycopg.OperationalError:
        return False
    return True


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """End the server: SIGINT drops its clients, SIGQUIT does not wait, SIGKILL is the last word."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        try:
            process.send_signal(number)
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            continue
        else:
            return
