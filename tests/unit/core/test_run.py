"""The one mechanism behind every command: order, limits, intent, outcome, and nothing lost."""

import os
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from netops.core import lock
from netops.core.cancel import Cancel
from netops.core.clock import SystemClock
from netops.core.dataclass import replace
from netops.core.errors import InterruptedRunError, NetopsError, TimeoutExpiredError, ToolError
from netops.core.results import Report, Result
from netops.core.run import Context, Options, Progress, Runner, Silence, Work
from netops.core.status import Status


@dataclass
class Ledger:
    """A book of runs in memory: what the journal is asked to write, in order."""

    lines: list[tuple[str, Any]] = field(default_factory=list)
    begin_fails: Exception | None = None
    end_fails: Exception | None = None
    dead: list[str] = field(default_factory=list)

    def begin(
        self, run_id: str, verb: str, targets: Sequence[str], detail: Mapping[str, Any]
    ) -> None:
        if self.begin_fails:
            raise self.begin_fails
        self.lines.append(("begin", (run_id, verb, list(targets), dict(detail))))

    def prepare(self) -> None:
        pass

    def end(self, report: Report) -> str:
        if self.end_fails:
            raise self.end_fails
        self.lines.append(("end", report))
        return "head"

    def lost(self, alive: Callable[[str], bool]) -> Sequence[str]:
        return [f"{run} is lost" for run in self.dead if not alive(run)]


