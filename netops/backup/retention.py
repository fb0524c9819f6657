"""
What retention keeps and drops, and why: a law over the catalogue, without clock, disk or network.

The order of backups is the catalogue's own sequence. Dates only sort backups into days, weeks,
months and years, and only as far as the sequence confirms them (see `dating`): a backup dated in the
future takes nobody's place, and a machine whose clock jumped drops nothing for it.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, tzinfo

from netops.backup.dating import Calendar, calendar_of
from netops.backup.model import Kind, Retention
from netops.core.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Candidate:
    """One backup of a job as one location sees it."""

    id: str
    seq: int
    kind: Kind
    base_id: str | None
    parent_id: str | None
    started_at: datetime
    #: A restore from here can be relied on; all others only tell about the clock.
    is_here: bool = True
    #: Everything could be read.
    is_clean: bool = True
    #: Why somebody said that it must stay.
    hold: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to become of one backup."""

    backup: Candidate
    keep: bool
    #: Every reason there is, in words.
    reasons: tuple[str, ...]


Reason = tuple[Candidate, str]


def decide(
    history: Sequence[Candidate], policy: Retention, now: datetime, zone: tzinfo | None = UTC
) -> list[Decision]:
    """
    Return a decision for every backup that is here, newest first.

    `history` is everything the catalogue knows of the job, dropped and failed backups included:
    their dates show whether a clock jumped. Days begin in `zone`; None is the machine's own.
    """
    ordered = sorted(history, key=lambda candidate: -candidate.seq)
    here = [candidate for candidate in ordered if candidate.is_here]
    dates = calendar_of([(c.id, c.started_at) for c in reversed(ordered)], now)
    reasons: dict[str, list[str]] = {candidate.id: [] for candidate in here}
    for candidate, reason in _rules(here, policy, dates, zone):
        reasons[candidate.id].append(reason)
    for candidate, reason in _chains(here, reasons):
        reasons[candidate.id].append(reason)
    why_not = {kind: _why_not(kind, policy) for kind in Kind}
    return [
        Decision(
            candidate,
            bool(reasons[candidate.id]),
            (
                *(reasons[candidate.id] or [why_not[candidate.kind]]),
                *filter(None, [dates.note(candidate.id)]),
            ),
        )
        for candidate in here
    ]


def _rules(
    here: Sequence[Candidate], policy: Retention, dates: Calendar, zone: tzinfo | None
) -> Iterator[Reason]:
    yield from _everything(here, policy, dates)
    yield from _held(here)
    yield from _newest(here)
    if policy.drops:
        yield from _young(here, policy, dates)
        yield from _counted(here, policy)
        yield from _unlimited(here, policy)
        for period, number in policy.periods.items():
            yield from _periodic(here, period, number, dates, zone)


def _everything(here: Sequence[Candidate], policy: Retention, dates: Calendar) -> Iterator[Reason]:
    why = ""
    if policy.legal_hold:
        why = "legal hold on the whole job"
    elif not policy.drops:
        why = "the job has no retention: everything is kept"
    elif dates.doubt:
        why = dates.doubt
    for candidate in here if why else ():
        yield candidate, why


def _held(here: Sequence[Candidate]) -> Iterator[Reason]:
    for candidate in here:
        if candidate.hold:
            yield candidate, f"held: {candidate.hold}"


def _newest(here: Sequence[Candidate]) -> Iterator[Reason]:
    """Keep the chain that a restore of today would use, and the last one that read everything."""
    for candidate in here[:1]:
        yield candidate, "the newest good backup"
    fulls = [candidate for candidate in here if candidate.kind is Kind.FULL]
    for candidate in fulls[:1]:
        yield candidate, "the newest good full"
    if not here or here[0].is_clean:
        return
    for candidate in [c for c in here if c.is_clean][:1]:
        yield candidate, "the newest that could read everything"


def _young(here: Sequence[Candidate], policy: Retention, dates: Calendar) -> Iterator[Reason]:
    limit = timedelta(days=policy.min_days)
    for candidate in here:
        if limit and dates.age(candidate.id) < limit:
            yield candidate, f"younger than {policy.min_days} days"


