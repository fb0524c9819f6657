"""What may go into a database, made the same for SQLite and PostgreSQL before either sees it."""

import math
from collections.abc import Mapping

from netops.core.errors import NetopsError

Value = str | int | float | bytes | None

_INT64 = 2**63


def storable_values(query: str, values: Mapping[str, object]) -> dict[str, Value]:
    """
    Return `values` as both databases keep them.

    Whole numbers (a Status too) become plain ints. Half a surrogate pair, which Python makes from a
    file name that is not UTF-8, becomes visible text such as `\\udcff`: no odd name may stop a
    record. Raises NetopsError for a NUL character, a number beyond 64 bits and for NaN, TypeError
    for a kind of value that no column holds.
    """
    return {name: _storable(query, name, value) for name, value in values.items()}


def _storable(query: str, name: str, value: object) -> Value:
    if value is None or isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return _text(query, name, value)
    if isinstance(value, int):
        if not -_INT64 <= value < _INT64:
            raise NetopsError(f"{query}: {name} is a number beyond 64 bits", hint=_REPORT)
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise NetopsError(f"{query}: {name} is not a finite number", hint=_REPORT)
        return float(value)
    raise TypeError(f"{query}: {name} is a {type(value).__name__}; no column holds that")


def _text(query: str, name: str, value: str) -> str:
    if "\0" in value:
        raise NetopsError(
            f"{query}: {name} holds a NUL character, which no database text can hold",
            hint="remove it from the configuration, or report which program's output held it",
        )
    if value.isascii():
        return str(value)
    return value.encode("utf-8", "backslashreplace").decode("utf-8")


_REPORT = "report this with the command that was run; nothing was written"
