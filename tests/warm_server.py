"""
Starts `python -m netops` by forking an interpreter that has the outside libraries loaded.

Two thirds of a start are the loading of typer, pydantic and the standard library; tests start the
command thousands of times. What is forked is a process like any other: arguments, environment,
streams, exit. No module of netops is loaded before the fork, so each start loads all of them anew.
"""

import gc
import importlib
import json
import os
import runpy
import socket
import sys
import time
from pathlib import Path

OUTSIDE = (
    "asyncio",
    "nacl.bindings",
    "nacl.signing",
    "pydantic.fields",
    "pydantic.root_model",
    "resource",
    "rich.console",
    "rich.progress",
    "rich.table",
    "sqlite3",
    "statistics",
    "typer",
    "typer.rich_utils",
    "unicodedata",
    "yaml",
    "zoneinfo",
)


def main() -> None:
    """Start what the channel asks for, one after the other, until it is closed."""
    channel = socket.socket(fileno=int(sys.argv[1]))
    for name in OUTSIDE:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    while True:
        request, streams, _, _ = socket.recv_fds(channel, 1 << 18, 3)
        if not request:
            return
        pid = os.fork()
        if pid == 0:
            channel.close()
            become(json.loads(request), streams)
            return
        for stream in streams:
            os.close(stream)
        channel.send(b"%d" % pid)
        _, status = os.waitpid(pid, 0)
        channel.send(b"%d" % os.waitstatus_to_exitcode(status))


def become(wanted: dict[str, object], streams: list[int]) -> None:
    """Be `python -m netops …` from here on; its end is the end of this interpreter."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(str(wanted["cwd"]))
    os.environ.clear()
    os.environ.update(wanted["env"])  # type: ignore[call-overload]
    time.tzset()
    sys.path[0] = str(Path.cwd())
    sys.argv[:] = ["-m", *wanted["arguments"]]  # type: ignore[misc]
    gc.unfreeze()
    runpy.run_module("netops", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
