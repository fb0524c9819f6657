"""YAML text to plain values with lines, under limits: loaded only when a file is really read."""

from typing import TYPE_CHECKING, Any

import yaml

from netops.core.yaml_plain import TELLING, plain_value

if TYPE_CHECKING:
    _Parser: Any
elif yaml.__with_libyaml__:
    from yaml.cyaml import CParser as _Parser
else:

    class _Parser(
        yaml.reader.Reader, yaml.scanner.Scanner, yaml.parser.Parser, yaml.composer.Composer
    ):
        """The same in Python, about ten times slower."""

        def __init__(self, text: str) -> None:
            yaml.reader.Reader.__init__(self, text)
            yaml.scanner.Scanner.__init__(self)
            yaml.parser.Parser.__init__(self)
            yaml.composer.Composer.__init__(self)


Step = str | int


class LimitError(Exception):
    """The file nests deeper or holds more than any configuration does."""


class Tree(_Parser):  # type: ignore[misc]  # the C parser has no types
    """Nodes of a text; tags are "plain" for an unquoted scalar, None for anything else implicit."""

    def __init__(self, text: str, *, max_depth: int, max_nodes: int) -> None:
        _Parser.__init__(self, text)
        self._max_depth = max_depth
        self._max_nodes = max_nodes
        self._parent: object = None
        self._depths: dict[object, int] = {None: 1}
        # Called once for each node, so that it runs dry at the limit; nothing in Python is faster.
        self.ascend_resolver = iter(range(max_nodes)).__next__

    def get_single_node(self) -> Any:
        """Return the root, None for an empty text; raise LimitError beyond the limits."""
        try:
            return _Parser.get_single_node(self)
        except StopIteration:
            raise LimitError(f"more than {self._max_nodes:,} values") from None

    def resolve(self, _kind: type, _value: str | None, implicit: object) -> str | None:
        """Return the tag of a node that carries none."""
        return "plain" if implicit.__class__ is tuple and implicit[0] else None

    def descend_resolver(self, parent: object, _index: object) -> None:
        """Refuse to go deeper before the C stack ends."""
        if parent is self._parent:
            return  # one more in the same collection, which most nodes are
        depths = self._depths
        if parent not in depths:
            depths[parent] = depth = depths[self._parent] + 1
            if depth > self._max_depth:
                raise LimitError(f"nested deeper than {self._max_depth} levels")
        self._parent = parent


class Construction:
    """Plain values out of nodes, with their lines and mistakes."""

    def __init__(self, name: str, *, max_nodes: int) -> None:
        self.name = name
        self._max_nodes = max_nodes  # with every alias written out
        self.lines: dict[int, dict[Step, int]] = {}
        self.mistakes: list[str] = []
        self.count = 0
        self._path: list[Step] = []
        # Containers already built (an alias names them again): value, height, nodes.
        self._built: dict[int, tuple[Any, int, int]] = {}
        self._open: set[int] = set()

    def value(self, node: Any) -> tuple[Any, int]:
        """Return the value of `node` and how deep it goes."""
        if node.id == "scalar":
            return self._scalar(node), 0
        key = id(node)
        if key in self._built:
            value, height, count = self._built[key]
            self.count += count
            return value, height
        if key in self._open:
            self._mistake(node, "an alias (*name) stands inside its own anchor")
            return None, 0
        if node.tag is not None:
            self._mistake(node, "tags (!name) are not allowed")
        before = self.count
        self.count += 1 + len(node.value)
        self._open.add(key)
        build = self._mapping if node.id == "mapping" else self._sequence
        value, height = build(node)
        self._open.discard(key)
        self._built[key] = (value, height + 1, self.count - before)
        return value, height + 1

    def _sequence(self, node: Any) -> tuple[list[Any], int]:
        values: list[Any] = []
        deepest = 0
        for child in node.value:
            # The path serves mistakes only; a plain scalar without a tag makes none.
            if child.tag == "plain":
                values.append(plain_value(child.value))
                continue
            self._path.append(len(values))
            value, height = self.value(child)
            self._path.pop()
            values.append(value)
            deepest = max(deepest, height)
        self.lines[id(values)] = {
            index: child.start_mark.line + 1 for index, child in enumerate(node.value)
        }
        return values, deepest

    def _mapping(self, node: Any) -> tuple[dict[str, Any], int]:
        values: dict[str, Any] = {}
        lines: dict[Step, int] = {}
        merged: list[Any] = []
        deepest = 0
        for key_node, child in node.value:
            key = key_node.value
            if key.__class__ is not str or "\0" in key:
                key = self._bad_key(key_node)
            if child.tag == "plain":
                value = child.value
                if value[:1] in TELLING:
                    value = plain_value(value)
            else:
                self._path.append(key)
                value, height = self.value(child)
                self._path.pop()
                deepest = max(deepest, height)
            if key == "<<" and key_node.tag == "plain":
                merged.extend(value if isinstance(value, list) else [value])
            elif key in values:
                self._mistake(key_node, f"given twice, first in line {lines[key]}", key)
            else:
                values[key] = value
                lines[key] = key_node.start_mark.line + 1
        for source in merged:
            self._merge(node, source, values, lines)
        self.lines[id(values)] = lines
        return values, deepest

    def _merge(
        self, node: Any, source: Any, values: dict[str, Any], lines: dict[Step, int]
    ) -> None:
        if not isinstance(source, dict):
            self._mistake(node, "<< takes mappings only")
            return
        self.count += len(source)
        if self.count > self._max_nodes:
            return  # refused as a whole in the end; copying on would take for ever
        theirs = self.lines.get(id(source), {})
        for key in source:
            if key not in values:
                values[key] = source[key]
                lines[key] = theirs.get(key, node.start_mark.line + 1)

    def _bad_key(self, node: Any) -> str:
        if node.value.__class__ is not str:
            self._mistake(node, "a key must be text, not a list or mapping")
            return f"?{id(node)}"
        self._mistake(node, "a NUL character is not allowed")
        return str(node.value)

    def _scalar(self, node: Any) -> str | int | float | bool | None:
        text: str = node.value
        if node.tag == "plain":
            return plain_value(text)
        if node.tag not in (None, "tag:yaml.org,2002:str"):
            self._mistake(node, "tags (!name) are not allowed; quote text that starts with !")
        if "\0" in text:
            self._mistake(node, "a NUL character is not allowed")
        return text

    def _mistake(self, node: Any, message: str, *steps: Step) -> None:
        path = ".".join(map(str, (*self._path, *steps)))
        line = node.start_mark.line + 1
        self.mistakes.append(f"{self.name}:{line}: {path}{': ' if path else ''}{message}")
