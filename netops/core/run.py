"""
The one mechanism behind every command that works on targets.

A run takes its place (a lock that dies with it), writes its intent into the journal, works on the
targets concurrently under deadlines, and closes the journal entry with the outcome whatever
happens: success, failure, time-out, SIGINT or SIGTERM.
"""

import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from netops.core import lock
from netops.core.cancel import Cancel
from netops.core.clock import Clock, SystemClock
from netops.core.dataclass import dataclass, field, replace
from netops.core.errors import NetopsError, from_os
from netops.core.ids import new_id
from netops.core.results import Report, Result, failed
from netops.core.status import Status

T = TypeVar("T")
S = TypeVar("S")

#: How long an interrupted worker may take to end its programs before it is given up.
_STOP_S = 30.0
#: Until then a worker has started its program and waits; before, loading would only be in its way.
_HEAD_START_S = 0.1


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one target is; totals may still grow."""

    done_bytes: int = 0
    total_bytes: int = 0
    done_files: int = 0
    total_files: int = 0
    step: str = ""


class Observer(Protocol):
    """Hears what a run does while it does it; the command line draws it, cron ignores it."""

    def started(self, verb: str, targets: Sequence[str]) -> None:
        """The run has begun."""

    def progress(self, target: str, progress: Progress) -> None:
        """A target has come further; called from worker threads."""

    def finished(self, result: Result) -> None:
        """A target is done; called from worker threads."""

    def notice(self, text: str) -> None:
        """Something worth knowing that belongs to no target."""

    def ended(self) -> None:
        """The run is over; the screen is free."""


class Silence:
    """The observer that says nothing."""

    def started(self, verb: str, targets: Sequence[str]) -> None:
        """Say nothing."""

    def progress(self, target: str, progress: Progress) -> None:
        """Say nothing."""

    def finished(self, result: Result) -> None:
        """Say nothing."""

    def notice(self, text: str) -> None:
        """Say nothing."""

    def ended(self) -> None:
        """Say nothing."""


class Book(Protocol):
    """Where a run writes its intent and its outcome; the journal, in earnest."""

    def begin(
        self, run_id: str, verb: str, targets: Sequence[str], detail: Mapping[str, Any]
    ) -> None:
        """Write the intent durably, or raise: what cannot be recorded is not done."""

    def prepare(self) -> None:
        """Load what `end` needs; called while the targets' programs work."""

    def end(self, report: Report) -> str:
        """Write the outcome durably, sign the head of the book and return it as text."""

    def lost(self, alive: Callable[[str], bool]) -> Sequence[str]:
        """Close every intent whose run is dead; return one line about each."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to run."""

    #: Overall seconds for the run.
    timeout_s: float | None = None
    #: Wait a random time up to this before starting, so that many hosts do not start at once.
    jitter_s: float = 0
    parallel: int = 1
    #: Show what would be done; the targets' work must change nothing, and nothing is recorded.
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Work(Generic[T]):
    """One target and the time it may take."""

    name: str
    subject: T
    deadline_s: float | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """What a run lends to the work on one target."""

    run_id: str
    target: str
    cancel: Cancel
    clock: Clock
    observer: Observer
    dry_run: bool = False
    #: On the monotonic clock.
    ends_at_s: float | None = None

    def remaining_s(self) -> float | None:
        """Return the seconds this target has left; raise when the run is to end."""
        self.cancel.check()
        if self.ends_at_s is None:
            return None
        return max(self.ends_at_s - self.clock.monotonic_s(), 0.001)

    def progress(self, progress: Progress) -> None:
        """Tell how far the target is."""
        self.observer.progress(self.target, progress)


