"""The daemon's decisions, with a clock that is moved by hand."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netops.core.cadence import parse_cadence
from netops.core.clock import SystemClock
from netops.schedule.backoff import backoff_s
from netops.schedule.daemon import Daemon
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
from netops.schedule.reload import Reloaded

MORNING = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


class FakeClock:
    """Time that passes only when told to."""

    def __init__(self) -> None:
        self.moment = MORNING
        self.passed_s = 1000.0

    def now(self) -> datetime:
        return self.moment

    def monotonic_s(self) -> float:
        return self.passed_s

    def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)
        self.passed_s += seconds


class Site:
    """Jobs, what became of them, and a daemon that looks after them."""

    def __init__(self, *, parallel: int = 8, **cadences: str) -> None:
        self.clock = FakeClock()
        self.events: list[Event] = []
        self.cadences = cadences
        self.last: dict[str, datetime | None] = {}
        self.codes: dict[str, int] = {}
        self.runs: list[str] = []
        self.gates: dict[str, threading.Event] = {}
        self.error: Exception | None = None
        self.records = True
        self.daemon = Daemon(
            self.work, self.start, clock=self.clock, report=self.events.append, parallel=parallel
        )

    def work(self) -> list[Work]:
        if self.error:
            raise self.error
        return [
            Work(name, ("backup", "run", name), {"full": parse_cadence(text)}, {"full": self.last.get(name)})
            for name, text in self.cadences.items()
        ]  # fmt: skip

    def start(self, work: Work) -> int:
        self.runs.append(work.name)
        started = self.clock.now()
        if work.name in self.gates:
            self.gates[work.name].wait(20)
        code = self.codes.get(work.name, 0)
        if code < 0:
            raise OSError("no such program")
        if code in {0, 1} and self.records:
            self.last[work.name] = started
        return code

    def look(self, after_s: float = 0) -> list[str]:
        """Let time pass and look; return the jobs that were started."""
        self.clock.sleep(after_s)
        before = len(self.runs)
        self.daemon.look()
        self.settle()
        return sorted(self.runs[before:])

    def settle(self) -> None:
        for thread in threading.enumerate():
            gate = self.gates.get(thread.name)
            if thread.name in self.cadences and (gate is None or gate.is_set()):
                thread.join(20)

    def told(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]

    def finished(self) -> Finished:
        self.daemon.look()
        event = self.told(Finished)[-1]
        assert isinstance(event, Finished)
        return event


def test_missed_runs_are_caught_up_by_one_run() -> None:
    site = Site(etc="every 1h", erp="every 1h")
    site.last = {"etc": MORNING - timedelta(days=3), "erp": MORNING}
    assert site.look() == ["etc"]
    (started,) = site.told(Started)
    assert isinstance(started, Started)
    assert started.missed == 71
    assert site.look(60) == []
    assert site.look(3540) == ["erp", "etc"]


def test_a_job_is_never_started_twice_at_once() -> None:
    site = Site(etc="every 1m")
    site.gates["etc"] = threading.Event()
    assert site.look() == ["etc"]
    assert site.look(3600) == []
    site.gates["etc"].set()
    site.settle()
    assert site.look() == ["etc"]


def test_no_more_jobs_run_at_once_than_allowed_and_none_is_forgotten() -> None:
    names = {f"job{number}": "every 1m" for number in range(5)}
    site = Site(parallel=2, **names)
    seen: set[str] = set()
    for _ in range(3):
        started = site.look(60)
        assert len(started) <= 2
        seen.update(started)
    assert seen == set(names)


def test_a_failing_job_backs_off_and_leaves_the_others_alone() -> None:
    site = Site(bad="every 15m", good="every 15m")
    site.codes["bad"] = 2
    minutes = range(0, 600, 5)
    starts = [minute for minute in minutes if "bad" in site.look(300 if minute else 0)]
    assert starts == [0, 15, 45, 105, 165, 225, 285, 345, 405, 465, 525, 585]
    assert site.runs.count("good") == 40


def test_a_job_that_works_again_has_a_clean_record() -> None:
    site = Site(etc="every 15m")
    site.codes["etc"] = 2
    site.look()
    site.look(900)
    assert site.finished().failures == 2
    site.codes["etc"] = 0
    site.look(1800)
    assert site.finished().failures == 0
    assert site.look(900) == ["etc"]


@pytest.mark.parametrize(("code", "failures"), [(0, 0), (1, 0), (2, 1), (3, 1), (75, 0), (78, 1)])
def test_which_exit_codes_are_failures(code: int, failures: int) -> None:
    site = Site(etc="every 15m")
    site.codes["etc"] = code
    site.look()
    assert site.finished().failures == failures
    assert site.finished().exit_code == code


def test_a_failed_monthly_job_is_tried_again_the_next_day() -> None:
    site = Site(etc="monthly")
    site.codes["etc"] = 2
    assert site.look() == ["etc"]
    assert site.look(86_399) == []
    assert site.look(1) == ["etc"]


def test_a_program_that_cannot_start_is_a_failure() -> None:
    site = Site(etc="every 15m")
    site.codes["etc"] = -1
    site.look()
    event = site.finished()
    assert (event.exit_code, event.error, event.failures) == (None, "no such program", 1)


def test_a_run_that_nobody_recorded_is_not_repeated_before_its_next_slot() -> None:
    site = Site(etc="every 15m")
    site.records = False
    assert site.look() == ["etc"]
    assert site.look(899) == []
    assert site.look(1) == ["etc"]


def test_a_clock_set_back_does_not_stop_the_jobs() -> None:
    site = Site(etc="every 15m")
    site.look()
    site.clock.moment -= timedelta(days=400)
    assert site.look(1) == []
    assert site.look(900) == ["etc"]
    started = site.told(Started)[-1]
    assert isinstance(started, Started)
    assert started.clock_went_back


def test_a_sleeping_machine_catches_up_when_it_wakes() -> None:
    site = Site(etc="every 15m")
    site.look()
    site.clock.moment += timedelta(hours=8)  # the monotonic clock stood still
    assert site.look(1) == ["etc"]


def test_a_broken_configuration_is_told_once_and_the_old_plan_kept() -> None:
    site = Site(etc="every 15m")
    site.look()
    site.error = ValueError("line 3: what is this?")
    assert site.look(900) == ["etc"]
    site.look(1)
    (kept,) = site.told(PlanKept)
    assert isinstance(kept, PlanKept)
    assert kept.error == "line 3: what is this?"
    site.error = ValueError("line 4")
    site.look(1)
    assert len(site.told(PlanKept)) == 2


def test_a_configuration_broken_from_the_start_does_not_end_the_daemon() -> None:
    site = Site(etc="every 15m")
    site.error = ValueError("broken")
    assert site.look() == []
    site.error = None
    assert site.look(1) == ["etc"]


def test_two_jobs_of_one_name_are_refused_as_a_whole() -> None:
    site = Site(etc="every 15m")
    site.look()
    twice = site.work() * 2
    site.work = lambda: twice  # type: ignore[method-assign]
    site.daemon = Daemon(site.work, site.start, clock=site.clock, report=site.events.append)
    assert site.look(900) == []
    assert len(site.told(PlanKept)) == 1


def test_a_mended_configuration_gives_failed_jobs_another_chance() -> None:
    site = Site(etc="every 15m")
    site.codes["etc"] = 78
    site.look()
    site.error = ValueError("broken")
    assert site.look(60) == []
    site.error = None
    site.codes["etc"] = 0
    assert site.look(60) == ["etc"]


def test_changes_of_the_plan_are_told_and_followed() -> None:
    site = Site(etc="every 15m", erp="every 15m")
    site.look()
    site.cadences = {"etc": "every 1m", "lab": "every 15m"}
    assert site.look(60) == ["etc", "lab"]
    assert site.told(PlanChanged)[1:] == [
        PlanChanged(MORNING + timedelta(seconds=60), ("lab",), ("erp",), ("etc",))
    ]


def test_a_job_removed_while_it_runs_still_comes_to_its_end() -> None:
    site = Site(etc="every 15m", erp="every 15m")
    site.gates["etc"] = threading.Event()
    site.look()
    del site.cadences["etc"]
    site.look(1)
    assert site.daemon.running == ("etc",)
    site.gates["etc"].set()
    for thread in threading.enumerate():
        if thread.name == "etc":
            thread.join(20)
    assert site.finished().name == "etc"
    assert not site.daemon.running


def test_a_closed_terminal_does_not_stop_the_jobs() -> None:
    site = Site(etc="every 15m")

    def broken(_event: Event) -> None:
        raise BrokenPipeError

    site.daemon = Daemon(site.work, site.start, clock=site.clock, report=broken)
    assert site.look() == ["etc"]
    assert site.look(900) == ["etc"]


@given(st.floats(1, 10**8), st.integers(1, 1000))
def test_back_off_is_never_tighter_than_the_cadence_nor_longer_than_a_day(
    cadence_s: float, failures: int
) -> None:
    wait_s = backoff_s(cadence_s, failures)
    assert min(cadence_s, 86_400) <= wait_s <= 86_400
    assert wait_s <= max(cadence_s, 3600)
    assert wait_s <= backoff_s(cadence_s, failures + 1)


def real_daemon(
    start: Callable[[Work], int], end: Callable[[int], None]
) -> tuple[Daemon, list[Event]]:
    work = Work("etc", ("backup", "run", "etc"), {"full": parse_cadence("every 1h")}, {})
    events: list[Event] = []
    daemon = Daemon(
        lambda: [work], start, clock=SystemClock(), report=events.append, end_children=end, grace_s=0.3
    )  # fmt: skip
    return daemon, events


def test_stopping_waits_for_a_program_that_ends_soon() -> None:
    begun = threading.Event()

    def start(_work: Work) -> int:
        begun.set()
        daemon.stop(15)
        return 0

    daemon, events = real_daemon(start, lambda _number: None)
    assert daemon.run() == 0
    assert begun.is_set()
    assert isinstance(events[-1], Stopped)
    assert [type(event) for event in events[:2]] == [PlanChanged, Started]


def test_stopping_ends_a_program_that_takes_too_long() -> None:
    told: list[int] = []
    release = threading.Event()

    def start(_work: Work) -> int:
        daemon.stop(15)
        release.wait(20)
        return 130

    def end(number: int) -> None:
        told.append(number)
        release.set()

    daemon, events = real_daemon(start, end)
    assert daemon.run() == 143
    assert told == [15]
    assert [type(event) for event in events[-3:]] == [Stopping, Finished, Stopped]


def test_the_library_s_beat_survives_a_clock_set_back() -> None:
    from schedule import Scheduler

    site = Site(etc="every 15m")
    scheduler = Scheduler()
    site.daemon._beat(scheduler)
    (beat,) = scheduler.jobs
    assert beat.next_run is not None
    beat.next_run += timedelta(hours=1)
    site.daemon._beat(scheduler)
    assert (scheduler.idle_seconds or 0) <= 10
    scheduler.jobs[0].next_run = datetime.now() - timedelta(seconds=1)  # noqa: DTZ005
    site.daemon._beat(scheduler)
    site.settle()
    assert site.runs == ["etc"]


def test_a_value_is_read_again_when_its_files_change(tmp_path: Path) -> None:
    file, folder = tmp_path / "netops.yaml", tmp_path / "conf.d"
    file.write_text("1")
    folder.mkdir()
    loads: list[int] = []

    def load() -> int:
        loads.append(1)
        return int(file.read_text()) + len(list(folder.iterdir()))

    value = Reloaded(load, [file, folder])
    assert (value.current(), value.current(), len(loads)) == (1, 1, 1)
    (folder / "more.yaml").write_text("")
    assert value.current() == 2
    file.write_text("broken")
    for _ in range(2):
        with pytest.raises(ValueError, match="invalid literal"):
            value.current()
    assert len(loads) == 3
    file.write_text("5")
    assert value.current() == 6
