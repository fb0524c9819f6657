"""What was read back and when: the rotation reaches everything, and lateness is told."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from netops.backup.soundness import (
    Reading,
    fully_read_at,
    is_overdue,
    is_part_due,
    next_part,
    part_cadence,
)
from netops.core.cadence import parse_cadence

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def rotate(parts: int, runs: int, start: list[Reading] | None = None) -> list[Reading]:
    """Read `runs` portions, one an hour, keeping the newest reading of each."""
    newest = {(r.parts, r.part): r for r in start or []}
    for run in range(runs):
        part = next_part(list(newest.values()), parts)
        newest[parts, part] = Reading(parts, part, NOW + timedelta(hours=run))
    return list(newest.values())


@given(st.integers(1, 256))
def test_after_as_many_runs_as_parts_everything_was_read(parts: int) -> None:
    assert fully_read_at(rotate(parts, parts - 1)) is None or parts == 1
    assert fully_read_at(rotate(parts, parts)) == NOW


@given(st.integers(1, 40), st.integers(0, 100))
def test_every_run_moves_the_oldest_reading_on(parts: int, more: int) -> None:
    at = fully_read_at(rotate(parts, parts + more))
    assert at == NOW + timedelta(hours=more)


@given(st.integers(1, 20), st.integers(2, 20), st.integers(0, 20))
def test_a_new_number_of_parts_begins_anew_and_forgets_no_reading(
    old: int, new: int, runs: int
) -> None:
    before = rotate(old, old)
    after = rotate(new, runs, before)
    assert fully_read_at(after) is not None
    assert next_part(before, new) == 1 or old == new


def test_all_at_once_counts_as_everything() -> None:
    assert fully_read_at([Reading(30, 1, NOW), Reading(1, 1, NOW - timedelta(days=9))]) == (
        NOW - timedelta(days=9)
    )


def test_portions_are_spread_over_the_cadence() -> None:
    readings = [Reading(30, 1, NOW)]
    assert is_part_due([], "monthly", 30, NOW)
    assert not is_part_due(readings, "monthly", 30, NOW + timedelta(hours=12))
    assert is_part_due(readings, "monthly", 30, NOW + timedelta(hours=24))
    assert not is_part_due(readings, "never", 30, NOW + timedelta(days=900))


def test_a_clock_that_was_wrong_silences_nothing() -> None:
    assert is_part_due([Reading(30, 1, NOW + timedelta(days=900))], "monthly", 30, NOW)


def test_lateness_counts_from_the_first_backup_until_something_was_read() -> None:
    assert not is_overdue([], "monthly", NOW - timedelta(days=30), NOW)
    assert is_overdue([], "monthly", NOW - timedelta(days=45), NOW)
    assert not is_overdue([], "never", NOW - timedelta(days=4500), NOW)
    late = [Reading(1, 1, NOW - timedelta(days=45))]
    assert is_overdue(late, "monthly", NOW - timedelta(days=900), NOW)
    assert not is_overdue(late, "quarterly", NOW - timedelta(days=900), NOW)


@given(
    cadence=st.sampled_from(["hourly", "daily", "weekly", "monthly", "yearly", "every 15m"]),
    parts=st.integers(1, 256),
)
@settings(max_examples=60, deadline=None)
def test_when_a_timer_says_that_a_portion_is_due_it_is(cadence: str, parts: int) -> None:
    step = part_cadence(cadence, parts)
    last = datetime(2026, 11, 23, tzinfo=UTC)
    turn_s = parse_cadence(cadence).interval_s
    if parts > 1:
        assert 0.85 * turn_s / parts - 1 <= step.interval_s < turn_s / parts + 1
    found = [Reading(parts, 1, last)]
    for share in (0.5, 0.8, 0.9, 0.95, 1.0, 1.1):
        now = last + timedelta(seconds=step.interval_s * share)
        if step.is_due(last, now):
            assert is_part_due(found, cadence, parts, now)


def test_a_repository_that_is_never_read_has_no_portions_to_plan() -> None:
    assert part_cadence("never", 30).next_after(datetime(2026, 11, 23, tzinfo=UTC)) is None
