"""Files and folders as they are."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from netops.backup.engines.base import Staged, Traits
from netops.core.errors import ConfigError


class FilesEngine:
    """A path that restic reads directly."""

    traits = Traits(consistent=False)

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.path = str(options.get("path", ""))
        if not Path(self.path).is_absolute():
            # A relative path would store another tree, defeat the parent and restore elsewhere.
            raise ConfigError(f"source {self.path!r} is not an absolute path")

    def problems(self) -> Sequence[str]:
        """Return why the path cannot be backed up: restic itself passes over a missing one."""
        if not os.path.lexists(self.path):
            return [f"{self.path} does not exist"]
        if not os.access(self.path, os.R_OK, effective_ids=True):
            return [f"{self.path} cannot be read by this account"]
        if os.path.islink(self.path):  # noqa: PTH114  beside lexists
            # restic stores a link that is named to it as a link, and calls that a good backup.
            real = os.path.realpath(self.path)
            return [f"{self.path} is a symbolic link, which alone would be stored: name {real}"]
        return []

    def size_hint_bytes(self) -> int:
        """Return 0: nothing is staged."""
        return 0

    @contextmanager
    def stage(self, directory: Path) -> Iterator[Staged]:
        """Hand over the path itself."""
        del directory
        yield Staged([self.path])
