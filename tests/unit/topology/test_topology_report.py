"""The topology report and the change record: complete, harmless, small and quick."""

import csv
import html
import io
import json
import re
import time
from dataclasses import replace

import pytest

from netops.core.i18n import LANGUAGES
from netops.records.model import Record, RecordState
from netops.reports.words import Words
from netops.topology.model import Event, EventKind
from netops.topology.paper import sheet
from netops.topology.paper.changes import grouped
from netops.topology.paper.report import TopologyReport, as_csv, as_page
from netops.topology.paper.sketch import sketches
from tests.campus_records import record_of, report_of
from tests.unit.topology.hostile import NAMES, hostile

EN = Words("en")


@pytest.fixture(scope="module", name="report")
def made() -> TopologyReport:
    return report_of(40)


def text_of(page: str) -> str:
    return html.unescape(_tagless(page))


def _tagless(page: str) -> str:
    return re.sub(r"<[^>]+>", " ", re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL))


def test_a_thousand_devices_make_a_page_below_one_megabyte_in_half_a_second() -> None:
    report = report_of(1000)
    as_page(report_of(10), "en")  # jinja2 is loaded once
    begun = time.process_time()
    page = as_page(report, "zh_Hant")
    taken_s = time.process_time() - begun

    assert len(page.encode()) < 1_000_000
    assert taken_s < 0.5 * 2  # a slower machine is no failure


def test_changes_stand_under_the_record_that_answers_for_them(report: TopologyReport) -> None:
    groups = {
        group.record.number if group.record else None: group
        for group in grouped(report.events, report.records, EN)
    }

    assert [one.label for one in groups["TC-2026-0041"].changes] == ["Link moved"]
    assert [one.label for one in groups["TC-2026-0042"].changes] == ["Device added"]
    loose = [one.event.kind for one in groups[None].changes]
    assert EventKind.LINK_MOVED not in loose
    assert EventKind.DEVICE_REMOVED in loose
    assert EventKind.ENDPOINT_MOVED not in loose


def test_only_an_approved_record_allows_a_change(report: TopologyReport) -> None:
    allowed = {
        group.record and group.record.number: group.is_allowed
        for group in grouped(report.events, report.records, EN)
    }
    assert allowed == {"TC-2026-0041": True, "TC-2026-0042": False, None: False}


def test_a_fault_needs_no_approval(report: TopologyReport) -> None:
    loose = next(group for group in grouped(report.events, [], EN) if group.record is None)
    assert EventKind.DEVICE_DOWN in [one.event.kind for one in loose.changes]
    assert EventKind.DEVICE_DOWN not in [one.event.kind for one in loose.unapproved]


def test_the_page_tells_changes_records_and_endpoints(report: TopologyReport) -> None:
    words = text_of(as_page(report, "en"))
    for expected in (
        "acc1:ge1 – dist1:ge3",
        "No record answers for these",
        "TC-2026-0042",
        "overdue",
        "02:aa:00:00:00:01",
        "address 10.9.1.77",
        "LLDP",
        "1042:3f2a9c",
        report.now.id,
    ):
        assert expected in words


def test_devices_without_owner_are_told_only_where_owners_are_known(report: TopologyReport) -> None:
    assert "Devices without an owner" in as_page(report, "en")
    assert "Devices without an owner" not in as_page(replace(report, owners=None), "en")
    assert "acc1" not in [device.name for device in report.unowned()]


def test_json_and_csv_say_what_the_page_says(report: TopologyReport) -> None:
    made = json.loads(json.dumps(report.as_dict()))
    assert len(made["devices"]) == len(report.chart.nodes)
    assert {group["record"] for group in made["changes"]} == {"TC-2026-0041", "TC-2026-0042", None}
    assert [one["overdue"] for one in made["open_records"]] == [False, True]

    rows = list(csv.DictReader(io.StringIO(as_csv(report), newline="")))
    assert {row["section"] for row in rows} == {
        "change",
        "record",
        "endpoint",
        "address",
        "device",
        "link",
        "no owner",
    }
    assert sum(row["section"] == "device" for row in rows) == len(report.chart.nodes)


