"""Live SQLite databases, by their own backup interface."""

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from netops.backup.engines.base import Staged, Traits, staged_path
from netops.core.errors import ConfigError
from netops.core.files import private_directory
from netops.store.snapshot import copy_sqlite


class SqliteEngine:
    """A database file that may be written to while it is backed up."""

    traits = Traits(consistent=True)

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.path = Path(str(options.get("path", "")))
        if not self.path.is_absolute():
            raise ConfigError(f"source sqlite: {self.path} is not an absolute path")

    def problems(self) -> Sequence[str]:
        """Return why the database cannot be copied."""
        if not self.path.is_file():
            return [f"{self.path} does not exist or is not a file"]
        if not os.access(self.path, os.R_OK, effective_ids=True):
            return [f"{self.path} cannot be read by this account"]
        return []

    def size_hint_bytes(self) -> int:
        """Return the database's size: the copy needs as much."""
        try:
            return self.path.stat().st_size
        except OSError:
            return 0

    @contextmanager
    def stage(self, directory: Path) -> Iterator[Staged]:
        """Copy the database, keep the last copy when nothing changed."""
        kept = staged_path(directory, self.path)
        # Outside the tree of copies, where it could have the name of another database's copy.
        fresh = directory.with_name(f"{directory.name}.new")
        private_directory(kept.parent)
        fresh.unlink(missing_ok=True)
        try:
            copy_sqlite(self.path, fresh)
            if kept.is_file() and _digest(kept) == _digest(fresh):
                fresh.unlink()  # same content: the old file's times spare restic the reading
            else:
                fresh.replace(kept)
            _own_alike(self.path, kept)
        finally:
            fresh.unlink(missing_ok=True)
        yield Staged([str(kept)])


def _own_alike(origin: Path, copy: Path) -> None:
    """Give the copy the owner and the mode that the database must have again after a restore."""
    wanted, found = origin.stat(), copy.stat()
    if (wanted.st_uid, wanted.st_gid) != (found.st_uid, found.st_gid):
        with suppress(PermissionError):  # only root can give files away
            os.chown(copy, wanted.st_uid, wanted.st_gid)
    if stat.S_IMODE(wanted.st_mode) != stat.S_IMODE(found.st_mode):
        copy.chmod(stat.S_IMODE(wanted.st_mode))


def _digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
