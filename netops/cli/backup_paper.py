"""netops backup: label, report: what is printed, sent, or kept as evidence."""

import json
from typing import Annotated

import typer

from netops.cli.paper import Language, Out, deliver, form_of, language_of, moment_of
from netops.cli.runs import open_site
from netops.core.errors import UsageError


def label(
    context: typer.Context,
    backups: Annotated[
        list[str] | None,
        typer.Argument(metavar="[RUN]...", help="Backups from `list`; the newest of each job."),
    ] = None,
    *,
    form: Annotated[
        str | None,
        typer.Option("--format", metavar="text|html", help="Default: as FILE ends, else text."),
    ] = None,
    paper: Annotated[
        str, typer.Option(metavar="a4|label", help="A sheet of labels, or 100 x 70 mm each.")
    ] = "a4",
    language: Language = None,
    out: Out = None,
) -> None:
    """Print the labels of backups: what, whose, when, type, class, custodian, place, retention."""
    chosen = form_of(form, out, ("text", "html"))
    if paper not in {"a4", "label"}:
        raise typer.BadParameter("a4 or label", param_hint="--paper")
    site = open_site(context)
    try:
        tongue = language_of(site, language)
        labels = site.labels([text.strip().upper() for text in backups or []])
        if not labels:
            raise UsageError(
                "there is no good backup to label", hint="make one with `netops backup run`"
            )
        from netops.backup.label import labels_page, labels_text

        text = (
            labels_page(labels, tongue, paper) if chosen == "html" else labels_text(labels, tongue)
        )
        detail = {"backups": [one.run_id for one in labels], "language": tongue, "paper": paper}
        deliver(site, text, out, "backup.label", detail)
    finally:
        site.close()


def report(
    context: typer.Context,
    *,
    since: Annotated[
        str, typer.Option(metavar="DURATION|DATE", help="Begin of the period: 30d, 2026-11-01.")
    ] = "30d",
    form: Annotated[
        str | None,
        typer.Option("--format", metavar="html|json|csv", help="Default: as FILE ends, else html."),
    ] = None,
    language: Language = None,
    out: Out = None,
) -> None:
    """Write the backup report: recovery points, coverage, failures, verification, restores, custody."""
    chosen = form_of(form, out, ("html", "json", "csv"))
    site = open_site(context)
    try:
        begin = moment_of(since, site.clock.now())
        tongue = language_of(site, language)
        made = site.backup_report(begin)
        from netops.backup.report import as_csv, as_page

        if chosen == "json":
            text = json.dumps(made.as_dict(), ensure_ascii=False, indent=2) + "\n"
        else:
            text = as_csv(made) if chosen == "csv" else as_page(made, tongue)
        detail = {"since": made.since, "status": made.status.name, "language": tongue}
        deliver(site, text, out, "backup.report", {**detail, "format": chosen})
    finally:
        site.close()


def register(app: typer.Typer) -> None:
    """Add the commands to `netops backup`."""
    app.command()(label)
    app.command()(report)
