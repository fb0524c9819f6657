"""What every section of netops.yaml is made of, and how its mistakes are told."""

import difflib
import importlib
import os
import re
import types
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from netops.core.document import TYPE_NAMES, Located, Location, mistake
from netops.core.redact import redact
from netops.core.secrets import parse_reference
from netops.core.units import parse_duration, parse_size

NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$"
_LONGEST_S = 100 * 365 * 86_400
_LARGEST_BYTES = 10**18
_SECRET_WORDS = re.compile(
    r"pass(word|wd|phrase|code)?|secret|token|credential|dsn|community|psk|"
    r"(api|access|private|auth|priv|pre_?shared)_?-?key",
    re.IGNORECASE,
)
# Names that speak about a secret without holding it.
_SECRET_ABOUT = re.compile(r"(days|age|length|policy|id|name|user|file|command)$", re.IGNORECASE)

Model = TypeVar("Model", bound=BaseModel)


class Section(BaseModel):
    """A part of netops.yaml: unknown keys are mistakes, types are exact, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, validate_default=True)

    @model_validator(mode="before")
    @classmethod
    def _empty_means_default(cls, data: Any) -> Any:
        """Take `jobs:` with nothing under it as not written, unless nothing has a meaning there."""
        if data is None:
            data = {}
        if not isinstance(data, dict):
            return data
        strict_keys, sections = _shape(cls)
        if None in data.values():
            data = {k: v for k, v in data.items() if v is not None or k not in strict_keys}
        # Sections that are absent are checked like empty ones, so that their default paths
        # become absolute as well.
        return {**{key: {} for key in sections}, **data} if sections else data


@cache
def _shape(section: type[BaseModel]) -> tuple[frozenset[str], tuple[str, ...]]:
    """Return the keys to which null means nothing, and those of sections with defaults."""
    fields = {field.alias or name: field for name, field in section.model_fields.items()}
    strict_keys = frozenset(key for key, field in fields.items() if not _nullable(field))
    sections = (key for key, field in fields.items() if field.default_factory is field.annotation)
    return strict_keys, tuple(sections)


def _nullable(field: FieldInfo) -> bool:
    return type(None) in get_args(field.annotation) or field.is_required()


def _base(info: ValidationInfo) -> Path | None:
    return info.context.get("base") if info.context else None


def absolute(path: str, base: Path | None) -> str:
    """Return `path` from the directory of netops.yaml, without `.` and `..`."""
    return path if base is None else os.path.normpath(base / path)


def absolute_reference(reference: str, base: Path | None) -> str:
    """Return `file:keys/x` with the path made absolute, any other reference as it is."""
    kind, name = parse_reference(reference)
    return f"file:{absolute(name, base)}" if kind == "file" else reference


def _reference(value: Any, info: ValidationInfo) -> str:
    if not isinstance(value, str):
        parse_reference("")  # the same message, and the value stays unseen
    return absolute_reference(value, _base(info))


def _duration(value: Any) -> int:
    if not isinstance(value, str):
        raise PydanticCustomError("duration", "a duration needs its unit: 90s, 15m, 36h, 7d or 2w")
    seconds = parse_duration(value)
    if not 1 <= seconds <= _LONGEST_S:
        raise ValueError("a duration lies between 1s and 100 years")
    return seconds


def _size(value: Any) -> int:
    if not isinstance(value, str):
        raise PydanticCustomError("size", "a size needs its unit: 500kB, 20MB or 2GB")
    size_bytes = parse_size(value)
    if not 1 <= size_bytes <= _LARGEST_BYTES:
        raise ValueError("a size lies between 1B and 1000000TB")
    return size_bytes


def _cadence(value: str) -> str:
    try:
        cadence = importlib.import_module("netops.core.cadence")
    except ModuleNotFoundError as error:
        if error.name != "netops.core.cadence":
            raise
        return value
    cadence.parse_cadence(value)
    return value


def _path(value: str, info: ValidationInfo) -> str:
    if not value or "\0" in value:
        raise ValueError("a path expected")
    return absolute(value, _base(info))


def _absolute_path(value: str, info: ValidationInfo) -> str:
    if not value.startswith(("/", "./")) and value != ".":
        raise ValueError("a path that starts with / expected (or ./ for beside netops.yaml)")
    return _path(value, info)


#: A secret by reference; relative files become absolute.
SecretRef = Annotated[
    str,
    BeforeValidator(_reference),
    WithJsonSchema({"type": "string", "pattern": "^(env|file|systemd|command|keyring):.+"}),
]
#: `36h` → seconds.
Duration = Annotated[
    int,
    BeforeValidator(_duration),
    WithJsonSchema({"type": "string", "pattern": r"^(\s*\d+\s*[smhdwSMHDW])+\s*$"}),
]
#: `20MB` → bytes.
Size = Annotated[
    int,
    BeforeValidator(_size),
    WithJsonSchema({"type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*[kmgtKMGT]?[bB]?\s*$"}),
]
#: When something runs, as netops.core.cadence reads it; the text is kept.
CadenceText = Annotated[str, AfterValidator(_cadence)]
#: A path; relative ones start from the directory of netops.yaml.
LocalPath = Annotated[str, AfterValidator(_path)]
#: A path that starts with `/`, or with `./` for beside netops.yaml.
AbsolutePath = Annotated[str, AfterValidator(_absolute_path)]
#: A name that serves as tag, lock file and unit name.
Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]


def written(text: str) -> Any:
    """Return a default as people write it; validation turns it into its type."""
    return text


@lru_cache(maxsize=1_000)
def is_secret_name(name: str) -> bool:
    """Tell whether a key of this name holds a secret by its name."""
    return bool(_SECRET_WORDS.search(name)) and not _SECRET_ABOUT.search(name)


def literal_secrets(value: Any, path: Location = ()) -> Iterator[Location]:
    """Yield where free-form data holds a secret as itself instead of a reference."""
    if isinstance(value, dict):
        for key, item in value.items():
            if is_secret_name(str(key)) and isinstance(item, str | int | float) and item != "":
                if not _is_reference(item):
                    yield (*path, key)
            elif item.__class__ is dict or item.__class__ is list:
                yield from literal_secrets(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from literal_secrets(item, (*path, index))


def _is_reference(value: object) -> bool:
    try:
        parse_reference(str(value))
    except ValueError:
        return isinstance(value, bool)
    return True


def did_you_mean(name: str, known: Iterator[str] | list[str]) -> str:
    """Return ` (did you mean 'x'?)` for a near miss, else an empty text."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f" (did you mean '{near[0]}'?)" if near else ""


