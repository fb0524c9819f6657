"""Files replaced whole, or left as they were."""

import os
from pathlib import Path

import pytest

from netops.core.files import private_directory, write_atomic


def test_file_is_written_with_its_mode_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomic(path, "text ü")
    assert path.read_text() == "text ü"
    assert (path.stat().st_mode & 0o777) == 0o600
    write_atomic(path, b"\x00\xff", mode=0o640)
    assert path.read_bytes() == b"\x00\xff"
    assert (path.stat().st_mode & 0o777) == 0o640
    assert list(tmp_path.iterdir()) == [path]


def test_failure_leaves_the_old_file_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    write_atomic(path, "old")

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space"):
        write_atomic(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_link_in_its_place_is_replaced_and_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("precious")
    path = tmp_path / "file"
    path.symlink_to(outside)
    write_atomic(path, "new")
    assert outside.read_text() == "precious"
    assert not path.is_symlink()


def test_private_directory_is_for_us_alone_with_all_its_parents(tmp_path: Path) -> None:
    made = private_directory(tmp_path / "a" / "b")
    assert (made.stat().st_mode & 0o777) == 0o700
    assert private_directory(made) == made
