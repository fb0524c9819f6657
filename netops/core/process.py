"""
The one way netops starts programs.

No shell. Secrets travel by inherited descriptor or environment, never in the argument list. Every
program gets its own process group, which ends as a whole on deadline, on interruption, and when
netops itself dies.
"""

import contextlib
import os
import selectors
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

from netops.core.cancel import Cancel
from netops.core.dataclass import dataclass
from netops.core.errors import TimeoutExpiredError, ToolError
from netops.core.redact import redact

_KEPT_BYTES = 8 << 20  # the end of each stream without a sink
_LINE_BYTES = 16 << 20  # a longer line is cut: no program netops knows writes one
_TICK_S = 0.2
_DRAIN_S = 2.0  # how long what a program left in its pipes may be read after its end

LineSink = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Completed:
    """A program that ended by itself."""

    program: str
    returncode: int
    stdout: str
    stderr: str
    duration_s: float
    #: Exactly what came, for output that need not be text.
    stdout_bytes: bytes = b""

    def last_words(self) -> str:
        """Return the end of stderr (or stdout) in one line, secrets masked."""
        lines = [line.strip() for line in (self.stderr or self.stdout).splitlines()]
        return redact(" · ".join([line for line in lines if line][-3:]))[-600:]

    def check(self) -> "Completed":
        """Return self, or raise ToolError when the program failed."""
        if self.returncode:
            raise ToolError(
                f"{self.program} ended with {self.returncode}: {self.last_words() or 'no message'}"
            )
        return self


@cache
def die_with_parent() -> tuple[str, ...]:
    """Return the prefix that interrupts a program when netops is killed (empty without setpriv)."""
    tool = shutil.which("setpriv")
    return (tool, "--pdeathsig", "INT", "--") if tool else ()


def run(
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    pass_fds: Sequence[int] = (),
    cwd: Path | None = None,
    deadline_s: float | None = None,
    cancel: Cancel | None = None,
    on_stdout: LineSink | None = None,
    on_stderr: LineSink | None = None,
    grace_s: float = 15,
    meanwhile: Callable[[], None] | None = None,
) -> Completed:
    """
    Run a program to its end; hand complete lines to the sinks while it runs.

    `env` adds to the environment. A stream with a sink is not kept. Past `deadline_s`, or when
    `cancel` is set, the process group gets SIGINT, and SIGKILL after `grace_s`. `meanwhile` is called
    once the program runs; its output waits until that returns. Raises
    TimeoutExpiredError, what `cancel.error()` returns, or ToolError when the program is missing;
    a non-zero exit is the caller's to judge.
    """
    started = time.monotonic()
    running = _Running(
        _start(argv, env, pass_fds, cwd), stdin, _Stream(on_stdout), _Stream(on_stderr)
    )
    limit = None if deadline_s is None else started + deadline_s
    try:
        if meanwhile is not None:
            meanwhile()
        running.watch(limit, cancel)
    finally:
        forced = running.end(grace_s)
    if forced:
        if cancel is not None:
            cancel.check()
        raise TimeoutExpiredError(
            f"{argv[0]} did not end within {deadline_s or 0:.0f} s",
            hint="raise the deadline in netops.yaml, or look why it is slow",
        )
    return Completed(
        os.path.basename(argv[0]),  # noqa: PTH119  a name, not a file
        running.process.returncode,
        running.out.text(),
        running.err.text(),
        time.monotonic() - started,
        bytes(running.out.buffer),
    )


def _start(
    argv: Sequence[str],
    env: Mapping[str, str] | None,
    pass_fds: Sequence[int],
    cwd: Path | None,
) -> subprocess.Popen[bytes]:
    # The prefix would start well and only then not find the program.
    wanted = os.path.join(cwd or "", argv[0]) if "/" in argv[0] else argv[0]  # noqa: PTH118  may stay relative
    if shutil.which(wanted, path={**os.environ, **(env or {})}.get("PATH")) is None:
        raise ToolError(f"cannot start {argv[0]}: no such program", hint="is it installed?")
    try:
        return subprocess.Popen(
            [*die_with_parent(), *argv],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **(env or {})},
            pass_fds=tuple(pass_fds),
            cwd=cwd,
            start_new_session=True,
        )
    except OSError as error:
        raise ToolError(f"cannot start {argv[0]}: {error.strerror}") from error


