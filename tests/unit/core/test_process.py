"""The one way to start programs: output, ends, deadlines, and nothing left behind."""

import os
import shutil
import sys
import threading
import time
from pathlib import Path

import pytest

from netops.core import process
from netops.core.cancel import Cancel
from netops.core.errors import InterruptedRunError, TimeoutExpiredError, ToolError
from netops.core.redact import register


def sh(line: str, **options: object) -> process.Completed:
    return process.run(["sh", "-c", line], **options)  # type: ignore[arg-type]


def living(marker: str) -> list[int]:
    """Return the processes whose argument list has `marker`."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                words = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if marker.encode() in words:
                found.append(int(entry.name))
    return found


def gone(marker: str) -> bool:
    until = time.monotonic() + 60
    while living(marker):
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def test_output_exit_code_and_name_are_told() -> None:
    done = sh("printf out; printf err >&2; exit 7")
    assert (done.program, done.returncode, done.stdout, done.stderr) == ("sh", 7, "out", "err")


def test_check_raises_with_the_last_words_of_a_failed_program() -> None:
    with pytest.raises(ToolError, match="sh ended with 3: first · second"):
        sh("echo first >&2; echo second >&2; exit 3").check()
    assert sh("true").check().returncode == 0


def test_last_words_mask_secrets_and_stay_one_line() -> None:
    register("s3cr3t-value-of-a-test")
    words = sh(
        "echo a; echo b; echo c; echo 's3cr3t-value-of-a-test http://u:pw@host/'"
    ).last_words()
    assert words == "b · c · *** http://u:***@host/"
    assert len(sh("head -c 100000 /dev/zero | tr '\\0' x").last_words()) == 600


def test_complete_lines_reach_the_sinks_while_the_program_runs() -> None:
    heard: list[tuple[str, float]] = []
    done = sh(
        "echo one; sleep 0.5; printf two; echo; printf three",
        on_stdout=lambda line: heard.append((line, time.monotonic())),
    )
    assert [line for line, _ in heard] == ["one", "two", "three"]
    assert heard[1][1] - heard[0][1] > 0.3
    assert done.stdout == ""


def test_both_streams_may_be_huge_without_a_dead_lock() -> None:
    count = [0, 0]

    def add(index: int) -> process.LineSink:
        def sink(_: str) -> None:
            count[index] += 1

        return sink

    sh(
        "yes out | head -n 300000 & yes err | head -n 300000 >&2; wait",
        on_stdout=add(0),
        on_stderr=add(1),
    )
    assert count == [300_000, 300_000]


def test_kept_output_has_a_limit_and_keeps_the_end() -> None:
    done = sh("yes abcdefg | head -c 30000000; echo END")
    assert len(done.stdout) < 10_000_000
    assert done.stdout.endswith("END\n")


def test_line_without_end_does_not_fill_the_memory() -> None:
    heard: list[int] = []
    sh("head -c 40000000 /dev/zero", on_stdout=lambda line: heard.append(len(line)))
    assert sum(heard) < 40_000_000 * 4  # each zero byte may be shown by four characters
    assert len(heard) == 1


def test_output_that_is_no_text_is_kept_exactly_and_shown_escaped() -> None:
    done = sh(r"printf 'a\377\0b'")
    assert done.stdout == "a\\xff\0b"
    assert done.stdout_bytes == b"a\xff\0b"


def test_input_larger_than_a_pipe_arrives_whole() -> None:
    content = os.urandom(1_000_000)
    done = process.run(["sha256sum"], stdin=content)
    import hashlib

    assert done.stdout.split()[0] == hashlib.sha256(content).hexdigest()


def test_program_that_ignores_its_input_is_no_error() -> None:
    assert sh("exit 0", stdin=bytes(1_000_000)).returncode == 0


def test_program_without_input_sees_its_end() -> None:
    assert sh("cat; echo done").stdout == "done\n"


def test_missing_program_is_a_tool_error() -> None:
    with pytest.raises(ToolError, match="no-such-program-here"):
        process.run(["no-such-program-here"])
    with pytest.raises(ToolError) as caught:
        process.find_program("no-such-program-here", package="a-package")
    assert caught.value.hint == "apt-get install a-package"


def test_program_named_relative_to_its_directory_is_found_there(tmp_path: Path) -> None:
    script = tmp_path / "here.sh"
    script.write_text("#!/bin/sh\npwd\n")
    script.chmod(0o755)
    assert process.run(["./here.sh"], cwd=tmp_path).stdout.strip() == str(tmp_path)


def test_program_without_the_right_to_run_is_a_tool_error(tmp_path: Path) -> None:
    script = tmp_path / "plain"
    script.write_text("text")
    with pytest.raises(ToolError):
        process.run([str(script)])


def test_variables_are_added_to_the_surroundings() -> None:
    done = sh("echo $ONLY_HERE $HOME", env={"ONLY_HERE": "yes"})
    assert done.stdout.strip() == f"yes {os.environ.get('HOME', '')}".strip()
    assert "ONLY_HERE" not in os.environ


def test_descriptor_is_passed_on() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"through the pipe")
    os.close(writing)
    try:
        assert sh(f"cat /proc/self/fd/{reading}", pass_fds=[reading]).stdout == "through the pipe"
    finally:
        os.close(reading)


def test_deadline_ends_a_program_politely() -> None:
    started = time.monotonic()
    with pytest.raises(TimeoutExpiredError, match="did not end within") as caught:
        sh("trap 'echo cleaned > /dev/null; exit 0' INT; sleep 600 & wait", deadline_s=0.6)
    assert time.monotonic() - started < 60
    assert caught.value.hint


def test_deadline_kills_a_program_that_does_not_listen() -> None:
    marker = "6011.0417"
    started = time.monotonic()
    with pytest.raises(TimeoutExpiredError):
        sh(f"trap '' INT TERM; sleep {marker} & sleep {marker}; true", deadline_s=0.3, grace_s=0.5)
    assert time.monotonic() - started < 60
    assert gone(marker)


def test_program_that_ends_by_itself_at_its_deadline_is_done() -> None:
    assert sh("sleep 0.2", deadline_s=5).returncode == 0


def test_grandchild_that_holds_the_pipes_is_ended_with_the_program() -> None:
    marker = "6011.0418"
    started = time.monotonic()
    done = sh(f"sleep {marker} & echo started")
    assert done.stdout == "started\n"
    assert time.monotonic() - started < 60
    assert gone(marker)


def test_grandchild_that_writes_for_ever_is_ended_with_the_program() -> None:
    marker = "for-ever-6011"
    started = time.monotonic()
    done = sh(f"yes {marker} & exit 4", on_stdout=lambda _: None)
    assert done.returncode == 4
    assert time.monotonic() - started < 60
    assert gone(marker)


def test_grandchild_left_at_the_deadline_is_ended_too() -> None:
    marker = "for-ever-6012"
    sh(f"yes {marker} & exit 0", on_stdout=lambda _: None, deadline_s=0.3, grace_s=0.5)
    assert gone(marker)


def test_cancelling_ends_a_program_and_names_the_signal() -> None:
    cancel = Cancel()
    threading.Timer(0.3, cancel.by_signal, [15]).start()
    with pytest.raises(InterruptedRunError) as caught:
        sh("sleep 60", cancel=cancel)
    assert caught.value.exit_code == 143


def test_overall_timeout_ends_a_program_with_its_own_error() -> None:
    cancel = Cancel()
    threading.Timer(0.3, cancel.by_timeout).start()
    with pytest.raises(TimeoutExpiredError, match="overall"):
        sh("sleep 60", cancel=cancel)


def test_program_that_stops_closing_its_pipes_is_still_waited_for() -> None:
    done = sh("exec >&- 2>&- <&-; sleep 0.5; exit 5")
    assert done.returncode == 5


def test_sink_that_fails_leaves_no_program_behind() -> None:
    marker = "6011.0419"

    def fail(_: str) -> None:
        raise ValueError("sink")

    with pytest.raises(ValueError, match="sink"):
        sh(f"echo x; sleep {marker}", on_stdout=fail, grace_s=0.5)
    assert gone(marker)


def test_no_descriptor_is_left_open() -> None:
    sh("true")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        sh("echo x; echo y >&2")
        with pytest.raises(TimeoutExpiredError):
            sh("sleep 60", deadline_s=0.05, grace_s=0.5)
    assert len(list(Path("/proc/self/fd").iterdir())) <= before


def test_no_child_is_left_unreaped() -> None:
    # In an interpreter of its own: this one may have children of other tests, such as servers.
    program = """