@pytest.mark.parametrize("language", LANGUAGES)
def test_hostile_names_are_text_on_every_page(language: str, report: TopologyReport) -> None:
    before, now = hostile()
    events = [
        Event(kind, now.taken_at, name, (), {"ends": [[name, name], [name, name]]}, {name: name})
        for kind, name in zip(EventKind, [*NAMES, *NAMES], strict=False)
    ]
    record = record_of(events, 43, RecordState.DRAFT)
    fields = {**record.fields, **dict(zip(NAMES, NAMES, strict=True)), "reason": NAMES[0]}
    record = replace(record, number="TC-2026-0043", fields=fields)
    evil = replace(
        report, now=now, before=before, events=events, records=[record], site=NAMES[0], owners={}
    )
    for page in (
        as_page(evil, language),
        sheet.as_page([record], (NAMES[0], NAMES[8]), language, report.made_at, "1:a"),
    ):
        assert "<script" not in page
        assert not re.search(r'<[^>]* on\w+="', page)
        assert not re.search("[\u202e\u2066\x00\x07\x1b]", page)
    cells = [cell for row in csv.reader(io.StringIO(as_csv(evil), newline="")) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "＝"))]


def page_of(record: Record, language: str = "en") -> str:
    report = report_of(10)
    return sheet.as_page([record], ("Example", "example.org"), language, report.made_at, "1:a")


def test_the_sheet_shows_every_field_of_the_form_even_when_it_is_empty() -> None:
    report = report_of(10)
    words = text_of(page_of(replace(report.records[1], fields={})))
    for _title, fields in sheet.FORM:
        for name, label, _wide in fields:
            assert (label in words) is (name not in sheet._OPTIONAL), label
    assert "Signature" in words


def test_the_sheet_keeps_fields_that_the_form_does_not_know() -> None:
    words = text_of(page_of(report_of(40).records[0]))
    assert re.search(r"room_key\s+no\. 12 <b>", words)


def test_the_sheet_shows_impact_signs_and_revisions_in_words() -> None:
    words = text_of(page_of(report_of(40).records[0]))
    assert "switches downstream: 1; endpoints: 31; buildings: Library; redundancy lost: no" in words
    assert re.search(r"Approver\s+chen", words)
    assert re.search(r"4\s+2026-11-24 \d\d:\d\d\s+chen\s+approved", words)
    assert "04" * 32 in words


def test_a_moved_cable_is_drawn_where_it_was_and_where_it_is() -> None:
    report = report_of(40)
    moved = [event for event in report.events if event.kind is EventKind.LINK_MOVED]
    drawn = sketches(moved, EN)

    assert drawn is not None
    assert "dist1" in drawn.before
    assert "dist1" not in drawn.after
    assert "dist2" in drawn.after
    assert 'class="sign removed"' in drawn.before
    assert 'class="sign moved"' in drawn.after


def test_events_that_no_drawing_shows_make_none() -> None:
    at = report_of(10).made_at
    assert sketches([Event(EventKind.ADDRESS_CHANGED, at, "x")], EN) is None


def test_what_cannot_be_read_as_an_event_is_left_out() -> None:
    record = report_of(40).records[0]
    odd = replace(
        record, fields={"events": [{"kind": "nonsense"}, 7, None, {"kind": "link_added"}]}
    )
    made = sheet.sheet(odd, EN)
    assert [one.event.kind for one in made.changes] == [EventKind.LINK_ADDED]


def test_events_and_ends_of_a_record_are_told_in_words() -> None:
    end = {"device": "acc1", "port": "ge24", "location": "1F", "speed_mbps": 1000}
    told = {"event": "link_moved", "subject": "a – b", "ends": [{**end, "vlans": [1, 7]}]}
    event = {"kind": "device_down", "at": "x", "subject": "acc4", "devices": ["serial:7"]}

    assert sheet.value_text(told, EN) == "Link moved: a – b; acc1:ge24 (1F, 1G, VLAN 1 7)"
    assert sheet.value_text(event, EN) == "Device down: acc4"
    assert sheet.value_text({"kind": ["?"], "subject": 1}, EN) == "kind: ?; subject: 1"
    assert sheet.value_text({"endpoints": 3, "lost_redundancy": ["acc2"]}, EN) == (
        "endpoints: 3; redundancy lost: acc2"
    )
