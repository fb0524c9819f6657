"""netops backup: handover, custody, coverage."""

import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from netops.app import Site
from netops.backup.custody import CONFIRMED, REFUSED, WITHDRAWN, Handover, Holding, Item
from netops.cli.options import DryRun, Json, Quiet
from netops.cli.runs import View, open_site, perform
from netops.cli.table import one_line, print_json, print_table
from netops.core.clock import local_text, utc_text
from netops.core.errors import IntegrityError, UsageError
from netops.core.results import Result
from netops.core.run import Context, Options, Work
from netops.core.status import Status
from netops.core.units import duration_text

handover_app = typer.Typer(invoke_without_command=True, rich_markup_mode=None)
custody_app = typer.Typer(invoke_without_command=True, rich_markup_mode=None)

Party = Annotated[str, typer.Option("--as", metavar="NAME", help="Who says so.")]
Number = Annotated[
    str, typer.Argument(metavar="[HANDOVER]", help="An id from `custody`; the only open one.")
]
Place = Annotated[str, typer.Option("--place", help="Where it is kept from now on.")]
Note = Annotated[str, typer.Option("--note", help="Anything worth keeping: seal number, state.")]
_HEADS = ("HANDOVER OF", "STATUS", "REMARK")


@handover_app.callback()
def offer(
    context: typer.Context,
    *,
    giver: Annotated[str, typer.Option("--from", metavar="NAME", help="Who gives.")] = "",
    receiver: Annotated[str, typer.Option("--to", metavar="NAME", help="Who receives.")] = "",
    location: Annotated[
        list[str] | None,
        typer.Option(metavar="REPOSITORY", help="A repository of netops.yaml; repeatable."),
    ] = None,
    backup: Annotated[
        list[str] | None, typer.Option(metavar="RUN", help="A backup from `list`; repeatable.")
    ] = None,
    medium: Annotated[
        list[str] | None,
        typer.Option(metavar="LABEL", help="A disk or tape by its label; repeatable."),
    ] = None,
    method: Annotated[str, typer.Option(help="How: sealed bag, courier, by hand.")] = "",
    place: Place = "",
    note: Note = "",
    as_json: Json = False,
    quiet: Quiet = False,
    dry_run: DryRun = False,
) -> None:
    """Record that custody is handed over; it counts once the receiver confirms it."""
    if context.invoked_subcommand is not None:
        return
    from netops.backup.handover import Offer

    items = [
        *(Item("location", name) for name in location or []),
        *(Item("backup", name.strip().upper()) for name in backup or []),
        *(Item("medium", name) for name in medium or []),
    ]
    if not items:
        raise UsageError(
            "say what is handed over", hint="--location REPOSITORY, --backup RUN or --medium LABEL"
        )
    site = open_site(context)
    wanted = Offer(giver, receiver, tuple(items), method, place, note)
    name = ", ".join(item.text for item in items)
    _record(site, name, lambda run: site.custody.offer(wanted, run), as_json, quiet, dry_run)


def _record(
    site: Site,
    name: str,
    say: Callable[[Context], Result],
    as_json: bool,
    quiet: bool,
    dry_run: bool,
) -> None:
    perform(
        site,
        "backup handover",
        [Work(name, say)],
        lambda act, context: act(context),
        Options(dry_run=dry_run),
        View(as_json, quiet, _HEADS, _rows, ()),
    )


def _rows(result: Result) -> list[Sequence[object]]:
    return [(result.target, result.status, result.summary)]


def _answer(context: typer.Context, step: str, values: dict[str, Any], **view: bool) -> None:
    from netops.backup.handover import Answer

    site = open_site(context)
    answer = Answer(step=step, **values)
    _record(
        site,
        answer.handover_id or f"for {answer.party}",
        lambda run: site.custody.answer(answer, run),
        **view,
    )


@handover_app.command()
def confirm(
    context: typer.Context,
    handover: Number = "",
    *,
    party: Party,
    place: Place = "",
    note: Note = "",
    as_json: Json = False,
    quiet: Quiet = False,
    dry_run: DryRun = False,
) -> None:
    """Confirm, as the receiver, that you have it; from now on you are its custodian."""
    values = {"handover_id": handover, "party": party, "place": place, "note": note}
    _answer(context, CONFIRMED, values, as_json=as_json, quiet=quiet, dry_run=dry_run)


@handover_app.command()
def refuse(
    context: typer.Context,
    handover: Number = "",
    *,
    party: Party,
    reason: Annotated[str, typer.Option(help="Why.")],
    as_json: Json = False,
    quiet: Quiet = False,
    dry_run: DryRun = False,
) -> None:
    """Refuse, as the receiver; the giver keeps it."""
    values = {"handover_id": handover, "party": party, "note": reason}
    _answer(context, REFUSED, values, as_json=as_json, quiet=quiet, dry_run=dry_run)


@handover_app.command()
def withdraw(
    context: typer.Context,
    handover: Number = "",
    *,
    party: Party,
    note: Note = "",
    as_json: Json = False,
    quiet: Quiet = False,
    dry_run: DryRun = False,
) -> None:
    """Take an offer back, as the giver, before it is confirmed."""
    values = {"handover_id": handover, "party": party, "note": note}
    _answer(context, WITHDRAWN, values, as_json=as_json, quiet=quiet, dry_run=dry_run)