def find_program(name: str, *, package: str | None = None) -> str:
    """Return the full path of a program, or raise ToolError saying how to install it."""
    path = shutil.which(name)
    if path is None:
        raise ToolError(
            f"the program {name} is not installed", hint=f"apt-get install {package or name}"
        )
    return path


class _Stream:
    """Collects one output of a program, by line or whole."""

    def __init__(self, sink: LineSink | None) -> None:
        self.sink = sink
        self.buffer = bytearray()

    def feed(self, data: bytes) -> None:
        if self.sink is None:
            self.buffer += data
            del self.buffer[:-_KEPT_BYTES]
            return
        if b"\n" not in data:
            self.buffer += data[: max(_LINE_BYTES - len(self.buffer), 0)]
            return
        self.buffer += data
        *lines, rest = self.buffer.split(b"\n")
        self.buffer = bytearray(rest)
        for line in lines:
            self.sink(line.decode(errors="backslashreplace"))

    def close(self) -> None:
        if self.sink is not None and self.buffer:
            self.sink(self.buffer.decode(errors="backslashreplace"))
            self.buffer.clear()

    def text(self) -> str:
        return self.buffer.decode(errors="backslashreplace")


class _Running:
    """A program under way: its pipes, and the means to end it."""

    def __init__(
        self, process: subprocess.Popen[bytes], stdin: bytes, out: _Stream, err: _Stream
    ) -> None:
        self.process, self.out, self.err = process, out, err
        self.rest = memoryview(stdin)
        self.left_behind = False
        self.selector = selectors.DefaultSelector()
        for pipe, stream in ((process.stdout, out), (process.stderr, err)):
            if pipe is not None:
                os.set_blocking(pipe.fileno(), False)
                self.selector.register(pipe, selectors.EVENT_READ, stream)
        if process.stdin is not None:
            os.set_blocking(process.stdin.fileno(), False)
            self.selector.register(process.stdin, selectors.EVENT_WRITE)

    def watch(self, limit: float | None, cancel: Cancel | None) -> None:
        """Move bytes until the program ends, the limit passes, or the run is to end."""
        ended_at: float | None = None
        while self.selector.get_map() or self.process.poll() is None:
            if cancel is not None and cancel.is_set():
                return
            if limit is not None and time.monotonic() >= limit:
                return
            # Asked before the look: what it says between an empty look and its end must be heard.
            is_over = self.process.poll() is not None
            ready = self._move()
            if not is_over:
                continue
            ended_at = ended_at or time.monotonic()
            if not ready or time.monotonic() - ended_at > _DRAIN_S:
                # A grandchild may hold the pipes open, or write to them, for ever.
                self.left_behind = bool(self.selector.get_map())
                break
        self.out.close()
        self.err.close()

    def _move(self) -> bool:
        """Serve every pipe that is ready; wait one tick when none is."""
        if not self.selector.get_map():
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(_TICK_S)
            return False
        ready = self.selector.select(_TICK_S)
        for key, _ in ready:
            if key.data is None:
                self._write()
            elif not _read(key.fd, key.data):
                self.selector.unregister(key.fileobj)
        return bool(ready)

    def _write(self) -> None:
        """Write what fits; close the pipe when all is written or nobody reads."""
        pipe = self.process.stdin
        if pipe is None:
            return
        try:
            if self.rest:
                self.rest = self.rest[os.write(pipe.fileno(), self.rest[: 1 << 16]) :]
        except BlockingIOError:
            return
        except BrokenPipeError:
            self.rest = self.rest[:0]
        if not self.rest:
            self.selector.unregister(pipe)
            with contextlib.suppress(BrokenPipeError):
                pipe.close()

    def end(self, grace_s: float) -> bool:
        """Leave nothing of the process group behind; return True when it had to be ended."""
        forced = self.process.poll() is None
        if forced:
            _signal_group(self.process.pid, signal.SIGINT)
            # Its last words must be read, or it may block on a full pipe instead of cleaning up.
            self.watch(time.monotonic() + grace_s, None)
        if forced or self.left_behind:
            _signal_group(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.selector.close()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        return forced


def _read(descriptor: int, stream: _Stream) -> bool:
    """Pass on what is there; return False at the end of the stream."""
    try:
        data = os.read(descriptor, 1 << 16)
    except BlockingIOError:
        return True
    stream.feed(data)
    return bool(data)


def _signal_group(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
