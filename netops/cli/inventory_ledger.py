"""netops inventory ledger and retire: changes of what is owned, each with who, when and why."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from netops.cli import inventory_ledger_view
from netops.cli.inventory_ledger_view import Number
from netops.cli.options import DryRun, Json, Quiet
from netops.cli.runs import View, open_site, perform
from netops.core.clock import local_text
from netops.core.errors import UsageError
from netops.core.results import Result
from netops.core.run import Context, Options, Work
from netops.core.status import Status

if TYPE_CHECKING:
    from netops.app import Site
    from netops.inventory.assets import Asset
    from netops.inventory.ledger import Saying
    from netops.inventory.sheet_assets import Plan

ledger_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Party = Annotated[
    str, typer.Option("--as", metavar="NAME", help="Who says so (default: the account).")
]
Reason = Annotated[str, typer.Option("--reason", help="Why.")]
Values = Annotated[
    list[str] | None,
    typer.Argument(metavar="[FIELD=VALUE]...", help="Such as: serial=21023 owner='Wang Fang'"),
]
_SHOWN = 30


@ledger_app.command()
def add(
    context: typer.Context,
    asset: Number,
    values: Values = None,
    *,
    party: Party = "",
    reason: Reason = "new",
    as_json: Json = False,
    quiet: Quiet = False,
    dry_run: DryRun = False,
) -> None:
    """Add an asset: netops inventory ledger add A-001 model=S5735 serial=21023 device=sw-1."""
    from netops.inventory.assets import Asset, changed, number_of

    def act(site: "Site", saying: "Saying", run: Context) -> Result:
        number = number_of(asset)
        if site.ledger.find(number) is not None:
            raise UsageError(
                f"{number} is in the ledger already", hint="change it with `ledger set`"
            )
        made = changed(Asset(number), _pairs(values))
        notes = _doubts(site, made)
        return _recorded(
            site, made, "added", saying, run, Asset(number, state="").changes_to(made), notes
        )

    _perform(context, "ledger add", asset, act, (party, reason), as_json, quiet, dry_run)


@ledger_app.command("set")
def set_(
    context: typer.Context,
    asset: Number,
    values: Values = None,
    *,
    party: Party = "",
    reason: Reason,
    as_json: Json = False,
    quiet: Quiet = False,
    dry_run: DryRun = False,
) -> None:
    """Change an asset: netops inventory ledger set A-001 location='Room 2' --reason moved."""
    from netops.inventory.assets import changed

    def act(site: "Site", saying: "Saying", run: Context) -> Result:
        if not values:
            raise UsageError("nothing to change is given", hint="such as: location='Room 2'")
        old = site.ledger.get(asset)
        made = changed(old, _pairs(values))
        changes = old.changes_to(made)
        if not changes:
            return Result(run.target, Status.OK, "nothing changes", {"changes": {}})
        return _recorded(site, made, "changed", saying, run, changes, _doubts(site, made))

    _perform(context, "ledger set", asset, act, (party, reason), as_json, quiet, dry_run)


def _recorded(
    site: "Site",
    asset: "Asset",
    action: str,
    saying: "Saying",
    run: Context,
    changes: Mapping[str, list[str]],
    notes: list[str],
) -> Result:
    text = "; ".join(f"{name}: {old or '-'} → {new or '-'}" for name, (old, new) in changes.items())
    facts: dict[str, Any] = {"changes": changes, "notes": notes}
    status = Status.WARNING if notes else Status.OK
    text = "; ".join([text, *notes])
    if run.dry_run:
        return Result(run.target, status, f"would be {action}: {text}", facts)
    (seq,) = site.ledger.record([(asset, action)], saying)
    return Result(run.target, status, text, {**facts, "journal_seq": seq})


def _doubts(site: "Site", asset: "Asset") -> list[str]:
    """Return what is odd about an asset beside the others; it is recorded all the same."""
    found = []
    if asset.device and asset.device not in {device.name for device in site.devices}:
        found.append(f"no device of the inventory is called {asset.device}")
    if asset.purchased_on and asset.purchased_on > local_text(site.clock.now())[:10]:
        found.append(f"purchased_on {asset.purchased_on} is still to come")
    if asset.purchased_on and "" < asset.warranty_until < asset.purchased_on:
        found.append(f"the warranty ends {asset.warranty_until}, before the purchase")
    twins = [
        one.number
        for one in site.ledger.assets()
        if asset.serial and one.serial == asset.serial and one.number != asset.number
    ]
    if twins:
        found.append(f"the serial number is also that of {', '.join(twins)}")
    return found


@ledger_app.command()
def approve(
    context: typer.Context,
    asset: Number,
    *,
    applicant: Annotated[str, typer.Option("--for", metavar="NAME", help="Who asked for it.")],
    party: Annotated[str, typer.Option("--as", metavar="NAME", help="Who approves.")],
    reason: Reason,
    as_json: Json = False,
    quiet: Quiet = False,
    dry_run: DryRun = False,
) -> None:
    """Put on record that somebody may retire an asset; nobody approves what he asked for."""
    from netops.inventory import retire as retiring

    def act(site: "Site", saying: "Saying", run: Context) -> Result:
        if run.dry_run:
            return Result(run.target, Status.OK, "would be approved")
        made = retiring.approve(site.ledger, asset, applicant, saying)
        text = f"{made.approver} lets {made.applicant} retire it"
        return Result(
            run.target, Status.OK, text, {**made.detail(), "journal_seq": made.journal_seq}
        )

    _perform(context, "ledger approve", asset, act, (party, reason), as_json, quiet, dry_run)


def retire(
    context: typer.Context,
    asset: Number,
    *,
    approver: Annotated[str, typer.Option("--approved-by", metavar="NAME", help="Who said yes.")],
    party: Party = "",
    reason: Reason,
    as_json: Json = False,
    quiet: Quiet = False,
    dry_run: DryRun = False,
) -> None:
    """Retire an asset; an approval by somebody else must be on record (ledger approve)."""
    from netops.inventory import retire as retiring

    def act(site: "Site", saying: "Saying", run: Context) -> Result:
        two = bool(site.data["inventory"]["two_accounts"])
        if run.dry_run:
            approval = retiring.find_approval(site.ledger, asset, approver, saying)
            return Result(run.target, Status.OK, f"would be retired, approval {approval.id}")
        made, approval = retiring.retire(site.ledger, asset, approver, saying, two_accounts=two)
        text = f"retired; approved by {approval.approver} on {local_text(approval.at)}"
        if made.device in {device.name for device in site.devices}:
            text += f"; take {made.device} out of the inventory if nothing else stands for it"
        return Result(
            run.target, Status.OK, text, {"approval": approval.id, "version": made.version}
        )

    _perform(context, "inventory retire", asset, act, (party, reason), as_json, quiet, dry_run)


@ledger_app.command("import")
def import_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An asset sheet as CSV.")],
    columns: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="HEAD=FIELD", help="What a column means; repeatable."),
    ] = None,
    charset: Annotated[str | None, typer.Option(help="Charset (default: found out).")] = None,
    *,
    update: Annotated[
        bool, typer.Option("--update", help="Also change assets that are there already.")
    ] = False,
    party: Party = "",
    reason: Reason = "asset sheet",
    as_json: Json = False,
    quiet: Quiet = False,
    dry_run: DryRun = False,
) -> None:
    """Take an asset sheet into the ledger: new assets, and with --update also changes."""
    from netops.inventory.sheet import read_sheet
    from netops.inventory.sheet_assets import plan_sheet

    def act(site: "Site", saying: "Saying", run: Context) -> Result:
        sheet = read_sheet(file, columns=columns or (), charset=charset)
        known = {one.number: one for one in site.ledger.assets()}
        plan = plan_sheet(sheet, file, known, {one.name: one for one in site.devices})
        plan.notes += [f"the column {head!r} was left out: passwords" for head in sheet.secrets]
        if not run.dry_run:
            changes = [(one, "added") for one in plan.added]
            changes += [(one, "changed") for one, _ in plan.updated if update]
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
            site.ledger.record(changes, saying, file=file.name, sha256=digest)
        return _imported(plan, run, update=update)

    _perform(context, "ledger import", file.name, act, (party, reason), as_json, quiet, dry_run)


def _imported(plan: "Plan", run: Context, *, update: bool) -> Result:
    differing = {
        one.number: "; ".join(
            f"{k}: {old or '-'} → {new or '-'}" for k, (old, new) in changes.items()
        )
        for one, changes in plan.updated
    }
    would = "would be " if run.dry_run else ""
    text = f"{len(plan.added)} {would}added, {plan.same} unchanged"
    if differing:
        text += f", {len(differing)} {would}changed" if update else f", {len(differing)} differ"
    notes = list(plan.notes)
    if differing and not update:
        notes.append("what differs stays as it is without --update")
    facts = {"added": [one.number for one in plan.added], "differs": differing, "notes": notes}
    return Result(run.target, Status.WARNING if notes else Status.OK, text, facts)


def _pairs(values: Sequence[str] | None) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in values or ():
        name, equals, value = text.partition("=")
        if not equals:
            raise UsageError(f"{text!r} is not FIELD=VALUE", hint="such as location='Room 2'")
        if name in found:
            raise UsageError(f"{name} is given twice")
        found[name] = value
    return found


def _perform(
    context: typer.Context,
    verb: str,
    target: str,
    act: Callable[["Site", "Saying", Context], Result],
    words: tuple[str, str],
    as_json: bool,
    quiet: bool,
    dry_run: bool,
) -> None:
    """Run one change of the ledger, alone, as a run."""
    site = open_site(context)

    def one(_: None, run: Context) -> Result:
        from netops.inventory.ledger import Saying

        party, reason = words
        saying = Saying(party or site.ledger.account(), reason, None if run.dry_run else run.run_id)
        with site.ledger.alone():
            return act(site, saying.checked(), run)

    view = View(as_json, quiet, ("ASSET", "STATUS", "REMARK"), _rows, ())
    perform(site, verb, [Work(target, None)], one, Options(dry_run=dry_run), view)


def _rows(result: Result) -> list[Sequence[object]]:
    rows: list[Sequence[object]] = [(result.target, result.status, result.summary)]
    differs = result.facts.get("differs", {})
    rows += [("", "", f"{name}: {text}") for name, text in list(differs.items())[:_SHOWN]]
    if "added" in result.facts:
        rows += [("", "", note) for note in result.facts["notes"]]
    return rows


def register(app: typer.Typer) -> None:
    """Add the commands to `netops inventory`."""
    inventory_ledger_view.register(ledger_app)
    app.add_typer(ledger_app, name="ledger", help="What is owned, and every change of that.")
    app.command()(retire)
