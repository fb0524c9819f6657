"""Forms: data that is checked, and values that are what the form asks for."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netops.core.errors import ConfigError, UsageError
from netops.records import form as forms

#: What the change record must have, by what research and rules ask for.
ASKED = (
    "detected_at changed_from changed_until type class linked_request applicant department reason "
    "content before after impact rollback_plan operator second_person approver approved_at opinion "
    "config_before config_after verification notification submitted_at receiving_department "
    "attachments snapshot_before snapshot_after unapproved"
)


def test_the_change_record_has_every_field_that_is_asked_for() -> None:
    form = forms.load("topology_change")
    assert set(ASKED.split()) <= form.fields.keys()
    assert form.prefix == "TC"


def test_every_shipped_form_is_sound() -> None:
    for name in forms.names():
        assert forms.load(name).fields


def test_a_wrong_form_tells_every_mistake_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "odd.yaml"
    path.write_text(
        "label: Odd\nprefix: odd\ncolour: red\n"
        "signs: { approve: { person: nobody } }\ndifferent: [[a, b, c]]\n"
        "fields:\n  a: { label: A, kind: colour, by: magic, stage: later }\n"
        "  b: { kind: choice, by: people }\n  c: 7\n"
    )

    with pytest.raises(ConfigError) as caught:
        forms.read(path)

    told = "\n".join(caught.value.mistakes or ())
    for word in ("prefix", "colour", "signs.approve.person", "different.0", "fields.a.kind"):
        assert word in told
    for word in ("fields.a.by", "fields.a.stage", "fields.b", "odd.yaml:7"):
        assert word in told


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("reason", "two\r\nlines", "two\nlines"),
        ("applicant", " Chen Li ", "Chen Li"),
        ("class", "urgent", "urgent"),
        ("attachments", "a.pdf; b.pdf", ["a.pdf", "b.pdf"]),
        ("planned_from", "2026-11-25T17:30:00+08:00", "2026-11-25T09:30:00.000Z"),
    ],
)
def test_values_are_read_as_people_type_them(name: str, text: str, value: object) -> None:
    assert forms.load("topology_change").field(name).parse(text) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("class", "high"),
        ("reason", "\x1b[31m"),
        ("reason", "x" * 4001),
        ("applicant", "a\nb"),
        ("planned_from", "soon"),
        ("planned_from", "0001-01-01"),
        ("impact", "none"),
    ],
)
def test_what_the_form_does_not_take_is_refused(name: str, text: str) -> None:
    with pytest.raises(UsageError, match=name):
        forms.load("topology_change").field(name).parse(text)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(forms.load("topology_change").fields)), st.text())
def test_no_text_is_read_as_anything_but_a_value_or_a_clear_error(name: str, text: str) -> None:
    try:
        value = forms.load("topology_change").field(name).parse(text)
    except UsageError:
        return
    assert isinstance(value, str | list | bool | int)
