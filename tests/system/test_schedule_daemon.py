"""The daemon as a process of its own, with real programs, real signals and real time."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]

# Reads jobs.json ({name: [cadence, shell line]}), runs each line by sh, prints events as JSON.
PROGRAM = """
import dataclasses, json, os, signal, subprocess, sys
from datetime import datetime
from pathlib import Path
from netops.core.cadence import parse_cadence
from netops.core.clock import SystemClock
from netops.schedule.daemon import Daemon
from netops.schedule.model import Work
from netops.schedule.reload import Reloaded

folder = Path(sys.argv[1])
jobs = Reloaded(lambda: json.loads((folder / "jobs.json").read_text()), [folder / "jobs.json"])
children = {}

def source():
    found = []
    for name, (cadence, line) in jobs.current().items():
        mark = folder / (name + ".last")
        last = datetime.fromisoformat(mark.read_text()) if mark.exists() else None
        found.append(Work(name, ("sh", "-c", line), {"full": parse_cadence(cadence)}, {"full": last}))
    return found

def start(work):
    began = SystemClock().now()
    child = subprocess.Popen(work.command, start_new_session=True)
    children[work.name] = child
    code = child.wait()
    if code == 0:
        (folder / (work.name + ".last")).write_text(began.isoformat())
    return code

def end(number):
    for child in children.values():
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGTERM)

def report(event):
    print(json.dumps({"event": type(event).__name__, **dataclasses.asdict(event)}, default=str), flush=True)

sys.exit(Daemon(source, start, clock=SystemClock(), report=report, end_children=end, tick_s=1, grace_s=2).run())
"""


class Running:
    """A daemon under way in its folder."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes]) -> None:
        self.folder = folder
        self.process = process

    def events(self, kind: str) -> list[dict[str, Any]]:
        lines = (self.folder / "events").read_text().splitlines()
        return [event for event in map(json.loads, lines) if event["event"] == kind]

    def wait(self, condition: Callable[[], object]) -> None:
        deadline_s = time.monotonic() + 30
        while not condition():
            if time.monotonic() > deadline_s or self.process.poll() is not None:
                pytest.fail(
                    (self.folder / "events").read_text() + (self.folder / "err").read_text()
                )
            time.sleep(0.05)

    def stop(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(30)


def set_jobs(folder: Path, **jobs: tuple[str, str]) -> None:
    (folder / "jobs.new").write_text(json.dumps(jobs))
    (folder / "jobs.new").replace(folder / "jobs.json")


@contextmanager
def daemon(folder: Path) -> Iterator[Running]:
    with (folder / "events").open("wb") as events, (folder / "err").open("wb") as err:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(folder)],
            cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=events, stderr=err,
        )  # fmt: skip
    try:
        yield Running(folder, process)
    finally:
        process.kill()
        process.wait()
    assert (folder / "err").read_text() == ""


def test_a_failing_job_does_not_keep_the_others_from_running(tmp_path: Path) -> None:
    (tmp_path / "late.last").write_text("2026-01-01T00:00:00+00:00")
    set_jobs(
        tmp_path,
        bad=("every 1s", "exit 2"),
        good=("every 1s", "echo x >> good.count"),
        late=("every 1h", "echo x >> late.count"),
    )
    with daemon(tmp_path) as running:
        count = tmp_path / "good.count"
        running.wait(lambda: count.exists() and count.read_text().count("x") >= 3)
        running.wait(lambda: [e for e in running.events("Finished") if e["failures"] >= 2])
        assert running.stop(signal.SIGTERM) == 0
        assert (tmp_path / "late.count").read_text() == "x\n"
        (late,) = [event for event in running.events("Started") if event["name"] == "late"]
        assert late["missed"] == 99
        assert {event["exit_code"] for event in running.events("Finished")} == {0, 2}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_programs_that_take_too_long(tmp_path: Path, number: signal.Signals) -> None:
    set_jobs(tmp_path, slow=("every 1h", "echo $$ > slow.pid; exec sleep 600"))
    with daemon(tmp_path) as running:
        running.wait(
            lambda: (tmp_path / "slow.pid").exists() and (tmp_path / "slow.pid").read_text()
        )
        started = time.monotonic()
        assert running.stop(number) == 128 + number
        assert time.monotonic() - started < 60
        pid = int((tmp_path / "slow.pid").read_text())
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
        assert running.events("Stopped")[0]["left"] == []


def test_the_configuration_is_read_again_and_a_broken_one_is_not_followed(tmp_path: Path) -> None:
    set_jobs(tmp_path, one=("every 1s", "echo x >> one.count"))
    with daemon(tmp_path) as running:
        running.wait((tmp_path / "one.count").exists)
        (tmp_path / "jobs.json").write_text("{")
        running.wait(lambda: running.events("PlanKept"))
        size = (tmp_path / "one.count").stat().st_size
        running.wait(lambda: (tmp_path / "one.count").stat().st_size > size)
        set_jobs(tmp_path, two=("every 1s", "echo x >> two.count"))
        running.wait((tmp_path / "two.count").exists)
        assert running.events("PlanChanged")[-1]["removed"] == ["one"]
        assert running.stop(signal.SIGINT) == 0
