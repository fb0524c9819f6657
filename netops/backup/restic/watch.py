"""The end of a restic call that has stopped moving: a stalled server would keep it for ever."""

import re
import time

from netops.core.cancel import Cancel
from netops.core.errors import InterruptedRunError, TimeoutExpiredError, UnreachableError
from netops.core.units import duration_text

# restic repeats its progress line with a new clock reading even when nothing moves.
_CLOCK = re.compile(r"^\[\d+(?::\d+)+\]\s*")


class Watch(Cancel):
    """Ends a call when its run is to end, or when its output has said nothing new for too long."""

    def __init__(self, run: Cancel | None, stall_timeout_s: float | None) -> None:
        super().__init__()
        self._run = run
        self._timeout_s = stall_timeout_s
        self._moved_at_s = time.monotonic()
        self._last = ""

    def heard(self, line: str) -> None:
        """Take a line of output; only a new one counts as movement."""
        news = _CLOCK.sub("", line.strip())
        if news and news != self._last:
            self._last, self._moved_at_s = news, time.monotonic()

    def is_set(self) -> bool:
        """Tell whether the call is to end."""
        return (self._run is not None and self._run.is_set()) or self._is_stalled()

    def check(self) -> None:
        """Raise the error that fits when the call is to end."""
        if self._run is not None:
            self._run.check()
        if self._is_stalled():
            still = duration_text(self._timeout_s or 0)
            raise UnreachableError(
                f"the repository has stalled: nothing moved for {still}",
                hint="look at the server and the network; the next run goes on with the copy",
            )

    def error(self) -> InterruptedRunError | TimeoutExpiredError:
        """Return the error that says why the run ends."""
        return super().error() if self._run is None else self._run.error()

    def _is_stalled(self) -> bool:
        if self._timeout_s is None:
            return False
        return time.monotonic() - self._moved_at_s > self._timeout_s
