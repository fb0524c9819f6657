"""The slots that a cadence lays on the time line: even steps, and dates on the wall clock."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from math import gcd
from typing import Protocol

from netops.core.dataclass import dataclass

DAY_S = 86_400
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = {"monthly": 1, "quarterly": 3, "yearly": 12}
LONGEST_S = {"hourly": 3600, "daily": DAY_S, "weekly": 7 * DAY_S, "monthly": 31 * DAY_S,
              "quarterly": 92 * DAY_S, "yearly": 366 * DAY_S}  # fmt: skip


class _MachineZone(tzinfo):
    """The C library's idea of local time; it follows TZ and /etc/localtime as cron does."""

    def utcoffset(self, moment: datetime | None, /) -> timedelta | None:
        return None if moment is None else moment.replace(tzinfo=None).astimezone().utcoffset()

    def dst(self, _moment: datetime | None, /) -> timedelta | None:
        return None

    def tzname(self, moment: datetime | None, /) -> str | None:
        return None if moment is None else moment.replace(tzinfo=None).astimezone().tzname()

    def fromutc(self, moment: datetime, /) -> datetime:
        wanted = moment.replace(tzinfo=UTC).astimezone()
        local = wanted.replace(tzinfo=self)
        return local if local.utcoffset() == wanted.utcoffset() else local.replace(fold=1)


MACHINE_ZONE: tzinfo = _MachineZone()


