"""What is due, what was missed and what comes next, from the cadences and the last good runs."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from netops.core.cadence import clock_went_back
from netops.core.dataclass import dataclass
from netops.schedule.model import Work


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One kind of run of one job."""

    name: str
    kind: str
    cadence: str
    last: datetime | None
    #: Time to run this kind now; False while a stronger kind of the same job is due.
    due: bool
    #: Runs left out since `last` beyond the one that is due; 99 means 99 or more.
    missed: int
    #: When the next run is planned (after the one that is due now); None for `never`.
    next: datetime | None
    #: The stronger kind that is due and does this one's work as well.
    covered_by: str | None = None
    #: The last run lies in the future: somebody set the clock back.
    clock_went_back: bool = False


def plan(work: Sequence[Work], now: datetime) -> list[PlanRow]:
    """Return one row per job and kind, in the order given, strongest kind first."""
    return [row for one in work for row in _rows(one, now)]


def is_due(work: Work, now: datetime) -> bool:
    """Tell whether any kind of `work` is due."""
    return any(row.due for row in _rows(work, now))


def _rows(work: Work, now: datetime) -> Iterator[PlanRow]:
    lasts: list[datetime] = []
    stronger_due: str | None = None
    for kind, cadence in work.cadences.items():
        own = work.last.get(kind)
        # A run in the future says nothing about today, so it must not cover a weaker kind.
        if own is not None and not clock_went_back(own, now):
            lasts.append(own)
        last = max(lasts, default=own)
        due = cadence.is_due(last, now)
        yield PlanRow(
            name=work.name,
            kind=kind,
            cadence=cadence.text,
            last=last,
            due=due and stronger_due is None,
            missed=cadence.missed(last, now) if due else 0,
            next=cadence.next_due(now if due or stronger_due else last, now),
            covered_by=stronger_due if due else None,
            clock_went_back=clock_went_back(own, now),
        )
        stronger_due = stronger_due or (kind if due else None)