import os
from netops.core import process
process.run(["true"])
try:
    left = os.waitpid(-1, os.WNOHANG)
except ChildProcessError:
    left = None
print(left)
"""
    done = process.run([sys.executable, "-c", program])
    assert done.stdout.strip() == "None"


def test_program_does_not_get_our_terminal_signals() -> None:
    done = sh("ps -o pgid= -p $$")
    if not shutil.which("ps"):
        pytest.skip("ps is not installed")
    assert int(done.stdout) != os.getpgid(0)


def test_argument_lists_are_never_read_by_a_shell() -> None:
    words = ["$HOME", "`id`", "a b", "*", ";", "'", '"', "\n", "--"]
    program = "import sys; print(ascii(sys.argv[1:]))"
    done = process.run([sys.executable, "-c", program, *words])
    assert done.stdout.strip() == ascii(words)


def test_last_words_between_a_look_and_the_end_are_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    look = process._Running._move

    def be_preempted(running: process._Running) -> bool:
        ready = look(running)
        if not ready:  # a busy machine lets the program speak and end before we go on
            os.waitid(os.P_PID, running.process.pid, os.WEXITED | os.WNOWAIT)
        return ready

    monkeypatch.setattr(process._Running, "_move", be_preempted)
    done = process.run(["sh", "-c", "sleep 0.5; echo last"])
    assert (done.returncode, done.stdout) == (0, "last\n")


def test_what_is_to_be_done_meanwhile_is_done_while_the_program_runs(tmp_path: Path) -> None:
    sign = tmp_path / "sign"
    waiting = f"until [ -e {sign} ]; do sleep 0.01; done; echo seen"
    assert sh(waiting, deadline_s=60, meanwhile=sign.touch).stdout == "seen\n"
