"""Journals that broke: bad disks, wrong files, no space, no permission. Never a traceback."""

import os
import random
import resource
import shutil
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from netops.core.errors import AccessError, IntegrityError, NetopsError
from netops.journal.book import Book
from netops.journal.database import GUARDS
from netops.journal.verify import verify
from tests.require import need, unavailable
from tests.unit.journal.lab import ORIGIN, live, open_book


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    directory = tmp_path / "journal"
    live(directory, days=30).close()
    return directory


def make_garbage(file: Path) -> None:
    file.write_bytes(b"this is no database, it is a letter to the auditor\n" * 300)


def make_empty(file: Path) -> None:
    file.write_bytes(b"")


def make_foreign(file: Path) -> None:
    file.unlink()
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE entry (seq INTEGER)")
    connection.close()


def make_foreign_of_our_format(file: Path) -> None:
    make_foreign(file)
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA user_version = 1")
    connection.close()


def make_directory(file: Path) -> None:
    file.unlink()
    file.mkdir()


def make_half(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def wipe_pages(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[4096 * 2 :] = bytes(len(data) - 4096 * 2)
    file.write_bytes(data)


def remove(file: Path) -> None:
    file.unlink()


@pytest.mark.parametrize(
    "spoil",
    [
        make_garbage,
        make_empty,
        make_foreign,
        make_foreign_of_our_format,
        make_directory,
        make_half,
        wipe_pages,
        remove,
    ],
)
def test_a_spoiled_file_is_a_finding_for_verify_and_an_error_for_the_rest(
    journal: Path, spoil: object
) -> None:
    assert callable(spoil)
    spoil(journal / "journal.db")
    result = verify(journal)
    assert not result.ok
    assert result.status == 2
    with pytest.raises((IntegrityError, AccessError)) as raised:
        use(journal)
    assert raised.value.hint
    with pytest.raises((IntegrityError, AccessError)), Book.read(journal) as book:
        list(book.entries())


def use(journal: Path) -> None:
    with open_book(journal) as book:
        book.append("note", "x")
        list(book.entries())


def test_a_flipped_bit_anywhere_never_ends_in_a_traceback(journal: Path) -> None:
    file = journal / "journal.db"
    whole = file.read_bytes()
    with Book.read(journal) as book:
        bodies = {entry.seq: entry.body for entry in book.entries()}
    chance = random.Random(20_261_123)
    for _ in range(150):
        data = bytearray(whole)
        at = chance.randrange(len(data))
        data[at] ^= 1 << chance.randrange(8)
        file.write_bytes(data)
        result = verify(journal, anchors=[])
        try:
            with Book.read(journal) as book:
                unchanged = {entry.seq: entry.body for entry in book.entries()} == bodies
                book.open_runs()
        except NetopsError:
            continue
        assert unchanged or not result.ok, f"a flip of byte {at} went unseen"


def test_a_body_that_is_no_json_is_named_by_listing_and_verify(journal: Path) -> None:
    connection = sqlite3.connect(journal / "journal.db")
    connection.execute("DROP TRIGGER entry_keep")
    connection.execute("UPDATE entry SET body = x'7b00ff' WHERE seq = 5")
    connection.execute(GUARDS["entry_keep"])
    connection.commit()
    connection.close()
    with Book.read(journal) as book, pytest.raises(IntegrityError, match="entry 5 is not readable"):
        list(book.entries())
    assert any("entry 5 is not JSON" in one.problem for one in verify(journal).findings)


def isolated(setup: str, code: str) -> str:
    """Run Python code in a mount namespace of its own, after the shell commands of `setup`."""
    need("unshare", "mount", "sh")
    if os.geteuid() != 0:
        unavailable("root", "mounting needs root")
    sh = shutil.which("sh") or "/bin/sh"
    script = f'set -e; {setup}; exec "$0" -c "$1"'
    done = subprocess.run(
        ["unshare", "-m", sh, "-c", script, sys.executable, code],
        capture_output=True,
        text=True,
        check=False,
    )
    if "unshare: " in done.stderr or "permission denied" in done.stderr:
        unavailable("unshare", done.stderr)
    assert done.returncode == 0, done.stderr
    return done.stdout


FILL = f"""
import os
from pathlib import Path
from netops.core.errors import NetopsError
from netops.journal.book import Book
from netops.journal.verify import verify
directory = Path(os.environ.get("JOURNAL", "."))
book = Book.open(directory, origin={ORIGIN!r})
book.append("note", "first")
book.checkpoint()
written = 1
try:
    while written < 5000:
        book.append("note", "x" * 300)
        written += 1
except NetopsError as error:
    print(type(error).__name__, bool(error.hint))
try:
    book.append("note", "still no space " * 3000)
except NetopsError as error:
    print("again", type(error).__name__)
assert [entry.seq for entry in book.entries()] == list(range(1, book.size + 1))
print("kept", book.size == written + 1, verify(directory).ok)
RELEASE
book.append("note", "after")
book.checkpoint()
print("after", book.size == written + 2 + 1 - 1, verify(directory).ok)
"""
FULL = ["NetopsError True", "again NetopsError", "kept True True", "after True True"]


def test_a_full_disk_keeps_the_chain_whole(tmp_path: Path) -> None:
    mount = f"mount -t tmpfs -o size=600k tmpfs {tmp_path}; export JOURNAL={tmp_path}/journal"
    ballast = f"head -c 150000 /dev/zero > {tmp_path}/ballast"
    release = f"os.unlink({str(tmp_path / 'ballast')!r})"
    assert isolated(f"{mount}; {ballast}", FILL.replace("RELEASE", release)).splitlines() == FULL


def test_a_file_that_may_not_grow_keeps_the_chain_whole(tmp_path: Path) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, resource.RLIM_INFINITY))

    release = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))"
    done = subprocess.run(
        [sys.executable, "-c", FILL.replace("RELEASE", release)],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=limit,
        env={**os.environ, "JOURNAL": str(tmp_path)},
    )
    assert done.stdout.splitlines() == FULL, done.stderr


