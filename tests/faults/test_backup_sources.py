"""Sources that cannot be read, change while they are read, or are no ordinary files."""

import itertools
import os
import shutil
import socket
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.require import need, unavailable
from tests.sites import Site, make_site, tree


@pytest.fixture
def nobody() -> Iterator[Site]:
    """A site that belongs to `nobody`, whose commands run as nobody."""
    need("setpriv")
    if os.getuid() != 0:
        unavailable("root", "becoming another user needs root")
    folder = Path(tempfile.mkdtemp(prefix="netops-nobody-"))
    try:
        site = make_site(folder / "site")
        folder.chmod(0o755)
        for path in (site.directory, *site.directory.rglob("*")):
            os.chown(path, 65534, 65534)
        site.prefix = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups")
        yield site
    finally:
        shutil.rmtree(folder)


def is_on_record_as_good(site: Site) -> None:
    """Status, journal and catalogue say that the last run was good in both places."""
    assert site.states() == {"main": "OK", "offsite": "OK"}
    assert site.last_end()["detail"]["exit_code"] == 0
    assert site.lost_runs() == []


def test_unreadable_files_are_a_warning_with_their_names_and_the_snapshot(nobody: Site) -> None:
    for name in (b"secret", b"s\xe9cret-\xff", b"new\nline"):
        path = Path(os.fsdecode(os.fsencode(nobody.source) + b"/" + name))
        path.write_text("not yours")
        path.chmod(0)
        os.chown(path, 0, 0)
    result = nobody.backup(code=1)
    assert result["status"] == "WARNING"
    assert len(result["snapshot"]) == 64
    summary = str(result["summary"])
    assert "3 could not be read" in summary
    assert "secret: " in summary
    assert "Permission denied" in summary or "permission denied" in summary
    states = nobody.states()
    assert states["main"] == "WARNING"
    assert nobody.last_end()["detail"]["exit_code"] == 1
    target = nobody.directory / "back"
    done = nobody.netops("backup", "restore", "data", "--to", str(target))
    assert done.code == 0, done
    assert (target / str(nobody.source).lstrip("/") / "file-0.txt").exists()
    for path in nobody.source.iterdir():
        os.chown(path, 65534, 65534)
        if path.is_file():
            path.chmod(0o600)
    nobody.backup()
    assert nobody.states() == {"main": "OK", "offsite": "OK"}


def test_what_a_restore_cannot_look_at_does_not_end_the_count(nobody: Site) -> None:
    closed = nobody.source / "closed"
    (closed / "inner").mkdir(parents=True)
    for number in range(3):
        (closed / f"link-{number}").symlink_to("nowhere")
    closed.chmod(0o400)
    for path in (closed, *closed.iterdir()):
        os.chown(path, 65534, 65534, follow_symlinks=False)
    plain = nobody.prefix
    nobody.prefix = (*plain, "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")
    nobody.backup()
    nobody.prefix = plain
    target = nobody.directory / "back"
    (result,) = nobody.netops("backup", "restore", "data", "--to", str(target), "--json").results()
    assert result["status"] == "OK", result
    assert (result["files"], result["uncounted"]) == (4, 4)
    assert "4 files" in result["summary"]
    assert "4 more could not be looked at" in result["summary"]


def test_many_unreadable_are_counted_and_only_the_first_are_shown(nobody: Site) -> None:
    for number in range(7):
        locked = nobody.source / f"locked-{number}"
        if number:
            locked.write_text("not yours")
        else:
            locked.mkdir()
        os.chown(locked, 0, 0)
        locked.chmod(0)
    result = nobody.backup(code=1)
    summary, names = str(result["summary"]), result["unreadable"]
    assert result["unreadable_count"] == len(names) == 7
    assert "7 could not be read" in summary
    assert "; and 4 more" in summary
    assert sum(f"locked-{number}" in summary for number in range(7)) == 3
    assert "None" not in " ".join(names)
    (told,) = [name for name in names if "locked-0" in name]
    assert "cannot be read or listed" in told or "ermission denied" in told


def test_unreadable_files_do_not_make_the_next_run_think_it_must_start_again(nobody: Site) -> None:
    locked = nobody.source / "locked"
    locked.write_text("x")
    os.chown(locked, 0, 0)
    locked.chmod(0)
    first = nobody.backup(code=1)
    second = nobody.backup(code=1)
    assert second["type"] == "differential"
    assert second["base"] == first["backup"]


def test_source_that_cannot_be_read_at_all_is_critical_before_anything_runs(nobody: Site) -> None:
    os.chown(nobody.source, 0, 0)
    nobody.source.chmod(0o700)
    result = nobody.backup(code=2)
    assert "cannot be read by this account" in str(result["summary"])
    assert nobody.states()["main"] == "CRITICAL"


