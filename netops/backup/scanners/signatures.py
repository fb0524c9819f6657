"""How old the signatures of ClamAV are: those that clamd has loaded, and those on the disk."""

import re
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from netops.core.dataclass import dataclass

_HEADER_BYTES = 512
_DATABASES = ("daily.cld", "daily.cvd", "daily.cud")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_VERSION = re.compile(
    r"(?P<engine>ClamAV [^/]+)/(?P<number>\d+)/"
    r"\w{3} (?P<month>\w{3}) +(?P<day>\d+) (?P<time>\d+:\d+:\d+) (?P<year>\d{4})"
)


@dataclass(frozen=True, slots=True)
class Signatures:
    """One version of the daily signatures."""

    number: int
    at: datetime


def loaded(answer: str) -> Signatures | None:
    """Return what clamd's answer to VERSION says; None when no official database is loaded."""
    match = _VERSION.fullmatch(answer.strip())
    if match is None or match["month"] not in _MONTHS:
        return None
    hour, minute, second = (int(part) for part in match["time"].split(":"))
    month, day, year = _MONTHS.index(match["month"]) + 1, int(match["day"]), int(match["year"])
    try:
        # clamd writes local time without a zone; it runs on this machine.
        moment = time.mktime((year, month, day, hour, minute, second, 0, 0, -1))
        return Signatures(int(match["number"]), datetime.fromtimestamp(moment, UTC))
    except (ValueError, OverflowError, OSError):
        return None


def on_disk(directory: Path) -> Signatures | None:
    """Return the newest daily database in `directory`, by its header; None when there is none."""
    found = [_header(directory / name) for name in _DATABASES]
    return max((one for one in found if one), key=lambda one: one.number, default=None)


def _header(path: Path) -> Signatures | None:
    """Read `ClamAV-VDB:DATE:VERSION:…:BUILDER:SECONDS`, 512 bytes padded with spaces."""
    try:
        with path.open("rb") as file:
            fields = file.read(_HEADER_BYTES).decode("ascii", "replace").split(":")
        return Signatures(int(fields[2]), datetime.fromtimestamp(int(fields[8]), UTC))
    except (OSError, ValueError, IndexError, OverflowError):
        return None


def problems(
    found: Signatures | None, newer: Signatures | None, now: datetime, max_age_s: float
) -> Sequence[str]:
    """Return why signatures are not good enough."""
    if found is None:
        return ["no official signatures are loaded"]
    told = []
    age_s = (now - found.at).total_seconds()
    if age_s > max_age_s:
        told.append(
            f"signatures {found.number} are {age_s / 86_400:.0f} days old, "
            f"{max_age_s / 86_400:.3g} allowed"
        )
    elif age_s < -86_400:
        told.append(f"signatures {found.number} are dated in the future: check the clock")
    if newer is not None and newer.number > found.number:
        told.append(f"clamd still uses signatures {found.number}, {newer.number} lie on the disk")
    return told
