"""How many lines and bytes of a log belong to which day, by the dates that the lines carry."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

_MONTHS = (
    b"Jan",
    b"Feb",
    b"Mar",
    b"Apr",
    b"May",
    b"Jun",
    b"Jul",
    b"Aug",
    b"Sep",
    b"Oct",
    b"Nov",
    b"Dec",
)
_NAMED = b"|".join(_MONTHS)
#: Common log format, ISO 8601 or nginx's error log, syslog, squid.
_DATE = re.compile(
    rb"\[(?P<d1>\d{2})/(?P<m1>" + _NAMED + rb")/(?P<y1>\d{4}):"
    rb"|(?<!\d)(?P<y2>20\d\d)[-/](?P<m2>\d\d)[-/](?P<d2>\d\d)(?!\d)"
    rb"|^(?:<\d{1,3}>)?(?P<m3>" + _NAMED + rb") +(?P<d3>\d{1,2}) \d\d:"
    rb"|^(?P<s4>1[5-9]\d{8}|2\d{9})\.\d{3} "
)
_HEAD_BYTES = 300
_OLDEST = date(1990, 1, 1)
_MAX_DAYS = 5000

#: Day → lines, bytes.
Counts = dict[str, tuple[int, int]]


class DayCounter:
    """Counts lines and bytes by day; lines without a date belong to the day before them."""

    def __init__(self, modified_at: datetime, day: str | None = None) -> None:
        local = modified_at.astimezone()
        self._latest = local.date() + timedelta(days=1)
        #: The day of the line before.
        self.day = day or local.date().isoformat()
        self.counts: Counts = {}
        self._stamp = b""

    def feed(self, lines: Iterable[bytes]) -> None:
        """Take lines with their ends; the last may have none yet."""
        counts = self.counts
        for line in lines:
            head = line[:_HEAD_BYTES]
            if not self._stamp or self._stamp not in head:
                self._look(head)
            count, size = counts.get(self.day, (0, 0))
            counts[self.day] = (count + line.endswith(b"\n"), size + len(line))

    def _look(self, head: bytes) -> None:
        match = _DATE.search(head)
        found = self._dated(match) if match else None
        if match is None or found is None or not _OLDEST <= found <= self._latest:
            return
        if found.isoformat() not in self.counts and len(self.counts) >= _MAX_DAYS:
            return
        # The time of day is not part of it, so that the next line of the day is known at once.
        self._stamp = b"" if match["s4"] else match[0]
        self.day = found.isoformat()

    def _dated(self, match: re.Match[bytes]) -> date | None:
        try:
            if match["s4"]:
                return datetime.fromtimestamp(int(match["s4"]), UTC).astimezone().date()
            if match["m3"]:
                return self._without_year(_MONTHS.index(match["m3"]) + 1, int(match["d3"]))
            if match["m1"]:
                return date(int(match["y1"]), _MONTHS.index(match["m1"]) + 1, int(match["d1"]))
            return date(int(match["y2"]), int(match["m2"]), int(match["d2"]))
        except (ValueError, OverflowError, OSError):
            return None

    def _without_year(self, month: int, day: int) -> date | None:
        """Return the newest such day that is not after the file's last change."""
        for year in range(self._latest.year, self._latest.year - 5, -1):
            try:
                found = date(year, month, day)
            except ValueError:
                continue  # 29 February
            if found <= self._latest:
                return found
        return None
