"""The reference of netops.yaml, written from the same descriptions that check it."""

import json
from collections.abc import Iterator
from typing import Any

from netops.config import schema

_INTRODUCTION = """\
# netops.yaml

Generated from the JSON Schema (`netops config schema`). Relative paths start in the directory of
netops.yaml; `conf.d/*.yaml` beside it are read as part of it. A duration is written `90s`, `15m`,
`6h`, `7d` or `2w`, a size `500kB`, `20MB` or `2GB`. A secret is never written itself but named:
`file:PATH` (readable by its owner only), `env:NAME`, `systemd:NAME` (a credential of the service),
`command:PROGRAM ARGUMENTS` or `keyring:SERVICE/USER`. Unknown keys are mistakes.
"""


def reference() -> str:
    """Return the reference as Markdown."""
    whole = schema()
    return "\n".join([_INTRODUCTION, *_section("", whole, whole["$defs"])]).rstrip() + "\n"


def _section(path: str, section: dict[str, Any], known: dict[str, Any]) -> Iterator[str]:
    if path:
        yield f"## `{path}`\n"
        yield f"{section['description']}\n"
    yield "| key | value | default | meaning |"
    yield "| --- | --- | --- | --- |"
    required = section.get("required", [])
    for name, field in section["properties"].items():
        yield _row(name, field, known, required=name in required)
    yield ""
    for name, field in section["properties"].items():
        below, suffix = _below(field, known)
        if below is not None:
            yield from _section(f"{path}.{name}{suffix}".lstrip("."), below, known)


def _row(name: str, field: dict[str, Any], known: dict[str, Any], *, required: bool) -> str:
    default = "**required**" if required else _default(field)
    below, _ = _below(field, known)
    text = (field.get("description") or (below or {}).get("description", "")).replace("|", "\\|")
    examples = field.get("examples", [])
    shown = f" Example: {_code(examples[0])}" if examples else ""
    return f"| `{name}` | {_kind(field, known)} | {default} | {text}{shown} |"


def _default(field: dict[str, Any]) -> str:
    default = field.get("default")
    return _code(default) if default not in (None, "", [], {}) else ""


def _code(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"`{text}`".replace("|", "\\|")


_TYPES = {"string": "text", "integer": "whole number", "boolean": "true or false", "null": ""}
_PATTERNS = {"keyring": "secret reference", "smhdw": "duration", "kmgt": "size"}


def _kind(field: dict[str, Any], known: dict[str, Any]) -> str:
    """Return what a value is, in the words of the introduction."""
    if "anyOf" in field:
        return " or ".join(filter(None, (_kind(option, known) for option in field["anyOf"])))
    if "$ref" in field or "oneOf" in field:
        return "section" if "$ref" in field else "path or `engine: …`"
    if field.get("type") == "array":
        return f"list of {_kind(field['items'], known)}"
    if field.get("type") == "object":
        return "names with values"
    pattern = field.get("pattern", "")
    kinds = [kind for part, kind in _PATTERNS.items() if part in pattern]
    return kinds[0] if kinds else _TYPES[field["type"]]


def _values(field: dict[str, Any]) -> dict[str, Any] | None:
    """Return what the values of a mapping with free keys look like."""
    patterns = list(field.get("patternProperties", {}).values())
    values = patterns[0] if patterns else field.get("additionalProperties")
    return values if isinstance(values, dict) else None


def _below(field: dict[str, Any], known: dict[str, Any]) -> tuple[dict[str, Any] | None, str]:
    """Return the section a field leads to, and how its path goes on."""
    for option in field.get("anyOf", ()):
        if "$ref" in option:  # a section that may be switched by true or false
            return _below(option, known)
    if "$ref" in field:
        return known[field["$ref"].rpartition("/")[2]], ""
    for option in field.get("anyOf", []):
        if "$ref" in option:
            return known[option["$ref"].rpartition("/")[2]], ""
    values = _values(field) if field.get("type") == "object" else None
    if values is not None and "$ref" in values:
        return known[values["$ref"].rpartition("/")[2]], ".NAME"
    return None, ""
