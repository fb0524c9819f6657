"""Tables for people, in plain text: aligned also for Chinese, coloured on a terminal, safe for any name."""

import json
import os
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import TextIO

from netops.cli.errors import printable
from netops.core.clock import utc_text
from netops.core.i18n import display_width
from netops.core.redact import redact
from netops.core.status import Status

_COLOURS = {"OK": "32", "WARNING": "33", "CRITICAL": "1;31", "UNKNOWN": "35"}


def print_table(
    heads: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    right: Sequence[str] = (),
    out: TextIO | None = None,
) -> None:
    """Print rows under their heads; columns named in `right` are numbers."""
    out = out or sys.stdout
    cells = [[one_line(value) for value in row] for row in rows]
    widths = [
        max(display_width(row[i]) for row in [list(heads), *cells]) for i in range(len(heads))
    ]
    colour = is_colourful(out)
    for row in [list(heads), *cells]:
        line = "  ".join(
            _aligned(text, width, to_right=head in right, colour=colour)
            for text, width, head in zip(row, widths, heads, strict=True)
        )
        out.write(line.rstrip() + "\n")


def print_json(value: object) -> None:
    """Print values as JSON, secrets masked; half a surrogate pair becomes visible text."""
    text = json.dumps(value, ensure_ascii=False, indent=2, default=_json_value)
    sys.stdout.write(redact(text.encode("utf-8", "backslashreplace").decode()) + "\n")


def one_line(value: object) -> str:
    """Return a value as one safe line, `-` for nothing."""
    if value is None or value == "":
        return "-"
    if isinstance(value, Status):
        return value.name
    return printable(" ".join(str(value).split()))


def is_colourful(out: TextIO) -> bool:
    """Tell whether `out` is a terminal that wants colours (no-color.org)."""
    return out.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def _json_value(value: object) -> str:
    if isinstance(value, datetime):
        return utc_text(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def _aligned(text: str, width: int, *, to_right: bool, colour: bool) -> str:
    gap = " " * (width - display_width(text))
    shown = f"\x1b[{_COLOURS[text]}m{text}\x1b[0m" if colour and text in _COLOURS else text
    return gap + shown if to_right else shown + gap
