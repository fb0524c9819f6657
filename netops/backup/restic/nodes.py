"""The files of one snapshot, as restic found each of them when it opened it."""

import re
from collections.abc import Collection, Sequence
from datetime import datetime

from netops.backup.restic.access import Access
from netops.backup.restic.client import Call
from netops.backup.restic.messages import failure, parsed
from netops.core.dataclass import dataclass

#: More names than this are sought in a listing of the whole snapshot: a command line has its limit.
_NAMED = 500
_NAMED_BYTES = 100_000
_SURROGATE = re.compile("[\udc80-\udcff]")


@dataclass(frozen=True, slots=True)
class Node:
    """One file of a snapshot."""

    size_bytes: int
    #: The inode's change time when restic opened the file.
    ctime_ns: int
    #: restic tells it in listings from 0.17 on; 0 is unknown.
    inode: int = 0


def files(
    access: Access,
    snapshot_id: str,
    printed: Collection[str],
    call: Call,
    *,
    within: Sequence[str] = (),
) -> dict[str, Node]:
    """Return the files of a snapshot whose `printed` name is asked for; look below `within` only."""
    found: dict[str, Node] = {}
    if len(within) > _NAMED or sum(map(len, within)) > _NAMED_BYTES:
        within = ()

    def hear(line: str) -> None:
        row = parsed(line)
        if row.get("type") == "file" and row.get("path") in printed:
            changed_at = _nanoseconds(str(row.get("ctime", "")))
            size_bytes, inode = int(row.get("size", 0)), int(row.get("inode", 0))
            found[str(row["path"])] = Node(size_bytes, changed_at, inode)

    done = call.run(access, "--no-lock", "ls", "--json", snapshot_id, *within, on_stdout=hear)
    if done.returncode:
        raise failure(access.name, done)
    return found


def as_printed(path: str) -> str:
    """Return a path of this machine as restic prints it: a byte that is no UTF-8 has no name there."""
    return _SURROGATE.sub("\ufffd", path)


def _nanoseconds(text: str) -> int:
    """Return the time of Go's RFC 3339 text, which may have nine digits of a second; 0 for none."""
    match = re.fullmatch(r"([^.]+?)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)", text)
    if match is None:
        return 0
    seconds = int(datetime.fromisoformat(f"{match[1]}{match[3]}").timestamp())
    return seconds * 10**9 + int((match[2] or "").ljust(9, "0"))
