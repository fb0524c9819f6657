"""Keeps our engine to a pace: so many datagrams a second, a pause per device, a scattered beginning."""

import heapq
import random

from netops.snmp.engine import Pace

#: After a pause so much may go out at once: what was not sent meanwhile is not made up for.
_BURST_S = 0.02


class Brake:
    """Decides when a datagram may go, and keeps the ids of those that must wait."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._interval_s = 1 / pace.packets_per_s if pace.packets_per_s else 0.0
        self._free_at_s = 0.0
        self._waiting: list[tuple[float, int]] = []

    def beginning(self, now_s: float) -> float:
        """Return when a conversation may begin."""
        return now_s + random.random() * self._pace.jitter_s  # noqa: S311 - chance, not secrecy

    def after_answer(self, now_s: float) -> float:
        """Return when the device may be asked again."""
        return now_s + self._pace.device_gap_s

    def lets(self, now_s: float, not_before_s: float, ident: int) -> bool:
        """Tell whether a datagram may go now; one that may not is given out by `released` later."""
        at_s = max(now_s, not_before_s)
        if self._interval_s:
            at_s = max(at_s, self._free_at_s)
            self._free_at_s = max(self._free_at_s, at_s - _BURST_S) + self._interval_s
        if at_s <= now_s:
            return True
        heapq.heappush(self._waiting, (at_s, ident))
        return False

    def next_s(self) -> float:
        """Return when the next one may go; far away when nobody waits."""
        return self._waiting[0][0] if self._waiting else float("inf")

    def released(self, now_s: float) -> list[int]:
        """Return whose time has come."""
        found = []
        while self._waiting and self._waiting[0][0] <= now_s:
            found.append(heapq.heappop(self._waiting)[1])
        return found
