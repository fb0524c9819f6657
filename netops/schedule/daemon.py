"""The foreground daemon: looks at the plan, starts what is due, outlives what fails."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from queue import SimpleQueue
from typing import TYPE_CHECKING

from netops.core.clock import Clock
from netops.core.dataclass import dataclass
from netops.core.errors import ConfigError
from netops.schedule.backoff import backoff_s
from netops.schedule.events import (
    Event,
    Finished,
    PlanChanged,
    PlanKept,
    Started,
    Stopped,
    Stopping,
)
from netops.schedule.model import Work
from netops.schedule.plan import PlanRow, plan

if TYPE_CHECKING:
    from schedule import Scheduler

_POLL_S = 0.25
_LAST_GRACE_S = 30.0
_DONE = (0, 1)  # Status.OK and Status.WARNING: the work is done, well or almost
_BUSY = 75  # LockedError: somebody else does the work just now


@dataclass(frozen=True, slots=True)
class _Child:
    work: Work
    started: datetime
    started_s: float


@dataclass(frozen=True, slots=True)
class _Hold:
    """No start before `until`, whichever of the two clocks gets there first."""

    until: datetime
    until_s: float
    failures: int
    started_s: float


class Daemon:
    """
    Runs jobs when they are due, each in a program of its own, until a signal comes.

    `work_source` returns the jobs with their last good runs; it is asked at every look and may
    raise. `start` runs one job to its end in a thread of its own and returns the exit code.
    `end_children` makes every `start` under way return soon; called with the signal's number.
    `report` is called from the thread that runs the daemon only.
    """

    def __init__(
        self,
        work_source: Callable[[], Sequence[Work]],
        start: Callable[[Work], int],
        *,
        clock: Clock,
        report: Callable[[Event], None],
        end_children: Callable[[int], None] = lambda _signal: None,
        parallel: int = 2,
        tick_s: int = 10,
        grace_s: float = 20,
    ) -> None:
        self._work_source = work_source
        self._start = start
        self._clock = clock
        self._report = report
        self._end_children = end_children
        self._parallel = parallel
        self._tick_s = tick_s
        self._grace_s = grace_s
        self._work: tuple[Work, ...] = ()
        self._complaint = ""
        self._running: dict[str, _Child] = {}
        self._holds: dict[str, _Hold] = {}
        self._ended: SimpleQueue[tuple[str, int | None, str]] = SimpleQueue()
        self._signals: list[int] = []

    @property
    def running(self) -> tuple[str, ...]:
        """The jobs whose programs run."""
        return tuple(self._running)

    def stop(self, signal_number: int) -> None:
        """Ask the daemon to end; a second time: without waiting for the programs."""
        self._signals.append(signal_number)

    def run(self) -> int:
        """
        Work until a signal or `stop`.

        Returns 0 when every program came to its own end, 128 + signal when some had to be ended.
        """
        from schedule import Scheduler

        with self._listening():
            scheduler = Scheduler()
            self.look()
            while not self._signals:
                self._beat(scheduler)
                if not self._ended.empty():
                    self.look()
                self._clock.sleep(_POLL_S)
            return self._finish(self._signals[0])

    def _beat(self, scheduler: "Scheduler") -> None:
        """Let the library call `look` every tick."""
        # It counts in naive local time: an hour that comes twice, or a clock that is set back,
        # would keep it waiting that long.
        idle_s = scheduler.idle_seconds
        if idle_s is None or idle_s > self._tick_s:
            scheduler.clear()
            scheduler.every(self._tick_s).seconds.do(self.look)
        scheduler.run_pending()

    def look(self) -> None:
        """Note what ended, ask what is due, and start it where there is room."""
        self._collect()
        now = self._clock.now()
        try:
            self._adopt(tuple(self._work_source()), now)
        except Exception as error:  # a bad file must not end the daemon
            self._complain(error, now)
        for work in sorted(self._work, key=self._last_start_s):
            due = [row for row in plan([work], now) if row.due]
            if due and len(self._running) < self._parallel and self._may_start(work.name, now):
                self._launch(work, due, now)

    def _last_start_s(self, work: Work) -> float:
        """Order jobs by their last start, so that busy ones never keep the others waiting."""
        hold = self._holds.get(work.name)
        return hold.started_s if hold else float("-inf")

    def _may_start(self, name: str, now: datetime) -> bool:
        if name in self._running:
            return False
        hold = self._holds.get(name)
        return hold is None or now >= hold.until or self._clock.monotonic_s() >= hold.until_s

    def _adopt(self, work: tuple[Work, ...], now: datetime) -> None:
        """Make `work` the plan; jobs that are not what they were start with a clean record."""
        plan(work, now)  # whatever is wrong with it comes out here, while the old one still stands
        if len({one.name for one in work}) < len(work):
            raise ConfigError("two jobs have the same name")
        old = {one.name: one.definition for one in self._work}
        new = {one.name: one.definition for one in work}
        added = tuple(name for name in new if name not in old)
        removed = tuple(name for name in old if name not in new)
        changed = tuple(name for name in new if name in old and new[name] != old[name])
        self._work = work
        for name in (*removed, *changed):
            self._holds.pop(name, None)
        if self._complaint:
            # What failed may have failed for the mistake that is now mended.
            self._holds = {name: hold for name, hold in self._holds.items() if not hold.failures}
        if added or removed or changed:
            self._tell(PlanChanged(now, added, removed, changed))
        self._complaint = ""

    def _complain(self, error: Exception, now: datetime) -> None:
        text = str(error) or type(error).__name__
        if text != self._complaint:
            self._complaint = text
            self._tell(PlanKept(now, text))

    def _launch(self, work: Work, due: Sequence[PlanRow], now: datetime) -> None:
        self._running[work.name] = _Child(work, now, self._clock.monotonic_s())
        self._tell(
            Started(
                moment=now,
                name=work.name,
                kinds=tuple(row.kind for row in due),
                missed=sum(row.missed for row in due),
                clock_went_back=any(row.clock_went_back for row in due),
            )
        )
        # A thread that hangs must not keep the process from ending.
        threading.Thread(target=self._attend, args=(work,), name=work.name, daemon=True).start()

    def _attend(self, work: Work) -> None:
        """Run one job to its end, in a thread of its own."""
        code: int | None = None
        error = "it ended without an exit code"
        try:
            code, error = self._start(work), ""
        except Exception as problem:  # reported as the job's end
            error = str(problem) or type(problem).__name__
        finally:
            self._ended.put((work.name, code, error))

    def _collect(self) -> None:
        """Report the programs that ended and decide when each may run again."""
        while not self._ended.empty():
            name, code, error = self._ended.get()
            child = self._running.pop(name)
            hold = self._hold(child, code)
            if hold is not None:
                self._holds[name] = hold
            self._tell(
                Finished(
                    moment=self._clock.now(),
                    name=name,
                    exit_code=code,
                    error=error,
                    duration_s=self._clock.monotonic_s() - child.started_s,
                    failures=hold.failures if hold else 0,
                    not_before=hold.until if hold else None,
                )
            )

    def _hold(self, child: _Child, code: int | None) -> _Hold | None:
        """Return when the job may start again; its next slot even if no run was recorded."""
        old = self._holds.get(child.work.name)
        failures = old.failures if old else 0
        if code in _DONE:
            failures = 0
            slots = [
                cadence.next_due(child.started, child.started)
                for cadence in child.work.cadences.values()
            ]
            until = min(slot for slot in slots if slot is not None)
            return self._until(child, (until - child.started).total_seconds(), failures)
        if code != _BUSY:
            failures += 1
        return self._until(child, backoff_s(child.work.shortest_s, max(failures, 1)), failures)

    def _until(self, child: _Child, wait_s: float, failures: int) -> _Hold:
        return _Hold(
            until=child.started + timedelta(seconds=wait_s),
            until_s=child.started_s + wait_s,
            failures=failures,
            started_s=child.started_s,
        )

    def _finish(self, number: int) -> int:
        """Wait for the programs, end them when they take too long, and say how it went."""
        self._tell(Stopping(self._clock.now(), number, self.running))
        code = 0
        if not self._drained(self._grace_s, patience=1):
            self._end_children(number)
            code = 128 + number
            self._drained(_LAST_GRACE_S, patience=2)
        self._tell(Stopped(self._clock.now(), code, self.running))
        return code

    def _drained(self, limit_s: float, *, patience: int) -> bool:
        """Wait until no program runs; give up after `limit_s` or more than `patience` signals."""
        deadline_s = self._clock.monotonic_s() + limit_s
        while True:
            self._collect()
            if not self._running:
                return True
            if self._clock.monotonic_s() >= deadline_s or len(self._signals) > patience:
                return False
            self._clock.sleep(_POLL_S)

    def _tell(self, event: Event) -> None:
        # A closed terminal or a full disk under the log must not stop the backups.
        with contextlib.suppress(OSError):
            self._report(event)

    @contextlib.contextmanager
    def _listening(self) -> Iterator[None]:
        """Turn SIGTERM and SIGINT into `stop` while the block runs (main thread only)."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        numbers = (signal.SIGTERM, signal.SIGINT)
        before = [signal.signal(number, lambda got, _frame: self.stop(got)) for number in numbers]
        try:
            yield
        finally:
            for number, handler in zip(numbers, before, strict=True):
                signal.signal(number, handler)
