"""Repositories in a directory: a disk of this machine, or something mounted."""

import hashlib
import os
import threading
from pathlib import Path

from netops.backup.targets.base import Traits
from netops.core.errors import IntegrityError, UnreachableError


class LocalTarget:
    """A directory; restic names every file in it by the SHA-256 of its content."""

    traits = Traits(cheap_listing=True, measures_space=True)

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

    def free_bytes(self) -> int | None:
        """Return the bytes an unprivileged writer may still use."""
        try:
            disk = os.statvfs(self.path)
        except OSError:
            return None
        return disk.f_bavail * disk.f_frsize
