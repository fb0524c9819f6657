"""The named statements of sql/queries/, read once, in the form that each driver wants."""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from netops.core.dataclass import dataclass

SQL = Path(__file__).parent / "sql"

_HEADER = re.compile(r"^-- ([a-z][a-z0-9_]*) --\n", re.MULTILINE)
_TOKEN = re.compile(
    r"""'(?:[^']|'')*'          # text, with doubled quotes inside
      | "(?:[^"]|"")*"          # quoted name
      | --[^\n]*                # comment to the end of the line
      | /\*.*?\*/               # comment of many lines
      | ::                      # cast
      | :([a-z_][a-z0-9_]*)     # parameter
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Query:
    """One statement with `:name` parameters."""

    name: str
    sql: str
    parameters: frozenset[str]

    @property
    def percent_sql(self) -> str:
        """The statement with `%(name)s` parameters and every other `%` doubled (psycopg)."""
        return _percent(self.sql)

    def check(self, given: Iterable[str]) -> None:
        """Raise TypeError unless exactly the parameters of the statement are given."""
        found = set(given)
        if found != self.parameters:
            missing = ", ".join(sorted(self.parameters - found)) or "nothing"
            surplus = ", ".join(sorted(found - self.parameters)) or "nothing"
            raise TypeError(f"query {self.name}: missing {missing}, not a parameter: {surplus}")


def parse_query(name: str, sql: str) -> Query:
    """Find the parameters of one statement; text, quoted names, comments and casts hold none."""
    return Query(name, sql, frozenset(m[1] for m in _TOKEN.finditer(sql) if m[1]))


def split_queries(text: str) -> dict[str, str]:
    """Return the blocks that start with `-- name --`; raise ValueError for a name given twice."""
    parts = _HEADER.split(text)[1:]
    names = parts[::2]
    if len(set(names)) != len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(f"two queries have the same name: {', '.join(twice)}")
    return {
        name: sql.strip().removesuffix(";") for name, sql in zip(names, parts[1::2], strict=True)
    }


@cache
def find_query(name: str) -> Query:
    """Return the statement of that name; raise KeyError with near names when there is none."""
    blocks = _blocks()
    if name not in blocks:
        from difflib import get_close_matches

        near = ", ".join(get_close_matches(name, blocks)) or "none is near"
        raise KeyError(f"no query is called {name!r}; near names: {near}")
    return parse_query(name, blocks[name])


def query_names() -> list[str]:
    """Return every name in sql/queries/, in the order of the files."""
    return list(_blocks())


@cache
def _blocks() -> Mapping[str, str]:
    found: dict[str, str] = {}
    for file in sorted((SQL / "queries").glob("*.sql")):
        blocks = split_queries(file.read_text(encoding="utf-8"))
        if twice := sorted(found.keys() & blocks.keys()):
            raise ValueError(f"two queries have the same name: {', '.join(twice)}")
        found.update(blocks)
    return found


def _percent(sql: str) -> str:
    pieces: list[str] = []
    end = 0
    for match in _TOKEN.finditer(sql):
        pieces.append(sql[end : match.start()].replace("%", "%%"))
        pieces.append(f"%({match[1]})s" if match[1] else match[0].replace("%", "%%"))
        end = match.end()
    pieces.append(sql[end:].replace("%", "%%"))
    return "".join(pieces)