def test_site_of_another_account_is_refused_in_one_line(nobody: Site) -> None:
    nobody.backup()
    for path in (nobody.state, *nobody.state.rglob("*")):
        os.chown(path, 0, 0)
    for command in (
        ("backup", "run"),
        ("backup", "status"),
        ("backup", "list"),
        ("journal", "list"),
    ):
        done = nobody.netops(*command)
        assert done.code in {77, 78}, (command, done)
        assert "Traceback" not in done.err
        assert "internal error" not in done.err
        assert len(done.err.splitlines()) <= 2


def test_configuration_that_cannot_be_read_is_refused_in_one_line(nobody: Site) -> None:
    file = nobody.directory / "netops.yaml"
    os.chown(file, 0, 0)
    file.chmod(0o600)
    done = nobody.netops("backup", "run")
    assert done.code in {77, 78}, done
    assert len(done.err.splitlines()) <= 2


def test_password_file_open_to_others_is_refused(site: Site) -> None:
    (site.directory / "password").chmod(0o644)
    done = site.netops("backup", "run")
    assert done.code == 78
    assert "chmod 600" in done.out


def test_missing_source_is_critical_and_the_next_good_run_clears_it(site: Site) -> None:
    site.backup()
    away = site.directory / "away"
    site.source.rename(away)
    result = site.backup(code=2)
    assert f"{site.source} does not exist" in str(result["summary"])
    assert site.states()["main"] == "CRITICAL"
    assert len(site.snapshots()) == 1
    away.rename(site.source)
    site.backup()
    assert site.states() == {"main": "OK", "offsite": "OK"}


def test_one_missing_source_among_several_is_never_passed_over(site: Site) -> None:
    site.job["sources"].append(str(site.directory / "second"))
    site.write()
    result = site.backup(code=2)
    assert "second does not exist" in str(result["summary"])
    assert site.snapshots() == []


def test_odd_files_are_kept_as_they_are(site: Site) -> None:
    loop = site.source / "loop"
    loop.symlink_to("loop")
    (site.source / "circle").symlink_to(".")
    (site.source / "away").symlink_to("/nonexistent")
    os.mkfifo(site.source / "fifo")
    with (site.source / "sparse").open("wb") as file:
        file.seek(200_000_000)
        file.write(b"end")
    deep = site.source
    for _ in range(40):
        deep = deep / "d"
    deep.mkdir(parents=True)
    (deep / "bottom").write_text("bottom")
    listener = socket.socket(socket.AF_UNIX)
    here = Path.cwd()
    os.chdir(site.source)
    try:
        listener.bind("socket")
    finally:
        os.chdir(here)
    with listener:
        site.backup()
    is_on_record_as_good(site)
    target = site.directory / "back"
    done = site.netops("backup", "restore", "data", "--to", str(target), "--sparse", "--json")
    assert done.code == 0, done
    (result,) = done.results()
    assert result["bytes"] > 200_000_000
    assert result["disk_bytes"] < 1_000_000
    image = target / str(site.source).lstrip("/") / "sparse"
    assert image.lstat().st_blocks * 512 < 1_000_000
    assert image.lstat().st_mtime_ns == (site.source / "sparse").lstat().st_mtime_ns
    back = tree(target / str(site.source).lstrip("/"))
    live = tree(site.source)
    assert (back["sparse"][2] == live["sparse"][2]) is True
    assert {name for name in live if name not in back} == {"socket"}  # a socket has no content
    for name in ("loop", "circle", "away", "fifo", str(Path(*["d"] * 40, "bottom"))):
        assert back[name] == live[name], name


@contextmanager
def going_on(step: Callable[[int], None]) -> Iterator[None]:
    """Do the step again and again while the block runs; it has been done once when that begins."""
    stop = threading.Event()

    def work() -> None:
        for number in itertools.count(1):
            step(number)
            if stop.wait(0.001):
                return

    step(0)
    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def test_files_that_change_vanish_and_grow_while_read_are_told_and_stop_no_run(site: Site) -> None:
    growing = str(site.source / "growing")

    def churn(number: int) -> None:
        for path in (growing, f"{site.source}/passing-{number % 50}"):
            with Path(path).open("ab") as file:
                file.write(os.urandom(20_000))
        (site.source / f"passing-{(number + 25) % 50}").unlink(missing_ok=True)

    for number in range(300):
        (site.source / f"calm-{number}").write_bytes(os.urandom(2000))
    with going_on(churn):
        for kind in ("full", "differential"):
            done = site.netops("backup", "run", "data", "--json", "--type", kind)
            (result,) = done.results()
            # A file that vanishes between listing and reading could not be read: that is a warning.
            vanished = "unreadable" in result
            assert (done.code, result["status"]) == ((1, "WARNING") if vanished else (0, "OK"))
            assert growing in result["changing"]
            assert not [name for name in result["changing"] if "calm" in name]
            assert "changed while being backed up" in result["summary"]
            end = site.last_end()["detail"]
            assert end["exit_code"] == done.code
            assert end["results"][0]["changing"] == result["changing"]
    result = site.backup()
    assert "changing" not in result
    assert "changed while" not in result["summary"]
    is_on_record_as_good(site)
    target = site.directory / "back"
    done = site.netops("backup", "restore", "data", "--to", str(target))
    assert done.code == 0, done
    assert tree(target / str(site.source).lstrip("/")) == tree(site.source)


