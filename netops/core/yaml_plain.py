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
#: Key; what opens, is empty, is quoted or plain; what closes behind it; comma; or all of an odd rest.
_PARTS = re.compile(
    r""" *(?:(\w[\w.-]{0,200}): +)?"""
    r"""(?:([\[{])(?! *[]}])|(?:(\[ *\]|{ *})|"([^"\\]*)"|'([^']*)'"""
    r"""|((?:[\w/.+(~]|-(?=\w))[\w ./()+@%=-]*(?=[],}])))((?: *[]}])*)( *,)?)|(.+)"""
)
_AFTER = re.compile(r" *(?: #.*)?")
_BEFORE_TEXT = frozenset("/._+(~")
#: Less than the parser takes: what comes near its limits is for it to judge.
_DEEPEST, _DEEPEST_IN_LINE = 16, 4

#: What is worth remembering.
_LONG, _MOST_MEANINGS = 100, 20_000

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
    place = _Place()
    values, here, waiting, in_list = place.values, "", "", False
    for margin, dash, key, rest, odd in _LINES.findall(text):
        if not key and not dash:
            if odd:
                raise _UnusualError
            continue
        if waiting or margin != here or in_list is not (not key):
            place.move(len(margin), waiting, is_item=not key)
            values, here, waiting, in_list = place.values, margin, "", not key
        value = _MEANINGS[rest]
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
    """What stands behind keys and dashes: much of it stands there many times, in many files."""

    def __missing__(self, text: str) -> Any:
        value = _meaning(text)
        if len(text) < _LONG and not _is_nested(value):  # else a copy would share what is within
            if len(self) >= _MOST_MEANINGS:
                self.clear()
            self[text] = value
        return value


_MEANINGS = _Meanings()


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
        return _collection(text)
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


def _collection(text: str) -> Any:
    """Return the list or mapping that is all of `text`, but for a comment."""
    inner = _InLine()
    for key, opening, empty, double, single, plain, closing, comma, odd in _PARTS.findall(text):
        if odd:
            inner.end(odd)
        elif opening or empty:
            inner.add(key, [] if "[" in (opening or empty[0]) else {}, opens=bool(opening))
        else:
            inner.add(key, plain_value(plain.rstrip(" ")) if plain else double or single)
        if closing:
            inner.close(closing.replace(" ", ""))
        inner.may_go_on = bool(opening or comma)
    inner.end("")
    return inner.root


class _InLine:
    """The list or mapping within a line that is being read, and those around it."""

    def __init__(self) -> None:
        self.root: Any = None
        #: An item may follow: there was a comma, or nothing yet.
        self.may_go_on = True
        self._around: list[Any] = []

    def add(self, key: str, value: Any, *, opens: bool = False) -> None:
        """Put a value where the line is now, and go into it if it `opens`."""
        values = self._around[-1] if self._around else None
        if not self.may_go_on or (values.__class__ is dict) is not bool(key):
            raise _UnusualError
        if values is None:
            self.root = value
        elif not key:
            values.append(value)
        elif key in values:
            raise _UnusualError
        else:
            values[key] = value
        if opens:
            self._around.append(value)
            if len(self._around) > _DEEPEST_IN_LINE:
                raise _UnusualError

    def close(self, signs: str) -> None:
        """Leave as many as there are signs."""
        for sign in signs:
            if not self._around or (sign == "]") is not (self._around.pop().__class__ is list):
                raise _UnusualError

    def end(self, rest: str) -> None:
        """Refuse a line that does not end here."""
        if self._around or self.may_go_on or not _AFTER.fullmatch(rest):
            raise _UnusualError
