"""The journal for other programs: JSON lines that can be checked again, CSV that opens safely."""

import csv
import io
import json
from collections.abc import Iterable, Iterator

from netops.core.clock import utc_text
from netops.journal.model import Entry

COLUMNS = ("seq", "at", "host", "actor", "run", "kind", "subject", "ok", "detail", "hash")
# A spreadsheet takes a cell that starts so for a formula; the wide forms are those of East Asian
# keyboards (OWASP, CSV Injection).
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def json_lines(entries: Iterable[Entry]) -> Iterator[str]:
    """
    Yield one JSON object and newline per entry.

    The line without its last member, `,"hash":"…"`, is byte by byte the body that was hashed.
    """
    for entry in entries:
        yield f'{entry.body.decode(errors="backslashreplace")[:-1]},"hash":"{entry.hash}"}}\n'


def csv_lines(entries: Iterable[Entry]) -> Iterator[str]:
    """Yield a header and one line per entry (RFC 4180); no cell can act as a formula."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(COLUMNS)
    yield _take(buffer)
    for entry in entries:
        writer.writerow([_harmless(cell) for cell in _cells(entry)])
        yield _take(buffer)


def _cells(entry: Entry) -> tuple[str, ...]:
    return (
        str(entry.seq),
        utc_text(entry.at),
        entry.host,
        entry.actor,
        entry.run or "",
        entry.kind,
        entry.subject,
        "" if entry.ok is None else str(entry.ok).lower(),
        json.dumps(entry.detail, ensure_ascii=False),
        entry.hash,
    )


def _harmless(cell: str) -> str:
    # Names of files may hold what is no text at all; it is shown, not passed on.
    visible = "".join(one if one.isprintable() or one == "\n" else _escape(one) for one in cell)
    return f"'{visible}" if cell.lstrip(" ").startswith(_FORMULA_STARTS) else visible


def _escape(char: str) -> str:
    return char.encode("unicode_escape", errors="surrogatepass").decode("ascii")


def _take(buffer: io.StringIO) -> str:
    line = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return line
