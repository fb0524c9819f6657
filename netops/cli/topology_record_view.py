"""netops topology record: list, show, verify, overdue – what only looks."""

import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from netops.cli.options import Json, Quiet
from netops.cli.runs import open_site
from netops.cli.table import one_line, print_json, print_table
from netops.core.clock import local_text
from netops.core.errors import IntegrityError, UsageError
from netops.core.status import Status
from netops.records import form as forms
from netops.records.form import Form
from netops.records.model import Record, RecordState

FORM = "topology_change"
_HEADS = ("NUMBER", "STATE", "PLANNED", "OPENED", "CLASS", "FLAGS", "WHAT")


def read_values(form: Form, given: Sequence[str]) -> dict[str, Any]:
    """Return fields out of `FIELD=VALUE`; raise UsageError for what is no field or no value."""
    values: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise UsageError(f"FIELD=VALUE expected, not {text[:60]!r}")
        values[name.strip()] = form.field(name.strip()).parse(value)
    return values


def list_records(
    context: typer.Context,
    *,
    state: Annotated[
        list[RecordState] | None, typer.Option("--state", help="Only these; repeatable.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 50,
    as_json: Json = False,
) -> None:
    """List the change records, newest first."""
    from netops.records.view import record_values

    site = open_site(context)
    try:
        records = site.record_book.records(FORM)[::-1]
    finally:
        site.close()
    shown = [one for one in records if not state or one.state in state][:limit]
    if as_json:
        form = forms.load(FORM)
        print_json([record_values(one, form) for one in shown])
        return
    rows = [
        (
            *(one.number, one.state, "yes" if one.planned else "no", local_text(one.opened_at)),
            *(one.fields.get("class"), ", ".join(_flags(one)), _what(one)),
        )
        for one in shown
    ]
    print_table(_HEADS, rows)


def _flags(record: Record) -> list[str]:
    """Return what needs a look."""
    flags = ["unapproved"] if record.fields.get("unapproved") else []
    verification = record.fields.get("verification")
    return flags + (
        [f"verification {verification}"] if verification in {"failed", "incomplete"} else []
    )


def _what(record: Record) -> str:
    told = record.fields.get("content") or record.fields.get("expected") or []
    lines = told if isinstance(told, list) else [told]
    more = f" and {len(lines) - 1} more" if len(lines) > 1 else ""
    return f"{str(lines[0])[:70]}{more}" if lines else str(record.fields.get("reason", ""))[:70]


def show_record(
    context: typer.Context,
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="Such as TC-2026-0042.")],
    *,
    language: Annotated[
        str | None, typer.Option("--language", help="en, zh_Hant or zh_Hans.")
    ] = None,
    confidential: Annotated[
        bool, typer.Option("--confidential", help="Show confidential fields too.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show a record: every field, and every revision there ever was."""
    from netops.core.i18n import choose_language
    from netops.records.view import field_lines, record_values
    from netops.reports.words import Words
    from netops.topology.drawing.words import RECORD_STATES
    from netops.topology.paper.sheet import value_text

    site = open_site(context)
    try:
        record = site.record_book.record(number)
        words = Words(choose_language(language, site.data["site"]["language"]))
    finally:
        site.close()
    form = forms.load(record.form)
    if as_json:
        print_json(record_values(record, form, confidential=confidential))
        return
    state = (
        f"{record.number}  {words.text(RECORD_STATES[record.state])}, revision {record.revision}"
    )
    sys.stdout.write(f"{one_line(words.text(form.label))}  {one_line(state)}\n\n")
    lines = field_lines(
        record, form, words.text, confidential=confidential, tell=lambda one: value_text(one, words)
    )
    _print_pairs(list(lines))
    sys.stdout.write("\n")
    rows = [
        (one.n, local_text(one.at), one.action, one.person, one.actor, one.note, one.digest[:12])
        for one in record.revisions
    ]
    print_table(("N", "AT", "STEP", "PERSON", "ACCOUNT", "NOTE", "DIGEST"), rows, right=("N",))


def _print_pairs(pairs: Sequence[tuple[str, str]]) -> None:
    from netops.core.i18n import display_width

    width = max((display_width(label) for label, _ in pairs), default=0)
    for label, value in pairs:
        gap = " " * (width - display_width(label))
        sys.stdout.write(f"{one_line(label)}{gap}  {one_line(value)}\n")


def verify_records(
    context: typer.Context,
    *,
    repair: Annotated[
        bool,
        typer.Option("--repair", help="Put steps back that the journal knows and the table lost."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Hold the record book against its chain of digests and the journal, and prove the journal."""
    from netops.journal.verify import verify as examine
    from netops.records.verify import repair as put_back
    from netops.records.verify import verify

    site = open_site(context)
    try:
        book = site.record_book
        verdict, journal = verify(book), examine(site.journal_directory)
        if repair and journal.findings:
            raise IntegrityError(
                "the journal itself does not verify: its word on records is worth nothing",
                hint="see `netops journal verify`; restore the journal from an offsite copy",
            )
        repaired = put_back(book, None) if repair and verdict.differences else []
        if repaired:
            book.journal.checkpoint()
            verdict = verify(book)
    finally:
        site.close()
    problems = [f"records: {one.text}" for one in verdict.differences]
    problems += [f"journal: {finding.problem}" for finding in journal.findings]
    status = Status.CRITICAL if problems else Status.WARNING if repaired else Status.OK
    if as_json:
        print_json(
            {
                "status": status.name,
                "records": verdict.records,
                "steps": verdict.steps,
                "witnessed": verdict.witnessed,
                "head": verdict.head,
                "differences": [one.as_dict() for one in verdict.differences],
                "journal_findings": [finding.problem for finding in journal.findings],
                "repaired": repaired,
            }
        )
    else:
        for line in problems:
            sys.stdout.write(f"CRITICAL: {one_line(line)}\n")
        for line in repaired:
            sys.stdout.write(f"note: put back: {one_line(line)}\n")
        told = f"{verdict.records} records, {verdict.steps} steps, head {verdict.head[:16] or '-'}"
        sys.stdout.write(f"{status.name}: {told}\n")
    raise typer.Exit(int(status))


def overdue_records(context: typer.Context, *, as_json: Json = False, quiet: Quiet = False) -> None:
    """Show records that were not submitted, decided or closed in time; for cron and monitoring."""
    from netops.records.overdue import overdue

    site = open_site(context)
    try:
        book = site.record_book
        late = overdue(book.records(FORM), book.policy, site.clock.now())
    finally:
        site.close()
    status = Status.worst(one.status for one in late) if late else Status.OK
    if as_json:
        print_json({"status": status.name, "overdue": [one.as_dict() for one in late]})
    elif late or not quiet:
        for one in late:
            sys.stdout.write(f"{one.status.name}: {one_line(one.text)}\n")
        sys.stdout.write(f"{status.name}: {len(late)} records are overdue\n")
    raise typer.Exit(int(status))


_VIEWS: dict[str, Callable[..., None]] = {
    "list": list_records,
    "show": show_record,
    "verify": verify_records,
    "overdue": overdue_records,
}


def register_views(app: typer.Typer) -> None:
    """Add what only looks to `netops topology record`."""
    for name, command in _VIEWS.items():
        app.command(name)(command)
