"""Durations and sizes: what is written is what is meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netops.core.units import duration_text, parse_duration, parse_size, size_text


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("15m", 900), ("1d12h", 129_600), (" 2 W ", 1_209_600), ("1h 30m", 5400)],
)
def test_durations_are_read(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "m", "-5m", "1.5h", "5min", "5 m x", "٣m5", "1m,2s"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration(text)


@given(st.integers(0, 10**6), st.sampled_from("smhdw"))
def test_every_duration_written_with_one_unit_is_read_back(number: int, unit: str) -> None:
    factor = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}[unit]
    assert parse_duration(f"{number}{unit}") == number * factor


@given(st.integers(10, 10**9))
def test_shown_duration_is_near_and_reads_back(seconds: int) -> None:
    shown = duration_text(seconds)
    back = parse_duration(shown.replace(" ", ""))
    assert abs(back - seconds) <= max(seconds * 0.05, 1)
    assert len(shown.split()) <= 2


@given(st.floats(-5, 9.99))
def test_short_durations_are_shown_in_tenths_and_never_negative(seconds: float) -> None:
    text, unit = duration_text(seconds).split()
    assert unit == "s"
    assert 0 <= float(text) <= 10


@pytest.mark.parametrize(
    ("text", "size"),
    [("500MB", 500_000_000), ("1.5 GB", 1_500_000_000), ("7", 7), ("2kb", 2000), ("1T", 10**12)],
)
def test_sizes_are_read(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "GB", "-1GB", "1e3", "5 MiB", "1,5GB", "nan"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a size"):
        parse_size(text)


@given(st.integers(0, 10**15))
def test_shown_size_is_near_and_reads_back(size: int) -> None:
    assert parse_size(size_text(size)) == pytest.approx(size, rel=0.06, abs=0.5)


@given(st.integers(0, 10**15))
def test_shown_size_is_short(size: int) -> None:
    assert len(size_text(size)) <= 9
