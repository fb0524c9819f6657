"""`netops backup restore`: from any place, to anywhere, never over live data unasked."""

import os
import shutil
import sqlite3
import time
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

from tests.sites import Done, Site, copy_site, make_site, tree


def restored(site: Site, target: Path) -> dict[str, tuple[int, int, bytes]]:
    return tree(target / str(site.source).lstrip("/"))


def to_directory(site: Site, *arguments: str) -> tuple[Done, Path]:
    target = site.directory / "restored"
    done = site.netops("backup", "restore", "data", "--to", str(target), *arguments)
    return done, target


def test_restore_to_a_new_directory_brings_everything_back(site: Site) -> None:
    (site.source / "empty").mkdir()
    (site.source / "link").symlink_to("file-0.txt")
    (site.source / "file-1.txt").chmod(0o640)
    site.backup()
    done, target = to_directory(site)
    assert done.code == 0, done
    assert restored(site, target) == tree(site.source)
    names = [path.name for path in target.rglob("*")]
    assert "checkpoint.note" not in names


def test_restore_is_journalled_and_in_the_catalogue(site: Site) -> None:
    made = site.backup()
    done = site.netops("backup", "restore", "data", "--to", str(site.directory / "r"), "--json")
    (result,) = done.results()
    assert result["backup"] == made["backup"]
    assert (result["files"], result["location"]) == (4, "main")
    end = site.last_end()
    assert end["subject"] == "backup restore"
    assert end["detail"]["results"][0]["files"] == 4


def test_restore_into_a_directory_with_something_in_it_is_refused(backed_up: Site) -> None:
    target = backed_up.directory / "occupied"
    target.mkdir()
    (target / "mine").write_text("mine")
    done = backed_up.netops("backup", "restore", "data", "--to", str(target))
    assert done.code == 64
    assert "is not an empty directory" in done.out + done.err
    assert tree(target) == {"mine": ((target / "mine").lstat().st_mode, os.getuid(), b"mine")}


def test_restore_needs_to_know_where(backed_up: Site) -> None:
    done = backed_up.netops("backup", "restore", "data")
    assert done.code == 64
    assert "--in-place" in done.err
    both = backed_up.netops("backup", "restore", "data", "--to", "/x", "--in-place")
    assert both.code == 64


def test_one_file_or_folder_is_restored_alone(site: Site) -> None:
    site.backup()
    done, target = to_directory(
        site,
        *("--path", str(site.source / "folder") + "/"),
        *("--path", str(site.source / "file-2.txt")),
    )
    assert done.code == 0, done
    assert sorted(restored(site, target)) == ["file-2.txt", "folder", "folder/inner.txt"]


def test_an_empty_folder_is_restored_alone(site: Site) -> None:
    (site.source / "empty").mkdir()
    site.backup()
    done, target = to_directory(site, "--path", str(site.source / "empty"))
    assert done.code == 0, done
    assert list(restored(site, target)) == ["empty"]


def test_path_that_is_not_in_the_backup_is_told_even_beside_one_that_is(site: Site) -> None:
    site.backup()
    missing = str(site.source / "never-was")
    done, _ = to_directory(site, "--path", str(site.source / "file-0.txt"), "--path", missing)
    assert done.code == 64
    assert missing in done.out
    assert "file-0.txt" not in done.out


def test_names_that_look_like_patterns_are_taken_literally(site: Site) -> None:
    for name in ("a*b", "a1b", "[x]", "x", "back\\slash", "q?"):
        (site.source / name).write_text(name)
    site.backup()
    wanted = ("a*b", "[x]", "back\\slash", "q?")
    flags = [flag for name in wanted for flag in ("--path", str(site.source / name))]
    done, target = to_directory(site, *flags)
    assert done.code == 0, done
    assert sorted(restored(site, target)) == sorted(wanted)


def test_relative_path_is_refused(backed_up: Site) -> None:
    done, _ = to_directory(backed_up, "--path", "source/file-0.txt")
    assert done.code == 64
    assert "not an absolute path" in done.err


def test_backup_is_chosen_by_id_and_by_time(site: Site) -> None:
    first = site.backup()
    time.sleep(1)
    at = datetime.now().astimezone().strftime("%Y-%m-%dT%H:%M:%S")
    time.sleep(1)
    (site.source / "file-0.txt").write_text("later\n")
    site.backup()
    old = site.directory / "by-id"
    done = site.netops("backup", "restore", "data", "--to", str(old), "--backup", first["backup"])
    assert done.code == 0, done
    assert restored(site, old)["file-0.txt"][2] == b"content 0\n" * 10
    by_time = site.directory / "by-time"
    done = site.netops("backup", "restore", "data", "--to", str(by_time), "--at", at, "--json")
    assert done.code == 0, done
    assert done.results()[0]["backup"] == first["backup"]