def _counted(here: Sequence[Candidate], policy: Retention) -> Iterator[Reason]:
    for kind, number in policy.counts.items():
        alike = [candidate for candidate in here if candidate.kind is kind]
        for place, candidate in enumerate(alike[:number] if number else (), start=1):
            yield candidate, f"{kind} {place} of the newest {number}"
            if kind is Kind.FULL:
                yield from _standing_on(candidate, here, policy)


def _standing_on(full: Candidate, here: Sequence[Candidate], policy: Retention) -> Iterator[Reason]:
    """Keep with a full what stands on it, as far as its kind has no number of its own."""
    for candidate in here:
        if candidate.base_id == full.id and policy.counts[candidate.kind] is None:
            yield candidate, f"stands on the kept full {full.id}"


def _unlimited(here: Sequence[Candidate], policy: Retention) -> Iterator[Reason]:
    """Keep every backup of a kind that nothing in the policy limits."""
    for kind, number in policy.counts.items():
        with_full = kind is not Kind.FULL and policy.keep_full is not None
        if number is None and not with_full and not policy.periods:
            for candidate in here:
                if candidate.kind is kind:
                    yield candidate, f"the retention does not limit {kind} backups"


def _periodic(
    here: Sequence[Candidate], period: str, number: int, dates: Calendar, zone: tzinfo | None
) -> Iterator[Reason]:
    """
    Keep one backup of each of the newest `number` periods that have any.

    The newest full or differential stands for a period, as they need the shortest chain; a log
    only where there is nothing else.
    """
    groups: dict[str, list[Candidate]] = {}
    for candidate in here:
        name = _period_name(dates.date(candidate.id).astimezone(zone), period)
        if name not in groups and len(groups) == number:
            break  # dates never rise from here on
        groups.setdefault(name, []).append(candidate)
    for place, (name, group) in enumerate(groups.items(), start=1):
        strong = [candidate for candidate in group if candidate.kind is not Kind.LOG]
        yield (strong or group)[0], f"stands for the {period} {name} ({place} of {number})"


def _period_name(date: datetime, period: str) -> str:
    if period == "week":
        year, week, _ = date.isocalendar()
        return f"{year}-W{week:02}"
    return date.strftime({"day": "%Y-%m-%d", "month": "%Y-%m", "year": "%Y"}[period])


def _chains(here: Sequence[Candidate], reasons: dict[str, list[str]]) -> list[Reason]:
    """Return what kept backups stand on: the full, and for logs every backup in between."""
    known = {candidate.id: candidate for candidate in here}
    kept = {candidate.id for candidate in here if reasons[candidate.id]}
    needed: dict[str, list[Candidate]] = {}
    # Not by recursion: a chain of logs may be thousands long, and hostile tags may make a ring.
    waiting = [candidate for candidate in here if candidate.id in kept]
    while waiting:
        candidate = waiting.pop()
        for below in {candidate.base_id, candidate.parent_id} - {None, candidate.id}:
            if below in known:
                needed.setdefault(below, []).append(candidate)
                if below not in kept:
                    kept.add(below)
                    waiting.append(known[below])
    return [(known[below], _needed_by(above)) for below, above in needed.items()]


def _needed_by(above: Sequence[Candidate]) -> str:
    newest = max(above, key=lambda candidate: candidate.seq)
    more = f" and {len(above) - 1} more" if len(above) > 1 else ""
    return f"needed by the {newest.kind} {newest.id}{more}"


def _why_not(kind: Kind, policy: Retention) -> str:
    said = []
    number = policy.counts[kind]
    if number is not None:
        said.append(f"not among the newest {number} {kind} backups")
    elif policy.keep_full is not None:
        said.append("its full is not among the newest")
    if policy.periods:
        periods = ", ".join(f"{number} {name}s" for name, number in policy.periods.items())
        said.append(f"stands for none of {periods}")
    if policy.min_days:
        said.append(f"older than {policy.min_days} days")
    return "; ".join([*said, "nothing kept needs it"])
