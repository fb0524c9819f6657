"""When the tables of last time count, and when they are read again."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from netops.topology.evidence.collect import _NEIGHBOURS_CHANGED, Known, Limits, _is_same
from tests.topology_facts import AT

CHANGED = _NEIGHBOURS_CHANGED[0]
GATE: dict[str, Any] = {"sysUpTime": 1000.0, CHANGED: 10.0, "dot1dStpTopChanges": 3}
KNOWN = Known("10.0.0.1", AT, AT, AT, GATE, {}, {})
LATER_S = 600


def is_same(known: Known = KNOWN, after_s: float = LATER_S, **changes: object) -> bool:
    gate = {**GATE, "sysUpTime": 1000.0 + after_s, **changes}
    gate = {name: value for name, value in gate.items() if value is not None}
    limits = Limits(AT + timedelta(seconds=after_s), 3_600, 86_400)
    return _is_same(known, gate, limits)


def test_an_agent_that_ran_on_and_changed_nothing_is_the_same() -> None:
    assert is_same()
    assert is_same(sysUpTime=1000.0 + LATER_S + 5)


@pytest.mark.parametrize(
    "change",
    [
        {CHANGED: 11.0},
        {"dot1dStpTopChanges": 4},
        {"sysUpTime": 7.0},
        {"sysUpTime": 1000.0},
        {"sysUpTime": None},
        {"entLastChangeTime": 1.0},
    ],
    ids=["neighbour", "spanning tree", "restart", "clock stands", "no clock", "new object"],
)
def test_anything_else_is_read_again(change: dict[str, object]) -> None:
    assert not is_same(**change)  # type: ignore[arg-type]


def test_an_agent_that_cannot_tell_when_neighbours_changed_is_read_each_time() -> None:
    known = replace(KNOWN, gate={"sysUpTime": 1000.0, "dot1dStpTopChanges": 3})
    assert not is_same(known, **{CHANGED: None})  # type: ignore[arg-type]


def test_tables_that_are_too_old_are_read_again() -> None:
    assert is_same(after_s=86_399)
    assert not is_same(after_s=86_400)
