"""netops backup: run, list, show, status, verify, restore, init, unlock, and what is registered below."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from netops.backup.plan import chosen_jobs, chosen_repositories
from netops.cli import (
    backup_alarm,
    backup_custody,
    backup_logs,
    backup_paper,
    backup_retention,
    backup_verify,
    backup_view,
)
from netops.cli.options import DryRun, Jitter, Json, Quiet, Timeout, Yes, confirm
from netops.cli.runs import View, open_site, perform
from netops.core.errors import UsageError
from netops.core.run import Options, Work

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Jobs = Annotated[list[str] | None, typer.Argument(metavar="[JOB]...", help="Jobs; all by default.")]
Repositories = Annotated[
    list[str] | None,
    typer.Argument(metavar="[REPOSITORY]...", help="Repositories; all by default."),
]
Sparse = Annotated[
    bool, typer.Option("--sparse", help="Let long runs of zeros take no room on the disk.")
]


@app.command()
def run(
    context: typer.Context,
    jobs: Jobs = None,
    *,
    kind: Annotated[
        str,
        typer.Option(
            "--type",
            metavar="full|differential|log|auto",
            help="What to read again; auto makes a full when there is none to stand on.",
        ),
    ] = "auto",
    due: Annotated[
        bool, typer.Option("--due", help="Do only what the policy says is due.")
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
    dry_run: DryRun = False,
    timeout: Timeout = None,
    jitter: Jitter = None,
) -> None:
    """Back jobs up, copy them offsite, and see every copy before calling it good."""
    from netops.cli.backup_run import RunRequest, run_backups

    request = RunRequest(
        tuple(jobs or ()), kind, due, as_json, quiet, dry_run, timeout, jitter or 0.0
    )
    raise typer.Exit(run_backups(context.obj, request))


@app.command()
def status(
    context: typer.Context,
    jobs: Jobs = None,
    *,
    as_json: Json = False,
    quiet: Quiet = False,
    plugin: Annotated[
        bool, typer.Option("--plugin", help="One line with perfdata for Nagios, Icinga, Zabbix.")
    ] = False,
) -> None:
    """Show how well each job is protected in each place; the exit code is the worst of it."""
    from netops.cli.status import show_status

    raise typer.Exit(
        show_status(context.obj, jobs or [], as_json=as_json, as_plugin=plugin, quiet=quiet)
    )


@app.command("list")
def list_(
    context: typer.Context,
    job: Annotated[str | None, typer.Argument(help="Only this job.")] = None,
    *,
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 20,
    as_json: Json = False,
) -> None:
    """List the newest backups and where each of them lies."""
    site = open_site(context)
    if job is not None:
        chosen_jobs(site.backup_plan, [job])
    try:
        backup_view.print_list(site.backups.catalogue, job, limit, as_json=as_json)
    finally:
        site.close()


@app.command()
def show(
    context: typer.Context,
    backup: Annotated[str, typer.Argument(metavar="RUN", help="A backup from `list`.")],
    *,
    as_json: Json = False,
) -> None:
    """Show everything the catalogue knows of one backup."""
    site = open_site(context)
    try:
        backup_view.print_backup(site.backups.catalogue, backup, as_json=as_json)
    finally:
        site.close()


@app.command()
def restore(
    context: typer.Context,
    job: Annotated[str, typer.Argument(help="The job whose data to bring back.")],
    *,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="DIR", help="A new or empty directory.")
    ] = None,
    in_place: Annotated[
        bool, typer.Option("--in-place", help="Write over the live data (asks first).")
    ] = False,
    path: Annotated[
        list[str] | None, typer.Option("--path", help="Only this file or folder; repeatable.")
    ] = None,
    location: Annotated[
        str | None, typer.Option("--from", metavar="REPOSITORY", help="Read from this place.")
    ] = None,
    backup: Annotated[
        str | None, typer.Option("--backup", metavar="RUN", help="A backup from `list`.")
    ] = None,
    at: Annotated[
        datetime | None, typer.Option("--at", help="The newest backup not after this local time.")
    ] = None,
    sparse: Sparse = False,
    yes: Yes = False,
    as_json: Json = False,
    quiet: Quiet = False,
    dry_run: DryRun = False,
    timeout: Timeout = None,
) -> None:
    """Bring data back and compare every byte with the repository."""
    from netops.backup.restore import Request, RestoreRun

    if (to is None) == (not in_place):
        raise UsageError("say where to restore to", hint="--to DIR, or --in-place")
    site = open_site(context)
    (chosen,) = chosen_jobs(site.backup_plan, [job])
    place = location or chosen.repository
    chosen_repositories(site.backup_plan, [place])
    _require_absolute(path or [])
    if in_place and not yes and not dry_run:
        what = ", ".join(path or [source.text for source in chosen.sources])
        confirm(f"Write over {what} with the backup from {place}?")
    request = Request(
        chosen,
        place,
        backup,
        at.astimezone() if at else None,
        tuple(path or ()),
        None if to is None else to.absolute(),
        sparse,
    )
    perform(
        site,
        "backup restore",
        [Work(chosen.name, request, site.backup_plan.repositories[place].deadline_s)],
        RestoreRun(site.backups),
        Options(timeout, dry_run=dry_run),
        View(as_json, quiet, heads=("JOB", "STATUS", "TIME", "REMARK")),
        {"from": place, "to": "/" if to is None else str(to), "paths": path or []},
    )


def _require_absolute(paths: Sequence[str]) -> None:
    relative = [text for text in paths if not text.startswith("/")]
    if relative:
        raise UsageError(f"{relative[0]} is not an absolute path", hint="as it was on the machine")


@app.command()
def init(
    context: typer.Context,
    repositories: Repositories = None,
    *,
    as_json: Json = False,
    quiet: Quiet = False,
    dry_run: DryRun = False,
) -> None:
    """Create the repositories that do not exist yet; prove the password of those that do."""
    from netops.backup.prepare import InitRun, primaries_first

    site = open_site(context)
    plan = site.backup_plan
    chosen = chosen_repositories(plan, repositories or [])
    perform(
        site,
        "backup init",
        # One after the other: an offsite repository is cut like its primary, which comes first.
        [Work(repository.name, repository) for repository in primaries_first(plan, chosen)],
        InitRun(site.backups),
        Options(dry_run=dry_run),
        View(as_json, quiet, heads=("REPOSITORY", "STATUS", "TIME", "REMARK")),
    )


@app.command()
def unlock(
    context: typer.Context, repositories: Repositories = None, *, dry_run: DryRun = False
) -> None:
    """Remove the locks that dead processes left in repositories."""
    from netops.backup.prepare import UnlockRun

    site = open_site(context)
    chosen = chosen_repositories(site.backup_plan, repositories or [])
    perform(
        site,
        "backup unlock",
        [Work(repository.name, repository) for repository in chosen],
        UnlockRun(site.backups),
        Options(dry_run=dry_run),
        View(heads=("REPOSITORY", "STATUS", "TIME", "REMARK")),
    )


app.command()(backup_verify.verify)
app.command()(backup_verify.repair)
app.add_typer(backup_alarm.app, name="alarm")
app.command("changes")(backup_alarm.changes)
backup_custody.register(app)
backup_paper.register(app)
app.command()(backup_retention.forget)
app.command()(backup_retention.prune)
app.command()(backup_retention.hold)
app.command()(backup_retention.release)
app.command()(backup_retention.rebuild_catalogue)
app.add_typer(backup_logs.app, name="logs", help="Collect access logs; see which days are here.")
