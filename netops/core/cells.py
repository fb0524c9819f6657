"""Cells of tables that people open with a spreadsheet: one line each, nothing hidden, and nothing that computes."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime

from netops.core.clock import utc_text

# The wide forms are those of East Asian keyboards (OWASP, CSV Injection).
_FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


def harmless(cell: object) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return utc_text(cell)
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, int | float):
        return f"{cell:.0f}"
    text = " ".join(str(cell).split())
    if not text.isprintable():
        text = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def csv_text(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table as CSV (RFC 4180)."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(heads)
    for row in rows:
        writer.writerow([harmless(cell) for cell in row])
    return out.getvalue()
