"""Laws of cadences: words, even steps and cron lines, in zones whose clocks jump."""

import os
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import inf
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from netops.core.cadence import Cadence, clock_went_back, parse_cadence
from tests.require import need

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = [
    ZoneInfo(name)
    for name in ("UTC", "Europe/Berlin", "Asia/Shanghai", "America/New_York", "Australia/Lord_Howe")
]
TEXTS = [
    "hourly", "daily", "daily at 02:30", "weekly", "weekly on sunday at 03:00", "monthly",
    "monthly on 31 at 04:00", "quarterly", "yearly on 29 at 12:00", "every 15m", "every 36h",
    "every 7m", "every 90s", "*/15 * * * *", "30 2 * * *", "0 4 1,15 * 1", "*/5 8-17 * * 1-5",
    "0 0 L * *", "0 0 29 2 *",
]  # fmt: skip
MOMENTS = st.datetimes(
    datetime(2024, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)  # noqa: DTZ001
)  # fmt: skip
#: Around the nights on which these zones move their clocks.
JUMPS = st.builds(
    lambda night, s: night + timedelta(seconds=s),
    st.sampled_from([datetime(2026, m, d, tzinfo=UTC) for m, d in ((3, 8), (3, 29), (4, 4), (10, 25), (11, 1), (10, 3))]),
    st.integers(-20_000, 60_000),
)  # fmt: skip
WHEN = st.one_of(MOMENTS, JUMPS)
CADENCES = st.builds(parse_cadence, st.sampled_from(TEXTS), st.sampled_from(ZONES))


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


@given(CADENCES, WHEN)
def test_the_next_slot_is_later_and_the_latest_is_not(cadence: Cadence, moment: datetime) -> None:
    after, before = cadence.next_after(moment), cadence.latest_before(moment)
    assert after is not None
    assert before is not None
    assert before <= moment < after


@given(CADENCES, WHEN)
def test_a_slot_found_forwards_is_found_backwards(cadence: Cadence, moment: datetime) -> None:
    after, before = cadence.next_after(moment), cadence.latest_before(moment)
    assert after is not None
    assert before is not None
    assert cadence.latest_before(after) == after
    assert cadence.latest_before(after - timedelta(microseconds=1)) == before
    assert cadence.next_after(before) == after


@given(CADENCES, WHEN, st.integers(0, 10**6))
def test_later_moments_never_have_earlier_slots(cadence: Cadence, one: datetime, by_s: int) -> None:
    two = one + timedelta(seconds=by_s)
    assert (cadence.next_after(one) or one) <= (cadence.next_after(two) or one)
    assert (cadence.latest_before(one) or one) <= (cadence.latest_before(two) or one)


@given(CADENCES, WHEN)
def test_a_run_that_just_started_is_not_due_and_one_never_done_is(
    cadence: Cadence, now: datetime
) -> None:
    assert not cadence.is_due(now, now)
    assert cadence.is_due(None, now)


@given(CADENCES, WHEN, st.integers(0, 10**7), st.integers(0, 10**7))
def test_what_is_due_stays_due_until_it_is_done(
    cadence: Cadence, last: datetime, first_s: int, later_s: int
) -> None:
    now = last + timedelta(seconds=first_s)
    later = now + timedelta(seconds=later_s)
    assert cadence.is_due(last, later) >= cadence.is_due(last, now)
    assert cadence.missed(last, later) >= cadence.missed(last, now)


@given(CADENCES, WHEN, st.integers(0, 10**7))
def test_missed_runs_mean_that_one_is_due(cadence: Cadence, last: datetime, by_s: int) -> None:
    now = last + timedelta(seconds=by_s)
    missed = cadence.missed(last, now)
    assert 0 <= missed <= 99
    assert cadence.is_due(last, now) or missed == 0


