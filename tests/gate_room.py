"""The gate with a real index and a real scanner, without a repository behind it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from netops.backup import gate
from netops.backup.catalogue import Catalogue
from netops.backup.engines.base import Staged
from netops.backup.model import BackupPlan, Job, Scan, Source
from netops.backup.records import BackupDirectories
from netops.backup.room import BackupRoom
from netops.core.cancel import Cancel
from netops.core.clock import SystemClock
from netops.core.results import Result
from netops.core.run import Context, Progress
from netops.store.database import open_database


class Watcher:
    """An observer that does something whenever the scan comes further."""

    def __init__(self, act: Callable[[Progress], None]) -> None:
        self.act = act

    def started(self, verb: str, targets: Sequence[str]) -> None: ...

    def progress(self, target: str, progress: Progress) -> None:
        self.act(progress)

    def finished(self, result: Result) -> None: ...

    def notice(self, text: str) -> None: ...

    def ended(self) -> None: ...


def context(
    act: Callable[[Progress], None] = lambda _: None, cancel: Cancel | None = None
) -> Context:
    return Context("01TESTRUN", "data", cancel or Cancel(), SystemClock(), Watcher(act))


def room(state: Path) -> BackupRoom:
    state.mkdir(exist_ok=True)
    database = open_database(path=state / "netops.db")
    directories = BackupDirectories(
        state / "locks", state / "staging", state / "cache", state / "quarantine"
    )
    return BackupRoom(BackupPlan(), Catalogue(database), directories, state, "host")


def job(scan: Scan, **more: Any) -> Job:
    return Job("data", (Source("files", {"path": "/"}),), "main", scan=scan, **more)


def screen(
    place: BackupRoom, work: Job, root: Path, run: Context | None = None, *, full: bool = False
) -> gate.Screening:
    return gate.screen(place, work, [Staged([str(root)])], run or context(), full=full)
