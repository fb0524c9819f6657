"""netops topology binding add|list|remove|import: which address, port and name belong to a MAC."""

from pathlib import Path
from typing import Annotated

import typer

from netops.cli.options import DryRun, Json, Quiet
from netops.cli.runs import View, open_site, perform
from netops.cli.table import print_json, print_table
from netops.core.run import Options, Work

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="The register of endpoints: bind a MAC to an address, a port, a name.",
)
_HEADS = ("MAC", "STATUS", "TIME", "REMARK")


@app.command()
def add(
    context: typer.Context,
    mac: Annotated[str, typer.Argument(help="The endpoint's MAC address.")],
    *,
    address: Annotated[str, typer.Option(help="The address it must have.")] = "",
    device: Annotated[str, typer.Option(help="The switch it must be on.")] = "",
    port: Annotated[str, typer.Option(help="The port it must be on.")] = "",
    name: Annotated[str, typer.Option(help="What it is called.")] = "",
    note: Annotated[str, typer.Option(help="Anything else.")] = "",
    as_json: Json = False,
    quiet: Quiet = False,
    dry_run: DryRun = False,
) -> None:
    """Bind a MAC by hand, in place of what was bound or learnt before."""
    from netops.topology.bindings import BindingRun, binding

    made = binding(mac, address, device, port, name, note)
    site = open_site(context)
    perform(
        site,
        "topology binding add",
        [Work(made.mac, made)],
        BindingRun(site.discovery.bindings),
        Options(dry_run=dry_run),
        View(as_json, quiet, heads=_HEADS),
        {"note": made.note},
    )


@app.command("import")
def import_(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(help="CSV with the columns mac, address, device, port, name, note.")
    ],
    *,
    as_json: Json = False,
    quiet: Quiet = False,
    dry_run: DryRun = False,
) -> None:
    """Bind every MAC of a file; a file with a mistake binds none."""
    from netops.topology.bindings import BindingRun, read_file

    found = {one.mac: one for one in read_file(file)}
    site = open_site(context)
    perform(
        site,
        "topology binding import",
        [Work(mac, one) for mac, one in found.items()],
        BindingRun(site.discovery.bindings),
        Options(dry_run=dry_run),
        View(as_json, quiet, heads=_HEADS),
        {"file": str(file)},
    )


@app.command()
def remove(
    context: typer.Context,
    mac: Annotated[str, typer.Argument(help="The endpoint's MAC address.")],
    *,
    as_json: Json = False,
    quiet: Quiet = False,
    dry_run: DryRun = False,
) -> None:
    """Take a MAC out of the register."""
    from netops.topology.bindings import BindingRun, binding

    made = binding(mac)
    site = open_site(context)
    perform(
        site,
        "topology binding remove",
        [Work(made.mac, made)],
        BindingRun(site.discovery.bindings, remove=True),
        Options(dry_run=dry_run),
        View(as_json, quiet, heads=_HEADS),
    )


@app.command("list")
def list_(context: typer.Context, *, as_json: Json = False) -> None:
    """List the register."""
    site = open_site(context)
    try:
        found = list(site.discovery.bindings.all().values())
    finally:
        site.close()
    keys = ("mac", "address", "device", "port", "name", "source", "account", "note")
    rows = [[getattr(one, key) for key in keys] for one in found]
    if as_json:
        print_json([dict(zip(keys, row, strict=True)) for row in rows])
    else:
        print_table([key.upper() for key in keys], rows)
