"""The `sources` of a job: paths, or the name of an engine with what it needs."""

import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationInfo, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from netops.core.document import dotted
from netops.core.settings import (
    Section,
    absolute,
    absolute_reference,
    is_secret_name,
    literal_secrets,
)

ENGINE = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_BARE_PATH = ("/", "./")


class SourceSettings(Section):
    """One thing to back up and the engine that reads it, from `/path`, `{engine: path}` or more."""

    engine: str
    path: str | None = None
    options: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _written(cls, value: Any, info: ValidationInfo) -> dict[str, Any]:
        base = info.context.get("base") if info.context else None
        if isinstance(value, str):
            return {"engine": "files", "path": source_path(value, base)}
        if not isinstance(value, dict) or len(value) != 1:
            raise ValueError("a path or one `engine: path` expected, such as sqlite: /srv/app.db")
        engine, rest = next(iter(value.items()))
        if not ENGINE.fullmatch(engine):
            raise ValueError("the name of an engine expected, such as sqlite: /srv/app.db")
        if isinstance(rest, str):
            return {"engine": engine, "path": source_path(rest, base)}
        if not isinstance(rest, dict | None):
            raise PydanticCustomError("source", "a path or a mapping of options expected")
        options = _options(rest or {}, base)
        return {"engine": engine, "path": options.pop("path", None), "options": options}


def source_path(value: str, base: Path | None) -> str:
    """Return an absolute path; raise ValueError for one that is neither absolute nor `./`."""
    if not value.startswith(_BARE_PATH) and value != ".":
        raise ValueError("a path that starts with / expected (or ./ for beside netops.yaml)")
    return absolute(value, base)


def _options(options: dict[str, Any], base: Path | None) -> dict[str, Any]:
    for place in literal_secrets(options):
        raise ValueError(
            f"{dotted(place)}: a secret is given by reference, never as itself: file:keys/NAME "
            "or env:NAME"
        )
    resolved = {
        key: absolute_reference(value, base)
        if isinstance(value, str) and is_secret_name(key)
        else value
        for key, value in options.items()
    }
    if isinstance(path := resolved.get("path"), str):
        resolved["path"] = source_path(path, base)
    return resolved


_SOURCE_SCHEMA = {
    "oneOf": [
        {"type": "string", "pattern": r"^(/|\./|\.$)", "description": "A file or directory."},
        {
            "type": "object",
            "minProperties": 1,
            "maxProperties": 1,
            "propertyNames": {"pattern": "^[a-z][a-z0-9_-]*$"},
            "additionalProperties": {"type": ["string", "object", "null"]},
            "description": "The name of an engine, with a path or its options.",
        },
    ]
}
Source = Annotated[SourceSettings, WithJsonSchema(_SOURCE_SCHEMA)]
