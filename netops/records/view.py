"""A record as others see it: plain values for JSON, and lines for people in their language."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from netops.core.clock import local_text, parse_utc, utc_text
from netops.core.i18n import mark
from netops.records.form import Field, Form
from netops.records.model import Record, Revision

HIDDEN = "(confidential)"


def record_values(record: Record, form: Form, *, confidential: bool = False) -> dict[str, Any]:
    """Return plain values; confidential fields only when they are asked for."""
    return {
        "id": record.id,
        "number": record.number,
        "form": record.form,
        "state": str(record.state),
        "planned": record.planned,
        "opened_at": utc_text(record.opened_at),
        "revision": record.revision,
        "fields": _shown(dict(record.fields), form, confidential),
        "revisions": [_revision(one, form, confidential) for one in record.revisions],
    }


def _revision(one: Revision, form: Form, confidential: bool) -> dict[str, Any]:
    return {
        "n": one.n,
        "at": utc_text(one.at),
        "action": one.action,
        "state": str(one.state),
        "person": one.person,
        "actor": one.actor,
        "changes": _shown(dict(one.changes), form, confidential),
        "note": one.note,
        "sources": list(one.sources),
        "digest": one.digest,
        "journal_seq": one.journal_seq,
    }


def _shown(values: dict[str, Any], form: Form, confidential: bool) -> dict[str, Any]:
    hidden = {field.name for field in form.fields.values() if field.confidential}
    return {
        name: HIDDEN if name in hidden and not confidential and value else value
        for name, value in values.items()
    }


def field_lines(
    record: Record,
    form: Form,
    say: Callable[[str], str],
    *,
    confidential: bool = False,
    tell: Callable[[Any], str] | None = None,
) -> Iterator[tuple[str, str]]:
    """
    Yield label and value of every field that is filled, in the order of the form.

    `tell` puts data into words; who filled the form knows how. Without it they are JSON.
    """
    shown = _shown(dict(record.fields), form, confidential)
    for field in form.fields.values():
        if shown.get(field.name) not in (None, "", [], {}):
            value = shown[field.name]
            told = tell(value) if tell and field.kind == "data" and value != HIDDEN else None
            yield say(field.label), told or value_text(field, value, say)


def value_text(field: Field, value: Any, say: Callable[[str], str]) -> str:
    """Return a value as people read it."""
    if value == HIDDEN:
        return HIDDEN
    if field.kind == "choice":
        return say(field.choices[value]) if value in field.choices else str(value)
    if field.kind == "time":
        return _moment(value)
    if isinstance(value, bool):
        return say(mark("yes")) if value else say(mark("no"))
    if field.kind == "list" and isinstance(value, list):
        return "; ".join(map(str, value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _moment(value: Any) -> str:
    try:
        moment: datetime = parse_utc(str(value))
        return local_text(moment)
    except (ValueError, OverflowError):
        return str(value)