@dataclass(frozen=True, slots=True)
class Runner:
    """Executes runs for one site."""

    book: Book
    #: Holds one lock file per living run.
    runs_directory: Path
    observer: Observer = field(default_factory=Silence)
    clock: Clock = field(default_factory=SystemClock)

    def execute(
        self,
        verb: str,
        work: Sequence[Work[T]],
        act: Callable[[T, Context], Result],
        options: Options,
        *,
        detail: Mapping[str, Any] | None = None,
    ) -> Report:
        """Run `act` on every target and return the report; the journal has it all."""
        run_id, cancel = new_id(), Cancel(self.clock)
        with _signals_to(cancel), self._alive(run_id):
            _wait_a_little(options.jitter_s, cancel)
            names = [item.name for item in work]
            if not options.dry_run:
                self._report_lost(run_id)
                self.book.begin(run_id, verb, names, detail or {})
            started_at = self.clock.now()
            self.observer.started(verb, names)
            try:
                results = self._work(run_id, work, act, options, cancel)
            finally:
                self.observer.ended()
            report = Report(
                run_id, verb, started_at, self.clock.now(), results, cancel.signal_number
            )
            return report if options.dry_run else self._record(report)

    def is_alive(self, run_id: str) -> bool:
        """Tell whether the run still has a living process."""
        return lock.is_held(self._lock_file(run_id))

    def _lock_file(self, run_id: str) -> Path:
        return self.runs_directory / f"{run_id}.lock"

    @contextmanager
    def _alive(self, run_id: str) -> Iterator[None]:
        path = self._lock_file(run_id)
        with lock.hold(path, f"run {run_id}", wait_s=1):
            try:
                yield
            finally:
                path.unlink(missing_ok=True)

    def _report_lost(self, run_id: str) -> None:
        def alive(other: str) -> bool:
            if other == run_id or self.is_alive(other):
                return True
            self._lock_file(other).unlink(missing_ok=True)  # nobody else will
            return False

        for line in self.book.lost(alive):
            self.observer.notice(line)

    def _record(self, report: Report) -> Report:
        try:
            return replace(report, journal_head=self.book.end(report))
        except Exception as error:  # the work is done: its results must be seen whatever happened
            return replace(report, unrecorded=str(error) or type(error).__name__)

    def _work(
        self,
        run_id: str,
        work: Sequence[Work[T]],
        act: Callable[[T, Context], Result],
        options: Options,
        cancel: Cancel,
    ) -> list[Result]:
        """Work on all targets, at most `parallel` at once; keep their order."""
        overall = _later(self.clock.monotonic_s(), options.timeout_s)
        results: dict[int, Result] = {}
        waiting = deque(enumerate(work))

        def serve() -> None:
            while waiting:
                try:
                    index, item = waiting.popleft()
                except IndexError:
                    return
                limits = [overall, _later(self.clock.monotonic_s(), item.deadline_s)]
                context = Context(
                    run_id,
                    item.name,
                    cancel,
                    self.clock,
                    self.observer,
                    options.dry_run,
                    min((limit for limit in limits if limit is not None), default=None),
                )
                results[index] = _guarded(item, act, context)
                self.observer.finished(results[index])

        count = max(1, min(options.parallel, len(work)))
        threads = [threading.Thread(target=serve, daemon=True) for _ in range(count)]
        for thread in threads:
            thread.start()
        if not options.dry_run:
            threads[0].join(_HEAD_START_S)
            self.book.prepare()
        _await(threads, cancel, overall, self.clock)
        return [
            results.get(index) or _abandoned(item.name, cancel) for index, item in enumerate(work)
        ]


def _wait_a_little(jitter_s: float, cancel: Cancel) -> None:
    if jitter_s > 0:
        import random

        cancel.wait(random.uniform(0, jitter_s))  # noqa: S311  not a secret


def _later(now_s: float, seconds: float | None) -> float | None:
    return None if seconds is None else now_s + seconds


def _guarded(item: Work[S], act: Callable[[S, Context], Result], context: Context) -> Result:
    """Turn whatever the work raises into a result: one target never ends the others."""
    started_s = context.clock.monotonic_s()
    try:
        context.cancel.check()
        result = act(item.subject, context)
    except NetopsError as error:
        return failed(item.name, error, context.clock.monotonic_s() - started_s)
    except OSError as error:
        import logging

        logging.getLogger(__name__).debug("refused while working on %s", item.name, exc_info=True)
        return failed(item.name, from_os(error), context.clock.monotonic_s() - started_s)
    except Exception as error:  # the boundary: a defect in one target must not end the run
        import logging

        logging.getLogger(__name__).exception("internal error while working on %s", item.name)
        defect = NetopsError(
            f"internal error: {type(error).__name__}: {error}",
            hint="run again with --debug and report the traceback",
        )
        return failed(item.name, defect, context.clock.monotonic_s() - started_s)
    return replace(result, duration_s=context.clock.monotonic_s() - started_s)


def _await(
    threads: Sequence[threading.Thread], cancel: Cancel, overall: float | None, clock: Clock
) -> None:
    """Wait for the workers; when the run is to end, give them time to clean up, not for ever."""
    give_up_s: float | None = None
    for thread in threads:
        while thread.is_alive():
            thread.join(0.1)
            if overall is not None and clock.monotonic_s() >= overall:
                cancel.by_timeout()
            if cancel.is_set():
                give_up_s = give_up_s or time.monotonic() + _STOP_S
                if time.monotonic() >= give_up_s:
                    return


def _abandoned(name: str, cancel: Cancel) -> Result:
    """Return the result of a target nobody knows the end of."""
    error = cancel.error()
    return Result(name, Status.UNKNOWN, f"{error}; its work did not stop in time", error=error)


@contextmanager
def _signals_to(cancel: Cancel) -> Iterator[None]:
    """Let SIGINT and SIGTERM end the run cleanly (only the main thread can catch them)."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    previous = {n: signal.signal(n, lambda number, _: cancel.by_signal(number)) for n in numbers}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
