"""netops backup: label, report: what is printed, sent, or kept as evidence."""

import hashlib
import json
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from netops.app import Site
from netops.cli.runs import open_site
from netops.core.errors import AccessError, UsageError
from netops.core.units import parse_duration

Language = Annotated[
    str | None,
    typer.Option(metavar="en|zh_Hant|zh_Hans", help="Language (default: site.language or LANG)."),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="FILE", help="Write to this file, and journal it."),
]


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
    chosen = _form(form, out, ("text", "html"))
    if paper not in {"a4", "label"}:
        raise typer.BadParameter("a4 or label", param_hint="--paper")
    site = open_site(context)
    try:
        tongue = _language(site, language)
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
        _deliver(site, text, out, "backup.label", detail)
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
    chosen = _form(form, out, ("html", "json", "csv"))
    site = open_site(context)
    try:
        begin = _moment(since, site.clock.now())
        tongue = _language(site, language)
        made = site.backup_report(begin)
        from netops.backup.report import as_csv, as_page

        if chosen == "json":
            text = json.dumps(made.as_dict(), ensure_ascii=False, indent=2) + "\n"
        else:
            text = as_csv(made) if chosen == "csv" else as_page(made, tongue)
        detail = {"since": made.since, "status": made.status.name, "language": tongue}
        _deliver(site, text, out, "backup.report", {**detail, "format": chosen})
    finally:
        site.close()


def _form(named: str | None, out: Path | None, known: tuple[str, ...]) -> str:
    """Return the form as named, as the file's name ends, or the first of `known`."""
    ending = out.suffix.lstrip(".").lower().replace("htm", "html")[:4] if out else ""
    form = named or (ending if ending in known else known[0])
    if form not in known:
        raise typer.BadParameter(" or ".join(known), param_hint="--format")
    return form


def _language(site: Site, named: str | None) -> str:
    from netops.core.i18n import choose_language

    return choose_language(named, site.data["site"].get("language"))


def _moment(text: str, now: datetime) -> datetime:
    try:
        begin = now - timedelta(seconds=parse_duration(text))
    except (ValueError, OverflowError):
        try:
            begin = datetime.fromisoformat(text).astimezone()
        except (ValueError, OverflowError):
            raise UsageError(
                f"--since {text!r} is neither a duration nor a date",
                hint="write 7d, 12w, 2026-11-01 or '2026-11-01 08:00'",
            ) from None
    if begin >= now:
        raise UsageError(f"--since {text!r} lies in the future")
    return begin


def _deliver(site: Site, text: str, out: Path | None, kind: str, detail: dict[str, Any]) -> None:
    """Print the text, or write it and put the file's digest on record as evidence."""
    if out is None:
        sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))
        return
    from netops.core.files import write_atomic

    content = text.encode("utf-8", "backslashreplace")
    try:
        write_atomic(out.absolute(), content, mode=0o640)
    except OSError as error:
        raise AccessError(f"cannot write {out}: {error.strerror}") from error
    facts = {**detail, "file": out.name, "sha256": hashlib.sha256(content).hexdigest()}
    entry = site.journal.append(kind, out.name, ok=True, detail=facts)
    head = site.journal.checkpoint().head
    sys.stdout.write(f"OK: {out} written, journal entry {entry.seq}, journal head {head}\n")


def register(app: typer.Typer) -> None:
    """Add the commands to `netops backup`."""
    app.command()(label)
    app.command()(report)
