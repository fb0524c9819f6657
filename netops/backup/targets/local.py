"""Repositories in a directory: a disk of this machine, or something mounted."""

import hashlib
import os
import re
import shutil
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from netops.backup.targets.base import Traits
from netops.core.errors import IntegrityError, UnreachableError
from netops.core.files import private_directory

#: How restic names a file until it is whole; nothing else ever removes one.
_UNFINISHED = re.compile(r"[0-9a-f]{64}-tmp-\d+").fullmatch
_FOLDERS = {"index": "index", "snapshot": "snapshots", "lock": "locks"}


class LocalTarget:
    """A directory; restic names every file in it by the SHA-256 of its content."""

    traits = Traits(cheap_listing=True, measures_space=True, opens_files=True)

    def __init__(self, location: str) -> None:
        self.path = Path(location)

    def reach(self, timeout_s: float) -> None:
        """Raise UnreachableError unless the repository's configuration can be seen in time."""
        found: list[bool] = []
        # A dead NFS mount blocks in the kernel for ever; only this thread may hang with it.
        look = threading.Thread(
            target=lambda: found.append((self.path / "config").is_file()), daemon=True
        )
        look.start()
        look.join(timeout_s)
        if not found:
            raise UnreachableError(
                f"{self.path} does not answer within {timeout_s:.0f} s",
                hint="a hanging mount? look at `mount` and the file server",
            )
        if not found[0]:
            raise UnreachableError(
                f"there is no repository at {self.path}",
                hint="create it with `netops backup init`, or mount what should be there",
            )

    def find(self, snapshot_id: str) -> str | None:
        """Return the full id when the snapshot's file is there and its content fits its name."""
        names = [
            path
            for path in (self.path / "snapshots").glob(f"{snapshot_id}*")
            if len(path.name) == 64
        ]
        if len(names) != 1:
            return None
        try:
            content = names[0].read_bytes()
        except OSError as error:
            raise UnreachableError(f"cannot read {names[0]}: {error.strerror}") from error
        if hashlib.sha256(content).hexdigest() != names[0].name:
            raise IntegrityError(
                f"snapshot {snapshot_id[:8]} in {self.path} is damaged",
                hint="run `netops backup verify`; a full backup makes a new snapshot",
            )
        return names[0].name

    def has_locks(self) -> bool:
        """Tell whether a process holds the repository, or died while it did."""
        try:
            return any((self.path / "locks").iterdir())
        except OSError:
            return False

    def sweep(self) -> int:
        """Remove what killed processes left half written, unless a lock says that one may live."""
        # Looked at before the locks: who writes holds one, so without any the writers are gone.
        found = [path for path in self.path.glob("data/??/*-tmp-*") if _UNFINISHED(path.name)]
        try:
            if any((self.path / "locks").iterdir()):
                return 0
        except OSError:
            return 0
        freed_bytes = 0
        for path in found:
            with suppress(OSError):  # finished meanwhile, or not ours to remove
                size_bytes = path.stat().st_size
                path.unlink()
                freed_bytes += size_bytes
        return freed_bytes

    def broken_packs(self, ids: Sequence[str] | None, check: Callable[[], None]) -> list[str]:
        """Return the packs that are there, and whose content is not what their name says."""
        if ids is None:
            ids = sorted(path.name for path in (self.path / "data").glob("??/*"))
        broken = []
        for pack in ids:
            check()
            try:
                with (self.path / "data" / pack[:2] / pack).open("rb") as file:
                    is_whole = hashlib.file_digest(file, "sha256").hexdigest() == pack
            except FileNotFoundError:
                continue
            except OSError:  # a disk that cannot read it any more
                is_whole = False
            if not is_whole:
                broken.append(pack)
        return broken

    def take_out(self, kind: str, object_id: str, directory: Path) -> Path | None:
        """Move one file into `directory`, to another disk by copying it first."""
        folder = f"data/{object_id[:2]}" if kind == "pack" else _FOLDERS[kind]
        found = list((self.path / folder).glob(f"{object_id}*"))
        if len(found) != 1:
            return None
        private_directory(directory)
        target = directory / f"{kind}-{found[0].name}"
        shutil.move(found[0], target)
        return target

    def put_back(self, kind: str, taken: Path) -> None:
        """Undo `take_out`."""
        name = taken.name.removeprefix(f"{kind}-")
        folder = f"data/{name[:2]}" if kind == "pack" else _FOLDERS[kind]
        shutil.move(taken, self.path / folder / name)

    def free_bytes(self) -> int | None:
        """Return the bytes an unprivileged writer may still use."""
        try:
            disk = os.statvfs(self.path)
        except OSError:
            return None
        return disk.f_bavail * disk.f_frsize