class Rule(Protocol):
    """One way to lay slots on the time line; moments are aware, `zone` rules wall clocks."""

    def around(self, moment: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
        """Return the last slot at or before `moment` and the first one after it."""

    def gaps_s(self) -> tuple[float, float]:
        """Return the shortest and the longest ordinary time between two slots."""

    def calendar(self, *, any_day: bool) -> str:
        """Return a systemd OnCalendar expression that meets every slot."""

    def cron(self) -> str | None:
        """Return five cron fields that meet every slot."""

    def minutes(self) -> frozenset[int]:
        """Return the minutes of the hour on which a slot may fall."""


@dataclass(frozen=True, slots=True)
class Every:
    """Even steps of `seconds`, counted from 1970 in UTC."""

    seconds: int

    def around(self, moment: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
        """Return the slots on both sides of `moment`."""
        whole = int(moment.timestamp() // self.seconds) * self.seconds
        before = datetime.fromtimestamp(whole, UTC)
        return before, before + timedelta(seconds=self.seconds)

    def gaps_s(self) -> tuple[float, float]:
        """Return the shortest and the longest gap."""
        return self.seconds, self.seconds

    def calendar(self, *, any_day: bool) -> str:
        """Return the OnCalendar expression."""
        # The grid repeats daily, hourly or every minute, so it holds each multiple of the period;
        # UTC keeps its steps equal on the two days a year on which the wall clock jumps.
        if self.seconds % 3600 == 0:
            step = gcd(self.seconds, DAY_S) // 3600
            return f"*-*-* {f'0/{step}' if step < 24 else '00'}:00:00 UTC"
        if self.seconds % 60 == 0:
            return f"*-*-* *:0/{gcd(self.seconds, 3600) // 60}:00 UTC"
        return f"*-*-* *:*:0/{gcd(self.seconds, 60)} UTC"

    def cron(self) -> str | None:
        """Return the five cron fields."""
        if self.seconds % 60:
            return None
        if self.seconds % 3600:
            return f"{minute_field(self.minutes())} * * * *"
        step = gcd(self.seconds, DAY_S) // 3600
        return f"0 {'*' if step == 1 else f'*/{step}' if step < 24 else '0'} * * *"

    def minutes(self) -> frozenset[int]:
        """Return the minutes of the hour."""
        return frozenset(range(0, 60, 1 if self.seconds % 60 else gcd(self.seconds, 3600) // 60))


@dataclass(frozen=True, slots=True)
class Dates:
    """One slot an hour, day, week, month, quarter or year, on the wall clock."""

    unit: str
    #: Monday is 0; for months the day, clamped to the last one that the month has.
    day: int
    hour: int
    minute: int

    def around(self, moment: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
        """Return the slots on both sides of `moment`."""
        wall = moment.astimezone(zone).replace(tzinfo=None)
        for reach in (2, 60):  # the second only where a whole day was left out, as in Samoa in 2011
            steps = range(-reach, reach + 1)
            slots = sorted(slot for step in steps for slot in self._at(wall, step, zone))
            before = [slot for slot in slots if slot <= moment]
            if before and before[-1] != slots[-1]:
                return before[-1], slots[len(before)]
        raise ValueError(f"no {self.unit} slot near {moment}")

    def _at(self, wall: datetime, step: int, zone: tzinfo) -> Iterator[datetime]:
        """Yield the slot `step` periods from the one that holds `wall`; an hour may come twice."""
        slot = self._wall(wall, step)
        # fold=0 means: once in the hour that comes twice, just after the hour that is left out.
        first = slot.replace(tzinfo=zone).astimezone(UTC)
        yield first
        if self.unit == "hourly":
            again = slot.replace(tzinfo=zone, fold=1).astimezone(UTC)
            if again > first:
                yield again

    def _wall(self, wall: datetime, step: int) -> datetime:
        if self.unit == "hourly":
            return wall.replace(minute=0, second=0, microsecond=0, fold=0) + timedelta(hours=step)
        slot = wall.replace(hour=self.hour, minute=self.minute, second=0, microsecond=0, fold=0)
        if self.unit == "daily":
            return slot + timedelta(days=step)
        if self.unit == "weekly":
            return slot + timedelta(days=self.day - slot.weekday(), weeks=step)
        size = MONTHS[self.unit]
        year, month = divmod(((slot.year * 12 + slot.month - 1) // size + step) * size, 12)
        return slot.replace(year=year, month=month + 1, day=min(self.day, _days(year, month + 1)))

    def gaps_s(self) -> tuple[float, float]:
        """Return the shortest and the longest gap."""
        longest = LONGEST_S[self.unit]
        return longest, longest

    def calendar(self, *, any_day: bool) -> str:
        """Return the OnCalendar expression."""
        if self.unit == "hourly":
            return "*-*-* *:00:00"
        date = "*-*-*"
        if self.unit == "weekly" and not any_day:
            date = f"{WEEKDAYS[self.day][:3].title()} {date}"
        elif self.unit in MONTHS and not any_day:
            date = f"*-{self._months()}-{self._days('..')}"
        return f"{date} {self.hour:02}:{self.minute:02}:00"

    def cron(self) -> str | None:
        """Return the five cron fields."""
        time = f"{self.minute} {self.hour}"
        if self.unit == "hourly":
            return "0 * * * *"
        if self.unit == "weekly":
            return f"{time} * * {(self.day + 1) % 7}"
        if self.unit == "daily":
            return f"{time} * * *"
        return f"{time} {self._days('-')} {self._months()} *"

    def _months(self) -> str:
        return {"monthly": "*", "quarterly": "1,4,7,10", "yearly": "1"}[self.unit]

    def _days(self, to: str) -> str:
        """Return the day; all that may be the last of a month where a month may be too short."""
        return str(self.day) if self.day <= 28 or self.unit == "yearly" else f"28{to}31"

    def minutes(self) -> frozenset[int]:
        """Return the minutes of the hour."""
        return frozenset({self.minute})


def _days(year: int, month: int) -> int:
    first = datetime(year, month, 1, tzinfo=UTC)
    return ((first + timedelta(days=31)).replace(day=1) - first).days


def minute_field(minutes: frozenset[int]) -> str:
    """Return the minute field of a cron line for at least one minute."""
    step = 60 // len(minutes)
    if minutes != frozenset(range(0, 60, step)):
        return ",".join(str(minute) for minute in sorted(minutes))
    return "*" if step == 1 else f"*/{step}" if step < 60 else "0"