@custody_app.callback()
def custody(
    context: typer.Context,
    *,
    limit: Annotated[int, typer.Option(min=0, help="How many handovers, newest first.")] = 20,
    as_json: Json = False,
) -> None:
    """Show who holds what, where, since when, and the handovers that led there."""
    if context.invoked_subcommand is not None:
        return
    site = open_site(context)
    try:
        done = site.custody.handovers()
        held = site.custody.holdings(done)
        now, within_s = site.clock.now(), site.backup_plan.handover_within_s
    finally:
        site.close()
    late = [
        one for one in done if one.is_open and (now - one.offered_at).total_seconds() > within_s
    ]
    status = Status.WARNING if late else Status.OK
    if as_json:
        plain = {
            "status": status.name,
            "holdings": [one.as_dict() for one in held],
            "handovers": [one.as_dict() for one in done],
        }
        print_json(plain)
    else:
        _print_custody(held, done[::-1][:limit])
    raise typer.Exit(int(status))


def _print_custody(held: Sequence[Holding], done: Sequence[Handover]) -> None:
    rows = [
        (
            *(one.item.text, one.holder, one.place),
            local_text(one.since) if one.since else "as configured",
            f"netops.yaml names {one.contradicts}" if one.contradicts else None,
        )
        for one in held
    ]
    print_table(("WHAT", "HELD BY", "PLACE", "SINCE", "REMARK"), rows)
    if not done:
        sys.stdout.write("no handover is on record\n")
        return
    sys.stdout.write("\n")
    steps = [
        (
            *(one.id, ", ".join(item.text for item in one.items), one.giver, one.receiver),
            *(one.method, one.place, local_text(one.offered_at), one.state),
            local_text(one.closed_at) if one.closed_at else None,
            "both words from one account" if one.from_one_account else one.note,
        )
        for one in done
    ]
    heads = ("HANDOVER", "WHAT", "FROM", "TO", "METHOD", "PLACE", "OFFERED", "STATE", "ANSWERED")
    print_table((*heads, "REMARK"), steps)


@custody_app.command("verify")
def verify_custody(
    context: typer.Context,
    *,
    repair: Annotated[
        bool, typer.Option("--repair", help="Make the catalogue say what the journal says.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Hold the catalogue's custody against the journal, and prove the journal itself."""
    from netops.journal.verify import verify as examine

    site = open_site(context)
    try:
        register = site.custody.register
        comparison = register.compare()
        verdict = examine(site.journal_directory)
        if repair and verdict.findings:
            raise IntegrityError(
                "the journal itself does not verify: its word on custody is worth nothing",
                hint="see `netops journal verify`; restore the journal from an offsite copy",
            )
        repaired = register.repair(None) if repair and comparison.differences else ()
        if repaired:
            register.journal.checkpoint()
            comparison = register.compare()
    finally:
        site.close()
    problems = [f"custody: {one.text}" for one in comparison.differences]
    problems += [f"journal: {finding.problem}" for finding in verdict.findings]
    status = Status.CRITICAL if problems else Status.WARNING if repaired else Status.OK
    notes = [f"repaired: {one.text}" for one in repaired]
    if comparison.older_than_journal:
        proof = "proven by a later entry" if comparison.older_proven else "nothing proves them"
        notes.append(
            f"{comparison.older_than_journal} steps are older than the journal's beginning: {proof}"
        )
    if as_json:
        plain = {
            "status": status.name,
            "compared": comparison.compared,
            "differences": [one.as_dict() for one in comparison.differences],
            "journal_findings": [finding.problem for finding in verdict.findings],
            "repaired": [one.as_dict() for one in repaired],
            "older_than_journal": comparison.older_than_journal,
            "older_proven": comparison.older_proven,
        }
        print_json(plain)
    else:
        for line in problems:
            sys.stdout.write(f"CRITICAL: {one_line(line)}\n")
        for line in notes:
            sys.stdout.write(f"note: {one_line(line)}\n")
        sys.stdout.write(f"{status.name}: {comparison.compared} steps in catalogue and journal\n")
    raise typer.Exit(int(status))


def coverage(
    context: typer.Context,
    selector: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SELECTOR]...",
            help="Which devices must be covered (default: backup.coverage.servers).",
        ),
    ] = None,
    *,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Show servers without a backup, jobs without a fresh offsite copy, repositories never read back."""
    site = open_site(context)
    try:
        covers = site.covers(" ".join(selector or []))
        now = site.clock.now()
    finally:
        site.close()
    worst = Status.worst(cover.status for cover in covers)
    if as_json:
        plain = {
            "status": worst.name,
            "at": utc_text(now),
            "coverage": [cover.as_dict() for cover in covers],
        }
        print_json(plain)
    elif not (quiet and worst is Status.OK):
        rows = [
            (
                *(cover.subject, cover.name, cover.status),
                local_text(cover.at) if cover.at else "never",
                duration_text(cover.limit_s) if cover.limit_s else "any",
                ", ".join(cover.by),
                cover.as_dict()["reason"],
            )
            for cover in covers
        ]
        print_table(("WHAT", "NAME", "STATUS", "NEWEST", "ALLOWED", "BY", "REMARK"), rows)
    raise typer.Exit(int(worst))


def register(app: typer.Typer) -> None:
    """Add the commands to `netops backup`."""
    app.add_typer(handover_app, name="handover", help="Hand custody over, confirm or refuse it.")
    app.add_typer(custody_app, name="custody", help="Show and verify who holds what, where.")
    app.command()(coverage)
