"""netops schedule: plan, install, run."""

import os
import sys
import threading
from pathlib import Path
from typing import Annotated

import typer

from netops.app import Site
from netops.cli.options import Json
from netops.cli.runs import open_site
from netops.cli.table import one_line, print_json, print_table
from netops.core.clock import local_text, utc_text
from netops.core.errors import UsageError
from netops.schedule.events import Event
from netops.schedule.model import Work
from netops.schedule.work import scheduled

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.command()
def plan(context: typer.Context, *, as_json: Json = False) -> None:
    """Show what is due, what was missed and what comes next; exit code 1 when something is due."""
    from netops.schedule.plan import plan as rows_of

    site = open_site(context)
    try:
        rows = rows_of(scheduled(site), site.clock.now())
    finally:
        site.close()
    if as_json:
        plain = [
            {
                "name": row.name,
                "kind": row.kind,
                "cadence": row.cadence,
                "last": utc_text(row.last) if row.last else None,
                "due": row.due,
                "missed": row.missed,
                "next": utc_text(row.next) if row.next else None,
            }
            for row in rows
        ]
        print_json(plain)
    else:
        table = [
            (
                *(row.name, row.kind, row.cadence),
                local_text(row.last) if row.last else "never",
                "due" if row.due else "-",
                row.missed or None,
                local_text(row.next) if row.next else "never",
            )
            for row in rows
        ]
        print_table(("NAME", "KIND", "CADENCE", "LAST GOOD", "DUE", "MISSED", "NEXT"), table)
    raise typer.Exit(int(any(row.due for row in rows)))


@app.command()
def install(
    context: typer.Context,
    *,
    systemd: Annotated[bool, typer.Option("--systemd", help="Timer and service units.")] = False,
    cron: Annotated[bool, typer.Option("--cron", help="Crontab lines.")] = False,
    write: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="Write units into this directory, or lines into this file; prints without it.",
        ),
    ] = None,
    user: Annotated[
        str | None, typer.Option(help="The account to run as (units, and /etc/cron.d files).")
    ] = None,
    no_catch_up: Annotated[
        bool,
        typer.Option("--no-catch-up", help="Crontab lines for the moments of the cadences only."),
    ] = False,
) -> None:
    """Print, or write, what makes systemd or cron run everything that is due."""
    from netops.schedule.cron import crontab

    if systemd == cron:
        raise UsageError("choose one of --systemd and --cron")
    if systemd and no_catch_up:
        raise UsageError("--no-catch-up is for --cron; timers have Persistent= for it")
    site = open_site(context)
    try:
        work = scheduled(site)
    finally:
        site.close()
    executable = _executable()
    if systemd:
        _install_systemd(work, executable, site.file, user, write)
    else:
        made = crontab(
            work, executable=executable, config=site.file, user=user, catch_up=not no_catch_up
        )
        _install_cron(made, write)


def _install_systemd(
    work: list[Work], executable: Path, config: Path, user: str | None, write: Path | None
) -> None:
    from netops.schedule.systemd import install as install_units
    from netops.schedule.systemd import units

    made = units(work, executable=executable, config=config, user=user)
    if write is None:
        for name, text in made.items():
            sys.stdout.write(f"# --- {name}\n{text}\n")
        return
    done = install_units(made, write, config=config)
    for path in done.written:
        sys.stdout.write(f"wrote  {path}\n")
    for path in done.unchanged:
        sys.stdout.write(f"kept   {path}\n")
    sys.stdout.write("\nNext:\n" + "".join(f"  {command}\n" for command in done.commands))


def _install_cron(block: str, write: Path | None) -> None:
    from netops.schedule.cron import install as install_lines

    if write is None:
        sys.stdout.write(block)
        return
    changed = install_lines(write, block)
    sys.stdout.write(f"{'wrote' if changed else 'kept'}  {write}\n")


@app.command()
def run(
    context: typer.Context,
    *,
    parallel: Annotated[int, typer.Option(min=1, help="How many jobs at once.")] = 2,
) -> None:
    """Stay in the foreground and start everything when it is due, until a signal comes."""
    from netops.schedule.daemon import Daemon

    site = open_site(context)
    children = _Children(site.file)
    daemon = Daemon(
        lambda: _scheduled(site.file),
        children.start,
        clock=site.clock,
        report=_tell,
        end_children=children.end,
        parallel=parallel,
    )
    raise typer.Exit(daemon.run())


def _scheduled(file: Path) -> list[Work]:
    """Read the plan afresh: the file may have changed, and the catalogue surely has."""
    site = Site(file)
    try:
        return scheduled(site)
    finally:
        site.close()


class _Children:
    """The programs the daemon starts."""

    def __init__(self, file: Path) -> None:
        from netops.core.cancel import Cancel

        self._file = file
        self._cancel = Cancel()
        self._lock = threading.Lock()

    def start(self, work: Work) -> int:
        """Run one job to its end and pass its words on."""
        from netops.core import process
        from netops.schedule.model import arguments

        done = process.run(
            arguments(_executable(), self._file, work),
            cancel=self._cancel,
            on_stdout=lambda line: self._say(work.name, line),
            on_stderr=lambda line: self._say(work.name, line),
        )
        return done.returncode

    def end(self, signal_number: int) -> None:
        """End every program that runs."""
        self._cancel.by_signal(signal_number)

    def _say(self, name: str, line: str) -> None:
        with self._lock:
            sys.stdout.write(f"{name}: {one_line(line)}\n")
            sys.stdout.flush()


def _tell(event: Event) -> None:
    """Print an event as one line: what happened, then its facts."""
    from dataclasses import asdict

    facts = asdict(event)
    moment = facts.pop("moment")
    words = [
        f"{key}={one_line(value)}" for key, value in facts.items() if value not in ((), "", None)
    ]
    sys.stdout.write(f"{local_text(moment)} {type(event).__name__.lower()} {' '.join(words)}\n")
    sys.stdout.flush()


def _executable() -> Path:
    """Return the netops that runs now, so that timers start the same one."""
    started = Path(sys.argv[0])
    if started.name == "netops" and started.exists():
        return Path(os.path.abspath(started))  # noqa: PTH100  a link must stay a link
    return Path(sys.executable).with_name("netops")