class Notes(Silence):
    """An observer that keeps what it hears."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, Any]] = []

    def started(self, verb: str, targets: Sequence[str]) -> None:
        self.heard.append(("started", list(targets)))

    def progress(self, target: str, progress: Progress) -> None:
        self.heard.append(("progress", (target, progress.step)))

    def finished(self, result: Result) -> None:
        self.heard.append(("finished", result.target))

    def notice(self, text: str) -> None:
        self.heard.append(("notice", text))

    def ended(self) -> None:
        self.heard.append(("ended", None))


def good(subject: str, context: Context) -> Result:
    return Result(context.target, Status.OK, subject)


def works(*names: str, deadline_s: float | None = None) -> list[Work[str]]:
    return [Work(name, f"subject {name}", deadline_s) for name in names]


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def runner(ledger: Ledger, tmp_path: Path) -> Runner:
    return Runner(ledger, tmp_path / "runs")


def test_results_keep_the_order_of_the_targets_whatever_ends_first(runner: Runner) -> None:
    def act(subject: str, context: Context) -> Result:
        time.sleep(0.2 if context.target == "a" else 0)
        return good(subject, context)

    report = runner.execute("test", works("a", "b", "c"), act, Options(parallel=3))
    assert [result.target for result in report.results] == ["a", "b", "c"]
    assert report.results[0].duration_s >= 0.2
    assert report.journal_head == "head"


@pytest.mark.parametrize("parallel", [1, 3])
def test_no_more_targets_at_once_than_allowed(runner: Runner, parallel: int) -> None:
    running, most = set[str](), [0]
    guard = threading.Lock()
    full = threading.Barrier(parallel)

    def act(subject: str, context: Context) -> Result:
        with guard:
            running.add(context.target)
            most[0] = max(most[0], len(running))
        full.wait(60)
        with guard:
            running.discard(context.target)
        return good(subject, context)

    runner.execute("test", works(*"abcdefghi"), act, Options(parallel=parallel))
    assert most[0] == parallel


def test_intent_is_on_record_before_the_work_and_the_outcome_after(
    runner: Runner, ledger: Ledger
) -> None:
    def act(subject: str, context: Context) -> Result:
        assert [kind for kind, _ in ledger.lines] == ["begin"]
        assert runner.is_alive(context.run_id)
        return good(subject, context)

    report = runner.execute("test", works("a"), act, Options(), detail={"x": 1})
    assert [kind for kind, _ in ledger.lines] == ["begin", "end"]
    assert ledger.lines[0][1] == (report.run_id, "test", ["a"], {"x": 1})
    assert report.exit_code == 0
    assert not runner.is_alive(report.run_id)
    assert list(runner.runs_directory.iterdir()) == []


def test_exceptions_of_one_target_do_not_end_the_others(runner: Runner) -> None:
    def act(subject: str, context: Context) -> Result:
        if context.target == "known":
            raise ToolError("restic failed", hint="try again")
        if context.target == "defect":
            raise ZeroDivisionError("oops")
        if context.target == "refused":
            raise PermissionError(13, "Permission denied", "/srv/file")
        return good(subject, context)

    report = runner.execute("test", works("known", "defect", "refused", "fine"), act, Options())
    states = [result.status for result in report.results]
    assert states == [Status.CRITICAL, Status.CRITICAL, Status.CRITICAL, Status.OK]
    known, defect, refused, _ = report.results
    assert known.error is not None
    assert known.error.hint == "try again"
    assert "internal error: ZeroDivisionError" in defect.summary
    assert refused.summary == "/srv/file: Permission denied"
    assert report.exit_code == 2


def test_dry_run_records_nothing_and_tells_the_work_so(runner: Runner, ledger: Ledger) -> None:
    seen: list[bool] = []

    def act(subject: str, context: Context) -> Result:
        seen.append(context.dry_run)
        return good(subject, context)

    ledger.begin_fails = NetopsError("must not be asked")
    report = runner.execute("test", works("a"), act, Options(dry_run=True))
    assert seen == [True]
    assert ledger.lines == []
    assert report.journal_head is None


def test_what_cannot_be_recorded_is_not_done(runner: Runner, ledger: Ledger) -> None:
    ledger.begin_fails = NetopsError("journal is full")

    def act(subject: str, context: Context) -> Result:
        pytest.fail("worked without a record")

    with pytest.raises(NetopsError, match="journal is full"):
        runner.execute("test", works("a"), act, Options())
    assert list(runner.runs_directory.iterdir()) == []


@pytest.mark.parametrize(
    "error", [NetopsError("disk full"), OSError(28, "No space"), KeyError("x")]
)
def test_outcome_that_cannot_be_recorded_is_critical_and_keeps_the_results(
    runner: Runner, ledger: Ledger, error: Exception
) -> None:
    ledger.end_fails = error
    report = runner.execute("test", works("a"), good, Options())
    assert report.results[0].status is Status.OK
    assert report.unrecorded
    assert report.exit_code == 2


def test_lost_runs_are_reported_and_their_lock_files_removed(tmp_path: Path) -> None:
    notes = Notes()
    ledger = Ledger(dead=["DEAD", "ALIVE"])
    runner = Runner(ledger, tmp_path / "runs", notes)
    runner.runs_directory.mkdir()
    (runner.runs_directory / "DEAD.lock").touch()
    with lock.hold(runner.runs_directory / "ALIVE.lock", "run"):
        runner.execute("test", works("a"), good, Options())
        assert [path.name for path in runner.runs_directory.iterdir()] == ["ALIVE.lock"]
    assert ("notice", "DEAD is lost") in notes.heard
    assert ("notice", "ALIVE is lost") not in notes.heard


def test_observer_hears_everything_in_order(tmp_path: Path) -> None:
    notes = Notes()

    def act(subject: str, context: Context) -> Result:
        context.progress(Progress(step="half"))
        return good(subject, context)

    Runner(Ledger(), tmp_path, notes).execute("test", works("a"), act, Options())
    assert notes.heard == [
        ("started", ["a"]),
        ("progress", ("a", "half")),
        ("finished", "a"),
        ("ended", None),
    ]


def test_target_sees_its_own_deadline_and_the_overall_one(runner: Runner) -> None:
    left: dict[str, float | None] = {}

    def act(subject: str, context: Context) -> Result:
        left[context.target] = context.remaining_s()
        return good(subject, context)

    runner.execute("test", works("a", deadline_s=5), act, Options(timeout_s=100))
    runner.execute("test", works("b", deadline_s=500), act, Options(timeout_s=100))
    runner.execute("test", works("c"), act, Options())
    assert left["a"] is not None
    assert 4 < left["a"] <= 5
    assert left["b"] is not None
    assert 95 < left["b"] <= 100
    assert left["c"] is None


def test_overall_timeout_ends_running_targets_and_starts_no_more(runner: Runner) -> None:
    started: list[str] = []

    def act(subject: str, context: Context) -> Result:
        started.append(context.target)
        context.cancel.wait(30)
        context.cancel.check()
        return good(subject, context)

    report = runner.execute("test", works("a", "b"), act, Options(timeout_s=0.3))
    assert started == ["a"]
    assert {result.status for result in report.results} == {Status.CRITICAL}
    assert isinstance(report.results[0].error, TimeoutExpiredError)
    assert report.exit_code == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_ends_the_run_cleanly_with_its_outcome_on_record(
    runner: Runner, ledger: Ledger, number: signal.Signals
) -> None:
    before = signal.getsignal(number)

    def act(subject: str, context: Context) -> Result:
        os.kill(os.getpid(), number)
        context.cancel.wait(30)
        context.cancel.check()
        return good(subject, context)

    report = runner.execute("test", works("a", "b"), act, Options())
    assert report.exit_code == 128 + number
    assert [kind for kind, _ in ledger.lines] == ["begin", "end"]
    assert {type(result.error) for result in report.results} == {InterruptedRunError}
    assert signal.getsignal(number) == before


def test_target_that_does_not_stop_is_given_up_and_unknown(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    from netops.core import run

    monkeypatch.setattr(run, "_STOP_S", 0.3)
    free = threading.Event()

    def act(subject: str, context: Context) -> Result:
        free.wait(30)
        return good(subject, context)

    report = runner.execute("test", works("a"), act, Options(timeout_s=0.2))
    free.set()
    assert report.results[0].status is Status.UNKNOWN
    assert "did not stop in time" in report.results[0].summary
    assert report.exit_code != 0


def test_run_in_a_thread_needs_no_signals(runner: Runner) -> None:
    reports: list[Report] = []
    thread = threading.Thread(
        target=lambda: reports.append(runner.execute("test", works("a"), good, Options()))
    )
    thread.start()
    thread.join()
    assert reports[0].exit_code == 0


def test_run_without_targets_is_unknown_never_ok(runner: Runner) -> None:
    assert runner.execute("test", [], good, Options()).exit_code == 3


class FakeClock(SystemClock):
    """Time that only sleeping lets pass."""

    def __init__(self) -> None:
        self.slept_s = 0.0

    def monotonic_s(self) -> float:
        return self.slept_s

    def sleep(self, seconds: float) -> None:
        self.slept_s += seconds


def test_jitter_waits_at_random_within_its_bound(runner: Runner) -> None:
    waits = []
    for _ in range(20):
        clock = FakeClock()
        replace(runner, clock=clock).execute("test", works("a"), good, Options(jitter_s=60))
        waits.append(clock.slept_s)
    assert min(waits) > 0
    assert max(waits) <= 60
    assert max(waits) - min(waits) > 1


def test_cancel_can_be_pulled_from_a_handler_that_interrupts_its_own_waiting() -> None:
    cancel = Cancel()
    before = signal.signal(signal.SIGALRM, lambda number, _: cancel.by_signal(number))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
        for _ in range(3000):
            cancel.wait(0.000001)
        signal.setitimer(signal.ITIMER_REAL, 0)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert cancel.is_set()
    assert cancel.signal_number == signal.SIGALRM


def test_first_signal_names_the_reason() -> None:
    cancel = Cancel()
    cancel.by_signal(2)
    cancel.by_signal(15)
    error = cancel.error()
    assert isinstance(error, InterruptedRunError)
    assert error.exit_code == 130