@given(CADENCES, WHEN, st.integers(0, 10**6))
def test_the_moment_of_the_next_due_is_exact(cadence: Cadence, last: datetime, by_s: int) -> None:
    now = last + timedelta(seconds=by_s)
    due = cadence.next_due(last, now)
    assert due is not None
    assert cadence.is_due(last, due)
    assert (due == now) == cadence.is_due(last, now)


@given(CADENCES, WHEN)
def test_no_gap_is_longer_than_the_interval_and_an_hour_of_summer_time(
    cadence: Cadence, moment: datetime
) -> None:
    assume(cadence.text != "0 0 29 2 *")  # leap days are 4 or 8 years apart
    before, after = cadence.latest_before(moment), cadence.next_after(moment)
    assert before is not None
    assert after is not None
    assert (after - before).total_seconds() <= cadence.interval_s + 3600


@pytest.mark.parametrize(
    "text",
    ["", "sometimes", "daily at 25:00", "daily on monday", "weekly on 3", "weekly on someday",
     "monthly on 0", "monthly on 32", "monthly on monday", "hourly at 00:10", "every", "every 0s",
     "every day", "every 40000d", "* * * *", "* * * * * *", "61 * * * *", "a b c d e",
     "weekly on x at 03:00", "daily at 2", "0 0 * * 0#6", "*/0 * * * *"],
)  # fmt: skip
def test_mistakes_say_what_is_accepted(text: str) -> None:
    with pytest.raises(ValueError, match="write "):
        parse_cadence(text)


@pytest.mark.parametrize("text", ["0 0 31 2 *", "0 0 30 2 *", "0 0 31 4,6,9,11 *", "0 0 30 2 */8"])
def test_cron_lines_that_never_come_are_refused_at_once(text: str) -> None:
    started = time.process_time()
    with pytest.raises(ValueError, match=r"never comes|bad day-of-month"):
        parse_cadence(text)
    assert time.process_time() - started < 2


def test_spelling_does_not_matter_but_the_text_is_kept() -> None:
    assert parse_cadence(" Daily  AT 2:30 ") == parse_cadence("daily at 02:30")
    assert parse_cadence("weekly on sun") == parse_cadence("weekly on Sunday")
    assert parse_cadence("daily") == parse_cadence("daily at 00:00")
    assert str(parse_cadence("Weekly on SUN")) == "weekly on sun"


def test_never_is_never_due() -> None:
    never = parse_cadence("never")
    now = utc(2026, 11, 23)
    assert not never.is_due(None, now)
    assert not never.is_due(utc(2000, 1, 1), now)
    assert never.next_after(now) is never.latest_before(now) is never.next_due(None, now) is None
    assert never.missed(utc(2000, 1, 1), now) == 0
    assert never.interval_s == inf
    assert never.cron() is never.systemd_calendar() is None


@pytest.mark.parametrize(
    ("text", "moment", "expected"),
    [
        ("daily", utc(2026, 11, 23, 12), utc(2026, 11, 23, 23)),
        ("weekly", utc(2026, 11, 23, 12), utc(2026, 11, 29, 23)),
        ("weekly on sunday at 03:00", utc(2026, 11, 23), utc(2026, 11, 29, 2)),
        ("monthly", utc(2026, 11, 23), utc(2026, 11, 30, 23)),
        ("monthly on 31 at 04:00", utc(2026, 11, 23), utc(2026, 11, 30, 3)),
        ("monthly on 31 at 04:00", utc(2028, 2, 1), utc(2028, 2, 29, 3)),
        ("quarterly", utc(2026, 11, 23), utc(2026, 12, 31, 23)),
        ("yearly", utc(2026, 1, 1), utc(2026, 12, 31, 23)),
        ("hourly", utc(2026, 11, 23, 12, 0, 1), utc(2026, 11, 23, 13)),
        ("30 2 * * *", utc(2026, 11, 23, 12), utc(2026, 11, 24, 1, 30)),
        # 02:30 is left out on 29 March: right after the gap, once
        ("daily at 02:30", utc(2026, 3, 28, 12), utc(2026, 3, 29, 1, 30)),
        ("30 2 * * *", utc(2026, 3, 28, 12), utc(2026, 3, 29, 1)),
        # 02:30 comes twice on 25 October: the first one only
        ("daily at 02:30", utc(2026, 10, 24, 12), utc(2026, 10, 25, 0, 30)),
        ("daily at 02:30", utc(2026, 10, 25, 0, 30), utc(2026, 10, 26, 1, 30)),
        ("30 2 * * *", utc(2026, 10, 25, 0, 30), utc(2026, 10, 26, 1, 30)),
        # but every hour is every hour
        ("hourly", utc(2026, 10, 25, 0), utc(2026, 10, 25, 1)),
        ("0 * * * *", utc(2026, 10, 25, 0), utc(2026, 10, 25, 1)),
    ],
)
def test_slots_in_berlin(text: str, moment: datetime, expected: datetime) -> None:
    assert parse_cadence(text, BERLIN).next_after(moment) == expected


