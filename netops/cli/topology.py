"""netops topology: the records of its changes."""

import typer

from netops.cli import topology_record

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
topology_record.register(app)
