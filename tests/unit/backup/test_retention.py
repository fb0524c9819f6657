"""The law of retention: what is never dropped, whatever the policy, the clock and the history."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netops.backup.model import Kind, Retention
from netops.backup.retention import Candidate, Decision, decide

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
FULL, DIFFERENTIAL, LOG = Kind
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def chain(*backups: tuple[Kind, datetime], **changes: Any) -> list[Candidate]:
    """Return backups that stand on each other as the backup run makes them; ids are 1, 2, 3 …"""
    made: list[Candidate] = []
    base: str | None = None
    for seq, (kind, at) in enumerate(backups, start=1):
        below: str | None = None if kind is FULL else base
        parent: str | None = (str(seq - 1) if kind is LOG else base) if below else None
        made.append(Candidate(str(seq), seq, kind, below, parent, at, **changes))
        base = str(seq) if kind is FULL else base
    return made


def fulls(*dates: datetime) -> list[Candidate]:
    return chain(*((FULL, date) for date in dates))


def kept(history: list[Candidate], policy: Retention, now: datetime = NOW) -> list[str]:
    """Return the ids that stay, oldest first."""
    return [d.backup.id for d in reversed(decide(history, policy, now)) if d.keep]


def why(history: list[Candidate], policy: Retention, key: str, now: datetime = NOW) -> str:
    (found,) = [d for d in decide(history, policy, now) if d.backup.id == key]
    return "; ".join(found.reasons)


@st.composite
def histories(draw: st.DrawFn) -> list[Candidate]:
    """Histories with any kinds, gaps, failures, holds and clocks, but links as runs make them."""
    made: list[Candidate] = []
    base: str | None = None
    newest: str | None = None
    at = NOW - timedelta(days=draw(st.integers(1, 900)))
    for seq in sorted(draw(st.sets(st.integers(1, 200), max_size=30))):
        kind = draw(st.sampled_from(list(Kind))) if base else FULL
        at += timedelta(hours=draw(st.integers(0, 24 * 40)))
        shown = at + DAY * draw(st.sampled_from([0] * 12 + [-9000, -30, 45, 1500]))
        here = draw(st.integers(0, 5)) > 0
        parent = None if kind is FULL else newest if kind is LOG else base
        made.append(
            Candidate(
                str(seq),
                seq,
                kind,
                None if kind is FULL else base,
                parent,
                shown,
                is_here=here,
                is_clean=draw(st.integers(0, 4)) > 0,
                hold="court" if draw(st.integers(0, 15)) == 0 else "",
            )
        )
        if here:
            newest, base = str(seq), str(seq) if kind is FULL else base
        elif kind is FULL and base is None:
            base = newest = str(seq)
    return made


number = st.none() | st.integers(1, 6)
policies = st.builds(
    Retention,
    keep_full=number,
    keep_differential=number,
    keep_log=number,
    daily=number,
    weekly=number,
    monthly=number,
    yearly=number,
    min_days=st.sampled_from([0, 0, 1, 30, 180]),
)


def without(history: list[Candidate], decisions: list[Decision]) -> list[Candidate]:
    """Return the history after the drops: the catalogue remembers, the place does not."""
    gone = {decision.backup.id for decision in decisions if not decision.keep}
    return [replace(c, is_here=c.is_here and c.id not in gone) for c in history]


@given(histories(), policies)
def test_what_a_kept_backup_stands_on_is_kept(history: list[Candidate], policy: Retention) -> None:
    decisions = decide(history, policy, NOW)

    stay = {decision.backup.id for decision in decisions if decision.keep}
    here = {candidate.id for candidate in history if candidate.is_here}
    for candidate in history:
        if candidate.id in stay:
            assert {candidate.base_id, candidate.parent_id} & here <= stay


@given(histories(), policies)
def test_the_newest_good_chain_is_never_dropped(
    history: list[Candidate], policy: Retention
) -> None:
    stay = set(kept(history, policy))

    here = [candidate for candidate in history if candidate.is_here]
    known = {candidate.id: candidate for candidate in here}
    link: Candidate | None = max(here, key=lambda c: c.seq, default=None)
    while link is not None:
        assert link.id in stay
        link = known.get(link.parent_id or "")
    for wanted in ([c for c in here if c.kind is FULL], [c for c in here if c.is_clean]):
        if wanted:
            assert max(wanted, key=lambda c: c.seq).id in stay


@given(histories(), policies)
def test_applying_retention_twice_is_applying_it_once(
    history: list[Candidate], policy: Retention
) -> None:
    once = decide(history, policy, NOW)
    twice = decide(without(history, once), policy, NOW)

    assert [d.backup.id for d in twice] == [d.backup.id for d in once if d.keep]
    assert all(decision.keep for decision in twice)


@given(histories(), policies)
def test_it_stays_so_when_the_catalogue_is_made_again_after_honest_clocks(
    history: list[Candidate], policy: Retention
) -> None:
    times = sorted(min(candidate.started_at, NOW) for candidate in history)
    honest = [replace(c, started_at=at) for c, at in zip(history, times, strict=True)]
    once = decide(honest, policy, NOW)
    rest = [candidate for candidate in without(honest, once) if candidate.is_here]

    assert all(decision.keep for decision in decide(rest, policy, NOW))


@given(histories(), policies, st.data())
def test_keeping_more_never_drops_more(
    history: list[Candidate], policy: Retention, data: st.DataObject
) -> None:
    names = [
        name
        for name in Retention.__dataclass_fields__
        if name != "legal_hold" and getattr(policy, name) is not None
    ]
    name = data.draw(st.sampled_from(names))
    more = replace(policy, **{name: getattr(policy, name) + data.draw(st.integers(0, 5))})

    assert set(kept(history, policy)) <= set(kept(history, more))


@given(histories(), policies)
def test_what_is_held_is_kept(history: list[Candidate], policy: Retention) -> None:
    stay = set(kept(history, policy))

    assert {c.id for c in history if c.hold and c.is_here} <= stay


@given(histories(), policies)
def test_nothing_is_dropped_before_its_days_even_if_its_own_date_lies(
    history: list[Candidate], policy: Retention
) -> None:
    stay = set(kept(history, policy))

    for candidate in history:
        if candidate.is_here and timedelta() <= NOW - candidate.started_at:
            young = NOW - candidate.started_at < DAY * policy.min_days
            assert candidate.id in stay or not young


@given(histories())
def test_without_a_number_nothing_is_ever_dropped(history: list[Candidate]) -> None:
    everything = [c.id for c in history if c.is_here]

    assert kept(history, Retention(min_days=30)) == everything
    assert kept(history, Retention(keep_full=1, legal_hold=True)) == everything


@given(histories(), policies)
def test_every_decision_says_why_and_only_what_is_here_is_decided(
    history: list[Candidate], policy: Retention
) -> None:
    decisions = decide(history, policy, NOW)

    assert [d.backup.id for d in reversed(decisions)] == [c.id for c in history if c.is_here]
    assert all(decision.reasons and all(decision.reasons) for decision in decisions)


@given(st.integers(3, 40), st.integers(0, 39), st.integers(1, 4000), policies)
def test_one_backup_dated_in_the_future_costs_no_other_its_place(
    count: int, which: int, ahead: int, policy: Retention
) -> None:
    """The rest of the history is kept as it would be were the date right."""
    honest = fulls(*(NOW - DAY * (count - n) for n in range(count)))
    place = which % (count - 1)  # the newest would make the clock itself doubtful
    lying = list(honest)
    lying[place] = replace(honest[place], started_at=NOW + DAY * ahead)

    assert set(kept(honest, policy)) - {honest[place].id} <= set(kept(lying, policy))


def test_the_newest_of_each_kind_are_counted_by_number() -> None:
    history = chain(
        *((FULL, NOW - 9 * DAY), (DIFFERENTIAL, NOW - 8 * DAY)),
        *((FULL, NOW - 7 * DAY), (DIFFERENTIAL, NOW - 6 * DAY), (DIFFERENTIAL, NOW - 5 * DAY)),
        *((FULL, NOW - 4 * DAY), (DIFFERENTIAL, NOW - 3 * DAY), (DIFFERENTIAL, NOW - 2 * DAY)),
    )

    assert kept(history, Retention(keep_full=2, keep_differential=1)) == ["3", "6", "8"]
    assert kept(history, Retention(keep_full=2)) == ["3", "4", "5", "6", "7", "8"]
    assert kept(history, Retention(keep_differential=3)) == ["1", "3", "5", "6", "7", "8"]


def test_a_kept_log_keeps_every_backup_down_to_its_full() -> None:
    history = chain(
        *((FULL, NOW - 9 * HOUR), (LOG, NOW - 8 * HOUR), (LOG, NOW - 7 * HOUR)),
        *((DIFFERENTIAL, NOW - 6 * HOUR), (LOG, NOW - 5 * HOUR), (LOG, NOW - 4 * HOUR)),
        (FULL, NOW - 3 * HOUR),
    )
    history[5] = replace(history[5], hold="court order")

    assert kept(history, Retention(keep_full=1, keep_log=1)) == ["1", "4", "5", "6", "7"]
    assert why(history, Retention(keep_full=1), "6") == "held: court order"
    assert why(history, Retention(keep_full=1), "5") == "needed by the log 6"
    assert why(history, Retention(keep_full=1), "1") == "needed by the log 6 and 2 more"


def test_one_backup_stands_for_each_day_week_month_and_year() -> None:
    dates = [NOW - DAY * n for n in range(800, -1, -1)]

    stay = kept(fulls(*dates), Retention(daily=7, weekly=4, monthly=3, yearly=2))

    shown = [f"{dates[int(key) - 1]:%m-%d}" for key in stay]
    week = ["11-17", "11-18", "11-19", "11-20", "11-21", "11-22", "11-23"]
    # 2026-11-23 is a Monday: Sundays stand for the weeks before; 2025-12-31 for its year.
    assert shown == ["12-31", "09-30", "10-31", "11-08", "11-15", *week]


def test_periods_without_backups_take_nobodys_place() -> None:
    dates = [NOW - DAY * n for n in (400, 300, 200, 2, 1)]

    assert kept(fulls(*dates), Retention(daily=4)) == ["2", "3", "4", "5"]


def test_a_log_stands_for_a_period_only_where_there_is_nothing_stronger() -> None:
    history = chain(
        *((FULL, NOW - 4 * DAY), (DIFFERENTIAL, NOW - 3 * DAY), (LOG, NOW - 3 * DAY + HOUR)),
        *((LOG, NOW - 2 * DAY), (LOG, NOW - 2 * DAY + HOUR), (FULL, NOW)),
    )

    assert "stands for the day 2026-11-20" in why(history, Retention(daily=4), "2")
    assert "stands for the day 2026-11-21" in why(history, Retention(daily=4), "5")
    assert why(history, Retention(daily=4), "3") == "needed by the log 4"


def test_the_newest_log_stays_though_a_differential_stands_for_its_day() -> None:
    history = chain((FULL, NOW - 3 * HOUR), (DIFFERENTIAL, NOW - 2 * HOUR), (LOG, NOW - HOUR))

    assert kept(history, Retention(daily=1)) == ["1", "2", "3"]
    assert why(history, Retention(daily=1), "3") == "the newest good backup"


def test_a_date_that_its_number_contradicts_is_replaced_and_told() -> None:
    dates = [NOW - DAY * n for n in range(9, -1, -1)]
    dates[4] = datetime(2030, 1, 1, tzinfo=UTC)
    dates[6] = datetime(1970, 1, 1, tzinfo=UTC)

    assert kept(fulls(*dates), Retention(daily=6)) == ["5", "6", "7", "8", "9", "10"]
    assert "2030" in why(fulls(*dates), Retention(daily=6), "5")
    assert "contradicts" in why(fulls(*dates), Retention(daily=6), "7")
    assert "contradicts" not in why(fulls(*dates), Retention(daily=6), "8")


def test_a_stretch_under_a_wrong_clock_is_spread_over_the_time_it_took() -> None:
    """Thirty days under a clock that stood at 2000 must not count as one day."""
    real = [NOW - DAY * n for n in range(99, -1, -1)]
    shown = [
        datetime(2000, 1, 1, tzinfo=UTC) + HOUR * n if 40 <= n < 70 else d
        for n, d in enumerate(real)
    ]

    assert kept(fulls(*shown), Retention(daily=60)) == [str(n) for n in range(41, 101)]


@pytest.mark.parametrize("clock", [datetime(2000, 1, 1, tzinfo=UTC), NOW - 30 * DAY])
def test_a_clock_that_went_back_drops_nothing(clock: datetime) -> None:
    history = fulls(*(NOW - DAY * n for n in range(60, -1, -1)))

    assert len(kept(history, Retention(daily=7, keep_full=1), clock)) == 61
    assert "this machine's clock" in why(history, Retention(daily=7), "1", clock)


def test_a_clock_that_went_ahead_ends_no_days_of_grace() -> None:
    history = fulls(*(NOW - DAY * n for n in range(200, -1, -1)))

    ahead = kept(history, Retention(daily=7, min_days=180), NOW + 3650 * DAY)

    assert ahead == kept(history, Retention(daily=7, min_days=180), NOW)
    assert len(ahead) == 180


def test_a_place_without_backups_needs_no_decision() -> None:
    failed = chain((FULL, NOW - DAY), (FULL, NOW), is_here=False)

    assert decide(failed, Retention(keep_full=1), NOW) == []
    assert decide([], Retention(keep_full=1), NOW) == []


def test_tags_that_make_a_ring_do_not_hang_the_law() -> None:
    ring = [
        Candidate("1", 1, LOG, "2", "3", NOW - DAY),
        Candidate("2", 2, LOG, "3", "1", NOW - DAY),
        Candidate("3", 3, LOG, "1", "3", NOW),
    ]

    assert kept(ring, Retention(keep_full=1, keep_log=1)) == ["1", "2", "3"]


@settings(max_examples=5, deadline=None)
@given(st.integers(5000, 6000))
def test_a_long_chain_of_logs_is_no_recursion(count: int) -> None:
    history = chain(
        (FULL, NOW - DAY), *((LOG, NOW - DAY + n * timedelta(seconds=1)) for n in range(count))
    )

    assert len(kept(history, Retention(keep_full=1, keep_log=1))) == count + 1
