"""One switch that ends a run: pulled by a signal or by the overall time-out, seen by every worker."""

import threading

from netops.core.errors import InterruptedRunError, TimeoutExpiredError


class Cancel:
    """Set once; remembers the signal that set it, or that time ran out."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self.signal_number: int | None = None

    def by_signal(self, number: int) -> None:
        """End the run because of signal `number`."""
        self.signal_number = number
        self._event.set()

    def by_timeout(self) -> None:
        """End the run because its overall time is up."""
        self._event.set()

    def is_set(self) -> bool:
        """Tell whether the run is to end."""
        return self._event.is_set()

    def wait(self, seconds: float) -> bool:
        """Sleep up to `seconds`; return at once, and True, when the run is to end."""
        return self._event.wait(seconds)

    def check(self) -> None:
        """Raise the error that fits when the run is to end."""
        if self._event.is_set():
            raise self.error()

    def error(self) -> InterruptedRunError | TimeoutExpiredError:
        """Return the error that says why the run ends."""
        if self.signal_number is None:
            return TimeoutExpiredError(
                "the run's overall time is up", hint="raise --timeout, or run fewer targets at once"
            )
        return InterruptedRunError("the run was interrupted", signal_number=self.signal_number)
