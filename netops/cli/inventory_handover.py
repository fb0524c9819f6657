"""netops inventory handover: the list of what one person gives to another, printed, kept, and applied."""

import io
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from netops.cli.options import DryRun
from netops.cli.paper import Language, Out, deliver, form_of, language_of
from netops.cli.runs import View, conduct, open_site
from netops.cli.table import print_table
from netops.core.i18n import mark
from netops.core.results import Result
from netops.core.run import Context, Options, Work
from netops.core.status import Status

if TYPE_CHECKING:
    from netops.app import Site
    from netops.inventory.handover import HandoverList

KIND = "inventory.handover"
_HEADS = (
    mark("Asset number"), mark("Kind"), mark("Maker and model"), mark("Serial number"),
    mark("Device"), mark("Location"), mark("State"), mark("As"),
)  # fmt: skip


def handover(
    context: typer.Context,
    *,
    giver: Annotated[str, typer.Option("--from", metavar="NAME", help="Who gives.")],
    receiver: Annotated[str, typer.Option("--to", metavar="NAME", help="Who receives.")],
    witness: Annotated[str, typer.Option(metavar="NAME", help="Who stands by.")] = "",
    reason: Annotated[str, typer.Option(help="Why, such as: leaves the department.")] = "",
    apply: Annotated[
        bool, typer.Option("--apply", help="Write the receiver into the ledger.")
    ] = False,
    form: Annotated[
        str | None,
        typer.Option(
            "--format", metavar="text|html|json", help="Default: as FILE ends, else text."
        ),
    ] = None,
    language: Language = None,
    out: Out = None,
    dry_run: DryRun = False,
) -> None:
    """List what one person answers for or keeps, for both to sign; with --apply the ledger follows."""
    from netops.inventory.handover import Parties, handover_list

    chosen = form_of(form, out, ("text", "html", "json"))
    site = open_site(context)
    try:
        tongue = language_of(site, language)
        made = handover_list(site.ledger, site.devices, Parties(giver, receiver, witness, reason))
        code = _applied(site, made, dry_run=dry_run, quiet=out is None) if apply else 0
        if code:
            raise typer.Exit(code)
        text = _document(site, made, chosen, tongue, applied=apply and not dry_run)
        detail = {**made.detail(), "language": tongue, "format": chosen, "applied": apply}
        if out is None and not dry_run:
            # What was printed is on record too: both parties are named before they sign.
            site.journal.append(KIND, made.id, ok=True, detail=detail)
            site.journal.checkpoint()
        deliver(site, text, None if dry_run else out, KIND, detail)
    finally:
        site.close()


def _applied(site: "Site", made: "HandoverList", *, dry_run: bool, quiet: bool) -> int:
    def act(_: None, run: Context) -> Result:
        from netops.inventory.handover import apply_handover

        if not run.dry_run:
            with site.ledger.alone():
                apply_handover(site.ledger, made, run.run_id)
        would = "would be" if run.dry_run else "are"
        parts = [f"{len(made.assets)} assets {would} {made.parties.receiver}'s"]
        if made.devices:
            names = ", ".join(one.name for one in made.devices[:10])
            parts.append(f"change `owner` of {names} in the inventory files by hand")
        return Result(run.target, Status.OK, "; ".join(parts), made.detail())

    target = f"{made.parties.giver} to {made.parties.receiver}"
    view = View(quiet=quiet, heads=("HANDOVER", "STATUS", "REMARK"), rows=_rows, right=())
    return conduct(
        site, "inventory handover", [Work(target, None)], act, Options(dry_run=dry_run), view
    )


def _rows(result: Result) -> list[Sequence[object]]:
    return [(result.target, result.status, result.summary)]


def _document(
    site: "Site", made: "HandoverList", form: str, language: str, *, applied: bool
) -> str:
    names = site.data["site"]
    if form == "json":
        plain = {"site": names["name"], **made.as_dict(), "applied": applied}
        return json.dumps(plain, ensure_ascii=False, indent=2) + "\n"
    if form == "html":
        from netops.reports.render import render

        values: dict[str, Any] = {"site": names["name"], "origin": names["origin"]}
        page = {**values, "list": made, "applied": applied}
        return render("inventory_handover.html.j2", language, page)
    return _text(names["name"], made, language)


def _text(site: str, made: "HandoverList", language: str) -> str:
    from netops.reports.words import Words, moment, visible

    words = Words(language)
    say = words.text
    out = io.StringIO()
    parties = made.parties
    out.write(f"{say(mark('Handover list'))} · {visible(site)} · {moment(made.made_at)}\n")
    for head, name in (
        (mark("Handed over by"), parties.giver),
        (mark("Received by"), parties.receiver),
        (mark("Witness"), parties.witness),
        (mark("Reason"), parties.reason),
    ):
        out.write(f"{say(head)}: {visible(name) or '—'}\n")
    rows = []
    for one in made.assets:
        roles = [say(mark("Owner"))] * made.owned(one) + [say(mark("Custodian"))] * made.kept(one)
        rows.append(
            (
                *(one.number, words.word(one.kind), f"{one.maker} {one.model}".strip(), one.serial),
                *(one.device, one.location, words.word(one.state), " + ".join(roles)),
            )
        )
    rows += [
        ("", words.word(one.kind or ""), "", "", one.name, one.site or "", "", say(mark("Owner")))
        for one in made.devices
    ]
    out.write("\n")
    print_table([say(head) for head in _HEADS], rows, out=out)
    return out.getvalue()


def register(app: typer.Typer) -> None:
    """Add the command to `netops inventory`."""
    app.command()(handover)
