"""Which backup comes next: laws of the chain."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netops.backup.chain import Decision, History, NotDue, decide
from netops.backup.model import Job, Kind, Source
from netops.backup.records import Backup
from netops.core.errors import ChainError

NOW = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)
KINDS = st.sampled_from(list(Kind))
ASKED = st.none() | KINDS
POLICIES = st.fixed_dictionaries(
    {Kind.FULL: st.sampled_from(["monthly", "weekly", "every 2d", "never"])},
    optional={
        Kind.DIFFERENTIAL: st.sampled_from(["daily", "every 6h", "never"]),
        Kind.LOG: st.sampled_from(["hourly", "every 15m"]),
    },
)


def job(policy: dict[Kind, str]) -> Job:
    return Job("j", (Source("files", {"path": "/x"}),), "main", policy=policy)


def backup(kind: Kind, seq: int, age: timedelta) -> Backup:
    started = NOW - age
    return Backup(
        *(f"B{seq}", "R", seq, "j", "main", kind, None, None, started, started, 0, "a" * 64)
    )


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Draw what a catalogue can say: a chain of backups in sequence, perhaps none, perhaps jumps."""
    kinds = draw(st.lists(KINDS, max_size=8))
    ages = draw(st.lists(st.integers(-3000, 3000), min_size=len(kinds), max_size=len(kinds)))
    made: list[Backup] = []
    for seq, (kind, hours) in enumerate(zip(kinds, ages, strict=True), 1):
        if made or kind is Kind.FULL:  # nothing is made before the first full
            made.append(backup(kind, seq, timedelta(hours=hours)))
    fulls = [item for item in made if item.kind is Kind.FULL]
    return History(
        fulls[-1] if fulls else None,
        made[-1] if made else None,
        {item.kind: (item.seq, item.started_at) for item in made},
    )


@given(POLICIES, ASKED, histories(), st.booleans())
def test_whatever_is_decided_stands_on_something_good(
    policy: dict[Kind, str], asked: Kind | None, history: History, due_only: bool
) -> None:
    try:
        found = decide(job(policy), asked, history, NOW, due_only=due_only)
    except ChainError:
        assert asked in {Kind.DIFFERENTIAL, Kind.LOG}
        assert history.last_full is None
        return
    if isinstance(found, NotDue):
        assert due_only
        assert found.next_at is None or found.next_at > NOW
        return
    if found.kind is Kind.FULL:
        assert (found.base, found.parent) == (None, None)
    else:
        assert found.base is history.last_full is not None
        assert found.parent is (history.last_any if found.kind is Kind.LOG else history.last_full)


@given(POLICIES, histories(), st.booleans())
def test_auto_never_fails_and_makes_a_full_where_there_is_none(
    policy: dict[Kind, str], history: History, due_only: bool
) -> None:
    found = decide(job(policy), None, history, NOW, due_only=due_only)
    if history.last_full is None and isinstance(found, Decision):
        assert found.kind is Kind.FULL


@given(POLICIES, KINDS, histories())
def test_what_is_asked_by_name_is_done_or_refused_never_swapped(
    policy: dict[Kind, str], asked: Kind, history: History
) -> None:
    try:
        found = decide(job(policy), asked, history, NOW, due_only=False)
    except ChainError:
        return
    assert isinstance(found, Decision)
    assert found.kind is asked


@given(POLICIES, histories())
def test_what_was_just_done_is_not_due_again(policy: dict[Kind, str], history: History) -> None:
    first = decide(job(policy), None, history, NOW, due_only=True)
    if isinstance(first, NotDue):
        return
    made = backup(first.kind, 99, timedelta())
    full = made if first.kind is Kind.FULL else history.last_full
    after = History(full, made, {**(history.done or {}), first.kind: (99, NOW)})
    moment = NOW + timedelta(seconds=1)
    second = decide(job(policy), None, after, moment, due_only=True)
    if isinstance(second, Decision):
        assert list(Kind).index(second.kind) != list(Kind).index(first.kind)


@given(POLICIES)
def test_first_ever_run_by_due_is_a_full_unless_the_policy_never_runs(
    policy: dict[Kind, str],
) -> None:
    found = decide(job(policy), None, History(), NOW, due_only=True)
    if isinstance(found, NotDue):
        assert set(policy.values()) == {"never"}
    else:
        assert found.kind is Kind.FULL


def test_full_does_the_work_of_weaker_kinds() -> None:
    full = backup(Kind.FULL, 1, timedelta(minutes=1))
    history = History(full, full, {Kind.FULL: (1, full.started_at)})
    policy = {Kind.FULL: "monthly", Kind.DIFFERENTIAL: "daily", Kind.LOG: "hourly"}
    assert isinstance(decide(job(policy), None, history, NOW, due_only=True), NotDue)


def test_log_does_not_do_the_work_of_a_differential() -> None:
    full = backup(Kind.FULL, 1, timedelta(days=2))
    log = backup(Kind.LOG, 2, timedelta(minutes=1))
    done = {Kind.FULL: (1, full.started_at), Kind.LOG: (2, log.started_at)}
    policy = {Kind.FULL: "monthly", Kind.DIFFERENTIAL: "daily", Kind.LOG: "hourly"}
    found = decide(job(policy), None, History(full, log, done), NOW, due_only=True)
    assert isinstance(found, Decision)
    assert found.kind is Kind.DIFFERENTIAL
    assert found.parent is full


def test_backup_dated_in_the_future_does_not_silence_the_policy() -> None:
    full = backup(Kind.FULL, 1, timedelta(days=-3000))
    history = History(full, full, {Kind.FULL: (1, full.started_at)})
    found = decide(job({Kind.FULL: "monthly"}), None, history, NOW, due_only=True)
    assert isinstance(found, Decision)


def test_newest_is_newest_by_sequence_not_by_clock() -> None:
    done = {
        Kind.FULL: (1, NOW + timedelta(days=900)),
        Kind.DIFFERENTIAL: (2, NOW - timedelta(hours=1)),
    }
    assert History(done=done).covered_at(Kind.DIFFERENTIAL) == NOW - timedelta(hours=1)


@pytest.mark.parametrize(
    ("policy", "kind"),
    [
        ({Kind.FULL: "monthly"}, Kind.DIFFERENTIAL),
        ({Kind.FULL: "monthly", Kind.LOG: "hourly"}, Kind.LOG),
        ({Kind.FULL: "never", Kind.DIFFERENTIAL: "never"}, Kind.DIFFERENTIAL),
    ],
)
def test_run_by_hand_between_slots_makes_the_lightest(policy: dict[Kind, str], kind: Kind) -> None:
    full = backup(Kind.FULL, 1, timedelta(minutes=1))
    history = History(full, full, {Kind.FULL: (1, full.started_at)})
    found = decide(job(policy), None, history, NOW, due_only=False)
    assert isinstance(found, Decision)
    assert found.kind is kind