def test_a_cron_slot_is_not_forgotten_while_its_hour_comes_again() -> None:
    again = utc(2026, 10, 25, 1, 10)  # 02:10, the second time
    assert parse_cadence("30 2 * * *", BERLIN).latest_before(again) == utc(2026, 10, 25, 0, 30)


def test_a_plain_monthly_is_due_until_this_month_has_its_run() -> None:
    monthly = parse_cadence("monthly", ZoneInfo("UTC"))
    assert monthly.is_due(utc(2026, 10, 31, 23, 59), utc(2026, 11, 23))
    assert not monthly.is_due(utc(2026, 11, 1, 0, 0, 1), utc(2026, 11, 30, 23, 59))


@pytest.mark.parametrize(("early_s", "due"), [(0, True), (29, True), (31, False)])
def test_a_line_that_starts_a_little_early_does_not_skip_a_run(early_s: int, due: bool) -> None:
    last = utc(2026, 11, 23)
    now = last + timedelta(minutes=15, seconds=-early_s)
    assert parse_cadence("every 15m").is_due(last, now) is due


def test_a_wrong_clock_does_not_silence_a_job() -> None:
    now = utc(2026, 11, 23)
    future = now + timedelta(days=800)
    assert clock_went_back(future, now)
    assert not clock_went_back(now + timedelta(seconds=60), now)
    assert not clock_went_back(None, now)
    for text in TEXTS:
        assert parse_cadence(text).is_due(future, now)
        assert parse_cadence(text).next_due(future, now) == now
        assert not parse_cadence(text).is_due(now + timedelta(seconds=60), now)


def test_missed_runs_are_counted_and_capped() -> None:
    last = utc(2026, 11, 1, 12)
    zone = ZoneInfo("UTC")
    assert parse_cadence("daily", zone).missed(last, utc(2026, 11, 2, 1)) == 0
    assert parse_cadence("daily", zone).missed(last, utc(2026, 11, 5, 1)) == 3
    assert parse_cadence("every 6h").missed(last, utc(2026, 11, 2, 12)) == 3
    assert parse_cadence("* * * * *", zone).missed(last, utc(2036, 11, 1)) == 99


@pytest.mark.parametrize(
    ("text", "longest_s", "shortest_s"),
    [("hourly", 3600, 3600), ("monthly", 31 * 86_400, 31 * 86_400), ("every 15m", 900, 900),
     ("*/5 8-17 * * 1-5", 63 * 3600, 300), ("0 4 * * *", 86_400, 86_400)],
)  # fmt: skip
def test_intervals(text: str, longest_s: float, shortest_s: float) -> None:
    cadence = parse_cadence(text)
    assert cadence.shortest_s == shortest_s
    assert cadence.interval_s == pytest.approx(longest_s, abs=3600)


