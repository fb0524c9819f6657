"""The words that pick devices and assets: `role=access site=library !maintenance`."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import translate
from typing import Any, TypeVar

from netops.core.errors import UsageError
from netops.inventory.model import Device

T = TypeVar("T")

_FIELDS = (
    "name", "host", "kind", "role", "site", "platform", "group", "owner", "snmp", "ssh", "tag",
)  # fmt: skip
_HINT = "for example: 'role=access site=library,dormitory !maintenance name=sw-*'"


def select(devices: Iterable[Device], words: str) -> list[Device]:
    """
    Return the devices for which every word of `words` holds, in their order; all for no word.

    A word is `field=value` (`,` between alternatives, `*` and `?` as in file names), `data.key=…`,
    or a bare name, tag or group; a leading `!` turns it round, as does `!=`. Raises UsageError.
    """
    return pick(devices, words, _FIELDS, _values, "devices", data=True)


def pick(
    items: Iterable[T],
    words: str,
    fields: Sequence[str],
    values: Callable[[T, str], Iterable[str]],
    what: str,
    *,
    data: bool = False,
) -> list[T]:
    """
    Return the items for which every word holds, as `select` does for devices.

    `values` tells what an item has under a field, and under "" for a bare word; `data` allows
    `data.KEY` too. Raises UsageError, which calls the items `what`.
    """

    def parsed(word: str) -> Callable[[T], bool]:
        negated, field, patterns = _parse(word)
        if field not in ("", *fields) and not (data and field[:5] == "data." and field[5:]):
            known = ", ".join(fields) + (" and data.KEY" if data else "")
            raise UsageError(f"{what} have no field {field!r}; known: {known}", hint=_HINT)
        matches = _matcher(patterns)
        return lambda item: any(map(matches, values(item, field))) is not negated

    tests = [parsed(word) for word in words.split()]
    return [item for item in items if all(test(item) for test in tests)]


def _parse(word: str) -> tuple[bool, str, list[str]]:
    negated = word.startswith("!")
    text = word.removeprefix("!")
    field, equals, value = text.partition("=")
    if equals and field.endswith("!"):
        field, negated = field[:-1], not negated
    if value.startswith("="):
        raise UsageError(f"the selector {word!r} has two =", hint=_HINT)
    patterns = [part for part in (value if equals else text).split(",") if part]
    if not patterns:
        raise UsageError(f"the selector {word!r} has no value", hint=_HINT)
    if equals and not field:
        raise UsageError(f"the selector {word!r} names no field", hint=_HINT)
    return negated, field if equals else "", patterns


def _matcher(patterns: Sequence[str]) -> Callable[[str], object]:
    if not any(sign in pattern for pattern in patterns for sign in "*?["):
        return frozenset(patterns).__contains__
    return re.compile("|".join(map(translate, patterns))).match


def _values(device: Device, field: str) -> Iterable[str]:
    if field == "":
        return (device.name, *device.tags, *device.groups)
    if field in ("tag", "group"):
        return device.tags if field == "tag" else device.groups
    if field.startswith("data."):
        return plain_values(device.data, field[5:])
    value = getattr(device, field)
    return () if value is None else (str(value),)


def plain_values(data: Mapping[str, Any], key: str) -> Iterable[str]:
    """Return what `data` has under a key, an item at a time."""
    value = data.get(key)
    if value is None:
        return ()
    return [str(item) for item in value] if isinstance(value, list) else (str(value),)
