"""netops topology record: the life of a change record, step by step."""

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

import typer

from netops.app import Site
from netops.cli.options import DryRun, Json, Quiet
from netops.cli.runs import View, open_site, perform
from netops.cli.topology_record_view import read_values, register_views
from netops.core.dataclass import replace
from netops.core.errors import UsageError
from netops.core.redact import redact
from netops.core.results import Result
from netops.core.run import Context, Options, Work
from netops.core.status import Status
from netops.records import form as forms
from netops.records.book import Hand, RecordBook
from netops.records.form import Form
from netops.records.model import Record, RecordState

FORM = "topology_change"
record_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Number = Annotated[str, typer.Argument(metavar="NUMBER", help="Such as TC-2026-0042; see `list`.")]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="FIELD=VALUE", help="A field of the form; repeatable; see `show`."
    ),
]
Party = Annotated[
    str,
    typer.Option(
        "--as", metavar="NAME", help="Who says so; the account that runs this is recorded anyway."
    ),
]
Seen = Annotated[
    int | None,
    typer.Option(
        "--revision", min=1, help="Refuse when the record was changed since this revision."
    ),
]
Reason = Annotated[str, typer.Option("--reason", help="Why; it is kept with the record.")]
Expect = Annotated[
    list[str] | None,
    typer.Option(
        "--expect",
        metavar="CHANGE",
        help="A change to come: `move link acc1:ge1 - dist1:ge4 to dist2:ge4`, `add device acc9`; "
        "repeatable.",
    ),
]
_NEXT = {
    RecordState.DRAFT: "`netops topology record submit {number}`",
    RecordState.SUBMITTED: "an approver: `netops topology record approve {number}`",
    RecordState.APPROVED: "do the work, scan, `netops topology record close {number}`",
    RecordState.REJECTED: "`netops topology record amend {number} --reason …`, or void it",
}
#: Writes one step into the book, with the values that were given.
Say = Callable[[RecordBook, Hand, dict[str, Any]], Record | None]


def _values(given: Sequence[str] | None, expect: Sequence[str] | None = None) -> dict[str, Any]:
    """Return the fields that --set and --expect give; raise UsageError for what is wrong."""
    from netops.topology.change.planned import parse

    values = read_values(forms.load(FORM), given or [])
    if expect:
        values["expected"] = [" ".join(line.split()) for line in expect]
    parse(values.get("expected") or [])
    return values


def _is_asked(as_json: bool) -> bool:
    return not as_json and sys.stdin is not None and sys.stdin.isatty()


def _ask(
    site: Site, number: str, stage: str, given: Mapping[str, Any], as_json: bool
) -> dict[str, Any]:
    """Ask on the terminal for what the step needs and nobody has given; elsewhere add nothing."""
    values = dict(given)
    if not _is_asked(as_json):
        return values
    from netops.core.i18n import choose_language
    from netops.reports.words import Words

    words = Words(choose_language(None, site.data["site"]["language"]))
    record, form = site.record_book.record(number), forms.load(FORM)
    known = {**record.fields, **values}
    for field in form.missing(stage, known, planned=record.planned):
        if field.for_people:
            choices = f" ({', '.join(field.choices)})" if field.choices else ""
            text = typer.prompt(f"{words.text(field.question or field.label)}{choices}", err=True)
            values |= _values([f"{field.name}={text}"])
    return values


def _act(
    site: Site,
    name: str,
    verb: str,
    say: Say,
    values: dict[str, Any],
    hand: Callable[[Context], Hand],
    as_json: bool,
    quiet: bool = False,
    *,
    dry_run: bool,
) -> None:
    """Take one step as a run and show what came of it."""

    def work(book: RecordBook, context: Context) -> Result:
        acting = replace(hand(context), rehearses=context.dry_run)
        record = book.rehearse(lambda: say(book, acting, values))
        if record is None:
            return Result(context.target, Status.OK, "nothing to record")
        return _told(context, record, forms.load(record.form))

    perform(
        site,
        f"topology record {verb}",
        [Work(name, site.record_book)],
        work,
        Options(dry_run=dry_run),
        View(as_json, quiet, ("RECORD", "STATUS", "REMARK"), _rows, ()),
    )


def _completing(verb: str, text: str) -> None:
    """Add the command of a step for which nothing may be missing."""

    @record_app.command(verb, help=text)
    def complete(
        context: typer.Context,
        number: Number,
        *,
        given: Set = None,
        party: Party = "",
        seen: Seen = None,
        as_json: Json = False,
        dry_run: DryRun = False,
    ) -> None:
        site = open_site(context)
        values = _ask(site, number, verb, _values(given), as_json)

        def say(book: RecordBook, hand: Hand, values: dict[str, Any]) -> Record:
            step = {"submit": book.submit, "close": book.close}[verb]
            return step(number, hand, values)

        hand = _hand(party, seen)
        _act(site, number, verb, say, values, hand, as_json, dry_run=dry_run)


def _refusing(verb: str, text: str) -> None:
    """Add the command of a step that turns a record down, for a reason."""

    @record_app.command(verb, help=text)
    def refuse(
        context: typer.Context,
        number: Number,
        *,
        reason: Reason,
        party: Party = "",
        seen: Seen = None,
        as_json: Json = False,
        dry_run: DryRun = False,
    ) -> None:
        _decide(context, verb, number, reason, _hand(party, seen), as_json, dry_run=dry_run)


