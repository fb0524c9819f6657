"""netops backup: forget, prune, hold, release, rebuild-catalogue."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import typer

from netops.app import Site
from netops.backup.plan import chosen_jobs, chosen_repositories
from netops.backup.records import Backup
from netops.cli.options import DryRun, Jitter, Json, Quiet, Timeout
from netops.cli.runs import View, open_site, perform
from netops.core.clock import local_text, parse_utc
from netops.core.errors import UsageError
from netops.core.results import Result
from netops.core.run import Options, Work

_HEADS = ("LOCATION", "JOB", "RUN", "TYPE", "STARTED", "DECISION", "REASON")
_REPOSITORY_HEADS = ("REPOSITORY", "STATUS", "TIME", "REMARK")

Jobs = Annotated[list[str] | None, typer.Argument(metavar="[JOB]...", help="Jobs; all by default.")]
Repositories = Annotated[
    list[str] | None,
    typer.Argument(metavar="[REPOSITORY]...", help="Repositories; all by default."),
]
Run = Annotated[str, typer.Argument(metavar="RUN", help="A backup from `list`.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; for the record.")]


def forget(
    context: typer.Context,
    jobs: Jobs = None,
    *,
    location: Annotated[
        str | None, typer.Option("--location", metavar="NAME", help="Only in this repository.")
    ] = None,
    due: Annotated[
        bool, typer.Option("--due", help="Only where `backup.forget` in netops.yaml says so.")
    ] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
    quiet: Quiet = False,
    timeout: Timeout = None,
    jitter: Jitter = None,
) -> None:
    """Drop the backups that retention no longer keeps; explain every keep and drop."""
    from netops.backup.forget import ForgetRun

    site = open_site(context)
    plan = site.backup_plan
    chosen = chosen_jobs(plan, jobs or [])
    used = list(dict.fromkeys(name for job in chosen for name in job.locations))
    if location is not None:
        chosen_repositories(plan, [location])
        used = [name for name in used if name == location]
    if not used:
        raise UsageError("no job keeps backups there", hint="see `netops backup status`")
    act = ForgetRun(site.backups, chosen, len(used), due)
    # A look that finds nothing due is no event; the journal is for what was done.
    unrecorded = dry_run or all(act.is_idle(plan.repositories[name]) for name in used)
    perform(
        site,
        "backup forget",
        [Work(name, plan.repositories[name], plan.repositories[name].deadline_s) for name in used],
        act,
        Options(timeout, 0 if unrecorded else jitter or 0, plan.parallel, unrecorded),
        View(as_json, quiet, _HEADS, _forget_rows, ()),
        {"jobs": [job.name for job in chosen], "due": due},
    )


def _forget_rows(result: Result) -> list[Sequence[object]]:
    rows: list[Sequence[object]] = [
        (
            *(result.target, row["job"], row["backup"], row["type"]),
            local_text(parse_utc(row["started_at"])),
            row["outcome"],
            "; ".join(row["reasons"]),
        )
        for row in result.facts.get("decisions", ())
    ]
    # What is true of the place as a whole: errors, alarms, what the journal has no room for.
    if result.error is not None or result.facts.get("blocked") or not rows:
        rows.append((result.target, *[None] * 4, result.status, result.summary))
    if left_off := result.facts.get("left_off"):
        rows.append((result.target, *[None] * 4, "…", f"and {left_off} more that are kept"))
    return rows


def prune(
    context: typer.Context,
    repositories: Repositories = None,
    *,
    due: Annotated[
        bool, typer.Option("--due", help="Only where `backup.prune` in netops.yaml says so.")
    ] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
    quiet: Quiet = False,
    timeout: Timeout = None,
    jitter: Jitter = None,
) -> None:
    """Free the space of what was dropped; check the repository before and after."""
    from netops.backup.prune import PruneRun

    site = open_site(context)
    plan = site.backup_plan
    chosen = chosen_repositories(plan, repositories or [])
    act = PruneRun(site.backups, bool(repositories), due)
    unrecorded = dry_run or all(act.is_idle(repository) for repository in chosen)
    perform(
        site,
        "backup prune",
        [Work(repository.name, repository, repository.deadline_s) for repository in chosen],
        act,
        Options(timeout, 0 if unrecorded else jitter or 0, plan.parallel, unrecorded),
        View(as_json, quiet, heads=_REPOSITORY_HEADS),
        {"due": due},
    )


def rebuild_catalogue(
    context: typer.Context,
    repositories: Repositories = None,
    *,
    dry_run: DryRun = False,
    as_json: Json = False,
    quiet: Quiet = False,
    timeout: Timeout = None,
) -> None:
    """Make the catalogue again, or set it right, from what the repositories hold."""
    from netops.backup.prepare import primaries_first
    from netops.backup.rebuild import RebuildRun

    site = open_site(context)
    plan = site.backup_plan
    chosen = primaries_first(plan, chosen_repositories(plan, repositories or []))
    perform(
        site,
        "backup rebuild-catalogue",
        [Work(repository.name, repository, repository.deadline_s) for repository in chosen],
        RebuildRun(site.backups),
        # One after the other: what stands on a full in another repository must find it.
        Options(timeout, dry_run=dry_run),
        View(as_json, quiet, heads=_REPOSITORY_HEADS),
    )


def hold(
    context: typer.Context,
    backup: Run,
    *,
    reason: Reason,
    until: Annotated[
        datetime | None,
        typer.Option("--until", help="Local date when it ends by itself; never by default."),
    ] = None,
    dry_run: DryRun = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Keep a backup, and all that it stands on, whatever retention says."""
    from netops.backup.hold import HoldRun

    site = open_site(context)
    subject = _backup(site, backup)
    perform(
        site,
        "backup hold",
        [Work(subject.id, subject)],
        HoldRun(site.backups, _said(reason), until.astimezone() if until else None),
        Options(dry_run=dry_run),
        View(as_json, quiet, heads=("RUN", "STATUS", "TIME", "REMARK")),
        {"reason": reason},
    )


def release(
    context: typer.Context,
    backup: Run,
    *,
    reason: Reason,
    dry_run: DryRun = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """End every hold on a backup."""
    from netops.backup.hold import ReleaseRun

    site = open_site(context)
    subject = _backup(site, backup)
    perform(
        site,
        "backup release",
        [Work(subject.id, subject)],
        ReleaseRun(site.backups, _said(reason)),
        Options(dry_run=dry_run),
        View(as_json, quiet, heads=("RUN", "STATUS", "TIME", "REMARK")),
        {"reason": reason},
    )


def _backup(site: Site, backup_id: str) -> Backup:
    found = site.backups.catalogue.backup(backup_id.upper())
    if found is None:
        site.close()
        raise UsageError(f"there is no backup {backup_id}", hint="see `netops backup list`")
    return found


def _said(reason: str) -> str:
    if not reason.strip():
        raise UsageError("a reason is needed", hint="--reason 'court order 2026/17'")
    return " ".join(reason.split())
