"""Time: aware UTC inside, local time for people, and a clock that tests can replace."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What netops may ask of time."""

    def now(self) -> datetime:
        """Return the current moment, aware, in UTC."""

    def monotonic_s(self) -> float:
        """Return seconds that never jump."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the current moment, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic_s(self) -> float:
        """Return seconds that never jump."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


def utc_text(moment: datetime) -> str:
    """Return `2026-11-23T15:38:31.123Z`: sorts as text, the form in store and journal."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def parse_utc(text: str) -> datetime:
    """Return the moment that `utc_text` wrote."""
    return datetime.fromisoformat(text)


def local_text(moment: datetime) -> str:
    """Return `2026-11-23 23:38` in the machine's time zone, for people."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M")
