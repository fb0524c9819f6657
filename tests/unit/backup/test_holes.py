"""Zeros that take no room: dug where they were written out, kept by a copy, and never at the cost of a byte."""

import errno
import os
from pathlib import Path

import pytest

from netops.backup import holes
from netops.core.cancel import Cancel
from netops.core.errors import InterruptedRunError

MB = 1 << 20


def room(path: Path) -> int:
    return path.lstat().st_blocks * 512


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A file with data between zeros that were written out; the last of them fill no block."""
    path = tmp_path / "top" / "image"
    path.parent.mkdir()
    data = os.urandom(5000)
    path.write_bytes(bytes(3 * MB) + data + bytes(2 * MB) + data + bytes(MB + 777))
    assert room(path) > 6 * MB
    return path


def test_zeros_are_given_back_and_nothing_else_changes(image: Path) -> None:
    before = image.read_bytes()
    image.chmod(0o400)
    os.utime(image, ns=(1_000_000_007, 2_000_000_009))
    os.link(image, image.with_name("twin"))
    holes.dig(image.parent)
    facts = image.lstat()
    assert room(image) < 400_000
    assert (facts.st_mode & 0o7777, facts.st_mtime_ns) == (0o400, 2_000_000_009)
    assert image.read_bytes() == before
    holes.dig(image.parent)  # nothing is left to do
    assert image.read_bytes() == before


def test_files_without_long_zeros_and_programs_with_rights_are_left_alone(image: Path) -> None:
    dense, program = image.with_name("dense"), image.with_name("program")
    dense.write_bytes((os.urandom(60_000) + bytes(60_000)) * 10)
    image.rename(program)
    program.chmod(0o4755)
    image.with_name("link").symlink_to(program)
    before = [(path.lstat().st_ctime_ns, room(path)) for path in (dense, program)]
    holes.dig(image.parent)
    assert [(path.lstat().st_ctime_ns, room(path)) for path in (dense, program)] == before


def test_digging_ends_when_the_run_is_interrupted(image: Path) -> None:
    cancel = Cancel()
    cancel.by_signal(2)
    with pytest.raises(InterruptedRunError):
        holes.dig(image.parent, cancel)
    assert room(image) > 6 * MB


def test_a_copy_keeps_holes_and_every_byte(image: Path) -> None:
    holes.dig(image.parent)
    for source in (image, image.with_name("empty"), image.with_name("hole")):
        source.touch()
        if source.name == "hole":
            os.truncate(source, MB)
        copy = source.with_suffix(".copy")
        with source.open("rb") as old, copy.open("wb") as new:
            holes.copy(old.fileno(), new.fileno())
        assert copy.read_bytes() == source.read_bytes()
        assert room(copy) <= room(source) + 100_000


def test_the_kernel_s_refusal_is_an_error(image: Path) -> None:
    with image.open("rb") as file, pytest.raises(OSError, match=os.strerror(errno.EBADF)):
        holes._punch(file.fileno(), 0, MB)  # opened for reading only
