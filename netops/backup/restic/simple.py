"""
The restic calls that need neither progress nor a partial outcome, through resticpy.

Each call passes its own base command, so nothing is shared between threads (resticpy's module
globals are never touched). What resticpy cannot do honestly (partial backups, streaming, copies of
one snapshot) is in `client`.
"""

import json
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from importlib import import_module
from typing import Any, TypeVar

from netops.backup.restic import launch
from netops.backup.restic.access import Access, opened
from netops.backup.restic.messages import failure
from netops.core.cancel import Cancel
from netops.core.dataclass import dataclass
from netops.core.errors import NetopsError, TimeoutExpiredError
from netops.core.process import Completed, die_with_parent, find_program
from netops.core.secrets import Secret, lend

T = TypeVar("T")
_EXIT = re.compile(r"Restic failed with exit code (-?\d+): (.*)", re.DOTALL)
_TIMED_OUT = 124  # coreutils timeout(1)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One snapshot as a repository lists it."""

    id: str
    time: str
    paths: tuple[str, ...]
    tags: tuple[str, ...]
    host: str
    #: The id it had in the repository it was copied from.
    original: str | None

    @property
    def sequence(self) -> int:
        """Return netops' own number of the backup; 0 for a snapshot that has none."""
        text = self.tag("netops-seq") or ""
        return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0

    def tag(self, name: str) -> str | None:
        """Return the value of the tag `name=value`."""
        prefix = f"{name}="
        return next((t.removeprefix(prefix) for t in self.tags if t.startswith(prefix)), None)


_loading = threading.Lock()


def _library(name: str) -> Any:
    """
    Import a part of resticpy.

    Its modules import each other in circles, so two threads that load different ones at once
    would wait for each other.
    """
    with _loading:
        return import_module(f"restic.{name}")


def snapshots(
    access: Access,
    *,
    snapshot_id: str | None = None,
    tag: str | None = None,
    deadline_s: float,
    cancel: Cancel | None = None,
) -> list[Snapshot]:
    """List the snapshots of a repository, oldest first."""
    calls = _library("internal.snapshots")

    rows = _call(
        access,
        lambda base: calls.run([*base, "--no-lock"], snapshot_id, tags=[tag] if tag else None),
        deadline_s,
        cancel,
    )
    return [_snapshot(row) for row in rows or []]


def _snapshot(row: dict[str, Any]) -> Snapshot:
    return Snapshot(
        str(row["id"]),
        str(row["time"]),
        tuple(row.get("paths") or ()),
        tuple(row.get("tags") or ()),
        str(row.get("hostname", "")),
        row.get("original"),
    )


def repository_id(access: Access, *, deadline_s: float, cancel: Cancel | None = None) -> str:
    """Return the id in the repository's configuration; proves that the password opens it."""
    calls = _library("internal.cat")

    config = _call(
        access,
        lambda base: calls.Cat(lambda: [*base, "--no-lock"]).config(),
        deadline_s,
        cancel,
    )
    return str(config["id"])


def unlock(access: Access, *, deadline_s: float, cancel: Cancel | None = None) -> None:
    """Remove locks whose process is gone; living ones stay."""
    calls = _library("internal.unlock")

    _call(access, calls.run, deadline_s, cancel)


def _call(
    access: Access,
    call: Callable[[list[str]], T],
    deadline_s: float,
    cancel: Cancel | None,
) -> T:
    failed: type[Exception] = _library("errors").ResticFailedError

    find_program("restic")
    with ExitStack() as stack:
        invocation = stack.enter_context(opened(access))
        launcher = stack.enter_context(_launcher(invocation.env))
        ended_by = stack.enter_context(_ended_by(cancel)) if cancel else ()
        base = [
            *die_with_parent(),
            *ended_by,
            *("timeout", "--signal=INT", "--kill-after=10", f"{max(deadline_s, 0.1):.1f}"),
            *die_with_parent(),
            *launcher,
            *invocation.argv,
            "--json",
        ]
        try:
            return call(base)
        except failed as error:
            if cancel is not None:
                cancel.check()
            raise _meaning(access, str(error), deadline_s) from None


#: Writes its process id to the file named first, then becomes the program.
_TELL_ID = 'echo $$ >"$0"; exec "$@"'


@contextmanager
def _ended_by(cancel: Cancel) -> Iterator[tuple[str, ...]]:
    """
    Lend the command that lets `cancel` end the program after it.

    resticpy waits without end and keeps its process to itself, so the program tells us its id.
    """
    handle = os.memfd_create("netops-process", os.MFD_CLOEXEC)
    over = threading.Event()

    def watch() -> None:
        interrupted = False
        while not over.wait(0.1):
            text = os.pread(handle, 20, 0).strip() if cancel.is_set() else b""
            if text and not interrupted:
                interrupted = True
                with suppress(ProcessLookupError):
                    # timeout(1) leads a group of its own and passes on what it gets.
                    os.kill(int(text), signal.SIGINT)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield ("sh", "-c", _TELL_ID, f"/proc/{os.getpid()}/fd/{handle}")
    finally:
        over.set()
        watcher.join()
        os.close(handle)


@contextmanager
def _launcher(env: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    """Lend the command that passes variables on; resticpy has no parameter for them."""
    if not env:
        yield ()
        return
    with lend(Secret(json.dumps(dict(env)))) as path:
        yield (sys.executable, "-IS", launch.__file__, path)


def _meaning(access: Access, message: str, deadline_s: float) -> NetopsError:
    match = _EXIT.match(message)
    code, said = (int(match[1]), match[2]) if match else (1, message)
    if code == _TIMED_OUT:
        return TimeoutExpiredError(
            f"{access.name}: restic did not answer within {deadline_s:.0f} s",
            hint="check the network and the server of the repository",
        )
    return failure(access.name, Completed("restic", code, "", said, 0))