def test_changing_files_are_a_warning_where_the_job_says_so_whatever_they_are_called(
    site: Site,
) -> None:
    names = (b"caf\xe9 [1]", b"new\nline", "\u7db2\u8def.log".encode())
    paths = [Path(os.fsdecode(os.fsencode(site.source) + b"/" + name)) for name in names]

    def write(number: int) -> None:
        for path in paths:
            path.write_text(str(number))

    site.job["on_changing"] = "warn"
    site.write()
    with going_on(write):
        result = site.backup(code=1)
    assert result["changing_count"] == 3
    told = {name.removeprefix(f"{site.source}/") for name in result["changing"]}
    assert told == {"caf\\xe9 [1]", "new\nline", "\u7db2\u8def.log"}
    assert site.states()["main"] == "WARNING"
    (row,) = site.backups()
    assert row["status"] == 1
    assert "3 changed while being backed up" in row["message"]
    assert site.last_end()["detail"]["exit_code"] == 1
    site.backup()
    is_on_record_as_good(site)


def test_database_under_a_busy_writer_is_whole_in_the_backup(site: Site) -> None:
    database = site.directory / "live.db"
    with closing(sqlite3.connect(database)) as link:
        link.execute("PRAGMA journal_mode=WAL")
        link.execute("CREATE TABLE pair (a INTEGER, b INTEGER)")
    stop = threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(database, isolation_level=None)) as link:
            number = 0
            while not stop.is_set():
                number += 1
                link.execute("BEGIN")
                link.execute("INSERT INTO pair VALUES (?, NULL)", (number,))
                link.execute("UPDATE pair SET b = a WHERE a = ?", (number,))
                link.execute("COMMIT")

    site.job["sources"] = [{"sqlite": str(database)}]
    site.write()
    thread = threading.Thread(target=write)
    thread.start()
    try:
        site.backup()
    finally:
        stop.set()
        thread.join()
    target = site.directory / "back"
    assert site.netops("backup", "restore", "data", "--to", str(target)).code == 0
    with closing(sqlite3.connect(target / str(database).lstrip("/"))) as link:
        assert link.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert link.execute("SELECT COUNT(*) FROM pair WHERE b IS NOT a").fetchone() == (0,)
        assert link.execute("SELECT COUNT(*) > 0 FROM pair").fetchone() == (1,)


@pytest.mark.parametrize("content", [b"", b"not a database at all" * 100])
def test_database_that_is_none_is_critical(site: Site, content: bytes) -> None:
    database = site.directory / "broken.db"
    database.write_bytes(content)
    site.job["sources"] = [{"sqlite": str(database)}]
    site.write()
    result = site.backup(code=2)
    assert "broken.db" in str(result["summary"])
    assert site.snapshots() == []
    assert site.backups()[0]["status"] == 2


def test_two_databases_with_names_that_extend_each_other_are_both_kept(site: Site) -> None:
    names = ("app.db", "app.db.new")
    for name in names:
        with closing(sqlite3.connect(site.directory / name)) as link:
            link.execute("CREATE TABLE t (x)")
            link.execute("INSERT INTO t VALUES (?)", (name,))
            link.commit()
    site.job["sources"] = [{"sqlite": str(site.directory / name)} for name in reversed(names)]
    site.write()
    site.backup()
    target = site.directory / "back"
    assert site.netops("backup", "restore", "data", "--to", str(target)).code == 0
    for name in names:
        with closing(sqlite3.connect(target / str(site.directory / name).lstrip("/"))) as link:
            assert link.execute("SELECT x FROM t").fetchone() == (name,)


def test_one_hundred_thousand_small_files(site: Site) -> None:
    for folder in range(100):
        here = site.source / f"folder-{folder}"
        here.mkdir()
        for number in range(1000):
            (here / str(number)).touch()
    first = site.backup("--timeout", "5m")
    assert first["files_new"] == 100_000 + 4
    second = site.backup()
    assert second["files_unmodified"] == 100_000 + 4
    is_on_record_as_good(site)
