"""To which day a line belongs, in the formats that servers write."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netops.backup.logs.days import DayCounter

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "day"),
    [
        (b'192.0.2.1 - - [01/Nov/2026:10:00:00 +0800] "GET / HTTP/1.1" 200 5', "2026-11-01"),
        (b"2026-11-02T10:00:00+08:00 sshd[1]: Accepted", "2026-11-02"),
        (b"2026/11/03 10:00:00 [error] 1#1: open() failed", "2026-11-03"),
        (b"Nov  4 10:00:00 web1 sshd[1]: Accepted", "2026-11-04"),
        (b"<38>Nov 14 10:00:00 web1 sshd[1]: Accepted", "2026-11-14"),
        (b"Dec 31 23:59:59 web1 sshd[1]: last year", "2025-12-31"),
        (b"Feb 29 10:00:00 web1 sshd[1]: leap", "2024-02-29"),
        (b"1795400000.123    45 192.0.2.1 TCP_MISS/200", "2026-11-23"),
        (b"no date at all", "2026-11-23"),
        (b"version 2026-13-45 is no date", "2026-11-23"),
        (b"2099-01-01 is not yet", "2026-11-23"),
    ],
)
def test_line_belongs_to_the_day_it_names(
    line: bytes, day: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = DayCounter(NOW)
    counter.feed([line + b"\n"])
    assert counter.counts == {day: (1, len(line) + 1)}


def test_lines_without_a_date_belong_to_the_one_before() -> None:
    counter = DayCounter(NOW)
    counter.feed([b"2026-11-02 error\n", b"  at module\n", b"2026-11-03 fine\n", b"  more\n"])
    assert {day: lines for day, (lines, _) in counter.counts.items()} == {
        "2026-11-02": 2,
        "2026-11-03": 2,
    }


@given(st.lists(st.binary(max_size=60)))
def test_every_byte_is_counted_once_whatever_it_is(parts: list[bytes]) -> None:
    counter = DayCounter(NOW)
    counter.feed(parts)
    assert sum(size for _, size in counter.counts.values()) == sum(map(len, parts))
