"""Forms as data: which fields a record has, who fills them, until when, and what must differ."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from netops.core.clock import utc_text
from netops.core.dataclass import dataclass
from netops.core.document import Document, mistake, read_document, refuse
from netops.core.errors import ConfigError, UsageError
from netops.core.people import one_line, same_person

DIRECTORY = Path(__file__).with_name("forms")
KINDS = ("line", "text", "person", "time", "choice", "yes_no", "number", "list", "data")
FILLED_BY = ("automatic", "people", "step")
#: In the order of a record's life.
STAGES = ("submit", "approve", "close")
_KEYS = {"label", "kind", "by", "people", "stage", "needed", "planned", "choices", "confidential"}
_LONGEST_TEXT, _LONGEST_LIST = 4000, 200


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form."""

    name: str
    #: English message id; reports translate it.
    label: str
    kind: str
    #: automatic, people or step.
    by: str
    #: People may correct what the program filled.
    people: bool
    #: People fill it until this step, and this step needs it when `needed`.
    stage: str
    needed: bool
    #: Needed of records that were planned.
    needed_when_planned: bool
    #: Value to label.
    choices: Mapping[str, str]
    #: Shown only to who asks for it.
    confidential: bool
    #: What to ask a person at the terminal.
    question: str

    @property
    def for_people(self) -> bool:
        """Tell whether people may fill it."""
        return self.by == "people" or self.people

    def parse(self, text: str) -> Any:
        """Return what a person typed as a value; raise UsageError with what is expected."""
        reader = _READERS.get(self.kind)
        if reader is None:
            raise UsageError(f"{self.name} is filled by netops itself")
        try:
            return reader(self, text.strip())
        except ValueError as error:
            raise UsageError(f"{self.name}: {error}") from None


@dataclass(frozen=True, slots=True)
class Form:
    """One form: its fields and the rules between them."""

    name: str
    label: str
    #: Stands before year and number.
    prefix: str
    fields: Mapping[str, Field]
    #: Step to the fields it signs: person, at, note.
    signs: Mapping[str, Mapping[str, str]]
    #: Pairs of fields that may not name the same person.
    different: tuple[tuple[str, str], ...]

    def field(self, name: str) -> Field:
        """Return a field; raise UsageError for an unknown name."""
        if name not in self.fields:
            known = ", ".join(field.name for field in self.fields.values() if field.for_people)
            raise UsageError(f"{self.name} has no field {name!r}", hint=f"people fill: {known}")
        return self.fields[name]

    def missing(self, stage: str, values: Mapping[str, Any], *, planned: bool) -> list[Field]:
        """Return the fields that `stage` needs, or an earlier one needed, and that are empty."""
        until = STAGES.index(stage)
        return [
            field
            for field in self.fields.values()
            if (field.needed or (planned and field.needed_when_planned))
            and STAGES.index(field.stage) <= until
            and values.get(field.name) in (None, "", [], {})
        ]

    def same_persons(self, values: Mapping[str, Any]) -> list[tuple[Field, Field]]:
        """Return the pairs that must differ and name one person."""
        return [
            (self.fields[one], self.fields[other])
            for one, other in self.different
            if values.get(one) and same_person(str(values[one]), str(values.get(other) or ""))
        ]


def names() -> list[str]:
    """Return every form's name."""
    return sorted(path.stem for path in DIRECTORY.glob("*.yaml"))


@lru_cache(maxsize=64)
def load(name: str) -> Form:
    """Return a form; raise ConfigError for an unknown name or a wrong file."""
    if name not in names():
        raise ConfigError(f"no form is called {name!r}", hint=f"known: {', '.join(names())}")
    return read(DIRECTORY / f"{name}.yaml")


def read(path: Path) -> Form:
    """Return the form in a file; raise ConfigError with every mistake."""
    document = read_document(path)
    data, checker = document.data, _Checker(document)
    checker.only((), data, {"label", "prefix", "signs", "different", "fields"})
    prefix = str(data.get("prefix") or "")
    if not (prefix.isascii() and prefix.isalpha() and prefix.isupper()):
        checker.wrong(("prefix",), "needs capital letters")
    fields = {
        name: checker.field_at(name, entry)
        for name, entry in checker.mapping(("fields",), data.get("fields")).items()
    }
    signs = {
        step: checker.signs_at(step, entry, fields)
        for step, entry in checker.mapping(("signs",), data.get("signs")).items()
    }
    different = tuple(
        checker.pair_at(number, pair, fields)
        for number, pair in enumerate(data.get("different") or [])
    )
    if checker.mistakes:
        refuse(path, checker.mistakes)
    return Form(path.stem, str(data.get("label") or path.stem), prefix, fields, signs, different)


