"""From counters to rates that are right after a restart, a wrap and a renumbering (RFC 2863 §3.1.6)."""

from collections.abc import Mapping

from netops.core.dataclass import dataclass

_WRAP_32 = 1 << 32
_TICKS_PER_S = 100
_WRAP_TICKS_S = _WRAP_32 / _TICKS_PER_S  # 497 days
_SLACK = 0.05
_SLACK_S = 60.0


@dataclass(frozen=True, slots=True)
class Clocks:
    """What a device says about how long it has been running, in seconds, and when we asked."""

    asked_at_s: float
    up_s: float
    #: snmpEngineTime, which does not wrap for 68 years; None where there is none.
    engine_s: float | None = None


def restarted(before: Clocks, after: Clocks) -> bool:
    """Tell whether the device restarted, not merely its sysUpTime wrapped after 497 days."""
    if before.engine_s is not None and after.engine_s is not None:
        return after.engine_s < before.engine_s
    if after.up_s >= before.up_s:
        return False
    elapsed_s = after.asked_at_s - before.asked_at_s
    expected_s = before.up_s + elapsed_s - _WRAP_TICKS_S
    return abs(after.up_s - expected_s) > max(_SLACK_S, elapsed_s * _SLACK)


def increase(
    before: int, after: int, *, bits: int, elapsed_s: float, max_per_s: float | None = None
) -> int | None:
    """
    Return how much a counter grew; None when nobody can know.

    A 64-bit counter that goes back was reset: it takes centuries to wrap. A 32-bit one wrapped
    only if the growth is possible at `max_per_s` (of an interface: ifHighSpeed in octets/s).
    """
    if elapsed_s <= 0:
        return None
    grown = after - before
    if grown < 0:
        if bits != 32 or max_per_s is None:
            return None
        grown += _WRAP_32
    if max_per_s is not None and grown > max_per_s * elapsed_s * (1 + _SLACK):
        return None
    return grown


@dataclass(frozen=True, slots=True)
class Octets:
    """One direction of one interface: both counters as far as it has them."""

    high: int | None
    low: int | None
    discontinuity: float | None = None


def octet_rate(
    before: Octets, after: Octets, clocks: tuple[Clocks, Clocks], *, speed_mbit: float | None
) -> float | None:
    """Return octets per second, from the 64-bit counter where there is one; None when unknown."""
    if restarted(*clocks) or before.discontinuity != after.discontinuity:
        return None
    elapsed_s = clocks[1].asked_at_s - clocks[0].asked_at_s
    limit = speed_mbit * 125_000 if speed_mbit else None
    if before.high is not None and after.high is not None:
        grown = increase(before.high, after.high, bits=64, elapsed_s=elapsed_s, max_per_s=limit)
    elif before.low is not None and after.low is not None:
        grown = increase(before.low, after.low, bits=32, elapsed_s=elapsed_s, max_per_s=limit)
    else:
        return None
    return None if grown is None else grown / elapsed_s


@dataclass(frozen=True, slots=True)
class Renumbering:
    """How interfaces moved between two polls, by name."""

    moved: Mapping[str, tuple[int, int]]
    new: tuple[str, ...]
    gone: tuple[str, ...]


def renumbered(before: Mapping[int, str], after: Mapping[int, str]) -> Renumbering:
    """
    Return what changed between two maps of ifIndex to ifName.

    A name that stands for several interfaces follows nobody.
    """
    old, new = _by_name(before), _by_name(after)
    moved = {
        name: (old[name], index)
        for name, index in new.items()
        if name in old and old[name] != index
    }
    return Renumbering(
        moved, tuple(sorted(new.keys() - old.keys())), tuple(sorted(old.keys() - new.keys()))
    )


def _by_name(names: Mapping[int, str]) -> dict[str, int]:
    found: dict[str, int] = {}
    twice: set[str] = set()
    for index, name in names.items():
        if name in found:
            twice.add(name)
        found[name] = index
    return {name: index for name, index in found.items() if name and name not in twice}
