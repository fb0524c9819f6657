"""A short way to run the command where a test asks only for its outcome: the other end of `warm_server`."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

COMMAND = (sys.executable, "-m", "netops")
#: What an interpreter reads once, when it starts: another value needs another interpreter.
_READ_AT_START = ("PYTHON", "LC_", "LANG", "TZ", "MALLOC", "LD_LIBRARY")
#: What the loader reads before everything: nothing may be loaded yet.
_NEVER_WARM = ("LD_PRELOAD", "FAKETIME")

Kind = tuple[tuple[str, str], ...]
_servers: dict[Kind, "Server"] = {}
_asked: Counter[Kind] = Counter()
_busy = threading.Lock()


class Server:
    """One interpreter with loaded libraries, and the channel to it."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self.channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, Path(__file__).with_name("warm_server.py"), str(theirs.fileno())],
                env=env,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )

    def run(
        self, arguments: Sequence[str], env: Mapping[str, str], cwd: Path, timeout_s: float
    ) -> tuple[int, bytes, bytes]:
        """Return exit code and both outputs, read to their ends."""
        out, out_end = os.pipe()
        err, err_end = os.pipe()
        request = {"arguments": list(arguments), "env": dict(env), "cwd": str(cwd)}
        with Path(os.devnull).open("rb") as nothing:
            streams = [nothing.fileno(), out_end, err_end]
            socket.send_fds(self.channel, [json.dumps(request).encode()], streams)
        os.close(out_end)
        os.close(err_end)
        with ThreadPoolExecutor(2) as readers:
            outputs = [readers.submit(_read, end) for end in (out, err)]
            pid = int(self.channel.recv(64))
            killer = threading.Timer(timeout_s, os.kill, (pid, signal.SIGKILL))
            killer.start()
            code = int(self.channel.recv(64))
            killer.cancel()
            return code, outputs[0].result(), outputs[1].result()

    def end(self) -> None:
        """Let the interpreter end."""
        self.channel.close()
        self.process.communicate(timeout=30)


def completed(
    arguments: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    errors: str = "strict",
    timeout_s: float = 120,
) -> subprocess.CompletedProcess[str]:
    """Run `python -m netops ARGUMENTS` to its end, by a warm interpreter where that is the same."""
    outcome = _warm(arguments, env, cwd, timeout_s)
    if outcome is None:
        done = subprocess.run(
            [*COMMAND, *arguments],
            env=env,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout_s,
            check=False,
        )
        outcome = done.returncode, done.stdout, done.stderr
    code, *outputs = outcome
    out, err = (text.decode("utf-8", errors).replace("\r\n", "\n") for text in outputs)
    return subprocess.CompletedProcess(list(arguments), code, out, err)


def end() -> None:
    """End the interpreters that wait."""
    while _servers:
        _servers.popitem()[1].end()


def _warm(
    arguments: Sequence[str], env: Mapping[str, str], cwd: Path, timeout_s: float
) -> tuple[int, bytes, bytes] | None:
    """Run it warm, or return None where a new interpreter is due."""
    if "NETOPS_TEST_COLD" in os.environ or any(name.startswith(_NEVER_WARM) for name in env):
        return None
    if not _busy.acquire(blocking=False):
        return None
    try:
        kind = tuple(sorted(item for item in env.items() if item[0].startswith(_READ_AT_START)))
        _asked[kind] += 1
        if _asked[kind] == 1:
            return None  # asked for once, it is not worth a server
        if kind not in _servers:
            _servers[kind] = Server(env)
        return _servers[kind].run(arguments, env, cwd, timeout_s)
    finally:
        _busy.release()


def _read(end: int) -> bytes:
    with os.fdopen(end, "rb") as stream:
        return stream.read()
