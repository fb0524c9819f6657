"""netops backup alarm list|acknowledge and netops backup changes: what an attack leaves, and the answer to it."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from netops.cli.options import DryRun, Json, Quiet, Timeout
from netops.cli.runs import View, open_site, perform
from netops.cli.table import print_json, print_table
from netops.core.clock import local_text
from netops.core.errors import UsageError
from netops.core.results import Result
from netops.core.run import Options, Work

if TYPE_CHECKING:
    from netops.backup.alarm import Alarm

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Backups that changed like an attack: list the alarms, answer for them.",
)


@app.command("list")
def list_(
    context: typer.Context,
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="Acknowledged ones as well, newest first.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List the open alarms; the exit code is 2 while there is one."""
    from netops.backup.alarm import alarms

    site = open_site(context)
    try:
        found = alarms(site.backups.catalogue, everything=everything)
    finally:
        site.close()
    if as_json:
        print_json([asdict(alarm) for alarm in found])
    else:
        heads = ("ALARM", "JOB", "SINCE", "BACKUP", "LAST BEFORE", "STATE", "REMARK")
        print_table(heads, [_row(alarm) for alarm in found])
    raise typer.Exit(2 if any(alarm.acknowledged_at is None for alarm in found) else 0)


def _row(alarm: "Alarm") -> Sequence[object]:
    remark = "; ".join(sign.text for sign in alarm.signs)
    state = "open"
    if alarm.acknowledged_at is not None:
        state = f"acknowledged {local_text(alarm.acknowledged_at)}"
        remark = f"{alarm.acknowledged_by}: {alarm.reason} ({remark})"
    since = local_text(alarm.at)
    return alarm.id, alarm.job, since, alarm.backup_id, alarm.clean_id, state, remark


@app.command()
def acknowledge(
    context: typer.Context,
    alarms: Annotated[list[str], typer.Argument(metavar="ALARM...", help="From `alarm list`.")],
    *,
    reason: Annotated[
        str, typer.Option("--reason", help="What it was and what was done; goes into the journal.")
    ],
    ordinary: Annotated[
        bool,
        typer.Option("--ordinary", help="The change was wanted: take it as a habit of the job."),
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
    dry_run: DryRun = False,
) -> None:
    """Answer for alarms, so that retention works again; who and why go into the journal."""
    from netops.backup.alarm import AcknowledgeRun, find_alarm

    if not reason.strip():
        raise UsageError("say what it was", hint='--reason "the upgrade of 23 November"')
    site = open_site(context)
    for alarm in alarms:
        find_alarm(site.backups.catalogue, alarm)
    perform(
        site,
        "backup alarm acknowledge",
        [Work(alarm, alarm) for alarm in alarms],
        AcknowledgeRun(site.backups, reason.strip(), ordinary),
        Options(dry_run=dry_run),
        View(as_json, quiet, heads=("ALARM", "STATUS", "TIME", "REMARK")),
        {"reason": reason.strip(), "ordinary": ordinary},
    )


def changes(
    context: typer.Context,
    backup: Annotated[str, typer.Argument(metavar="RUN", help="A backup from `list`.")],
    *,
    against: Annotated[
        str | None, typer.Option("--against", metavar="RUN", help="Compare with this backup.")
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="How many names to show.")] = 200,
    as_json: Json = False,
    quiet: Quiet = False,
    dry_run: DryRun = False,
    timeout: Timeout = None,
) -> None:
    """Show which files were added, changed and removed since the backup before."""
    from netops.backup.changes import ChangesRun, Comparison

    site = open_site(context)
    perform(
        site,
        "backup changes",
        [Work(backup, Comparison(backup, against, limit))],
        ChangesRun(site.backups),
        Options(timeout, dry_run=dry_run),
        View(as_json, quiet, ("JOB", "CHANGE", "PATH"), _changed_rows, ()),
        {"backup": backup, "against": against},
    )


def _changed_rows(result: Result) -> list[Sequence[object]]:
    rows: list[Sequence[object]] = [
        (result.target, row["change"], row["path"]) for row in result.facts.get("files", ())
    ]
    if more := result.facts.get("not_listed"):
        rows.append((result.target, "…", f"{more:,} more are not listed"))
    return [*rows, (result.target, result.status, result.summary)]
