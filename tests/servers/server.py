"""A server program under test: started on loopback, stalled, revived, killed."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from tests.sites import wait_until


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """One program that listens on `port`; it and its children are one process group."""

    def __init__(
        self,
        argv: Sequence[str],
        port: int,
        log: Path,
        env: Mapping[str, str] | None = None,
        greeting: bytes = b"HEAD / HTTP/1.0\r\n\r\n",
    ) -> None:
        self.argv, self.port, self.log = list(argv), port, log
        self.env = {**os.environ, **(env or {})}
        self.greeting = greeting
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.argv,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._wait()

    def _wait(self) -> None:
        ends_at_s = time.monotonic() + 30
        while True:
            with (
                contextlib.suppress(OSError),
                socket.create_connection(("127.0.0.1", self.port), timeout=5) as link,
            ):
                link.sendall(self.greeting)
                if link.recv(1):
                    return
            died = self.process is not None and self.process.poll() is not None
            if died or time.monotonic() > ends_at_s:
                raise AssertionError(f"{self.argv[0]} did not start: {self.log.read_text()}")
            time.sleep(0.05)

    def kill(self) -> None:
        """End it as a power cut would."""
        if self.process is not None:
            self._signal(signal.SIGKILL)
            self.process.wait()
            self.process = None

    def stall(self) -> None:
        """Let it hang: connections are still taken by the kernel, nobody answers."""
        self._signal(signal.SIGSTOP)
        assert self.process is not None
        # A thread on another processor may still answer.
        for pid in _descendants(self.process.pid):
            wait_until(partial(_stands_still, pid), f"process {pid} stands still")

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        # A session of sshd has a group of its own, so every descendant is told.
        for pid in _descendants(self.process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)


def _descendants(root: int) -> list[int]:
    """Return the process and everything it started, parents first."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                children.setdefault(int(fields[1]), []).append(int(folder.name))
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return found


def _stands_still(pid: int) -> bool:
    """Tell whether every thread is stopped, or gone."""
    for status in Path(f"/proc/{pid}/task").glob("*/stat"):
        with contextlib.suppress(OSError):
            if status.read_text().rpartition(")")[2].split()[0] not in "TtZX":
                return False
    return True
