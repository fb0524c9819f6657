"""How often something shall happen: the words and cron lines of netops.yaml as moments in time."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from itertools import islice, pairwise
from math import inf
from typing import TYPE_CHECKING

from netops.core.dataclass import dataclass, field
from netops.core.slots import DAY_S, LONGEST_S, MACHINE_ZONE, MONTHS, WEEKDAYS, Dates, Every, Rule
from netops.core.units import parse_duration

if TYPE_CHECKING:
    from cronsim import CronSim

ACCEPTED = (
    "hourly; daily, weekly, monthly, quarterly or yearly, as in `daily at 02:30`,"
    " `weekly on sunday at 03:00`, `monthly on 1 at 04:00`; `every 15m`, `every 6h`, `every 2d`;"
    " five cron fields such as `30 2 * * 1-5`; never"
)
#: `Cadence.missed` counts no further, so that years of absence cost nothing to look at.
MISSED_CAP = 99
#: A last run this far in the future is a clock that differs a little, not one that was set back.
AHEAD_TOLERANCE_S = 300

_WORDS = re.compile(rf"({'|'.join(LONGEST_S)})(?: on (\w+))?(?: at (\d\d?):(\d\d))?")


def clock_went_back(last: datetime | None, now: datetime) -> bool:
    """Tell whether `last` lies in the future: the clock was set back, or was wrong back then."""
    return last is not None and last > now + timedelta(seconds=AHEAD_TOLERANCE_S)


@dataclass(frozen=True, slots=True)
class _Cron:
    fields: str

    def around(self, moment: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
        # Back as the library does it, then forward again: on its way back it overlooks the slot
        # of an hour that is just coming for the second time.
        later = moment.replace(microsecond=0) + timedelta(seconds=1)
        back = self._slots(later, zone, reverse=True)
        before = next(slot for slot in back if slot <= moment)
        for after in self._slots(before, zone):
            if after > moment:
                return before, after
            before = max(before, after)
        raise ValueError(f"{self.fields!r} has no slot after {moment}")

    def _slots(
        self, moment: datetime, zone: tzinfo, *, reverse: bool = False
    ) -> Iterator[datetime]:
        for slot in _simulate(self.fields, moment.astimezone(zone), reverse=reverse):
            yield slot.astimezone(UTC)

    def gaps_s(self) -> tuple[float, float]:
        return _cron_gaps_s(self.fields)

    def calendar(self, *, any_day: bool) -> str:
        parsed = _simulate(self.fields, _EPOCH)
        times = f"{_numbers(parsed.hours, 24)}:{_numbers(parsed.minutes, 60)}:00"
        # What systemd has no words for is looked at daily; `--due` knows the day.
        if any_day or not parsed.day_and or not self._is_plain():
            return f"*-*-* {times}"
        weekdays = {item % 7 for item in parsed.weekdays if isinstance(item, int)}
        names = [WEEKDAYS[(day - 1) % 7][:3].title() for day in sorted(weekdays)]
        week = f"{','.join(names)} " if len(names) < 7 else ""
        return f"{week}*-{_numbers(parsed.months, 12)}-{_numbers(parsed.days, 31)} {times}"

    def cron(self) -> str | None:
        if not self._is_plain():  # cron itself has no L and no #
            minute, hour, *_ = self.fields.split()
            return f"{minute} {hour} * * *"
        return self.fields

    def _is_plain(self) -> bool:
        parsed = _simulate(self.fields, _EPOCH)
        return min(parsed.days) > 0 and all(isinstance(day, int) for day in parsed.weekdays)

    def minutes(self) -> frozenset[int]:
        return frozenset(_simulate(self.fields, _EPOCH).minutes)


@dataclass(frozen=True, slots=True)
class Cadence:
    """
    How often something shall happen; `text` is how the administrator wrote it.

    Moments go in and come out aware and in UTC. Words and cron fields mean the wall clock of
    `zone` (the machine's own when None): a slot in the hour that is left out in spring comes
    right after it, one in the hour that comes twice in autumn comes once.
    """

    text: str = field(compare=False)
    rule: Rule | None
    zone: tzinfo | None = None

    def __str__(self) -> str:
        return self.text

    def next_after(self, moment: datetime) -> datetime | None:
        """Return the first slot after `moment`; None only for `never`."""
        return None if self.rule is None else self.rule.around(moment, self.zone or MACHINE_ZONE)[1]

    def latest_before(self, moment: datetime) -> datetime | None:
        """Return the last slot at or before `moment`; None only for `never`."""
        return None if self.rule is None else self.rule.around(moment, self.zone or MACHINE_ZONE)[0]

    def is_due(self, last: datetime | None, now: datetime) -> bool:
        """
        Tell whether it is time: never done, or a slot lies in (last, now].

        `last` is when the last good run started. A `last` in the future is as good as none,
        or a clock that was once wrong would silence a job for years.
        """
        if self.rule is None:
            return False
        if last is None or clock_went_back(last, now):
            return True
        if isinstance(self.rule, Every):
            # Else a line that starts a second earlier than last time would skip a run.
            return (now - last).total_seconds() >= self.rule.seconds - self.slack_s
        return self.rule.around(now, self.zone or MACHINE_ZONE)[0] > last

    def next_due(self, last: datetime | None, now: datetime) -> datetime | None:
        """Return when it will be time (`now` if it is already); None only for `never`."""
        if self.rule is None:
            return None
        if last is None or self.is_due(last, now):
            return now
        if isinstance(self.rule, Every):
            return last + timedelta(seconds=self.rule.seconds)
        return self.next_after(max(last, now))

    def missed(self, last: datetime | None, now: datetime) -> int:
        """Return how many runs were left out: slots in (last, now] beyond one, at most 99."""
        if self.rule is None or last is None or last >= now:
            return 0
        if isinstance(self.rule, Every):
            periods = int((now - last).total_seconds() // self.rule.seconds)
            return min(max(periods - 1, 0), MISSED_CAP)
        count = sum(1 for _ in islice(self._between(last, now), MISSED_CAP + 1))
        return max(count - 1, 0)

    def _between(self, last: datetime, now: datetime) -> Iterator[datetime]:
        slot = self.next_after(last)
        while slot is not None and slot <= now:
            yield slot
            slot = self.next_after(slot)

    @property
    def interval_s(self) -> float:
        """The longest ordinary time between two runs (what an age is judged by); inf for never."""
        return inf if self.rule is None else self.rule.gaps_s()[1]

    @property
    def shortest_s(self) -> float:
        """The shortest ordinary time between two runs; inf for `never`."""
        return inf if self.rule is None else self.rule.gaps_s()[0]

    @property
    def slack_s(self) -> float:
        """How far the start may wander from run to run without leaving one out."""
        return min(self.shortest_s * 0.05, 30 if isinstance(self.rule, Every) else inf)

    def systemd_calendar(self, *, any_day: bool = False) -> str | None:
        """
        Return an OnCalendar expression (systemd.time(7)) that meets every slot; None for `never`.

        It may fire more often than the cadence, never less; `any_day` keeps only the time of day.
        """
        return None if self.rule is None else self.rule.calendar(any_day=any_day)

    def cron(self) -> str | None:
        """Return cron fields that meet every slot, perhaps more; None where cron has no words."""
        return None if self.rule is None else self.rule.cron()

    def minutes(self) -> frozenset[int]:
        """Return the minutes of the hour on which a slot may fall."""
        return frozenset() if self.rule is None else self.rule.minutes()


def parse_cadence(text: str, zone: tzinfo | None = None) -> Cadence:
    """Return the cadence that `text` names; raise ValueError that says what is accepted."""
    words = " ".join(text.lower().split())
    if words == "never":
        return Cadence(words, None, zone)
    if words.startswith("every "):
        return Cadence(words, _parse_every(words.removeprefix("every ")), zone)
    if match := _WORDS.fullmatch(words):
        return Cadence(words, _parse_words(text, *match.groups()), zone)
    if len(words.split()) == 5 and not words.startswith(tuple(LONGEST_S)):
        return Cadence(words, _parse_cron(words), zone)
    raise ValueError(f"{text!r} is not a cadence; write {ACCEPTED}")


def _parse_every(text: str) -> Every:
    seconds = parse_duration(text)
    if not 1 <= seconds <= 3660 * DAY_S:
        raise ValueError(f"`every {text}` is out of range; write at least 1s and at most 10 years")
    return Every(seconds)


def _parse_words(text: str, unit: str, on: str | None, hour: str | None, minute: str) -> Dates:
    mistake = ValueError(f"{text!r} is not a cadence; write {ACCEPTED}")
    if hour is not None and (unit == "hourly" or int(hour) > 23 or int(minute) > 59):
        raise mistake
    day = 0 if unit == "weekly" else 1
    if on is not None and unit == "weekly":
        names = [index for index, name in enumerate(WEEKDAYS) if on in {name, name[:3]}]
        if not names:
            raise mistake
        day = names[0]
    elif on is not None:
        if unit not in MONTHS or not on.isdecimal() or not 1 <= int(on) <= 31:
            raise mistake
        day = int(on)
    return Dates(unit, day, int(hour or 0), int(minute or 0))


def _parse_cron(fields: str) -> _Cron:
    from cronsim import CronSimError

    try:
        next(_simulate(fields, _EPOCH))
    except CronSimError as error:
        raise ValueError(f"{fields!r}: {str(error).lower()}; write {ACCEPTED}") from None
    except StopIteration:
        raise ValueError(f"{fields!r} never comes: no month has such a day") from None
    return _Cron(fields)


_EPOCH = datetime(2024, 1, 1, tzinfo=UTC)


def _simulate(fields: str, moment: datetime, *, reverse: bool = False) -> "CronSim":
    from cronsim import CronSim

    return CronSim(fields, moment, reverse=reverse)


@lru_cache(maxsize=256)
def _cron_gaps_s(fields: str) -> tuple[float, float]:
    """Measure in UTC over two weeks (at least three slots, at most 1500)."""
    slots: list[datetime] = []
    for slot in islice(_simulate(fields, _EPOCH), 1500):
        slots.append(slot)
        if len(slots) > 2 and slot - slots[0] > timedelta(days=14):
            break
    gaps = [(after - before).total_seconds() for before, after in pairwise(slots)]
    return min(gaps), max(gaps)


def _numbers(values: set[int], size: int) -> str:
    return "*" if len(values) == size else ",".join(f"{value:02}" for value in sorted(values))
