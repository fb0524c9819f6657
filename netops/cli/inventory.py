"""netops inventory: list, show, select; the other verbs join from files of their own."""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from netops.cli import inventory_ask, inventory_handover, inventory_import, inventory_ledger
from netops.cli.options import Json
from netops.cli.runs import open_site
from netops.cli.table import one_line, print_json, print_table
from netops.core.errors import UsageError
from netops.inventory.model import Device
from netops.inventory.select import select as matching

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Selector = Annotated[
    list[str] | None,
    typer.Argument(metavar="[SELECTOR]...", help="Words such as: role=access !maintenance"),
]


@app.command("list")
def list_(context: typer.Context, selector: Selector = None, *, as_json: Json = False) -> None:
    """List the devices a selector picks, all without one."""
    devices = matching(open_site(context).devices, " ".join(selector or []))
    if as_json:
        print_json([device.as_dict() for device in devices])
        return
    rows = [
        (d.name, d.host, d.kind, d.role, d.site, d.platform, d.owner, " ".join(sorted(d.tags)))
        for d in devices
    ]
    print_table(("NAME", "HOST", "KIND", "ROLE", "SITE", "PLATFORM", "OWNER", "TAGS"), rows)


@app.command()
def select(context: typer.Context, selector: Selector = None) -> None:
    """Print only the names, one a line, for scripts."""
    for device in matching(open_site(context).devices, " ".join(selector or [])):
        sys.stdout.write(one_line(device.name) + "\n")


@app.command()
def show(context: typer.Context, name: str, *, as_json: Json = False) -> None:
    """Show one device with everything it inherits, and where each value comes from."""
    device = _named(open_site(context).devices, name)
    if as_json:
        print_json(device.as_dict())
        return
    plain = device.as_dict()
    data, origins = plain.pop("data"), plain.pop("origins")
    plain.update({f"data.{key}": value for key, value in data.items()})
    rows = [
        (key, ", ".join(map(str, value)) if isinstance(value, list) else value, origins.get(key))
        for key, value in plain.items()
    ]
    print_table(("FIELD", "VALUE", "FROM"), rows)


def _named(devices: Sequence[Device], name: str) -> Device:
    found = [device for device in devices if device.name == name]
    if not found:
        raise UsageError(f"there is no device {name!r}", hint="see `netops inventory list`")
    return found[0]


inventory_import.register(app)
inventory_ledger.register(app)
inventory_ask.register(app)
inventory_handover.register(app)
