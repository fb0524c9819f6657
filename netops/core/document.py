"""YAML files with line numbers, read strictly: what a person wrote, or every mistake in it."""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from netops.core.bulk import no_collection
from netops.core.dataclass import dataclass, field
from netops.core.errors import ConfigError
from netops.core.regular import read_limited
from netops.core.yaml_plain import read_plainly

if TYPE_CHECKING:
    import yaml

MAX_SIZE_BYTES = 16_000_000
MAX_DEPTH = 32
MAX_NODES = 1_000_000
MAX_UNFOLDED = 2 * MAX_NODES  # with every alias written out

TYPE_NAMES = {dict: "a mapping", list: "a list", str: "text", bool: "true or false"}

_NOT_PRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


Step = str | int
Location = tuple[Step, ...]
#: Plain values, and by the id of each container the line of each of its keys or items.
_Tree = tuple[dict[str, Any], dict[int, dict[Step, int]]]


class Located(Protocol):
    """Data that can tell where each of its parts was written."""

    def where(self, path: Location) -> str:
        """Return `file:line` of `path`, or of its nearest part that exists."""


@dataclass(frozen=True, slots=True)
class Document:
    """One file: plain values with text keys, and the line of each."""

    path: Path
    label: str
    data: dict[str, Any]
    _tree: "Callable[[], _Tree]" = field(repr=False)

    def line(self, path: Location) -> int:
        """Return the line (from 1) of `path`, or of its nearest ancestor that exists."""
        value: Any
        value, all_lines = self._tree()
        line = 1
        for step in path:
            lines = all_lines.get(id(value), {})
            if step not in lines:
                break
            line, value = lines[step], value[step]
        return line

    def where(self, path: Location) -> str:
        """Return `file:line` of `path`, or of its nearest ancestor that exists."""
        return f"{self.label}:{self.line(path)}"


def dotted(path: Location) -> str:
    """Return `backup.jobs.etc.sources.0`."""
    return ".".join(str(step) for step in path)


def mistake(document: Located, path: Location, message: str) -> str:
    """Return one line for a report: file, line, dotted path, what was expected."""
    return f"{document.where(path)}: {dotted(path)}: {message}"


def refuse(what: object, mistakes: list[str], *, hint: str | None = None) -> NoReturn:
    """Raise ConfigError for `what` (usually a path) with all its mistakes."""
    count = "a mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
    raise ConfigError(f"{what} has {count}", hint=hint, mistakes=mistakes)


def read_document(path: Path, *, label: str | None = None, plainly: bool = False) -> Document:
    """
    Return the YAML mapping in `path`; `label` names the file in mistakes (default: its name).

    Follows the YAML 1.2 core schema, with fewer numbers: only `true` and `false` are booleans,
    keys are always text. Raises ConfigError with every mistake that can be told apart.
    `plainly` is for long files: what is written as usual is read without the parser.
    """
    name = path.name if label is None else label
    text = plain_text(read_limited(path, MAX_SIZE_BYTES), path, name)
    with no_collection():
        if plainly and (data := read_plainly(text, max_nodes=MAX_NODES)) is not None:
            # Lines are for mistakes, which are rare: then the parser finds them.
            return Document(path, name, data, cache(lambda: _parsed(text, path, name)))
    return parse_document(text, path, name)


def parse_document(text: str, path: Path, name: str) -> Document:
    """Return the YAML mapping in `text`, which was read from `path`, as `read_document` does."""
    with no_collection():
        tree = _parsed(text, path, name)
    return Document(path, name, tree[0], lambda: tree)


def _parsed(text: str, path: Path, name: str) -> _Tree:
    from netops.core.yaml_tree import Construction

    root = _compose(text, path, name)
    if root is None:
        return {}, {}
    construction = Construction(name, max_nodes=MAX_UNFOLDED)
    data, height = construction.value(root)
    if height > MAX_DEPTH or construction.count > MAX_UNFOLDED:
        refuse(path, [f"{name}:1: the aliases (*name) unfold to too much"], hint="write it out")
    if not construction.mistakes and not isinstance(data, dict):
        found = TYPE_NAMES.get(type(data), "a single value")
        construction.mistakes.append(f"{name}:1: the file must be a mapping (found {found})")
    if construction.mistakes:
        refuse(path, construction.mistakes)
    return data, construction.lines


def plain_text(raw: bytes, path: Path, name: str) -> str:
    """Return UTF-8 octets as text; raise ConfigError for another charset and control characters."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        problem = f"{name}:{line}: the text is not UTF-8"
        refuse(path, [problem], hint="save the file as UTF-8")
    if found := _NOT_PRINTABLE.search(text):
        line = text.count("\n", 0, found.start()) + 1
        problem = f"{name}:{line}: a control character (U+{ord(found[0]):04X}) is not allowed"
        refuse(path, [problem])
    return text


def _compose(text: str, path: Path, name: str) -> "yaml.Node | None":
    import yaml

    from netops.core.yaml_tree import LimitError, Tree

    try:
        root: yaml.Node | None = Tree(
            text, max_depth=MAX_DEPTH, max_nodes=MAX_NODES
        ).get_single_node()
    except LimitError as error:
        refuse(path, [f"{name}:1: {error}"], hint="is it the right file?")
    except yaml.MarkedYAMLError as error:
        refuse(path, [f"{name}:{_syntax(error, text)}"])
    except yaml.YAMLError:
        refuse(path, [f"{name}:1: the file is not YAML"])
    return root


def _syntax(error: "yaml.MarkedYAMLError", text: str) -> str:
    """Return `line: what is wrong`; never the text itself, which may hold a secret."""
    problem = str(error.problem or error.context or "the file is not YAML")
    mark = error.problem_mark or error.context_mark
    if "unexpected end" in problem and error.context_mark:
        mark = error.context_mark
    line = mark.line + 1 if mark else 1
    if "another document" in problem:
        return f"{line}: a second document (---) starts here; one file holds one"
    if "undefined alias" in problem:
        return f"{line}: an alias (*name) without its anchor (&name); quote text that starts with *"
    rows = re.split("\r\n|[\n\r\x85\u2028\u2029]", text)
    row = rows[line - 1] if line <= len(rows) else ""
    if "\t" in row[: len(row) - len(row.lstrip())]:
        return f"{line}: a tab indents this line; YAML wants spaces"
    if "mapping values" in problem:
        return f"{line}: a colon where none may be; check the indentation or quote the text"
    if "cannot start any token" in problem:
        return f"{line}: text that starts with this character must stand in quotes"
    context = f"{error.context}: " if error.context and error.context is not problem else ""
    return f"{line}: {context}{re.sub(chr(39) + '.*' + chr(39), '', problem).strip()}"
