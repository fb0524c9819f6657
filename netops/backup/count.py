"""How much a restore brought back: counted on the disk, for restic before 0.16 does not tell."""

import os
import stat
from pathlib import Path

from netops.core.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Count:
    """What came back, and the room it takes."""

    files: int = 0
    size_bytes: int = 0
    disk_bytes: int = 0
    #: Entries that could not be looked at.
    hidden: int = 0


def counted(target: Path) -> Count:
    """Count what lies below `target`, links and pipes included."""
    files = size_bytes = disk_bytes = hidden = 0
    waiting = [str(target)]
    while waiting:
        # What its owner may not look at has been restored and compared none the less.
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    found = _stat_of(entry)
                    if found is None:
                        hidden += 1
                    elif stat.S_ISDIR(found.st_mode):
                        waiting.append(entry.path)
                    else:
                        files += 1
                        size_bytes += found.st_size
                        disk_bytes += found.st_blocks * 512 // found.st_nlink
        except OSError:
            hidden += 1
    return Count(files, size_bytes, disk_bytes, hidden)


def _stat_of(entry: "os.DirEntry[str]") -> os.stat_result | None:
    try:
        return entry.stat(follow_symlinks=False)
    except OSError:
        return None
