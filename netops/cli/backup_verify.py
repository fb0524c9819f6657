"""netops backup verify and repair: find what is broken, and heal it."""

from typing import Annotated

import typer

from netops.backup.plan import chosen_repositories
from netops.cli.options import DryRun, Jitter, Json, Quiet, Timeout
from netops.cli.runs import View, open_site, perform
from netops.core.errors import UsageError
from netops.core.run import Options, Work

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
    perform(
        site,
        "backup verify",
        [Work(repository.name, repository, repository.deadline_s) for repository in chosen],
        VerifyRun(site.backups, read_data, structure, due),
        Options(timeout, jitter or 0, site.backup_plan.parallel, dry_run),
        View(as_json, quiet, heads=_HEADS),
        {"read_data": read_data, "structure": structure, "due": due},
    )
