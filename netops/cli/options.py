"""The options that many commands share, each described once."""

import sys
from typing import Annotated

import typer

from netops.core.errors import UsageError
from netops.core.units import parse_duration


def _seconds(text: str) -> float:
    try:
        return float(parse_duration(text))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _limit(text: str) -> float:
    seconds = _seconds(text)
    if seconds <= 0:
        raise typer.BadParameter("a run needs some time: leave the option out for no limit")
    return seconds


Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print only problems, so that cron mails only those.")
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", "-n", help="Say what would be done; change and record nothing.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Answer the question with yes.")]
Timeout = Annotated[
    float | None,
    typer.Option(
        "--timeout", parser=_limit, metavar="DURATION", help="End the whole run after this time."
    ),
]
Jitter = Annotated[
    float | None,
    typer.Option(
        "--jitter",
        parser=_seconds,
        metavar="DURATION",
        help="Wait a random time up to this first, so that many machines do not start at once.",
    ),
]


def confirm(question: str) -> None:
    """Ask on the terminal and abort on no; raise UsageError where nobody can answer."""
    if sys.stdin is None or not sys.stdin.isatty():
        raise UsageError(
            "this asks before it changes live data, and there is no terminal to ask on",
            hint="add --yes when you are sure",
        )
    typer.confirm(question, abort=True, err=True)
