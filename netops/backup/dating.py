"""When backups were made, as far as their sequence confirms their dates."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from netops.core.clock import local_text
from netops.core.dataclass import dataclass

#: Clocks of two machines may differ by this much without anyone being wrong.
_SKEW = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Calendar:
    """The dates of one job's backups; see `calendar_of`."""

    dates: Mapping[str, datetime]
    #: The youngest that a backup may be.
    youngest: Mapping[str, datetime]
    #: Up to when backups prove that time has passed.
    reached: datetime
    notes: Mapping[str, str]
    #: Why this machine's own clock cannot be believed; empty when it can.
    doubt: str = ""

    def date(self, backup_id: str) -> datetime:
        """Return the day a backup counts for; never falls from one number to the next."""
        return self.dates[backup_id]

    def age(self, backup_id: str) -> timedelta:
        """Return how old a backup is at least, up to the job's newest backup."""
        return self.reached - self.youngest[backup_id]

    def note(self, backup_id: str) -> str:
        """Return what is wrong with a backup's own date, in words."""
        return self.notes.get(backup_id, "")


def calendar_of(history: Sequence[tuple[str, datetime]], now: datetime) -> Calendar:
    """
    Return the dates of backups given as id and own date, in the order of their numbers.

    The longest run of dates that never falls is believed. A date outside it (a clock that jumped,
    forwards or back) is replaced by one in between those of its believed neighbours. When the
    believed dates end later than `now`, it is this machine's clock that is wrong.
    """
    own = [moment for _, moment in history]
    believed = _longest_rise(own)
    dates = _bridged(own, believed, now)
    trusted = set(believed)
    notes = {
        history[i][0]: f"dated {local_text(own[i])}, which its number contradicts: counted as "
        f"{local_text(dates[i])}"
        for i in range(len(own))
        if i not in trusted
    }
    doubt = ""
    if believed and own[believed[-1]] > now + _SKEW:
        doubt = (
            f"this machine's clock says {local_text(now)}, but its backups go on until "
            f"{local_text(own[believed[-1]])}: nothing is dropped until that is explained"
        )
    ids = [name for name, _ in history]
    return Calendar(
        dict(zip(ids, dates, strict=True)),
        dict(zip(ids, _youngest(own, now), strict=True)),
        min([now, *dates[-1:]]),
        notes,
        doubt,
    )


def _longest_rise(own: Sequence[datetime]) -> list[int]:
    """Return the places of a longest sequence that never falls (patience sorting)."""
    tops: list[datetime] = []
    places: list[int] = []
    below: list[int] = []
    for place, moment in enumerate(own):
        pile = bisect_right(tops, moment)
        below.append(places[pile - 1] if pile else -1)
        tops[pile : pile + 1] = [moment]
        places[pile : pile + 1] = [place]
    found = []
    place = places[-1] if places else -1
    while place >= 0:
        found.append(place)
        place = below[place]
    return found[::-1]


def _bridged(own: Sequence[datetime], believed: Sequence[int], now: datetime) -> list[datetime]:
    dates = list(own)
    for left, right in zip([-1, *believed], [*believed, len(own)], strict=True):
        if right - left == 1:
            continue
        after = own[right] if right < len(own) else max(now, own[left])
        before = own[left] if left >= 0 else after
        for place in range(left + 1, right):
            dates[place] = before + (after - before) * ((place - left) / (right - left))
    return dates


def _youngest(own: Sequence[datetime], now: datetime) -> list[datetime]:
    """
    Return the latest moment at which each backup may have been made.

    That is the latest date up to its own number; one dated in the future is no younger than the
    next that is not.
    """
    after = now
    later: list[datetime] = []
    for moment in reversed(own):
        after = moment if moment <= now else after
        later.append(after)
    found: list[datetime] = []
    latest: datetime | None = None
    for moment, bound in zip(own, reversed(later), strict=True):
        here = bound if moment > now else moment
        latest = here if latest is None else max(latest, here)
        found.append(latest)
    return found
