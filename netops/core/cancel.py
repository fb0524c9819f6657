"""One switch that ends a run: pulled by a signal or by the overall time-out, seen by every worker."""

from netops.core.clock import Clock, SystemClock
from netops.core.errors import InterruptedRunError, TimeoutExpiredError

_TICK_S = 0.05


class Cancel:
    """
    Set once; remembers the signal that set it, or that time ran out.

    Plain attributes and no lock: a signal handler may interrupt the thread that waits here, or
    another handler, and would wait for itself.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._is_set = False
        self.signal_number: int | None = None

    def by_signal(self, number: int) -> None:
        """End the run because of signal `number`; the first one names the reason."""
        if self.signal_number is None:
            self.signal_number = number
        self._is_set = True

    def by_timeout(self) -> None:
        """End the run because its overall time is up."""
        self._is_set = True

    def is_set(self) -> bool:
        """Tell whether the run is to end."""
        return self._is_set

    def wait(self, seconds: float) -> bool:
        """Sleep up to `seconds`; return soon, and True, when the run is to end."""
        until = self._clock.monotonic_s() + seconds
        while not self._is_set and (left := until - self._clock.monotonic_s()) > 0:
            self._clock.sleep(min(left, _TICK_S))
        return self._is_set

    def check(self) -> None:
        """Raise the error that fits when the run is to end."""
        if self._is_set:
            raise self.error()

    def error(self) -> InterruptedRunError | TimeoutExpiredError:
        """Return the error that says why the run ends."""
        if self.signal_number is None:
            return TimeoutExpiredError(
                "the run's overall time is up", hint="raise --timeout, or run fewer targets at once"
            )
        return InterruptedRunError("the run was interrupted", signal_number=self.signal_number)
