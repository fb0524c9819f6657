"""netops doctor: what is missing and how to get it."""

import typer

from netops.app import Site, find_site
from netops.cli.options import Json
from netops.cli.table import print_json, print_table
from netops.core.errors import ConfigError
from netops.core.status import Status
from netops.setup.doctor import examine


def doctor(context: typer.Context, *, as_json: Json = False) -> None:
    """Look at programs, permissions, configuration, repositories, clock and disks."""
    site = _site(context.obj)
    try:
        findings = list(examine(site))
    finally:
        if site is not None:
            site.close()
    worst = Status.worst(finding.status for finding in findings)
    if as_json:
        rows = [
            {"subject": f.subject, "status": f.status.name, "text": f.text, "remedy": f.remedy}
            for f in findings
        ]
        print_json({"status": worst.name, "findings": rows})
    else:
        print_table(
            ("STATUS", "WHAT", "FOUND", "REMEDY"),
            [(f.status, f.subject, f.text, f.remedy) for f in findings],
        )
    raise typer.Exit(int(worst))


def _site(named: str | None) -> Site | None:
    try:
        return Site(find_site(named))
    except ConfigError:
        if named:
            raise
        return None
