"""
YAML as nearly everybody writes it, read line by line in a fifth of the time.

Ten thousand devices spend more than half of their loading in the YAML parser. What stands here
takes `key: value` lines, lists of scalars, and `{…}` and `[…]` within a line; whatever else it
meets, and every mistake, it leaves to the parser: what it does return is what the parser would.
"""

import re
from typing import Any

_TRUE = ("true", "True", "TRUE")
_FALSE = ("false", "False", "FALSE")
_NULL = ("null", "Null", "NULL", "~", "")
#: What a text that means something else than itself starts with.
TELLING = frozenset((*"-0123456789tTfFnN~", ""))
# Numbers are those that can be written back as they stand: `007`, `0o755`, `1e5` (a serial
# number), `1:30` and `1.10` (a version) would lose something and stay text.
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,17}")
_FLOAT = re.compile(r"-?(?:0|[1-9][0-9]{0,14})\.(?:0|[0-9]{0,14}[1-9])")

#: Tabs, the line breaks that only YAML knows, and a byte order mark within the text.
_RARE = "\t\r\x85\u2028\u2029\ufeff"
#: Margin, dash, key and what follows it; all empty for a line that says nothing; or all of an odd line.
_LINES = re.compile(
    r"^(?:( *)(?:(-)(?= +[^ #\n])|(\w[\w.-]{0,200}):)(?: +(.*))?| *(?:#.*)?|(.+))$", re.MULTILINE
)
_QUOTED = re.compile(r"""(?:"([^"\\]*)"|'([^']*)') *(?: #.*)?""")
_KEY = re.compile(r" *(\w[\w.-]{0,200}): +")
_ITEM = re.compile(
    r"""(?:"([^"\\]*)"|'([^']*)'|((?:[\w/.+(~]|-(?=\w))[\w ./()+@%=-]*)) *(?=[],}])"""
)
_AFTER = re.compile(r" *(?: #.*)?")
_BEFORE_TEXT = frozenset("/._+(~")
#: Less than the parser takes: what comes near its limits is for it to judge.
_DEEPEST, _DEEPEST_IN_LINE = 16, 4

#: The value of a key whose value stands in the lines below, if at all.
_BELOW: Any = object()


def plain_value(text: str) -> str | int | float | bool | None:
    """Return what unquoted `text` means: null, true, false, a number or the text itself."""
    first = text[:1]
    if first not in TELLING:
        return text
    if first in "-0123456789" and first:
        if _INTEGER.fullmatch(text):
            return int(text)
        return float(text) if _FLOAT.fullmatch(text) else text
    if text in _NULL:
        return None
    return True if text in _TRUE else False if text in _FALSE else text


def read_plainly(text: str, *, max_nodes: int) -> dict[str, Any] | None:
    """Return the mapping in `text`, or None to ask the parser."""
    most_nodes = 2 * text.count("\n") + 2 * text.count(",") + text.count(":") + 9
    if most_nodes > max_nodes or any(sign in text for sign in _RARE):
        return None
    try:
        return _read(text)
    except _UnusualError:
        return None


class _UnusualError(Exception):
    """This is for the parser."""


def _read(text: str) -> dict[str, Any]:
    place, meanings = _Place(), _Meanings()
    values, here, waiting, in_list = place.values, "", "", False
    for margin, dash, key, rest, odd in _LINES.findall(text):
        if not key and not dash:
            if odd:
                raise _UnusualError
            continue
        if waiting or margin != here or in_list is not (not key):
            place.move(len(margin), waiting, is_item=not key)
            values, here, waiting, in_list = place.values, margin, "", not key
        value = meanings[rest]
        if value.__class__ is dict or value.__class__ is list:
            value = value.copy()
        if in_list:
            values.append(value)
        elif key in values:
            raise _UnusualError
        else:
            values[key] = value
        if value is _BELOW:
            waiting, values[key] = key, None
    return place.root


