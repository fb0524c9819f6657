"""The change record as a form on paper: every field the rules ask for, both drawings, signatures, revisions."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from netops.core.clock import parse_utc
from netops.core.dataclass import dataclass
from netops.core.i18n import mark
from netops.records.model import Record
from netops.reports.words import Words, moment
from netops.topology.drawing.words import EVENTS, RECORD_STATES, speed_text
from netops.topology.paper.changes import Change, change, record_events
from netops.topology.paper.sketch import sketches

#: The form: each section with its title and its fields by name; wide ones take the whole width.
FORM: Sequence[tuple[str, Sequence[tuple[str, str, bool]]]] = (
    (
        mark("Request"),
        (
            ("type", mark("Type of change"), False),
            ("class", mark("Class"), False),
            ("linked_request", mark("Linked request"), False),
            ("detected_at", mark("Detected at"), False),
            ("changed_from", mark("Changed between (from)"), False),
            ("changed_until", mark("Changed between (until)"), False),
            ("applicant", mark("Applicant"), False),
            ("department", mark("Applicant's department"), False),
            ("planned_from", mark("Planned from"), False),
            ("planned_until", mark("Planned until"), False),
            ("unapproved", mark("Without approval beforehand"), False),
            ("location", mark("Location"), False),
            ("reason", mark("Reason for the change"), True),
        ),
    ),
    (
        mark("Impact and risk"),
        (
            ("impact", mark("Scope of impact"), True),
            ("rollback_plan", mark("Risk and back-out plan"), True),
            ("notification", mark("Notification of users"), True),
        ),
    ),
    (
        mark("Execution and verification"),
        (
            ("operator", mark("Operator"), False),
            ("second_person", mark("Second person present"), False),
            ("config_before", mark("Configuration before"), False),
            ("config_after", mark("Configuration after"), False),
            ("verification", mark("Result of the verification"), True),
            ("checks", mark("What was verified"), True),
            ("plan", mark("Compared with the plan"), True),
        ),
    ),
    (
        mark("Approval"),
        (
            ("submitted_at", mark("Submitted at"), False),
            ("receiving_department", mark("Receiving department"), False),
            ("approver", mark("Approver"), False),
            ("approved_at", mark("Decided at"), False),
            ("opinion", mark("Opinion of the approver"), True),
            ("attachments", mark("Attachments"), True),
            ("remark", mark("Remark"), True),
        ),
    ),
)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
#: By the words in which records keep them.
_KINDS: Mapping[str, str] = {kind.value: title for kind, title in EVENTS.items()}
#: Left out of the sheet when they are empty.
_OPTIONAL = {"plan", "checks", "planned_from", "planned_until", "unapproved", "remark", "location"}
_LABELS: Mapping[str, str] = {
    **{name: label for _title, fields in FORM for name, label, _wide in fields},
    "expected": mark("Expected changes"),
    "content": mark("Content of the change"),
    "things": mark("Devices and links concerned"),
    "submitted_by": mark("Submitted by"),
    "closed_by": mark("Closed by"),
    "closed_at": mark("Closed at"),
    "events": mark("Events"),
    "snapshot_before": mark("Snapshot before"),
    "snapshot_after": mark("Snapshot after"),
    "before": mark("Before"),
    "after": mark("After"),
}
#: Say the same as the events, when those are there.
_TOLD_BY_EVENTS = {"content", "before", "after", "things"}
#: Shown elsewhere on the sheet.
_ELSEWHERE = {"events", "snapshot_before", "snapshot_after"}
_VALUES: Mapping[str, str] = {
    "normal": mark("normal"),
    "important": mark("important"),
    "urgent": mark("urgent"),
    "addition": mark("addition"),
    "removal": mark("removal"),
    "move": mark("move"),
    "replacement": mark("replacement"),
    "upgrade": mark("upgrade"),
    "port": mark("port change"),
    "vlan": mark("VLAN"),
    "stp": mark("spanning tree"),
    "endpoint": mark("endpoint move"),
    "mixed": mark("several"),
    "aggregation": mark("aggregation"),
    "outage": mark("outage"),
    "passed": mark("passed"),
    "failed": mark("failed"),
    "incomplete": mark("not complete"),
    "downstream_switches": mark("switches downstream"),
    "switches": mark("switches downstream"),
    "endpoints": mark("endpoints"),
    "buildings": mark("buildings"),
    "lost_redundancy": mark("redundancy lost"),
    "gained_redundancy": mark("redundancy gained"),
    "downstream_count": mark("number of switches downstream"),
    "places": mark("places"),
    "fulfilled": mark("fulfilled"),
    "both ends agree": mark("both ends agree"),
    "port is up": mark("port is up"),
    "link is gone": mark("link is gone"),
    "spanning tree has the same root": mark("spanning tree has the same root"),
    "nobody lost the second way": mark("nobody lost the second way"),
    "link is there": mark("link is there"),
    "device is gone": mark("device is gone"),
    "device answers": mark("device answers"),
    "missing": mark("missing"),
    "extra": mark("not planned"),
    "outside": mark("outside the planned time"),
    "within the planned time": mark("within the planned time"),
    "opened": mark("opened"),
    "filled": mark("filled in"),
    "submitted": mark("submitted"),
    "approved": mark("approved"),
    "rejected": mark("rejected"),
    "closed": mark("closed"),
    "amended": mark("amended"),
    "voided": mark("voided"),
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One field of the form."""

    label: str
    value: str
    is_wide: bool


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the form."""

    title: str
    cells: Sequence[Cell]

    @property
    def columns(self) -> int:
        """Return how many narrow fields stand beside each other, so that no place stays empty."""
        narrow = sum(not cell.is_wide for cell in self.cells)
        return next((n for n in (4, 3, 2) if narrow % n == 0), 3)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One record on paper."""

    record: Record
    state: str
    sections: Sequence[Section]
    changes: Sequence[Change]
    #: Action of each revision, in words, with the names of its fields.
    steps: Sequence[tuple[str, str]]

    @property
    def snapshots(self) -> tuple[str, str]:
        """Return the ids of the snapshots before and after."""
        fields = self.record.fields
        return str(fields.get("snapshot_before") or ""), str(fields.get("snapshot_after") or "")


