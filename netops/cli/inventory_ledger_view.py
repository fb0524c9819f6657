"""netops inventory ledger: list, show, history, findings and verify; these change nothing."""

import sys
from typing import Annotated

import typer

from netops.cli.options import Json
from netops.cli.runs import open_site
from netops.cli.table import one_line, print_json, print_table
from netops.core.clock import local_text, parse_utc, utc_text
from netops.core.errors import UsageError
from netops.core.status import Status

Number = Annotated[str, typer.Argument(metavar="ASSET", help="Its asset number.")]


def list_(
    context: typer.Context,
    selector: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SELECTOR]...", help="Words such as: state=in_use !owner=*"),
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """List the assets a selector picks, all without one."""
    from netops.inventory.assets import select_assets

    site = open_site(context)
    try:
        found = select_assets(site.ledger.assets(), " ".join(selector or []))
    finally:
        site.close()
    if as_json:
        print_json([asset.facts() for asset in found])
        return
    heads = ("ASSET", "STATE", "DEVICE", "MODEL", "SERIAL", "LOCATION", "OWNER", "CUSTODIAN")
    rows = [
        (a.number, a.state, a.device, a.model, a.serial, a.location, a.owner, a.custodian)
        for a in found
    ]
    print_table(
        (*heads, "WARRANTY"), [(*row, a.warranty_until) for row, a in zip(rows, found, strict=True)]
    )


def show(context: typer.Context, asset: Number, *, as_json: Json = False) -> None:
    """Show one asset, who changed it last, and where its serial number answered last."""
    site = open_site(context)
    try:
        found = site.ledger.get(asset)
        last = site.ledger.history(asset)[-1]
        seen = site.ledger.last_seen(found.serial)
    finally:
        site.close()
    facts = {
        **found.facts(),
        "changed_at": utc_text(last.at),
        "changed_by": last.party,
        "reason": last.reason,
        "last_seen": [{"device": name, "at": utc_text(at)} for name, at in seen],
    }
    if as_json:
        print_json(facts)
        return
    places = ", ".join(f"{name}, {local_text(at)}" for name, at in seen)
    plain = {**facts, "changed_at": local_text(last.at), "last_seen": places or "never"}
    print_table(("FIELD", "VALUE"), list(plain.items()))


def history(context: typer.Context, asset: Number, *, as_json: Json = False) -> None:
    """Show every version of an asset: what changed, who said so, when and why."""
    from netops.inventory.assets import Asset

    site = open_site(context)
    try:
        versions = site.ledger.history(asset)
    finally:
        site.close()
    if as_json:
        print_json([one.as_dict() for one in versions])
        return
    rows = []
    before = Asset(asset, state="")
    for one in versions:
        changes = before.changes_to(one.asset)
        text = "; ".join(
            f"{name}: {old or '-'} → {new or '-'}" for name, (old, new) in changes.items()
        )
        head = (one.asset.version, local_text(one.at), one.action, one.party, one.account)
        rows.append((*head, one.journal_seq, one.reason, text))
        before = one.asset
    heads = ("VERSION", "AT", "ACTION", "BY", "ACCOUNT", "JOURNAL", "REASON", "CHANGES")
    print_table(heads, rows, right=("VERSION", "JOURNAL"))


def verify(context: typer.Context, *, as_json: Json = False) -> None:
    """Hold every version in the ledger against the journal, and prove the journal itself."""
    from netops.inventory.ledger_verify import differences
    from netops.journal.verify import verify as examine

    site = open_site(context)
    try:
        compared, found = differences(site.ledger, site.journal.genesis().size)
        found += [f"journal: {one.problem}" for one in examine(site.journal_directory).findings]
    finally:
        site.close()
    status = Status.CRITICAL if found else Status.OK
    if as_json:
        print_json({"status": status.name, "compared": compared, "differences": found})
    else:
        for line in found:
            sys.stdout.write(f"CRITICAL: {one_line(line)}\n")
        sys.stdout.write(f"{status.name}: {compared} versions in ledger and journal\n")
    raise typer.Exit(int(status))


def findings(
    context: typer.Context,
    kind: Annotated[
        list[str] | None,
        typer.Option(metavar="KIND", help="Only these, such as no-owner; repeatable."),
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Show what disagreed when ledger, inventory and devices were last compared (reconcile)."""
    from netops.inventory.compare import KINDS

    for one in kind or ():
        if one not in KINDS:
            raise UsageError(f"no finding is called {one!r}", hint=f"known: {', '.join(KINDS)}")
    site = open_site(context)
    try:
        rows = site.database.execute("ledger_findings")
    finally:
        site.close()
    found = [row for row in rows if not kind or row["kind"] in kind]
    worst = Status.worst([Status.OK, *(Status(row["status"]) for row in found)])
    if as_json:
        plain = [{**row, "status": Status(row["status"]).name} for row in found]
        print_json({"status": worst.name, "findings": plain})
    elif found:
        print_table(
            ("TARGET", "STATUS", "KIND", "SEEN", "REMARK"),
            [
                (
                    *(row["target"], Status(row["status"]), row["kind"]),
                    *(local_text(parse_utc(row["at"])), row["text"]),
                )
                for row in found
            ],
        )
    else:
        sys.stdout.write("OK: no finding is on record\n")
    raise typer.Exit(int(worst))


def register(app: typer.Typer) -> None:
    """Add the commands to `netops inventory ledger`."""
    app.command("list")(list_)
    app.command()(show)
    app.command()(history)
    app.command()(findings)
    app.command()(verify)