def checked(
    model: type[Model], data: Any, document: Located, *, base: Path | None = None
) -> tuple[Model | None, list[str]]:
    """
    Return `data` as `model`, or None, and every mistake in it with its place in `document`.

    Relative paths start in `base`; without it they stay relative.
    """
    try:
        return model.model_validate(data, context={"base": base}), []
    except ValidationError as error:
        return None, mistakes(error, document, model)


def mistakes(
    error: ValidationError, document: Located, model: type[BaseModel], prefix: Location = ()
) -> list[str]:
    """
    Return one line per mistake: `file:line: dotted.path: what was expected (found …)`.

    `prefix` is where `model` stands in `document`. A value that may be a secret is never shown.
    """
    lines = []
    for fact in error.errors(include_url=False):
        location = tuple(step for step in fact["loc"] if step != "[key]")
        text = _expected(fact, location, model)
        lines.append(mistake(document, (*prefix, *location), text))
    return lines


_EXPECTED = {
    "missing": "is missing",
    "string_type": "text expected; put it in quotes",
    "int_type": "a whole number expected",
    "float_type": "a number expected",
    "bool_type": "true or false expected",
    "list_type": "a list expected, one `- item` per line",
    "dict_type": "a mapping expected, one `key: value` per line",
    "model_type": "a mapping expected, one `key: value` per line",
    "greater_than_equal": "at least {ge} expected",
    "less_than_equal": "at most {le} expected",
    "greater_than": "more than {gt} expected",
    "less_than": "less than {lt} expected",
    "literal_error": "one of {expected} expected",
    "string_too_short": "at least {min_length} characters expected",
    "string_too_long": "at most {max_length} characters expected",
    "too_short": "at least {min_length} items expected",
    "too_long": "at most {max_length} items expected",
}


def _expected(fact: Any, location: Location, model: type[BaseModel]) -> str:
    kind, context = fact["type"], fact.get("ctx", {})
    if kind == "extra_forbidden":
        return f"unknown key{did_you_mean(str(location[-1]), _known_keys(model, location[:-1]))}"
    if kind == "value_error":
        return redact(str(context["error"]))
    if kind == "string_pattern_mismatch" and context["pattern"] == NAME_PATTERN:
        text = "letters, digits, `_`, `.` and `-` expected, at most 63, a letter or digit first"
    elif kind in _EXPECTED:
        text = _EXPECTED[kind].format(**context)
    else:
        text = fact["msg"]
    return text if kind == "missing" else text + _found(fact["input"], location)


def _found(value: Any, location: Location) -> str:
    """Return what stands there instead, unless it may be a secret."""
    if any(is_secret_name(str(step)) or step == "environment" for step in location):
        return ""
    if value is None:
        return " (found nothing)"
    if isinstance(value, dict | list):
        return f" (found {TYPE_NAMES[type(value)]})"
    if isinstance(value, bool):
        return f" (found {str(value).lower()})"
    shown = redact(str(value))
    return f" (found '{shown[:60]}{'…' if len(shown) > 60 else ''}')"


def _known_keys(model: type[BaseModel], location: Location) -> list[str]:
    """Return the keys that the section at `location` takes."""
    current: Any = model
    for step in location:
        if isinstance(current, type) and issubclass(current, BaseModel):
            fields = {field.alias or name: field for name, field in current.model_fields.items()}
            current = fields[str(step)].annotation if str(step) in fields else None
        else:
            arguments = get_args(current)
            current = arguments[-1] if arguments else None
        current = _bare(current)
    if isinstance(current, type) and issubclass(current, BaseModel):
        return [field.alias or name for name, field in current.model_fields.items()]
    return []


def _bare(annotation: Any) -> Any:
    """Return `X` for `X | None` and `Annotated[X, …]`."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _bare(get_args(annotation)[0])
    if origin in (types.UnionType, Union):
        return _bare(next(item for item in get_args(annotation) if item is not type(None)))
    return annotation


__all__ = [
    "NAME_PATTERN",
    "AbsolutePath",
    "CadenceText",
    "Duration",
    "LocalPath",
    "Name",
    "SecretRef",
    "Section",
    "Size",
    "absolute",
    "absolute_reference",
    "checked",
    "did_you_mean",
    "is_secret_name",
    "literal_secrets",
    "mistakes",
    "written",
]
