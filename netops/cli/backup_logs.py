"""netops backup logs: collect, coverage, authorize."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from netops.cli.options import DryRun, Jitter, Json, Quiet, Timeout
from netops.cli.runs import View, open_site, perform
from netops.cli.table import one_line, print_json, print_table
from netops.core.run import Options, Work
from netops.core.status import Status
from netops.core.units import size_text

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Sources = Annotated[
    list[str] | None,
    typer.Argument(metavar="[SERVER]...", help="Log sources by name; all by default."),
]


@app.command()
def collect(
    context: typer.Context,
    sources: Sources = None,
    *,
    as_json: Json = False,
    quiet: Quiet = False,
    dry_run: DryRun = False,
    timeout: Timeout = None,
    jitter: Jitter = None,
) -> None:
    """Bring what is new of the servers' logs here; `backup run` does it by itself."""
    from netops.backup.logs.run import CollectRun
    from netops.backup.logs.source import chosen_sources

    site = open_site(context)
    chosen = [source for _, source in chosen_sources(site.backup_plan, sources or [])]
    perform(
        site,
        "backup logs collect",
        [Work(source.name, source, None) for source in chosen],
        CollectRun(site.state, site.clock),
        Options(timeout, jitter or 0, site.backup_plan.parallel, dry_run),
        View(as_json, quiet, heads=("SERVER", "STATUS", "TIME", "REMARK")),
    )


@app.command()
def coverage(
    context: typer.Context,
    *,
    days: Annotated[int, typer.Option("--days", min=1, max=3660, help="How many, to today.")] = 30,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Show by server and day what was collected; a day without logs is the exit code."""
    from netops.backup.logs.coverage import coverages

    site = open_site(context)
    try:
        catalogue = site.backups.catalogue
        found = coverages(site.backup_plan, catalogue, site.state, site.clock.now(), days=days)
    finally:
        site.close()
    status = Status.worst(row.status for row in found)
    if as_json:
        plain = {"status": status.name, "servers": [row.as_dict() for row in found]}
        print_json(plain)
    elif not quiet or status is not Status.OK:
        rows = [
            (
                *(row.name, day.day, day.status, day.lines, size_text(day.size_bytes)),
                "yes" if day.in_backup else "no",
                day.remark,
            )
            for row in found
            for day in row.days
        ]
        heads = ("SERVER", "DAY", "STATUS", "LINES", "BYTES", "IN BACKUP", "REMARK")
        print_table(heads, rows, right=("LINES", "BYTES"))
        for row in found:
            sys.stdout.write(f"{one_line(row.name)}: {one_line(row.remark)}\n")
        words = f"{len(found)} server(s)" if found else "no source `logs:` in netops.yaml"
        sys.stdout.write(f"{status.name}: {words}, {days} day(s)\n")
    raise typer.Exit(int(status))


@app.command()
def authorize(
    context: typer.Context,
    source: Annotated[str, typer.Argument(metavar="SERVER", help="A log source.")],
    *,
    pin: Annotated[
        str | None,
        typer.Option(
            "--pin",
            metavar="SHA256:…",
            help="Trust the server's key, if it has this fingerprint.",
        ),
    ] = None,
    script: Annotated[
        bool, typer.Option("--script", help="Print only the program for the server.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Print what the server needs so that netops may read its logs and nothing else; pin its key."""
    from netops.backup.logs import authorize as paper
    from netops.backup.logs.source import chosen_sources

    if script:
        sys.stdout.write(paper.script())
        return
    site = open_site(context)
    ((_, chosen),) = chosen_sources(site.backup_plan, [source])
    if pin is not None:
        perform(
            site,
            "backup logs pin",
            [Work(chosen.name, chosen, 60)],
            paper.PinRun(site.state, pin),
            Options(),
            View(as_json, heads=("SERVER", "STATUS", "TIME", "REMARK")),
            {"fingerprint": pin},
        )
    sys.stdout.write(paper.instructions(chosen, Path(site.state)))
