"""Opening a database: arguments, files, start-up cost and what it must not import."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netops.core.errors import AccessError, ConfigError
from netops.store.database import open_database
from netops.store.sqlite import split_statements


def run_python(code: str, *arguments: str) -> str:
    found = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    return found.stdout.strip()


def test_exactly_one_place_must_be_named(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="either path or dsn"):
        open_database()
    with pytest.raises(TypeError, match="either path or dsn"):
        open_database(path=tmp_path / "netops.db", dsn="host=x")


def test_the_files_are_for_our_eyes_only(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with open_database(path=tmp_path / "var" / "netops.db") as database:
            database.execute("next_backup_seq")
            modes = {p.name: p.stat().st_mode & 0o777 for p in (tmp_path / "var").iterdir()}
    finally:
        os.umask(before)

    assert modes == {"netops.db": 0o600, "netops.db-wal": 0o600, "netops.db-shm": 0o600}
    assert (tmp_path / "var").stat().st_mode & 0o777 == 0o700


def test_every_commit_is_on_the_disk_before_it_returns(tmp_path: Path) -> None:
    from netops.store.sqlite import SqliteDatabase

    with SqliteDatabase(tmp_path / "netops.db") as database:
        names = ("journal_mode", "synchronous", "foreign_keys")
        found = {name: database._link.execute(f"PRAGMA {name}").fetchone()[0] for name in names}

    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_opening_sqlite_leaves_heavy_libraries_alone(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom netops.store.database import open_database\n"
        "with open_database(path=Path(sys.argv[1])) as d: d.execute('unfinished_runs')\n"
        "heavy = 'psycopg pydantic yaml nacl logging importlib.metadata'\n"
        "print([name for name in heavy.split() if name in sys.modules])"
    )
    open_database(path=tmp_path / "netops.db").close()

    assert run_python(code, str(tmp_path / "netops.db")) == "[]"


def test_postgresql_without_its_driver_tells_what_to_install() -> None:
    code = (
        "import sys\nsys.modules['psycopg'] = None\n"
        "from netops.core.errors import ConfigError\n"
        "from netops.store.database import open_database\n"
        "try: open_database(dsn='host=/nowhere')\n"
        "except ConfigError as error: print(error.exit_code, error.hint)"
    )

    assert run_python(code) == "78 pip install 'netops[postgresql]'"


def test_a_dsn_that_cannot_be_read_does_not_show_its_password() -> None:
    pytest.importorskip("psycopg")
    for dsn in ("host=x password=top secret", "postgresql://u:top secret@[::/x", "secret"):
        with pytest.raises(ConfigError) as caught:
            open_database(dsn=dsn)
        assert "secret" not in f"{caught.value} {caught.value.__cause__}"
        assert caught.value.__suppress_context__


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(AccessError, match=str(tmp_path)):
        open_database(path=tmp_path)


@given(
    st.lists(
        st.sampled_from(
            [
                "SELECT ';'",
                "SELECT 1 -- a; b\n",
                "/* ; */ SELECT 2",
                'SELECT ";" FROM x',
                "CREATE TRIGGER t AFTER INSERT ON x BEGIN DELETE FROM x; SELECT 1; END",
            ]
        ),
        max_size=6,
    )
)
def test_a_script_is_split_where_sqlite_says(statements: list[str]) -> None:
    script = "".join(f"{statement};\n" for statement in statements)

    assert split_statements(script) == [f"{statement};" for statement in statements]


def test_the_last_statement_needs_no_semicolon() -> None:
    assert split_statements("SELECT 1; SELECT 2") == ["SELECT 1;", "SELECT 2"]
