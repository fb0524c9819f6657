"""Which restic is installed and what it can do."""

import re
from contextlib import suppress
from pathlib import Path

from netops.core import process
from netops.core.dataclass import dataclass
from netops.core.errors import ToolError
from netops.core.files import private_directory, write_atomic

OLDEST = (0, 14, 0)
_CACHE_NAME = "restic-version"


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
    def writes_holes(self) -> bool:
        """Tell whether it leaves out long runs of zeros when it restores (`restore --sparse`)."""
        return self.numbers >= (0, 15, 0)

    @property
    def repairs(self) -> bool:
        """Tell whether it mends packs and snapshots by itself (`repair packs`, stable in 0.17)."""
        return self.numbers >= (0, 17, 0)


def installed(cache: Path | None = None, deadline_s: float = 20) -> Version:
    """
    Return the version on the PATH; raise ToolError when absent, strange or too old.

    With `cache`, a program that has not changed since it was asked is not asked again.
    """
    program = Path(process.find_program("restic"))
    stamp = _stamp(program)
    text = _remembered(cache, stamp) if cache else None
    if text is None:
        text = process.run(["restic", "version"], deadline_s=deadline_s).check().stdout
        if cache:
            _remember(cache, stamp, text)
    match = re.match(r"restic (\d+)\.(\d+)(?:\.(\d+))?", text)
    if match is None:
        raise ToolError(f"restic says {text[:60]!r} when asked for its version")
    version = Version((int(match[1]), int(match[2]), int(match[3] or 0)))
    if not version.is_supported:
        raise ToolError(
            f"restic {version} is too old", hint="install 0.14.0 or newer: apt-get install restic"
        )
    return version


def _stamp(program: Path) -> str:
    facts = program.stat()
    return f"{program} {facts.st_mtime_ns} {facts.st_size} {facts.st_ino}"


def _remembered(cache: Path, stamp: str) -> str | None:
    try:
        known, _, text = (cache / _CACHE_NAME).read_text(encoding="utf-8").partition("\n")
    except (OSError, UnicodeDecodeError):
        return None
    return text if known == stamp else None


def _remember(cache: Path, stamp: str, text: str) -> None:
    with suppress(OSError):  # costs a start of restic next time, nothing else
        write_atomic(private_directory(cache) / _CACHE_NAME, f"{stamp}\n{text}")
