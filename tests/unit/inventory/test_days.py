"""Days are read as people and office programs write them, and never guessed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netops.inventory.days import parse_day, parse_warranty


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2024-03-05", "2024-03-05"),
        ("2024/3/5", "2024-03-05"),
        ("2024.3.5", "2024-03-05"),
        ("2024年3月5日", "2024-03-05"),
        ("2024 年 03 月 05 日", "2024-03-05"),
        ("２０２４－３－５", "2024-03-05"),
        ("20240305", "2024-03-05"),
        ("2024-03-05 00:00:00", "2024-03-05"),
        ("民國113年3月5日", "2024-03-05"),
        ("113/3/5", "2024-03-05"),
        ("民國99年12月1日", "2010-12-01"),
        ("45356", "2024-03-05"),
        ("25/12/2023", "2023-12-25"),
        ("12/25/2023", "2023-12-25"),
        ("05/05/2023", "2023-05-05"),
        ("2024年2月", "2024-02-01"),
        ("", ""),
        ("-", ""),
        ("无", ""),
    ],
)
def test_days_of_every_office_are_read(text: str, day: str) -> None:
    assert parse_day(text) == day


@pytest.mark.parametrize(
    "text", ["03/05/2024", "2024-13-01", "2023-02-29", "soon", "24/3/5", "9/9/9", "1", "2024-3-5-1"]
)
def test_what_is_no_day_or_could_be_two_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a day"):
        parse_day(text)


def test_a_month_ends_with_its_last_day() -> None:
    assert parse_day("2024年2月", end=True) == "2024-02-29"


@pytest.mark.parametrize(
    ("text", "until"),
    [
        ("3年", "2027-03-04"),
        ("三年", "2027-03-04"),
        ("36个月", "2027-03-04"),
        ("3 years", "2027-03-04"),
        ("1 year", "2025-03-04"),
        ("2026-01-31", "2026-01-31"),
        ("", ""),
    ],
)
def test_warranty_is_a_day_or_counts_from_the_purchase(text: str, until: str) -> None:
    assert parse_warranty(text, "2024-03-05") == until


def test_warranty_that_counts_from_an_unknown_day_is_refused() -> None:
    with pytest.raises(ValueError, match="day of purchase"):
        parse_warranty("3年", "")


def test_warranty_from_the_end_of_february_does_not_fall_off_the_month() -> None:
    assert parse_warranty("1年", "2024-02-29") == "2025-02-27"
    assert parse_warranty("1个月", "2024-01-31") == "2024-02-28"


@settings(max_examples=150)
@given(st.text(alphabet="0123456789-/.年月日民國 :", max_size=14))
def test_no_text_breaks_the_reader(text: str) -> None:
    try:
        found = parse_day(text)
    except ValueError:
        return
    assert found == "" or len(found) == 10