class _Checker:
    """Collects mistakes instead of stopping at the first."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.mistakes: list[str] = []

    def wrong(self, where: tuple[str | int, ...], message: str) -> None:
        self.mistakes.append(mistake(self.document, where, message))

    def mapping(self, where: tuple[str | int, ...], value: Any) -> dict[str, Any]:
        if isinstance(value, dict):
            return value
        if value is not None:
            self.wrong(where, "needs a mapping")
        return {}

    def only(self, where: tuple[str | int, ...], entry: Iterable[str], known: set[str]) -> None:
        for key in sorted(set(entry) - known):
            self.wrong((*where, key), "is not known here")

    def one_of(self, where: tuple[str | int, ...], value: Any, known: tuple[str, ...]) -> str:
        if value not in known:
            self.wrong(where, f"is none of {', '.join(known)}")
        return str(value)

    def field_at(self, name: str, value: Any) -> Field:
        where = ("fields", name)
        entry = self.mapping(where, value)
        self.only(where, entry, {*_KEYS, "question"})
        kind = self.one_of((*where, "kind"), entry.get("kind"), KINDS)
        choices = self.mapping((*where, "choices"), entry.get("choices"))
        if bool(choices) != (kind == "choice"):
            self.wrong(where, "choices belong to a choice, and a choice needs them")
        if not entry.get("label"):
            self.wrong(where, "needs a label")
        return Field(
            name,
            str(entry.get("label")),
            kind,
            self.one_of((*where, "by"), entry.get("by"), FILLED_BY),
            bool(entry.get("people", False)),
            self.one_of((*where, "stage"), entry.get("stage", "submit"), STAGES),
            bool(entry.get("needed", False)),
            bool(entry.get("planned", False)),
            {str(key): str(label) for key, label in choices.items()},
            bool(entry.get("confidential", False)),
            str(entry.get("question", "")),
        )

    def signs_at(self, step: str, value: Any, fields: Mapping[str, Field]) -> dict[str, str]:
        where = ("signs", step)
        entry = self.mapping(where, value)
        self.only(where, entry, {"person", "at", "note"})
        for part, name in entry.items():
            if name not in fields or fields[name].by != "step":
                self.wrong((*where, part), "needs the name of a field filled by step")
        return {part: str(name) for part, name in entry.items()}

    def pair_at(self, number: int, pair: Any, fields: Mapping[str, Field]) -> tuple[str, str]:
        if isinstance(pair, list) and len(pair) == 2 and set(map(str, pair)) <= fields.keys():
            return str(pair[0]), str(pair[1])
        self.wrong(("different", number), "needs the names of two fields")
        return "", ""


def _line(field: Field, text: str) -> str:
    return one_line(text, field.name, empty=True)


def _text(_field: Field, text: str) -> str:
    lines = text.splitlines()
    if not all(line.replace("\u3000", " ").replace("\t", " ").isprintable() for line in lines):
        raise ValueError("visible characters expected")
    if len(text) > _LONGEST_TEXT:
        raise ValueError(f"at most {_LONGEST_TEXT} characters expected, not {len(text)}")
    return "\n".join(lines)


def _time(_field: Field, text: str) -> str:
    try:
        # Without a zone it is the time on the wall.
        return utc_text(datetime.fromisoformat(text).astimezone()) if text else ""
    except (ValueError, OverflowError, OSError):
        raise ValueError("a time such as 2026-11-25 17:30 expected") from None


def _choice(field: Field, text: str) -> str:
    if text and text not in field.choices:
        raise ValueError(f"one of {', '.join(field.choices)} expected, not {text[:60]!r}")
    return text


def _yes_no(_field: Field, text: str) -> bool:
    if text.casefold() not in {"yes", "no"}:
        raise ValueError("yes or no expected")
    return text.casefold() == "yes"


def _number(_field: Field, text: str) -> int:
    if not text.removeprefix("-").isdecimal() or len(text) > 15 or not text.isascii():
        raise ValueError("a number expected")
    return int(text)


def _list(field: Field, text: str) -> list[str]:
    parts = [_line(field, part.strip()) for part in text.replace("\n", ";").split(";")]
    if len(parts) > _LONGEST_LIST:
        raise ValueError(f"at most {_LONGEST_LIST} items expected")
    return [part for part in parts if part]


_READERS = {
    "line": _line,
    "text": _text,
    "person": _line,
    "time": _time,
    "choice": _choice,
    "yes_no": _yes_no,
    "number": _number,
    "list": _list,
}


def plain(value: Any) -> Any:
    """Return an automatic value as JSON keeps it; raise TypeError for what JSON does not know."""
    return json.loads(json.dumps(value))
