"""Names for copies of log files: safe whatever the other side calls its files."""

import re
from datetime import UTC, datetime

from netops.backup.logs.origin import Entry

_UNSAFE = re.compile(rb"[^A-Za-z0-9_.@+=,-]")
_ROTATED = re.compile(r"^(?P<base>.+?)(?:[.-]\d[\d.-]*)?(?:\.(?:gz|bz2|xz))?$")
_PART_BYTES = 120


def copy_name(root: str, entry: Entry, now: datetime) -> str:
    """Return `var/log/nginx/access~20261123T101500Z-1a2b.log`, below the server's directory."""
    *folders, base = entry.name.split(b"/")
    parts = [_plain(part.encode()) for part in root.split("/") if part]
    parts += [_plain(folder) for folder in folders]
    stem, dot, ending = _plain(base).rpartition(".")
    stem, ending = (stem, dot + ending) if stem and len(ending) <= 8 else (_plain(base), "")
    stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    return "/".join([*parts, f"{stem}~{stamp}-{entry.inode:x}{ending}"])


def _plain(part: bytes) -> str:
    """Return a part of a path in which nothing has a meaning."""
    text = _UNSAFE.sub(lambda match: b"%%%02X" % match[0][0], part[:_PART_BYTES]).decode("ascii")
    return "%2E" + text[1:] if text.startswith(".") else text


def shown(name: bytes) -> str:
    """Return a name as text."""
    return name.decode("utf-8", "backslashreplace")


def is_compressed(name: str) -> bool:
    """Tell whether the file is compressed in a way that can be looked into."""
    return name.endswith((".gz", ".bz2", ".xz"))


def log_of(name: str) -> str:
    """Return the log that `access.log.2.gz` or `access.log-20261122` is a rotated part of."""
    match = _ROTATED.match(name)
    return match["base"] if match else name
