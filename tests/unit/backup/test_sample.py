"""The look at files: only what changed, bounded, and unmoved by whatever lies in the way."""

import json
import os
import socket
import time
from pathlib import Path

import pytest

from netops.backup.anomaly import Names
from netops.backup.patterns import Excludes
from netops.backup.sample import FILE_BYTES, FILES, Scope, read_blocks, take_sample
from netops.core.process import run
from tests.require import need


def tree(root: Path, folders: int = 4, files: int = 5) -> Path:
    for folder in range(folders):
        (root / f"d{folder}").mkdir(parents=True)
        for file in range(files):
            (root / f"d{folder}/f{file}.txt").write_text(f"{folder} {file}\n" * 100)
    return root


def settle() -> float:
    """Let the kernel's clock of inodes, which ticks every few milliseconds, pass this moment."""
    time.sleep(0.03)
    moment = time.time()
    time.sleep(0.03)
    return moment


def test_only_files_touched_since_then_count_and_are_read(tmp_path: Path) -> None:
    root = tree(tmp_path / "data")
    since_s = settle()
    (root / "d1/f1.txt").write_bytes(os.urandom(3000))
    (root / "d2/f2.txt").rename(root / "d2/f2.txt.locked")
    (root / "d3/new.docx").write_bytes(os.urandom(3000))

    seen = take_sample(Scope([str(root)], since_s=since_s))

    assert (seen.seen, seen.touched, seen.sampled, seen.broken) == (21, 3, 3, 2)
    assert sorted(map(os.path.basename, seen.examples)) == ["f1.txt", "new.docx"]
    assert (seen.names.suffix, seen.names.suffix_files) == (".locked", 1)
    assert seen.names.folders == 3


def test_a_file_put_back_to_its_old_modification_time_is_seen(tmp_path: Path) -> None:
    file = tree(tmp_path / "data") / "d0/f0.txt"
    before = file.stat()
    since_s = settle()
    file.write_bytes(os.urandom(before.st_size))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert take_sample(Scope([str(tmp_path)], since_s=since_s)).touched == 1


def test_a_file_as_source_is_looked_at(tmp_path: Path) -> None:
    file = tree(tmp_path) / "d0/f0.txt"
    assert take_sample(Scope([str(file), str(tmp_path / "absent")])).seen == 1


def test_the_sample_is_bounded_and_fair(tmp_path: Path) -> None:
    root = tree(tmp_path / "data", 10, 40)
    for file in list(root.glob("*/f*.txt"))[::2]:
        file.write_bytes(os.urandom(500))

    seen = take_sample(Scope([str(root)], seed="a"))

    assert (seen.seen, seen.touched, seen.sampled) == (400, 400, FILES)
    assert FILES * 0.25 < seen.broken < FILES * 0.75


def test_a_walk_out_of_time_says_so(tmp_path: Path) -> None:
    seen = take_sample(Scope([str(tree(tmp_path / "data"))], budget_s=-1))
    assert (seen.seen, seen.is_complete) == (0, False)


def test_large_files_are_read_at_their_head_their_tail_and_between(tmp_path: Path) -> None:
    large = tmp_path / "large.txt"
    with large.open("wb") as file:
        file.write(b"head")
        file.truncate(50_000_000)
        file.seek(0, os.SEEK_END)
        file.write(b"tail")

    found = read_blocks(str(large))

    assert sum(map(len, found)) == FILE_BYTES
    assert found[0].startswith(b"head")
    assert found[-1].endswith(b"tail")


def test_pipes_sockets_loops_and_strange_names_hold_nothing_up(tmp_path: Path) -> None:
    root = tree(tmp_path / "data", 1, 1)
    os.mkfifo(root / "pipe.txt")
    (root / "loop").symlink_to(root)
    (root / "link.txt").symlink_to("/etc/passwd")
    (root / os.fsdecode(b"\xff\nname.txt")).write_bytes(os.urandom(900))
    listener = socket.socket(socket.AF_UNIX)
    here = Path.cwd()
    os.chdir(root)  # the name of a socket may not be long
    try:
        listener.bind("socket.txt")
    finally:
        os.chdir(here)

    seen = take_sample(Scope([str(root)]))

    listener.close()
    assert (seen.seen, seen.broken) == (2, 1)
    with pytest.raises(OSError, match=r"link\.txt"):
        read_blocks(str(root / "link.txt"))
    assert read_blocks(str(root / "pipe.txt")) == []


def test_the_same_note_in_many_folders_is_counted(tmp_path: Path) -> None:
    root = tree(tmp_path / "data", 12, 1)
    for folder in root.iterdir():
        (folder / "HOW_TO_DECRYPT.txt").write_text("pay")
        (folder / "README.txt").write_text("same")

    assert take_sample(Scope([str(root)])).names == Names("how_to_decrypt.txt", 12, 12)


def test_rotated_and_wrapped_names_are_no_strange_endings(tmp_path: Path) -> None:
    for name in ("a.log.1", "a.log.gz", "a.docx.bak", "a.txt.md", "a.unknown.other", "a.tar"):
        (tmp_path / name).touch()
    assert take_sample(Scope([str(tmp_path)])).names.suffix == ""


PATTERNS = [
    [],
    ["*.txt"],
    ["d1"],
    ["d1/f2.txt"],
    ["d?/f[0-2].*"],
    ["/**/d2/*"],
    ["**/f4.txt"],
    ["data/d3"],
    ["./d0/", "f1.txt"],
    ["d[^0]"],
    ["d1*/**/f3.txt"],
    ["absent", "*"],
]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    need("restic")
    place = tmp_path_factory.mktemp("restic")
    env = {"RESTIC_PASSWORD": "x", "RESTIC_REPOSITORY": str(place / "r")}
    run(["restic", "--no-cache", "init"], env=env).check()
    return env


@pytest.mark.parametrize("patterns", PATTERNS, ids=" ".join)
def test_excluded_files_are_those_that_restic_excludes(
    tmp_path: Path, repository: dict[str, str], patterns: list[str]
) -> None:
    root = tree(tmp_path / "data")
    flags = [f"--exclude={pattern}" for pattern in patterns]
    argv = ["restic", "--no-cache", "backup", "--dry-run", "--json", "--verbose=2", *flags]
    lines = run([*argv, str(root)], env=repository).check().stdout.splitlines()

    items = [json.loads(line).get("item", "") for line in lines if line.startswith("{")]
    expected = {item for item in items if item.endswith(".txt")}
    excludes = Excludes.of(patterns)
    found = {
        str(path)
        for path in root.rglob("*.txt")
        if not any(
            excludes.leave_out(str(part), part.name)
            for part in (path, *path.parents)
            if part.is_relative_to(root)
        )
    }
    assert found == expected
    assert take_sample(Scope([str(root)], patterns)).seen == len(expected)
