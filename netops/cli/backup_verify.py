"""netops backup verify and repair: find what is broken, and heal it."""

from typing import Annotated

import typer

from netops.backup.plan import chosen_repositories
from netops.cli.options import DryRun, Jitter, Json, Quiet, Timeout, Yes, confirm
from netops.cli.runs import View, open_site, perform, show
from netops.core.errors import UsageError
from netops.core.run import Options, Work
from netops.core.status import Status

Repositories = Annotated[
    list[str] | None,
    typer.Argument(metavar="[REPOSITORY]...", help="Repositories; all by default."),
]
_HEADS = ("REPOSITORY", "STATUS", "TIME", "REMARK")


def verify(
    context: typer.Context,
    repositories: Repositories = None,
    *,
    read_data: Annotated[
        bool, typer.Option("--read-data", help="Read every byte back, not only the next portion.")
    ] = False,
    structure: Annotated[
        bool, typer.Option("--structure", help="Check the structure alone, read no data.")
    ] = False,
    due: Annotated[
        bool, typer.Option("--due", help="Do only what the repository's `verify` says is due.")
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
    dry_run: DryRun = False,
    timeout: Timeout = None,
    jitter: Jitter = None,
) -> None:
    """Compare repositories with the catalogue, check them, and read the next portion back."""
    from netops.backup.verify import VerifyRun

    if read_data and structure:
        raise UsageError("--read-data and --structure exclude each other", hint="take one")
    site = open_site(context)
    chosen = chosen_repositories(site.backup_plan, repositories or [])
    act = VerifyRun(site.backups, read_data, structure, due)
    # A look that finds nothing due is no event; the journal is for what was done.
    unrecorded = dry_run or all(act.is_idle(repository) for repository in chosen)
    perform(
        site,
        "backup verify",
        [Work(repository.name, repository, repository.deadline_s) for repository in chosen],
        act,
        Options(timeout, 0 if unrecorded else jitter or 0, site.backup_plan.parallel, unrecorded),
        View(as_json, quiet, heads=_HEADS),
        {"read_data": read_data, "structure": structure, "due": due},
    )


def repair(
    context: typer.Context,
    repositories: Repositories = None,
    *,
    read_data: Annotated[
        bool, typer.Option("--read-data", help="Read every byte back first, and again at the end.")
    ] = False,
    yes: Yes = False,
    as_json: Json = False,
    quiet: Quiet = False,
    dry_run: DryRun = False,
    timeout: Timeout = None,
) -> None:
    """Take out what is broken, bring back what other repositories have, say what is lost."""
    from netops.backup.repair import RepairRun

    site = open_site(context)
    chosen = chosen_repositories(site.backup_plan, repositories or [])
    work = [Work(repository.name, repository, repository.deadline_s) for repository in chosen]
    act = RepairRun(site.backups, read_data)
    view = View(as_json, quiet, heads=_HEADS)
    if not (yes or dry_run):
        plan = site.runner().execute("backup repair", work, act, Options(timeout, dry_run=True))
        if plan.status is not Status.OK:
            show(plan, View(heads=_HEADS))
            confirm("Do this?")
    # One after the other: each may bring back from the next.
    options = Options(timeout, parallel=1, dry_run=dry_run)
    perform(site, "backup repair", work, act, options, view, {"read_data": read_data})