READ_ONLY = """
from pathlib import Path
from netops.core.errors import NetopsError
from netops.journal.book import Book
from netops.journal.verify import verify
directory = Path({directory!r})
print(verify(directory).ok)
with Book.read(directory) as book:
    print(len(list(book.entries())), len(book.open_runs()))
try:
    with Book.open(directory, origin="x") as book:
        book.append("note", "x")
except NetopsError as error:
    print(type(error).__name__, bool(error.hint))
"""


def test_a_copy_on_a_read_only_medium_can_be_read_but_not_written(journal: Path) -> None:
    with Book.read(journal) as book:
        size = book.size
    read_only = f"mount --bind {journal} {journal}; mount -o remount,bind,ro {journal}"
    lines = isolated(read_only, READ_ONLY.format(directory=str(journal))).splitlines()
    assert lines == ["True", f"{size} 0", "AccessError True"]


COUNT = """
from pathlib import Path
from netops.journal.book import Book
with Book.read(Path({directory!r})) as book:
    print(len(list(book.entries())))
"""


def test_entries_that_are_only_in_the_log_are_read_from_a_read_only_copy(journal: Path) -> None:
    """What a running or killed process wrote last stands in journal.db-wal."""
    with open_book(journal) as book:
        book.append("note", "in the log")
        copy = journal.parent / "copy"
        shutil.copytree(journal, copy)
        size = book.size
    read_only = f"mount --bind {copy} {copy}; mount -o remount,bind,ro {copy}"
    assert isolated(read_only, COUNT.format(directory=str(copy))) == f"{size}\n"


def test_a_read_only_log_without_its_index_is_not_ignored(journal: Path) -> None:
    with open_book(journal) as book:
        book.append("note", "in the log")
        copy = journal.parent / "copy"
        shutil.copytree(journal, copy)
    (copy / "journal.db-shm").unlink()
    read_only = f"mount --bind {copy} {copy}; mount -o remount,bind,ro {copy}"
    code = f"try:\n{textwrap.indent(COUNT.format(directory=str(copy)), '    ')}\n"
    code += "except Exception as error: print(type(error).__name__, error.hint)"
    answer = isolated(read_only, code)
    assert answer.startswith("AccessError")
    assert "journal.db-wal" in answer


def test_a_directory_that_cannot_be_made_is_an_access_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(AccessError, match="cannot make") as raised:
        open_book(tmp_path / "file" / "journal")
    assert raised.value.hint
