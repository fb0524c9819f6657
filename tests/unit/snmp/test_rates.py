"""Counters become rates, or honestly nothing."""

import pytest

from netops.snmp.rates import Clocks, Octets, increase, octet_rate, renumbered, restarted

GIGABIT_OCTETS = 125_000_000.0
DAYS_497_S = 2**32 / 100


def test_a_64_bit_counter_that_goes_back_was_reset() -> None:
    assert increase(10**12, 5, bits=64, elapsed_s=60, max_per_s=GIGABIT_OCTETS) is None


def test_a_32_bit_counter_wraps_when_the_speed_allows_it() -> None:
    assert increase(2**32 - 10, 20, bits=32, elapsed_s=60, max_per_s=GIGABIT_OCTETS) == 30
    assert increase(2**31, 20, bits=32, elapsed_s=1, max_per_s=1_250_000) is None
    assert increase(2**32 - 10, 20, bits=32, elapsed_s=60) is None


def test_growth_beyond_the_speed_is_not_believed() -> None:
    assert increase(0, 10**15, bits=64, elapsed_s=10, max_per_s=GIGABIT_OCTETS) is None
    assert increase(0, 10**9, bits=64, elapsed_s=10, max_per_s=GIGABIT_OCTETS) == 10**9


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (Clocks(0, 1000.0), Clocks(60, 1060.0), False),
        (Clocks(0, 1000.0), Clocks(60, 20.0), True),
        (Clocks(0, DAYS_497_S - 20), Clocks(60, 40.0), False),
        (Clocks(0, DAYS_497_S - 5000), Clocks(60, 40.0), True),
        (Clocks(0, DAYS_497_S - 20, 5e7), Clocks(60, 40.0, 5e7 + 60), False),
        (Clocks(0, DAYS_497_S - 20, 5e7), Clocks(60, 40.0, 40.0), True),
    ],
    ids=[
        "runs",
        "restart",
        "wrap",
        "restart far from the wrap",
        "wrap proven",
        "restart at the wrap",
    ],
)
def test_a_wrapped_uptime_is_no_restart(before: Clocks, after: Clocks, expected: bool) -> None:
    assert restarted(before, after) is expected


def test_the_64_bit_counter_comes_first() -> None:
    clocks = (Clocks(0, 100.0), Clocks(10, 110.0))
    rate = octet_rate(Octets(1000, 4_000_000_000), Octets(2000, 5), clocks, speed_mbit=1000)
    assert rate == 100.0
    rate = octet_rate(Octets(None, 2**32 - 500), Octets(None, 500), clocks, speed_mbit=1000)
    assert rate == 100.0
    assert octet_rate(Octets(None, None), Octets(1, 1), clocks, speed_mbit=1000) is None


def test_no_rate_across_a_restart_or_a_discontinuity() -> None:
    up, down = Clocks(0, 100.0), Clocks(10, 5.0)
    assert octet_rate(Octets(1, 1), Octets(2, 2), (up, down), speed_mbit=None) is None
    clocks = (up, Clocks(10, 110.0))
    assert octet_rate(Octets(1, 1, 0.0), Octets(2, 2, 50.0), clocks, speed_mbit=None) is None


def test_interfaces_are_followed_by_name() -> None:
    found = renumbered({1: "Gi1", 2: "Gi2", 3: "x", 4: "x"}, {1: "Gi2", 5: "Gi3", 3: "x"})
    assert found.moved == {"Gi2": (2, 1)}
    assert found.gone == ("Gi1",)
    assert set(found.new) >= {"Gi3"}
