"""What is due, what was missed, what comes next."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netops.core.cadence import parse_cadence
from netops.core.errors import ConfigError
from netops.schedule.model import Work
from netops.schedule.plan import is_due, plan

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
UTC_ZONE = ZoneInfo("UTC")


def work(last: dict[str, datetime | None], **cadences: str) -> Work:
    parsed = {kind: parse_cadence(text, UTC_ZONE) for kind, text in cadences.items()}
    return Work("erp", ("backup", "run", "erp", "--due", "--quiet"), parsed, last)


def test_a_job_never_done_is_due_by_its_strongest_kind_only() -> None:
    full, differential, log = plan(
        [work({}, full="monthly", differential="daily", log="every 15m")], NOW
    )
    assert (full.due, full.covered_by) == (True, None)
    assert (differential.due, differential.covered_by) == (False, "full")
    assert (log.due, log.covered_by) == (False, "full")


def test_a_full_run_does_the_work_of_the_weaker_kinds() -> None:
    rows = plan([work({"full": NOW}, full="monthly", differential="daily", log="every 15m")], NOW)
    assert [row.due for row in rows] == [False, False, False]
    assert [row.last for row in rows] == [NOW, NOW, NOW]
    assert rows[2].next == NOW + timedelta(minutes=15)


def test_a_weak_run_does_not_do_the_work_of_a_stronger_kind() -> None:
    rows = plan(
        [work({"full": NOW - 60 * 24 * HOUR, "log": NOW}, full="monthly", log="hourly")], NOW
    )
    assert [row.due for row in rows] == [True, False]
    assert rows[0].last == NOW - 60 * 24 * HOUR


def test_the_next_run_of_a_due_kind_is_the_one_after_it() -> None:
    (row,) = plan([work({"full": NOW - 50 * HOUR}, full="daily at 06:00")], NOW)
    assert row.due
    assert row.missed == 1
    assert row.next == datetime(2026, 11, 24, 6, 0, tzinfo=UTC)


def test_a_wrong_clock_is_told_and_covers_nothing() -> None:
    future = NOW + timedelta(days=900)
    full, log = plan([work({"full": future, "log": NOW}, full="monthly", log="every 15m")], NOW)
    assert full.due
    assert full.clock_went_back
    assert not log.clock_went_back
    assert log.last == NOW
    assert log.covered_by is None


def test_never_has_no_next() -> None:
    (row,) = plan([work({}, full="never")], NOW)
    assert (row.due, row.missed, row.next) == (False, 0, None)
    assert not is_due(work({}, full="never"), NOW)


@given(
    st.lists(st.one_of(st.none(), st.integers(-(10**7), 10**6)), min_size=3, max_size=3),
    st.permutations(["monthly", "daily", "every 15m"]),
)
def test_at_most_one_kind_is_due_and_running_it_settles_the_job(
    ages_s: list[int | None], texts: list[str]
) -> None:
    kinds = ("full", "differential", "log")
    cadences = dict(zip(kinds, texts, strict=True))
    last = {
        kind: None if age_s is None else NOW + timedelta(seconds=age_s)
        for kind, age_s in zip(kinds, ages_s, strict=True)
    }
    due = [row.kind for row in plan([work(last, **cadences)], NOW) if row.due]
    assert len(due) <= 1
    for kind in due:
        last[kind] = NOW
        assert not any(
            row.due
            for row in plan([work(last, **cadences)], NOW)
            if kinds.index(row.kind) >= kinds.index(kind)
        )


@pytest.mark.parametrize("name", ["", "a\nb", "a\tb", "\x7f"])
def test_names_that_no_line_can_carry_are_refused(name: str) -> None:
    with pytest.raises(ConfigError):
        Work(name, ("backup", "run", name), {}, {})