CALENDARS = {
    "hourly": ("*-*-* *:00:00", "0 * * * *"),
    "daily": ("*-*-* 00:00:00", "0 0 * * *"),
    "weekly on sunday at 03:00": ("Sun *-*-* 03:00:00", "0 3 * * 0"),
    "monthly on 1 at 04:00": ("*-*-1 04:00:00", "0 4 1 * *"),
    "monthly on 31": ("*-*-28..31 00:00:00", "0 0 28-31 * *"),
    "quarterly": ("*-1,4,7,10-1 00:00:00", "0 0 1 1,4,7,10 *"),
    "yearly": ("*-1-1 00:00:00", "0 0 1 1 *"),
    "every 15m": ("*-*-* *:0/15:00 UTC", "*/15 * * * *"),
    "every 40m": ("*-*-* *:0/20:00 UTC", "*/20 * * * *"),
    "every 7m": ("*-*-* *:0/1:00 UTC", "* * * * *"),
    "every 1h": ("*-*-* 0/1:00:00 UTC", "0 * * * *"),
    "every 6h": ("*-*-* 0/6:00:00 UTC", "0 */6 * * *"),
    "every 36h": ("*-*-* 0/12:00:00 UTC", "0 */12 * * *"),
    "every 2d": ("*-*-* 00:00:00 UTC", "0 0 * * *"),
    "every 90s": ("*-*-* *:*:0/30 UTC", None),
    "30 2 * * 1-5": ("Mon,Tue,Wed,Thu,Fri *-*-* 02:30:00", "30 2 * * 1-5"),
    "*/15 * 1 6 *": ("*-06-01 *:00,15,30,45:00", "*/15 * 1 6 *"),
    "0 4 1 * 0": ("*-*-* 04:00:00", "0 4 1 * 0"),
    "0 4 * * 1#2": ("*-*-* 04:00:00", "0 4 * * *"),
    "0 4 l jul *": ("*-*-* 04:00:00", "0 4 * * *"),
}


@pytest.mark.parametrize("text", CALENDARS)
def test_words_for_systemd_and_cron(text: str) -> None:
    cadence = parse_cadence(text)
    assert (cadence.systemd_calendar(), cadence.cron()) == CALENDARS[text]


def test_any_day_keeps_the_time_of_day() -> None:
    for text in ("weekly on sunday at 03:00", "monthly on 5 at 03:00", "0 3 1 6 *"):
        assert parse_cadence(text).systemd_calendar(any_day=True) == "*-*-* 03:00:00"


@pytest.mark.parametrize("text", [text for text in TEXTS if not text.startswith("0 0 L")])
def test_systemd_meets_the_same_slots(text: str) -> None:
    need("systemd-analyze")
    cadence = parse_cadence(text, ZoneInfo("UTC"))
    calendar = cadence.systemd_calendar() or ""
    base = utc(2026, 11, 23, 12, 34, 56)
    answer = subprocess.run(
        ["systemd-analyze", "calendar", "--iterations=1", "--base-time=2026-11-23 12:34:56 UTC", calendar],
        capture_output=True, text=True, check=True, env={**os.environ, "TZ": "UTC", "LC_ALL": "C"},
    )  # fmt: skip
    line = next(line for line in answer.stdout.splitlines() if "Next elapse" in line)
    elapse = datetime.strptime(line.split(": ")[1], "%a %Y-%m-%d %H:%M:%S UTC").replace(tzinfo=UTC)
    expected = cadence.next_after(base)
    assert expected is not None
    assert elapse <= expected


@pytest.fixture
def new_york(monkeypatch: pytest.MonkeyPatch) -> Iterator[ZoneInfo]:
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    yield ZoneInfo("America/New_York")
    monkeypatch.undo()
    time.tzset()


def test_without_a_zone_the_machine_s_own_rules(new_york: ZoneInfo) -> None:
    for text in TEXTS:
        for hours in range(24 * 20):
            moment = utc(2026, 10, 20) + timedelta(hours=hours, minutes=hours % 60)
            mine = parse_cadence(text).next_after(moment)
            assert mine == parse_cadence(text, new_york).next_after(moment), (text, moment)
