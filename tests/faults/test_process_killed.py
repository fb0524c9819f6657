"""What becomes of programs, locks and files when netops is struck down."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from netops.core import lock
from netops.core.errors import LockedError
from tests.require import need
from tests.sites import descendants, environment, wait_until


def start(program: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    )


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def end(process: subprocess.Popen[str], number: int = signal.SIGKILL) -> None:
    process.send_signal(number)
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


# A suite in the background has SIGINT ignored, and what a shell finds ignored it cannot trap.
RUN = """
import signal, sys
from netops.core import process
signal.signal(signal.SIGINT, signal.default_int_handler)
process.run(["sh", "-c", sys.argv[1]], on_stdout=lambda line: print(line, flush=True))
"""


def test_program_is_interrupted_when_netops_is_killed(tmp_path: Path) -> None:
    need("setpriv")
    mark = tmp_path / "cleaned"
    line = f"trap 'touch {mark}; exit' INT; echo ready; sleep 60 & wait"
    process = start(RUN, line)
    assert said(process) == "ready"
    children = descendants(process.pid)
    end(process)
    wait_until(mark.exists, "the program cleans up", wait_s=10)
    wait_until(
        lambda: (
            not any(
                Path(f"/proc/{pid}").exists()
                for pid, words in children.items()
                if words[:1] == ["sh"]
            )
        ),
        "the program ends",
        wait_s=10,
    )


HOLD = """
import sys, time
from pathlib import Path
from netops.core import lock
with lock.hold(Path(sys.argv[1]), "the thing"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_lock_holds_between_processes_and_names_its_holder(tmp_path: Path) -> None:
    path = tmp_path / "locks" / "thing.lock"
    process = start(HOLD, str(path))
    assert said(process) == "held"
    try:
        assert lock.is_held(path)
        with (
            pytest.raises(LockedError, match=f"the thing is in use by process {process.pid} since"),
            lock.hold(path, "the thing"),
        ):
            pytest.fail("the lock was given twice")
    finally:
        end(process)


def test_lock_is_free_at_once_when_its_holder_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "thing.lock"
    process = start(HOLD, str(path))
    assert said(process) == "held"
    end(process)
    assert not lock.is_held(path)
    with lock.hold(path, "the thing"):
        assert lock.is_held(path)


def test_lock_is_not_kept_by_a_program_that_outlives_its_holder(tmp_path: Path) -> None:
    path = tmp_path / "thing.lock"
    program = HOLD.replace(
        'print("held"',
        'import subprocess; subprocess.Popen(["sleep", "7"], start_new_session=True);print("held"',
    )
    process = start(program, str(path))
    assert said(process) == "held"
    end(process)
    assert not lock.is_held(path)


WRITE = """
import sys
from pathlib import Path
from netops.core.files import write_atomic
path, number = Path(sys.argv[1]), 0
print("ready", flush=True)
while True:
    number += 1
    write_atomic(path, bytes([number % 256]) * 300_000)
"""


def test_file_written_while_netops_is_killed_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"\0" * 300_000)
    for round_number in range(8):
        process = start(WRITE, str(path))
        assert said(process) == "ready"
        time.sleep(0.01 + 0.007 * round_number)
        end(process)
        content = path.read_bytes()
        assert len(content) == 300_000
        assert len(set(content)) == 1


def test_lent_secret_is_gone_with_netops(tmp_path: Path) -> None:
    program = """
import time
from netops.core.secrets import Secret, lend
with lend(Secret("very-secret")) as path:
    print(path, flush=True)
    time.sleep(60)
"""
    process = start(program)
    path = Path(said(process))
    assert path.read_text() == "very-secret"
    assert (path.stat().st_mode & 0o777) == 0o600
    with pytest.raises(OSError, match="not permitted"):
        path.write_text("changed")
    end(process)
    assert not path.exists()
    assert not [p for p in tmp_path.rglob("*") if b"very-secret" in p.read_bytes()]
    assert os.getpid() != process.pid