@pytest.mark.parametrize(
    "flags",
    [
        ("--backup", "01AAAAAAAAAAAAAAAAAAAAAAAA"),
        ("--at", "2001-01-01"),
        ("--from", "nowhere"),
        ("--at", "yesterday"),
    ],
)
def test_what_no_place_has_is_a_usage_error_that_leaves_nothing_behind(
    backed_up: Site, flags: tuple[str, str]
) -> None:
    target = backed_up.directory / "nothing"
    done = backed_up.netops("backup", "restore", "data", "--to", str(target), *flags)
    assert done.code == 64
    assert not target.exists()


def test_offsite_alone_is_enough(site: Site) -> None:
    site.backup()
    site.main.rename(site.directory / "stolen")
    done, target = to_directory(site, "--from", "offsite")
    assert done.code == 0, done
    assert restored(site, target) == tree(site.source)


def test_offsite_alone_is_enough_even_without_catalogue_and_journal(site: Site) -> None:
    site.backup()
    shutil.rmtree(site.main)
    shutil.rmtree(site.state)
    done, target = to_directory(site, "--from", "offsite")
    assert done.code == 0, done
    assert restored(site, target) == tree(site.source)


def test_lost_primary_is_told_with_the_way_out(site: Site) -> None:
    site.backup()
    site.main.rename(site.directory / "stolen")
    done, _ = to_directory(site)
    assert done.code == 69
    assert "there is no repository at" in done.out


def test_damaged_data_is_never_called_restored(site: Site) -> None:
    (site.source / "large").write_bytes(os.urandom(300_000))
    site.backup()
    for pack in (site.main / "data").rglob("*"):
        if pack.is_file() and pack.stat().st_size > 100_000:
            pack.chmod(0o600)
            raw = bytearray(pack.read_bytes())
            raw[50_000] ^= 1
            pack.write_bytes(raw)
    done, _ = to_directory(site)
    assert done.code == 2
    assert "CRITICAL" in done.out
    assert site.last_end()["detail"]["results"][0]["status"] == "CRITICAL"


def test_dry_run_of_a_restore_writes_nothing(backed_up: Site) -> None:
    target = backed_up.directory / "dry"
    done = backed_up.netops("backup", "restore", "data", "--to", str(target), "--dry-run")
    assert done.code == 0
    assert "would restore" in done.out
    assert not target.exists()


# In place


def in_place(site: Site, *arguments: str) -> Done:
    return site.netops("backup", "restore", "data", "--in-place", *arguments)


def test_in_place_without_a_terminal_needs_yes(site: Site) -> None:
    site.backup()
    (site.source / "file-0.txt").write_text("live")
    for answer in ("", "y\n"):
        done = site.netops("backup", "restore", "data", "--in-place", input=answer)
        assert done.code == 64
        assert "--yes" in done.err
    assert (site.source / "file-0.txt").read_text() == "live"


def test_in_place_asks_on_a_terminal_and_takes_no_for_an_answer(site: Site) -> None:
    site.backup()
    (site.source / "file-0.txt").write_text("live")
    code, shown = on_a_terminal(site, b"n\n")
    assert code == 130
    assert "Write over" in shown
    assert str(site.source) in shown
    assert (site.source / "file-0.txt").read_text() == "live"
    code, _ = on_a_terminal(site, b"y\n")
    assert code == 0
    assert (site.source / "file-0.txt").read_text() == "content 0\n" * 10


def on_a_terminal(site: Site, answer: bytes) -> tuple[int, str]:
    import pty
    import subprocess

    from tests.sites import COMMAND, environment

    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, "--site", str(site.directory), "backup", "restore", "data", "--in-place"],
        env=environment({"TERM": "dumb"}),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    shown = b""
    asked = False
    while True:
        try:
            data = os.read(ours, 4096)
        except OSError:
            break
        shown += data
        if b"[y/N]" in shown and not asked:
            asked = True
            os.write(ours, answer)
        if not data:
            break
    os.close(ours)
    return process.wait(60), shown.decode()


def test_in_place_brings_back_what_was_and_keeps_what_came_since(site: Site) -> None:
    site.backup()
    before = tree(site.source)
    (site.source / "file-0.txt").write_text("ruined")
    (site.source / "file-1.txt").unlink()
    shutil.rmtree(site.source / "folder")
    (site.source / "since").write_text("since")
    done = in_place(site, "--yes")
    assert done.code == 0, done
    after = tree(site.source)
    assert after.pop("since")[2] == b"since"
    assert after == before


