"""Tables as office programs export them: any usual charset and separator, heads in either language."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from netops.core.dataclass import dataclass, field
from netops.core.document import read_document
from netops.core.errors import ConfigError, UsageError
from netops.core.regular import read_limited
from netops.core.settings import is_secret_name

MAX_BYTES = 32_000_000
MAX_ROWS = 200_000
MAX_COLUMNS = 200
_HEADS = Path(__file__).with_name("heads.yaml")
#: The head may stand below a title, a date, an empty line.
_HEAD_WITHIN = 10
_LONGEST_CELL = 4_000
_SEPARATORS = ",;\t"
#: Each as Windows writes it, the more common one first.
_CHARSETS = ("utf-8-sig", "gb18030", "big5hkscs")
_SECRETS = re.compile(r"密码|密碼|口令|团体字|團體字|通行码", re.IGNORECASE)
_KEPT_AS_TEXT = re.compile(r'="([^"]*)"')
_ROUNDED = re.compile(r"\d(\.\d+)?E\+\d{2,}", re.IGNORECASE)
#: Fields in which a rounded number would be a wrong record.
_EXACT = {"number", "serial", "device"}


@dataclass(frozen=True, slots=True)
class Row:
    """One line: field → text, without empty cells; columns nobody knows by their head."""

    line: int
    cells: Mapping[str, str]
    others: Mapping[str, str]


@dataclass(slots=True)
class Sheet:
    """A table with heads that were understood."""

    charset: str
    rows: list[Row]
    #: Field → head, in the order of the columns.
    known: dict[str, str]
    #: Heads of columns that hold passwords: what is in them was left out.
    secrets: list[str]
    mistakes: list[str] = field(default_factory=list)


def read_sheet(path: Path, *, columns: Sequence[str] = (), charset: str | None = None) -> Sheet:
    """
    Return the table in a file; `columns` are `HEAD=field` for heads nobody else knows.

    Raises ConfigError for what is no table, UsageError for a wrong `columns` or `charset`.
    """
    raw = read_limited(path, MAX_BYTES)
    own = _own_columns(columns)
    best: tuple[int, str, str] | None = None
    for name, text in _decoded(raw, path, charset):
        score = max(
            (len(_understood(_split(line), own)[0]) for line in _first_lines(text)), default=0
        )
        if best is None or score > best[0]:
            best = (score, name, text)
    if best is None or not best[0]:
        raise ConfigError(
            f"{path} has no line of heads that anybody knows",
            hint="name the columns with --map 'HEAD=field'; fields: " + ", ".join(heads()),
        )
    return _read(best[2], best[1], path, own)


@cache
def heads() -> dict[str, tuple[str, ...]]:
    """Return field → what its column may be called."""
    data = read_document(_HEADS).data
    return {name: (folded_head(name), *map(folded_head, words)) for name, words in data.items()}


def folded_head(text: str) -> str:
    """Return a head as it is compared: without case, width, blanks, marks and what is in brackets."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    plain = re.sub(r"\([^)]*\)", "", plain)
    return "".join(char for char in plain if char.isalnum() or char == "/")


def _own_columns(columns: Sequence[str]) -> dict[str, str]:
    found = {}
    for text in columns:
        head, equals, name = text.rpartition("=")
        known = ", ".join(heads())
        if not equals or not head:
            raise UsageError(f"--map {text!r} is not HEAD=field", hint=f"fields: {known}")
        if name not in heads():
            raise UsageError(f"--map {text!r}: no field is called {name!r}", hint=f"known: {known}")
        found[folded_head(head)] = name
    return found


def _decoded(raw: bytes, path: Path, charset: str | None) -> Iterator[tuple[str, str]]:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        charset = "utf-16"
    elif b"\0" in raw:
        line = raw.count(b"\n", 0, raw.index(b"\0")) + 1
        raise ConfigError(
            f"{path}:{line}: a NUL character: this is no text",
            hint="export it as CSV (UTF-8) from the office program",
        )
    found = False
    for name in [charset] if charset else _CHARSETS:
        try:
            text = raw.decode(name)
        except UnicodeDecodeError:
            continue
        except LookupError:
            raise UsageError(
                f"no charset is called {name!r}", hint="such as utf-8, gb18030, big5"
            ) from None
        found = True
        yield name, text
        if name == "utf-8-sig":
            return  # what is UTF-8 is nothing else
    if not found:
        raise ConfigError(
            f"{path} is neither UTF-8 nor GB18030 nor Big5",
            hint="name its charset with --charset, or export it as CSV (UTF-8)",
        )