def _decide(
    context: typer.Context,
    verb: str,
    number: str,
    note: str,
    hand: Callable[[Context], Hand],
    as_json: bool,
    *,
    dry_run: bool,
) -> None:
    """Take a step that changes no field but says something."""

    def say(book: RecordBook, hand: Hand, _values: dict[str, Any]) -> Record:
        step = {"approve": book.approve, "reject": book.reject, "void": book.void}[verb]
        return step(number, hand, note)

    _act(open_site(context), number, verb, say, {}, hand, as_json, dry_run=dry_run)


def _rows(result: Result) -> list[Sequence[object]]:
    return [(result.facts.get("number", result.target), result.status, result.summary)]


def _told(context: Context, record: Record, form: Form) -> Result:
    last, dry = record.revisions[-1], context.dry_run
    done, then = ("would be ", "then") if dry else ("", "now")
    text = f"{record.number} {done}{last.action} by {last.person}, {then} {record.state}"
    if not dry and (step := _NEXT.get(record.state)):
        text += f"; next: {step.format(number=record.number)}"
    stage = {RecordState.DRAFT: "submit", RecordState.APPROVED: "close"}.get(record.state)
    missing = form.missing(stage, record.fields, planned=record.planned) if stage else []
    if missing:
        text += f" (needs {', '.join(field.name for field in missing)})"
    facts = {
        "number": record.number,
        "state": str(record.state),
        "revision": record.revision,
        "missing": [field.name for field in missing],
    }
    return Result(context.target, Status.OK, redact(text), facts)


def _hand(person: str, seen: int | None = None) -> Callable[[Context], Hand]:
    return lambda context: Hand(person, context.run_id, seen)


@record_app.command("open")
def open_record(
    context: typer.Context,
    *,
    planned: Annotated[
        bool, typer.Option("--planned", help="The change is still to come, and to be approved.")
    ] = False,
    expect: Expect = None,
    given: Set = None,
    party: Party = "",
    as_json: Json = False,
    quiet: Quiet = False,
    dry_run: DryRun = False,
) -> None:
    """Open a draft; a planned one says what it expects, and is approved before the change."""
    if expect and not planned:
        raise UsageError("only a planned record expects changes", hint="add --planned")
    values = _values(given, expect)

    def say(book: RecordBook, hand: Hand, values: dict[str, Any]) -> Record | None:
        return book.open(FORM, values, hand, planned=planned)

    _act(
        open_site(context),
        "new record",
        "open",
        say,
        values,
        _hand(party),
        as_json,
        quiet,
        dry_run=dry_run,
    )


@record_app.command()
def fill(
    context: typer.Context,
    number: Number,
    *,
    given: Set = None,
    expect: Expect = None,
    party: Party = "",
    seen: Seen = None,
    as_json: Json = False,
    dry_run: DryRun = False,
) -> None:
    """Fill fields; on a terminal it asks for those that are missing."""
    site = open_site(context)
    values = _values(given, expect)
    if not values:
        state = site.record_book.record(number).state
        values = _ask(
            site, number, "close" if state is RecordState.APPROVED else "submit", {}, as_json
        )
    if not values:
        raise UsageError("say what to fill", hint="--set FIELD=VALUE, such as --set reason=…")

    def say(book: RecordBook, hand: Hand, values: dict[str, Any]) -> Record:
        return book.fill(number, values, hand)

    _act(site, number, "fill", say, values, _hand(party, seen), as_json, dry_run=dry_run)


_completing(
    "submit", "Put a draft before the approvers; on a terminal it asks for what is missing."
)


@record_app.command()
def approve(
    context: typer.Context,
    number: Number,
    *,
    opinion: Annotated[str, typer.Option("--note", help="The approver's opinion.")] = "",
    party: Party = "",
    seen: Seen = None,
    as_json: Json = False,
    dry_run: DryRun = False,
) -> None:
    """Approve, from an account that records.approvers names; never one's own change."""
    _decide(context, "approve", number, opinion, _hand(party, seen), as_json, dry_run=dry_run)


_refusing("reject", "Reject, with the reason; the record stays and can be amended.")


_completing("close", "Close an approved record; on a terminal it asks for what is missing.")


@record_app.command()
def amend(
    context: typer.Context,
    number: Number,
    *,
    reason: Reason,
    given: Set = None,
    expect: Expect = None,
    party: Party = "",
    seen: Seen = None,
    as_json: Json = False,
    dry_run: DryRun = False,
) -> None:
    """Make a new revision, a draft again, to be approved again; nothing is edited."""

    def say(book: RecordBook, hand: Hand, values: dict[str, Any]) -> Record:
        return book.amend(number, hand, reason, values)

    values = _values(given, expect)
    _act(
        open_site(context),
        number,
        "amend",
        say,
        values,
        _hand(party, seen),
        as_json,
        dry_run=dry_run,
    )


_refusing("void", "Declare a record void; its number is never given again.")


def register(app: typer.Typer) -> None:
    """Add the commands to `netops topology`."""
    register_views(record_app)
    app.add_typer(record_app, name="record", help="Change records: open, approve, close, verify.")