def test_in_place_restores_across_file_systems(site: Site, tmp_path: Path) -> None:
    shared = Path("/dev/shm")
    if not shared.is_dir() or shared.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second file system to restore to")
    import tempfile

    with tempfile.TemporaryDirectory(dir=shared) as folder:
        live = Path(folder) / "live"
        shutil.copytree(site.source, live)
        os.mkfifo(live / "fifo")
        (live / "link").symlink_to("nowhere")
        (live / "file-0.txt").chmod(0o604)
        with (live / "image").open("wb") as file:
            file.truncate(20_000_000)
        site.job["sources"] = [str(live)]
        site.write()
        site.backup()
        before = tree(live)
        shutil.rmtree(live)
        done = in_place(site, "--yes", "--sparse")
        assert done.code == 0, done
        assert tree(live) == before
        assert (live / "image").stat().st_blocks * 512 < 1_000_000


def test_in_place_does_not_write_through_a_link_that_took_a_folders_place(site: Site) -> None:
    # Whoever may write to the source must not choose where root's restore writes.
    site.backup()
    outside = site.directory / "outside"
    outside.mkdir()
    shutil.rmtree(site.source / "folder")
    (site.source / "folder").symlink_to(outside)
    done = in_place(site, "--yes")
    assert list(outside.iterdir()) == []
    assert done.code == 0, done
    assert not (site.source / "folder").is_symlink()
    assert (site.source / "folder" / "inner.txt").read_text() == "inside\n"


@pytest.fixture
def with_database(tmp_path: Path) -> Site:
    site = make_site(tmp_path / "site")
    database = site.directory / "app.db"
    with closing(sqlite3.connect(database)) as link:
        link.execute("PRAGMA journal_mode=WAL")
        link.execute("CREATE TABLE person (name TEXT)")
        link.execute("INSERT INTO person VALUES ('kept')")
        link.commit()
    database.chmod(0o640)
    if os.getuid() == 0:
        os.chown(database, 65534, 65534)
    site.job["sources"].append({"sqlite": str(database)})
    site.write()
    site.backup()
    return site


def leave_a_log(database: Path) -> None:
    """Write to the database and leave its log behind, as a killed program does."""
    import subprocess
    import sys

    program = (
        "import os, sqlite3, sys; link = sqlite3.connect(sys.argv[1]);"
        "link.execute('PRAGMA wal_autocheckpoint=0');"
        "link.execute('INSERT INTO person VALUES (?)', ('since',)); link.commit(); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", program, str(database)], check=True)
    assert database.with_name("app.db-wal").stat().st_size > 0


def people(database: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as link:
        assert link.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return [name for (name,) in link.execute("SELECT name FROM person")]


def test_database_restored_in_place_is_the_one_of_the_backup(with_database: Site) -> None:
    database = with_database.directory / "app.db"
    facts = database.stat()
    leave_a_log(database)
    done = in_place(with_database, "--yes")
    assert done.code == 0, done
    assert people(database) == ["kept"]
    now = database.stat()
    assert (now.st_mode, now.st_uid, now.st_gid) == (facts.st_mode, facts.st_uid, facts.st_gid)


def test_restoring_another_file_leaves_a_live_database_alone(with_database: Site) -> None:
    database = with_database.directory / "app.db"
    leave_a_log(database)
    done = in_place(with_database, "--yes", "--path", str(with_database.source / "file-0.txt"))
    assert done.code == 0, done
    assert people(database) == ["kept", "since"]


def test_database_restored_elsewhere_stands_under_its_own_name(with_database: Site) -> None:
    done, target = to_directory(with_database)
    assert done.code == 0, done
    database = with_database.directory / "app.db"
    assert people(target / str(database).lstrip("/")) == ["kept"]
    assert not (target / str(with_database.state).lstrip("/")).exists()


def test_database_is_restored_alone_by_its_own_name(with_database: Site) -> None:
    database = with_database.directory / "app.db"
    done, target = to_directory(with_database, "--path", str(database))
    assert done.code == 0, done
    found = [path for path in target.rglob("*") if path.is_file()]
    assert found == [target / str(database).lstrip("/")]


def test_site_moved_to_another_place_restores_from_its_own_repositories(
    backed_up: Site, tmp_path: Path
) -> None:
    moved = copy_site(backed_up, tmp_path / "moved")
    target = tmp_path / "out"
    done = moved.netops("backup", "restore", "data", "--to", str(target))
    assert done.code == 0, done
    assert restored(backed_up, target) == tree(backed_up.source)