class _Place:
    """The mapping or list that a line continues, and those around it."""

    def __init__(self) -> None:
        self.root: dict[str, Any] = {}
        self.values: Any = self.root
        self._indent = 0
        self._around: list[tuple[int, Any]] = []

    def move(self, indent: int, waiting: str, *, is_item: bool) -> None:
        """Go to where a line belongs that is not simply the next of its kind."""
        if waiting and (indent > self._indent or (indent == self._indent and is_item)):
            self._open(indent, waiting, [] if is_item else {})
            return
        while indent < self._indent or (indent == self._indent and not is_item and self._in_list):
            if not self._around:
                raise _UnusualError
            self._indent, self.values = self._around.pop()
        if indent != self._indent or is_item is not self._in_list:
            raise _UnusualError

    @property
    def _in_list(self) -> bool:
        return self.values.__class__ is list

    def _open(self, indent: int, key: str, made: Any) -> None:
        self._around.append((self._indent, self.values))
        if len(self._around) > _DEEPEST:
            raise _UnusualError
        self.values[key] = made
        self._indent, self.values = indent, made


class _Meanings(dict[str, Any]):
    """What stands behind keys and dashes; much of it stands there many times."""

    def __missing__(self, text: str) -> Any:
        value = _meaning(text)
        if not _is_nested(value):  # else a copy would share what is within
            self[text] = value
        return value


def _is_nested(value: Any) -> bool:
    if value.__class__ is not dict and value.__class__ is not list:
        return False
    items = value.values() if value.__class__ is dict else value
    return any(item.__class__ is dict or item.__class__ is list for item in items)


def _meaning(text: str) -> Any:
    """Return what stands behind a key or a dash."""
    first = text[:1]
    if first in ("", "#"):
        return _BELOW
    if first in ("[", "{"):
        value, end = _collection(text, 0, 1)
        if _AFTER.fullmatch(text, end):
            return value
        raise _UnusualError
    if first in ('"', "'"):
        if found := _QUOTED.fullmatch(text):
            return found[1] if found[2] is None else found[2]
        raise _UnusualError
    plain = text.partition(" #")[0].rstrip(" ")
    starts_well = (
        first.isalnum() or first in _BEFORE_TEXT or (first == "-" and plain[1:2].isalnum())
    )
    if not starts_well or ": " in plain or plain[-1] == ":":
        raise _UnusualError
    return plain_value(plain)


def _collection(text: str, start: int, depth: int) -> tuple[Any, int]:
    """Return the list or mapping that is opened at `start`, and where it ends."""
    if depth > _DEEPEST_IN_LINE:
        raise _UnusualError
    in_list = text[start] == "["
    closing = "]" if in_list else "}"
    made: dict[Any, Any] = {}
    at = _after_spaces(text, start + 1)
    if text[at : at + 1] == closing:
        return [] if in_list else {}, at + 1
    sign = ","
    while sign == ",":
        key: object = len(made)
        if not in_list:
            key, at = _key(text, at)
        if key in made:
            raise _UnusualError
        made[key], at = _item(text, _after_spaces(text, at), depth)
        at = _after_spaces(text, at)
        sign, at = text[at : at + 1], at + 1
    if sign != closing:
        raise _UnusualError
    return list(made.values()) if in_list else made, at


def _after_spaces(text: str, at: int) -> int:
    while text[at : at + 1] == " ":
        at += 1
    return at


def _key(text: str, at: int) -> tuple[str, int]:
    if found := _KEY.match(text, at):
        return found[1], found.end()
    raise _UnusualError


def _item(text: str, at: int, depth: int) -> tuple[Any, int]:
    if text[at : at + 1] in ("[", "{"):
        return _collection(text, at, depth + 1)
    found = _ITEM.match(text, at)
    if not found:
        raise _UnusualError
    double, single, plain = found.groups()
    if plain is not None:
        return plain_value(plain.rstrip(" ")), found.end()
    return single if double is None else double, found.end()
