"""The words that pick devices: `role=access site=library !maintenance`."""

from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase

from netops.core.errors import UsageError
from netops.inventory.model import Device

_FIELDS = ("name", "host", "role", "site", "platform", "group", "owner", "snmp", "tag")
_HINT = "for example: 'role=access site=library,dormitory !maintenance name=sw-*'"


def select(devices: Iterable[Device], words: str) -> list[Device]:
    """
    Return the devices for which every word of `words` holds, in their order; all for no word.

    A word is `field=value` (`,` between alternatives, `*` and `?` as in file names), `data.key=…`,
    or a bare name, tag or group; a leading `!` turns it round, as does `!=`. Raises UsageError.
    """
    tests = [_parse(word) for word in words.split()]
    return [device for device in devices if all(test(device) for test in tests)]


def _parse(word: str) -> Callable[[Device], bool]:
    negated = word.startswith("!")
    text = word.removeprefix("!")
    field, equals, value = text.partition("=")
    if equals and field.endswith("!"):
        field, negated = field[:-1], not negated
    patterns = [part for part in (value if equals else text).split(",") if part]
    if not patterns:
        raise UsageError(f"the selector {word!r} has no value", hint=_HINT)
    if equals and field not in _FIELDS and not (field.startswith("data.") and field != "data."):
        known = f"{', '.join(_FIELDS)} and data.KEY"
        raise UsageError(f"devices have no field {field!r}; known: {known}", hint=_HINT)
    return lambda device: _holds(device, field if equals else "", patterns) is not negated


def _holds(device: Device, field: str, patterns: list[str]) -> bool:
    values = _values(device, field)
    return any(fnmatchcase(value, pattern) for value in values for pattern in patterns)


def _values(device: Device, field: str) -> Iterable[str]:
    if field == "":
        return (device.name, *device.tags, *device.groups)
    if field in ("tag", "group"):
        return device.tags if field == "tag" else device.groups
    value = device.data.get(field[5:]) if field.startswith("data.") else getattr(device, field)
    if value is None:
        return ()
    return [str(item) for item in value] if isinstance(value, list) else (str(value),)
