"""Restored files put in the place of live ones, without being led astray by what lies there now."""

import errno
import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from netops.backup import holes
from netops.core.errors import NetopsError


def move_over(source: Path, target: Path, *, roots: Sequence[Path]) -> None:
    """
    Put everything below `source` in its place below `target`, one atomic rename each where the
    disk allows.

    `roots` are the paths the backup was made of. A link on the way to one of them is the
    administrator's; one below it, where the backup has a folder, may be anybody's and is replaced.
    """
    for folder, names, files in os.walk(source):
        here = target / Path(folder).relative_to(source)
        with _told(here):
            _make_folder(Path(folder), here, roots)
        links = [name for name in names if (Path(folder) / name).is_symlink()]
        for name in (*files, *links):
            with _told(here / name):
                _put(Path(folder) / name, here / name)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Say which path an operating system's error was about, and what state it leaves."""
    try:
        yield
    except OSError as error:
        raise NetopsError(
            f"cannot put {path} in its place: {error.strerror}",
            hint="what was restored before it is in place; mend the cause and restore again",
        ) from error


def _make_folder(source: Path, here: Path, roots: Sequence[Path]) -> None:
    if here.is_symlink() and any(root in here.parents for root in roots):
        here.unlink()
    if not here.exists():
        here.mkdir(parents=True)
        _own_alike(source, here)


def _put(source: Path, target: Path) -> None:
    try:
        source.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
    else:
        return
    fresh = target.with_name(f".{target.name[:200]}.netops-restore")
    fresh.unlink(missing_ok=True)
    facts = source.lstat()
    if stat.S_ISREG(facts.st_mode):
        _copy(source, fresh)
    elif stat.S_ISLNK(facts.st_mode):
        fresh.symlink_to(source.readlink())
    else:  # a pipe, socket or device has no content to copy
        os.mknod(fresh, facts.st_mode, facts.st_rdev)
    _own_alike(source, fresh)
    fresh.replace(target)


def _copy(source: Path, fresh: Path) -> None:
    # Exclusively: the folder may be somebody's who would like us to write through a link.
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with source.open("rb") as content, os.fdopen(os.open(fresh, flags, 0o600), "wb") as file:
        holes.copy(content.fileno(), file.fileno())
        os.fsync(file.fileno())


def _own_alike(source: Path, target: Path) -> None:
    owner = source.lstat()
    with suppress(PermissionError):  # only root can give files away
        os.chown(target, owner.st_uid, owner.st_gid, follow_symlinks=False)
    # After the owner: a change of owner clears setuid.
    shutil.copystat(source, target, follow_symlinks=False)