def sheet(record: Record, speech: Words) -> Sheet:
    """Return the form of a record, filled with what it knows."""
    sections = [
        Section(speech.text(title), list(_cells(record, fields, speech))) for title, fields in FORM
    ]
    changes = [change(event, speech) for event in record_events(record)]
    known = {name for _title, fields in FORM for name, _label, _wide in fields}
    known |= _ELSEWHERE | (_TOLD_BY_EVENTS if changes else set())
    further = [
        Cell(_label(name, speech), value_text(value, speech), is_wide=True)
        for name, value in record.fields.items()
        if name not in known and value not in (None, "", [], {}, ())
    ]
    if further:
        sections.append(Section(speech.text(mark("Further fields")), further))
    steps = [
        (value_text(step.action, speech), ", ".join(_label(name, speech) for name in step.changes))
        for step in record.revisions
    ]
    state = speech.text(RECORD_STATES[record.state])
    return Sheet(record, state, sections, changes, steps)


def _cells(
    record: Record, fields: Sequence[tuple[str, str, bool]], speech: Words
) -> Iterator[Cell]:
    for name, label, is_wide in fields:
        value = record.fields.get(name)
        if value in (None, ""):
            value = _derived(record, name, speech)
        if value not in (None, "") or name not in _OPTIONAL:
            yield Cell(speech.text(label), value_text(value, speech), is_wide)


def _derived(record: Record, key: str, speech: Words) -> Any:
    """Return what the record's own steps tell when a field is empty."""
    steps = {step.action: step for step in record.revisions}
    if key == "type":
        kinds = dict.fromkeys(event.kind for event in record_events(record))
        return [speech.text(EVENTS[kind]) for kind in kinds]
    if key == "detected_at":
        return None if record.planned else record.opened_at
    for wanted, action in (("submitted_at", "submitted"), ("approved_at", "approved")):
        if key == wanted and action in steps:
            return steps[action].at
    if key == "approver" and "approved" in steps:
        return steps["approved"].actor
    if key == "opinion":
        judged = steps.get("approved") or steps.get("rejected")
        return judged.note if judged else None
    return None


def _label(name: str, speech: Words) -> str:
    """Return what the form calls a field; one it does not know keeps its name."""
    label = _LABELS.get(name)
    return speech.text(label) if label else name


def value_text(value: Any, speech: Words) -> str:
    """Return a plain value as people read it."""
    if isinstance(value, bool):
        return speech.text(mark("yes")) if value else speech.text(mark("no"))
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, Mapping):
        return _mapping_text(value, speech)
    if isinstance(value, list | tuple):
        return speech.listed([value_text(one, speech) for one in value])
    if not isinstance(value, str):
        return "" if value is None else str(value)
    known = _VALUES.get(value)
    return speech.text(known) if known else _local(value)


def _mapping_text(values: Mapping[str, Any], speech: Words) -> str:
    """Return named values; one that was verified stands behind its outcome."""
    if {"what", "ok"} <= set(values):
        sign = "✓" if values["ok"] is True else "✗" if values["ok"] is False else "?"
        what = value_text(values["what"], speech)
        rest = ", ".join(str(values[name]) for name in ("subject", "detail") if values.get(name))
        return f"{sign} {what} ({rest})" if rest else f"{sign} {what}"
    if {"device", "port"} <= set(values):
        return _end_text(values, speech)
    kind = str(values.get("kind", values.get("event")))
    if "subject" in values and kind in _KINDS:
        parts = [f"{speech.text(_KINDS[kind])}: {values['subject']}"]
        more = [values[name] for name in ("ends", "device", "values") if values.get(name)]
        return "; ".join([*parts, *(value_text(one, speech) for one in more)])
    told = {k: v for k, v in values.items() if v not in (None, "", [], (), {})}
    return "; ".join(f"{value_text(k, speech)}: {value_text(v, speech)}" for k, v in told.items())


def _end_text(values: Mapping[str, Any], speech: Words) -> str:
    """Return `acc1:ge3 (place, 10G, VLAN 1, serial number)`, as far as it is known."""
    vlans, speed = values.get("vlans"), values.get("speed_mbps")
    facts = [
        str(values.get("location") or ""),
        speed_text(speed) if isinstance(speed, int) else "",
        f"VLAN {' '.join(map(str, vlans))}" if isinstance(vlans, list) and vlans else "",
        str(values.get("serial") or ""),
    ]
    told = speech.listed([one for one in facts if one])
    return f"{values['device']}:{values['port']}{f' ({told})' if told else ''}"


def _local(text: str) -> str:
    """Return text, a moment in UTC as local time."""
    if not _MOMENT.fullmatch(text):
        return text
    try:
        return moment(parse_utc(text))
    except ValueError:
        return text


def as_page(
    records: Sequence[Record],
    site: tuple[str, str],
    language: str,
    made_at: datetime,
    journal_head: str,
) -> str:
    """Return the sheets of records as one HTML file; `site` is its name and its origin."""
    from netops.reports.render import render

    speech = Words(language)
    pages = [
        (sheet(record, speech), sketches(list(record_events(record)), speech)) for record in records
    ]
    values = {"pages": pages, "site": site, "made_at": made_at, "journal_head": journal_head}
    return render("topology_record.html.j2", language, values)
