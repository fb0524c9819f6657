"""netops init: make a site."""

import sys
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from netops.setup.init import PASSWORD_FILES, make_site


def init(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where the site is to live.")],
) -> None:
    """Write an annotated netops.yaml, an inventory and keys; keep what is there."""
    home = directory.absolute()
    made = make_site(home)
    for item in made:
        sys.stdout.write(f"{'wrote' if item.is_new else 'kept '}  {item.path}\n")
    passwords = " and ".join(str(home / name) for name in PASSWORD_FILES)
    call = f"netops --site {quote(str(home))}"
    sys.stdout.write(
        "\nKEEP ELSEWHERE, on paper or in a password safe:\n"
        f"  {passwords}\n"
        "  Without its password a repository cannot be read by anyone, netops included.\n"
        "\nNext:\n"
        f"  edit {home / 'netops.yaml'}\n"
        f"  {call} config check\n"
        f"  {call} backup init\n"
        f"  {call} backup run\n"
    )
