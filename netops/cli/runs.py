"""How a run looks: live progress on a terminal, silence in cron, one table or JSON at the end."""

import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from netops.app import Site, find_site
from netops.cli.errors import printable
from netops.cli.table import is_colourful, one_line, print_json, print_table
from netops.core.dataclass import dataclass
from netops.core.errors import LockedError
from netops.core.results import Report, Result
from netops.core.run import Context, Observer, Options, Progress, Work
from netops.core.status import Status
from netops.core.units import duration_text

if TYPE_CHECKING:
    import typer

T = TypeVar("T")
#: Makes the rows of one result; the columns are the command's own.
Rows = Callable[[Result], list[Sequence[object]]]


def _plain_rows(result: Result) -> list[Sequence[object]]:
    took = duration_text(result.duration_s)
    return [(result.target, result.status, took, result.summary)]


@dataclass(frozen=True, slots=True)
class View:
    """What the user asked to see."""

    as_json: bool = False
    quiet: bool = False
    heads: Sequence[str] = ("TARGET", "STATUS", "TIME", "REMARK")
    rows: Rows = _plain_rows
    right: Sequence[str] = ("TIME",)
    #: What to try next, printed after a success on a terminal or in a script alike.
    next_steps: Sequence[str] = ()


def open_site(context: "typer.Context") -> Site:
    """Return the site that --site, NETOPS_SITE or the working directory names."""
    return Site(find_site(context.obj))


def perform(
    site: Site,
    verb: str,
    work: Sequence[Work[T]],
    act: Callable[[T, Context], Result],
    options: Options,
    view: View,
    detail: Mapping[str, Any] | None = None,
) -> NoReturn:
    """Execute a run, show it, and leave the command with its exit code."""
    import typer

    raise typer.Exit(conduct(site, verb, work, act, options, view, detail))


def conduct(
    site: Site,
    verb: str,
    work: Sequence[Work[T]],
    act: Callable[[T, Context], Result],
    options: Options,
    view: View,
    detail: Mapping[str, Any] | None = None,
) -> int:
    """Execute a run, show it, and return its exit code."""
    observer: Observer = _Terminal() if _is_watched(view) else _Notices(quiet=view.quiet)
    try:
        report = site.runner(observer).execute(verb, work, act, options, detail=detail)
    finally:
        site.close()
    show(report, view)
    return report.exit_code


def show(report: Report, view: View) -> None:
    """Print a finished run."""
    if view.as_json:
        print_json(report.as_dict())
        return
    # Locked means that another run is doing the work: nothing that cron should mail about.
    if view.quiet and report.exit_code in {0, LockedError.exit_code}:
        return
    print_table(view.heads, [row for r in report.results for row in view.rows(r)], right=view.right)
    for result in report.results:
        if result.error is not None and result.error.hint:
            sys.stdout.write(printable(f"hint ({result.target}): {result.error.hint}") + "\n")
    took_s = (report.finished_at - report.started_at).total_seconds()
    parts = [f"{report.status.name}: {report.verb}, {len(report.results)} target(s)"]
    parts.append(duration_text(took_s))
    if report.journal_head:
        parts += [f"run {report.run_id}", f"journal head {report.journal_head}"]
    sys.stdout.write(", ".join(parts) + "\n")
    if report.unrecorded:
        sys.stdout.write(f"CRITICAL: the outcome is not in the journal: {report.unrecorded}\n")
    for step in view.next_steps if report.status in {Status.OK, Status.WARNING} else ():
        sys.stdout.write(step + "\n")


def _is_watched(view: View) -> bool:
    return sys.stderr.isatty() and not (view.quiet or view.as_json) and is_colourful(sys.stderr)


class _Notices:
    """Says only what belongs to no target."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet

    def started(self, verb: str, targets: Sequence[str]) -> None:
        pass

    def progress(self, target: str, progress: Progress) -> None:
        pass

    def finished(self, result: Result) -> None:
        pass

    def notice(self, text: str) -> None:
        sys.stderr.write(f"note: {one_line(text)}\n")

    def ended(self) -> None:
        pass


class _Terminal:
    """One live bar per target, by rich."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            TextColumn,
            TimeElapsedColumn,
        )
        from rich.progress import Progress as Bars

        self._bars = Bars(
            TextColumn("{task.fields[name]}", markup=False),
            TextColumn("{task.fields[step]}", markup=False),
            BarColumn(),
            DownloadColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._tasks: dict[str, Any] = {}
        self._lock = threading.Lock()

    def started(self, verb: str, targets: Sequence[str]) -> None:
        for target in targets:
            name = one_line(target)
            self._tasks[target] = self._bars.add_task(verb, total=None, name=name, step="waiting")
        self._bars.start()

    def progress(self, target: str, progress: Progress) -> None:
        with self._lock:
            self._bars.update(
                self._tasks[target],
                completed=progress.done_bytes,
                total=progress.total_bytes or None,
                step=one_line(progress.step),
            )

    def finished(self, result: Result) -> None:
        with self._lock:
            task = self._tasks[result.target]
            self._bars.update(task, step=result.status.name)
            self._bars.stop_task(task)

    def notice(self, text: str) -> None:
        self._bars.console.print(f"note: {one_line(text)}", markup=False)

    def ended(self) -> None:
        self._bars.stop()
