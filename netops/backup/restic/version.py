"""Which restic is installed and what it can do."""

import re
from dataclasses import dataclass

from netops.core import process
from netops.core.errors import ToolError

OLDEST = (0, 14, 0)


@dataclass(frozen=True, slots=True)
class Version:
    """A restic version as numbers."""

    numbers: tuple[int, int, int]

    def __str__(self) -> str:
        """Return it as `0.14.0`."""
        return ".".join(map(str, self.numbers))

    @property
    def is_supported(self) -> bool:
        """Tell whether netops works with it: `copy --from-repo` came with 0.14."""
        return self.numbers >= OLDEST

    @property
    def repairs(self) -> bool:
        """Tell whether it mends packs and snapshots by itself (`repair packs`, stable in 0.17)."""
        return self.numbers >= (0, 17, 0)


def installed(deadline_s: float = 20) -> Version:
    """Return the version on the PATH; raise ToolError when absent, strange or too old."""
    process.find_program("restic")
    done = process.run(["restic", "version"], deadline_s=deadline_s).check()
    match = re.match(r"restic (\d+)\.(\d+)(?:\.(\d+))?", done.stdout)
    if match is None:
        raise ToolError(f"restic says {done.stdout[:60]!r} when asked for its version")
    version = Version((int(match[1]), int(match[2]), int(match[3] or 0)))
    if not version.is_supported:
        raise ToolError(
            f"restic {version} is too old", hint="install 0.14.0 or newer: apt-get install restic"
        )
    return version
