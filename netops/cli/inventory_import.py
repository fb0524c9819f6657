"""netops inventory import: what other programs know, as a proposal or in a file."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from netops.cli.errors import printable
from netops.cli.options import DryRun, Json, Quiet
from netops.cli.runs import View, open_site, perform
from netops.core.results import Result
from netops.core.run import Context, Options, Work
from netops.core.status import Status

if TYPE_CHECKING:
    from netops.app import Site
    from netops.inventory.importers.base import Draft
    from netops.inventory.proposal import Proposal

_SHOWN = 20


def import_(
    context: typer.Context,
    form: Annotated[
        str,
        typer.Argument(
            metavar="FORMAT", help="csv, ansible, nornir, oxidized, librenms, netbox, or a plug-in."
        ),
    ],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What the other program wrote.")],
    to: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Add what is new to this file (default: print it)."),
    ] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="HEAD=FIELD", help="What a column means; repeatable."),
    ] = None,
    charset: Annotated[
        str | None, typer.Option(help="Charset of a table (default: found out).")
    ] = None,
    *,
    as_json: Json = False,
    quiet: Quiet = False,
    dry_run: DryRun = False,
) -> None:
    """Propose inventory entries; what is there already is never changed, passwords never copied."""
    from netops.inventory.importers import IMPORTERS
    from netops.inventory.importers.base import Wishes
    from netops.inventory.proposal import propose

    site = open_site(context)
    draft = IMPORTERS.get(form)().read(file, Wishes(columns or (), charset))
    proposal = propose(draft, site.devices, to)
    if not (as_json or quiet):
        text = proposal.diff(str(to)) if to else proposal.after
        sys.stdout.write("".join(f"{printable(line)}\n" for line in text.splitlines()))
    target = str(to) if to else file.name

    def act(_: None, run: Context) -> Result:
        return _act(site, proposal, draft, to, run)

    perform(
        site,
        "inventory import",
        [Work(target, None)],
        act,
        Options(dry_run=dry_run or to is None),
        View(as_json, quiet, ("FILE", "STATUS", "REMARK"), _rows, ()),
        {"format": form, "from": file.name},
    )


def _act(
    site: "Site", proposal: "Proposal", draft: "Draft", to: Path | None, run: Context
) -> Result:
    from netops.inventory.proposal import write_proposal

    added, differs = proposal.fate("new"), proposal.fate("differs")
    would = "would be added" if run.dry_run else "added"
    parts = [f"{len(added)} {would}", f"{len(proposal.fate('same'))} there already"]
    if differs:
        parts.append(f"{len(differs)} differ and stay as they are")
    if draft.secrets:
        parts.append(f"{len(draft.secrets)} passwords left out")
    if to is not None and added and not run.dry_run:
        write_proposal(proposal, to, site.reload_devices)
    facts = {
        "added": added,
        "differs": {one.name: one.remark for one in proposal.lines if one.fate == "differs"},
        "left_out": draft.secrets,
        "notes": draft.notes,
    }
    status = Status.WARNING if differs or draft.secrets else Status.OK
    return Result(run.target, status, "; ".join(parts), facts)


def _rows(result: Result) -> list[Sequence[object]]:
    rows: list[Sequence[object]] = [(result.target, result.status, result.summary)]
    rows += [("", "", note) for note in result.facts.get("notes", ())]
    differs = result.facts.get("differs", {})
    rows += [("", "", f"{name}: {text}") for name, text in list(differs.items())[:_SHOWN]]
    left_out = result.facts.get("left_out", ())
    rows += [("", "", f"password not copied: {place}") for place in left_out[:_SHOWN]]
    if left_out:
        step = (
            "keep them in files or a keyring, and name those under inventory.snmp and inventory.ssh"
        )
        rows.append(("", "", f"next: {step}"))
    return rows


def register(app: typer.Typer) -> None:
    """Add the command to `netops inventory`."""
    app.command("import")(import_)
