"""Exports of other programs: JSON as their interface answers, or CSV with their own heads."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

from netops.core.document import plain_text
from netops.core.errors import ConfigError
from netops.core.regular import read_limited

MAX_BYTES = 64_000_000
_MAX_DEPTH = 40


def records(path: Path, *keys: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """
    Yield where each record stands, and the record, with keys in lower case.

    The list is the JSON itself or stands under one of `keys`. Raises ConfigError.
    """
    text = plain_text(read_limited(path, MAX_BYTES), path, path.name)
    if text.lstrip()[:1] in {"{", "["}:
        for number, record in enumerate(_list(_json(text, path), keys, path), 1):
            if not isinstance(record, dict):
                raise ConfigError(f"{path}: entry {number} is no record")
            yield f"{path.name} entry {number}", {key.lower(): v for key, v in record.items()}
        return
    yield from _table(text, path)


def _json(text: str, path: Path) -> Any:
    def refuse(word: str) -> NoReturn:
        raise ValueError(f"{word} is no JSON")

    depth = deepest = 0
    for char in text:
        if char in "{[":
            depth += 1
            deepest = max(deepest, depth)
        elif char in "}]":
            depth -= 1
    if deepest > _MAX_DEPTH:
        raise ConfigError(f"{path} nests deeper than {_MAX_DEPTH} levels")
    try:
        return json.loads(text, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise ConfigError(
            f"{path} is not JSON: {error}", hint="is it the right file, and complete?"
        ) from None


def _list(data: Any, keys: tuple[str, ...], path: Path) -> list[Any]:
    if isinstance(data, dict):
        data = next((data[key] for key in keys if isinstance(data.get(key), list)), data)
    if not isinstance(data, list):
        raise ConfigError(
            f"{path} holds no list of devices", hint=f"a list, or one under {' or '.join(keys)}"
        )
    return data


def _table(text: str, path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    first = text[:10_000].partition("\n")[0]
    separator = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    heads: list[str] = []
    try:
        for cells in reader:
            if not heads:
                heads = [cell.strip().lower() for cell in cells]
            elif len(cells) > len(heads):
                raise ConfigError(f"{path}:{reader.line_num}: more cells than the head has")
            elif any(cells):
                row = dict(zip(heads, (cell.strip() for cell in cells), strict=False))
                yield f"{path.name}:{reader.line_num}", row
    except csv.Error as error:
        raise ConfigError(f"{path}:{reader.line_num}: {error}", hint="is it CSV?") from None


def word(record: Mapping[str, Any], *names: str) -> str:
    """Return the first of `names` that has a value; of a nested one its most telling part."""
    for name in names:
        value = record.get(name)
        if isinstance(value, Mapping):
            parts = ("slug", "value", "display", "name", "address", "model", "label")
            value = next((value[part] for part in parts if value.get(part)), None)
        if isinstance(value, str | int | float) and not isinstance(value, bool) and str(value):
            return str(value).strip()
    return ""
