"""netops config: check, show, schema."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from netops.app import find_site
from netops.cli.table import print_json

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

File = Annotated[
    Path | None, typer.Argument(metavar="[FILE]", help="A netops.yaml; the site's by default.")
]


def _file(context: typer.Context, file: Path | None) -> Path:
    return find_site(str(file) if file else context.obj)


@app.command()
def check(context: typer.Context, file: File = None) -> None:
    """Report every mistake of the configuration at once, with file and line."""
    from netops import config

    path = _file(context, file)
    checked = config.validate(path)
    jobs, places = len(checked.backup.jobs), len(checked.backup.repositories)
    sys.stdout.write(f"OK: {path} describes {jobs} backup jobs and {places} repositories\n")


@app.command()
def show(context: typer.Context, file: File = None) -> None:
    """Print every value in effect as JSON; secrets stay references."""
    from netops import config

    print_json(config.show(_file(context, file)))


@app.command()
def schema() -> None:
    """Print the JSON Schema of netops.yaml, for editors."""
    from netops import config

    sys.stdout.write(json.dumps(config.schema(), ensure_ascii=False, indent=2) + "\n")
