"""The four states that every check, job and report speaks."""

from collections.abc import Iterable
from enum import IntEnum


class Status(IntEnum):
    """Numbered as the monitoring-plugin exit codes; `worst` orders by severity."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3

    @classmethod
    def worst(cls, states: Iterable["Status"]) -> "Status":
        """Return the most severe state; no state at all is UNKNOWN, never OK."""
        return max(states, key=_SEVERITY.index, default=cls.UNKNOWN)


# What is not known may be as bad as it gets, so UNKNOWN outranks WARNING.
_SEVERITY = (Status.OK, Status.WARNING, Status.UNKNOWN, Status.CRITICAL)
