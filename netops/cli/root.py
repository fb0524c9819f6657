"""The tree of commands; only the noun that was typed is imported."""

import logging
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated

import typer
from typer.exceptions import TyperException

from netops import __version__
from netops.core.errors import UsageError

#: Noun → what it is about. Each is a module of this package with an `app`.
NOUNS = {
    "backup": "Back up, restore and verify; see how well data is protected.",
    "config": "Check, show and explain netops.yaml.",
    "inventory": "List and select the devices of the site.",
    "journal": "Read, prove and verify the operation journal.",
    "schedule": "Plan, install and run what is due.",
    "snmp": "Ask devices by SNMP, or play one.",
    "topology": "Discover how the network hangs together, what changed, and who approved it.",
}
#: Verbs without a noun: module and function.
_VERBS = {"init": "netops.cli.init", "doctor": "netops.cli.doctor"}


def run(arguments: Sequence[str]) -> int:
    """Parse and execute; return the exit code. Wrong usage raises UsageError."""
    try:
        code = _application(arguments)(
            args=list(arguments), prog_name="netops", standalone_mode=False
        )
    except typer.Abort:
        sys.stderr.write("netops: interrupted: nothing was changed\n")
        return 130
    except SystemExit:
        # The library's own end when the reader went away; everything else ends by returning.
        raise BrokenPipeError from None
    except TyperException as error:
        message = error.format_message()
        if message.startswith("Usage:"):  # a noun alone asks what it can do
            sys.stderr.write(message + "\n")
            return 64
        raise UsageError(message, hint="see `netops --help`, or --help after the command") from None
    return int(code or 0)


def _application(arguments: Sequence[str]) -> typer.Typer:
    application = typer.Typer(
        name="netops",
        no_args_is_help=True,
        pretty_exceptions_enable=False,  # locals in a traceback may hold secrets
        add_completion=False,
        rich_markup_mode=None,
        help="Network and backup operations, and the evidence they leave.",
        callback=_common,
    )
    typed = _typed_word(arguments)
    for noun, about in NOUNS.items():
        if typed in {None, noun} or typed not in {*NOUNS, *_VERBS}:
            module = import_module(f"netops.cli.{noun}")
            application.add_typer(module.app, name=noun, help=about)
    for verb, name in _VERBS.items():
        if typed in {None, verb} or typed not in {*NOUNS, *_VERBS}:
            application.command(verb)(getattr(import_module(name), verb))
    return application


def _typed_word(arguments: Sequence[str]) -> str | None:
    """Return the first word that is a command; None asks for all of them."""
    skip = False
    for word in arguments:
        if skip:
            skip = False
        elif word == "--site":
            skip = True
        elif not word.startswith("-"):
            return word
    return None


def _version(*, wanted: bool) -> None:
    if wanted:
        typer.echo(f"netops {__version__}")
        raise typer.Exit


def _common(
    context: typer.Context,
    site: Annotated[
        str | None,
        typer.Option(
            "--site",
            metavar="PATH",
            help="The site's directory or its netops.yaml (or set NETOPS_SITE).",
        ),
    ] = None,
    *,
    debug: Annotated[bool, typer.Option("--debug", help="Log what happens to stderr.")] = False,
    version: Annotated[
        bool,
        typer.Option("--version", callback=lambda value: _version(wanted=value), is_eager=True),
    ] = False,
) -> None:
    del version
    context.obj = site
    from netops.core.log import to_stderr

    to_stderr(logging.DEBUG if debug else logging.ERROR)