def _first_lines(text: str) -> list[str]:
    return text[:200_000].splitlines()[: _HEAD_WITHIN + 1]


def _split(line: str) -> list[str]:
    """Return the cells of a line of heads, by the separator that makes most of it."""
    return line.split(_separator(line))


def _separator(line: str) -> str:
    return max(_SEPARATORS, key=line.count)


def _understood(
    cells: Sequence[str], own: Mapping[str, str]
) -> tuple[dict[str, int], list[int], list[str]]:
    """Return field → column, the columns of secrets, and mistakes."""
    words = {word: name for name, known in heads().items() for word in known}
    found: dict[str, int] = {}
    secret: list[int] = []
    mistakes: list[str] = []
    for column, cell in enumerate(cells):
        text = folded_head(cell.strip('" \t'))
        if is_secret_name(cell) or _SECRETS.search(cell):
            secret.append(column)
        elif (name := own.get(text) or words.get(text)) is None:
            continue
        elif name not in found:
            found[name] = column
        elif text in own:
            mistakes.append(f"two columns are {name}")
    return found, secret, mistakes


def _read(text: str, charset: str, path: Path, own: Mapping[str, str]) -> Sheet:
    lines = _first_lines(text)
    at = max(
        range(len(lines)),
        key=lambda place: (len(_understood(_split(lines[place]), own)[0]), -place),
    )
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(lines[at]), strict=True)
    sheet = Sheet(charset, [], {}, [])
    columns: dict[str, int] = {}
    secret: list[int] = []
    head: list[str] = []
    try:
        for cells in reader:
            if reader.line_num <= at:
                continue
            if not head:
                head = [_visible(cell) for cell in cells]
                if len(head) > MAX_COLUMNS:
                    raise ConfigError(f"{path} has more than {MAX_COLUMNS} columns")
                columns, secret, sheet.mistakes = _understood(head, own)
                sheet.known = {name: head[column] for name, column in columns.items()}
                sheet.secrets = [head[column] for column in secret]
                continue
            if any(cell.strip() for cell in cells):
                _add(sheet, reader.line_num, cells, head, columns, secret)
            if len(sheet.rows) > MAX_ROWS:
                raise ConfigError(f"{path} has more than {MAX_ROWS:,} rows", hint="split it")
    except csv.Error as error:
        raise ConfigError(f"{path}:{reader.line_num}: {error}", hint="is it a CSV file?") from None
    return sheet


def _add(
    sheet: Sheet,
    line: int,
    cells: Sequence[str],
    head: Sequence[str],
    columns: Mapping[str, int],
    secret: Sequence[int],
) -> None:
    by_column = {column: name for name, column in columns.items()}
    known: dict[str, str] = {}
    others: dict[str, str] = {}
    for column, cell in enumerate(cells):
        if column in secret or not cell.strip():
            continue
        if column >= len(head):
            sheet.mistakes.append(f"line {line}: more cells than the head has")
            return
        name = by_column.get(column)
        try:
            text = _cell(cell, exact=name in _EXACT)
        except ValueError as error:
            sheet.mistakes.append(f"line {line}: {head[column]}: {error}")
            continue
        if name:
            known[name] = text
        elif head[column]:
            others[head[column]] = text
    sheet.rows.append(Row(line, known, others))


def _cell(cell: str, *, exact: bool) -> str:
    text = _visible(cell)
    if kept := _KEPT_AS_TEXT.fullmatch(text):
        return kept[1].strip()
    if len(text) > _LONGEST_CELL:
        raise ValueError(f"more than {_LONGEST_CELL} characters")
    if text.startswith(("=", "@")) or (text[:1] in "+-" and "(" in text):
        raise ValueError("a formula; export the values, nothing is calculated here")
    if exact and _ROUNDED.fullmatch(text):
        raise ValueError(f"{text} was rounded by the office program; format the column as text")
    return text


def _visible(cell: str) -> str:
    """Return a cell as one line without what cannot be seen."""
    text = "".join(
        " " if char.isspace() else char
        for char in cell
        if char.isspace() or unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Cn", "Co"}
    )
    return " ".join(text.split())
