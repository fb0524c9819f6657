"""Every backup engine keeps the promises of engines/base.py."""

import os
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from netops.backup.engines.base import Engine, origin_of, staging_directory
from netops.backup.engines.files import FilesEngine
from netops.backup.engines.sqlite import SqliteEngine
from netops.core.errors import ConfigError, NetopsError


def some_file(path: Path) -> None:
    path.write_text("content")


def some_database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as link:
        link.execute("PRAGMA journal_mode=WAL")
        link.execute("CREATE TABLE IF NOT EXISTS t (x)")
        link.execute("INSERT INTO t VALUES (1)")
        link.commit()


@dataclass(frozen=True)
class Case:
    """One engine and how to make something for it to back up."""

    engine: type[Engine]
    make: Callable[[Path], None]


CASES = {"files": Case(FilesEngine, some_file), "sqlite": Case(SqliteEngine, some_database)}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


def staging(tmp_path: Path) -> Path:
    return staging_directory(tmp_path / "staging", "job", "sqlite")


def test_wrong_options_are_configuration_errors_and_nothing_is_touched(case: Case) -> None:
    for options in ({}, {"path": ""}, {"path": "relative/file"}):
        with pytest.raises(ConfigError):
            case.engine(options)
    case.engine({"path": "/nonexistent/never/there"})


def test_source_that_is_there_has_no_problems(case: Case, tmp_path: Path) -> None:
    source = tmp_path / "source"
    case.make(source)
    assert list(case.engine({"path": str(source)}).problems()) == []


def test_missing_source_is_a_problem_that_names_it(case: Case, tmp_path: Path) -> None:
    source = tmp_path / "missing"
    (problem,) = case.engine({"path": str(source)}).problems()
    assert str(source) in problem
    assert case.engine({"path": str(source)}).size_hint_bytes() == 0


def test_staged_paths_exist_in_the_block_and_belong_to_the_source(
    case: Case, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    case.make(source)
    with case.engine({"path": str(source)}).stage(staging(tmp_path)) as staged:
        assert staged.paths
        for path in staged.paths:
            assert Path(path).is_absolute()
            assert Path(path).exists()
            assert origin_of(path) == str(source)


def test_engine_that_copies_says_how_much_room_it_needs(case: Case, tmp_path: Path) -> None:
    source = tmp_path / "source"
    case.make(source)
    engine = case.engine({"path": str(source)})
    assert (engine.size_hint_bytes() > 0) is engine.traits.consistent


def test_unchanged_source_keeps_its_times_from_run_to_run(case: Case, tmp_path: Path) -> None:
    source = tmp_path / "source"
    case.make(source)
    seen = []
    for _ in range(2):
        with case.engine({"path": str(source)}).stage(staging(tmp_path)) as staged:
            (path,) = staged.paths
            facts = Path(path).stat()
            seen.append((facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino))
    assert seen[0] == seen[1]


def test_source_is_never_changed(case: Case, tmp_path: Path) -> None:
    source = tmp_path / "source"
    case.make(source)
    before = (source.read_bytes(), source.stat().st_mtime_ns)
    with case.engine({"path": str(source)}).stage(staging(tmp_path)):
        pass
    assert (source.read_bytes(), source.stat().st_mtime_ns) == before


def test_source_without_the_right_to_read_is_a_problem(case: Case, tmp_path: Path) -> None:
    if os.getuid() == 0:
        pytest.skip("root may read everything; the fault suite does this as nobody")
    source = tmp_path / "source"
    case.make(source)
    source.chmod(0)
    (problem,) = case.engine({"path": str(source)}).problems()
    assert "cannot be read" in problem


# What only a consistent copy can promise


def copied(source: Path, tmp_path: Path) -> Path:
    with SqliteEngine({"path": str(source)}).stage(staging(tmp_path)) as staged:
        return Path(staged.paths[0])


def test_copy_has_what_is_still_only_in_the_log(tmp_path: Path) -> None:
    source = tmp_path / "app.db"
    with closing(sqlite3.connect(source)) as link:
        link.execute("PRAGMA journal_mode=WAL")
        link.execute("PRAGMA wal_autocheckpoint=0")
        link.execute("CREATE TABLE t (x)")
        link.execute("INSERT INTO t VALUES ('only in the log')")
        link.commit()
        copy = copied(source, tmp_path)
    with closing(sqlite3.connect(copy)) as link:
        assert link.execute("SELECT x FROM t").fetchall() == [("only in the log",)]


def test_copy_under_a_busy_writer_is_one_moment(tmp_path: Path) -> None:
    source = tmp_path / "app.db"
    some_database(source)
    with closing(sqlite3.connect(source)) as link:
        link.execute("CREATE TABLE pair (a, b)")
    stop = threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(source, isolation_level=None, timeout=30)) as link:
            number = 0
            while not stop.is_set():
                number += 1
                link.execute("BEGIN IMMEDIATE")
                link.execute("INSERT INTO pair VALUES (?, NULL)", (number,))
                link.execute("UPDATE pair SET b = a WHERE b IS NULL")
                link.execute("COMMIT")

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for _ in range(5):
            copy = copied(source, tmp_path)
            with closing(sqlite3.connect(f"file:{copy}?mode=ro", uri=True)) as link:
                assert link.execute("PRAGMA integrity_check").fetchone() == ("ok",)
                assert link.execute("SELECT COUNT(*) FROM pair WHERE b IS NOT a").fetchone() == (0,)
    finally:
        stop.set()
        thread.join()


def test_changed_database_is_copied_again(tmp_path: Path) -> None:
    source = tmp_path / "app.db"
    some_database(source)
    copied(source, tmp_path)
    some_database(source)
    with closing(sqlite3.connect(copied(source, tmp_path))) as link:
        assert link.execute("SELECT COUNT(*) FROM t").fetchone() == (2,)


def test_copy_has_the_owner_and_mode_of_its_origin_and_a_private_folder(tmp_path: Path) -> None:
    source = tmp_path / "app.db"
    some_database(source)
    source.chmod(0o640)
    if os.getuid() == 0:
        os.chown(source, 12345, 54321)
    copy = copied(source, tmp_path)
    wanted, found = source.stat(), copy.stat()
    assert (wanted.st_mode, wanted.st_uid, wanted.st_gid) == (
        found.st_mode,
        found.st_uid,
        found.st_gid,
    )
    assert (copy.parent.stat().st_mode & 0o777) == 0o700
    assert [p for p in (tmp_path / "staging").rglob("*") if p.is_file()] == [copy]


@pytest.mark.parametrize("content", [b"", b"x" * 5000])
def test_what_is_no_database_is_refused_and_the_last_good_copy_kept(
    tmp_path: Path, content: bytes
) -> None:
    source = tmp_path / "app.db"
    some_database(source)
    copy = copied(source, tmp_path)
    good = copy.read_bytes()
    for suffix in ("-wal", "-shm"):
        source.with_name(source.name + suffix).unlink(missing_ok=True)
    source.write_bytes(content)
    with pytest.raises(NetopsError):
        copied(source, tmp_path)
    assert copy.read_bytes() == good


def test_link_is_a_problem_because_it_alone_would_be_stored(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    (problem,) = FilesEngine({"path": str(link)}).problems()
    assert "symbolic link" in problem
