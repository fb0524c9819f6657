"""Events to records: how many, what they say, what they mean, and whether a plan came true."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from netops.core.errors import UsageError
from netops.records.book import Hand
from netops.records.model import Record, RecordState
from netops.records.verify import verify
from netops.topology.change.grouping import groups
from netops.topology.change.hearing import record_changes
from netops.topology.change.impact import impact
from netops.topology.change.planned import SYNTAX, parse
from netops.topology.change.record import draft_changes
from netops.topology.model import (
    Device,
    DeviceState,
    End,
    Endpoint,
    Event,
    EventKind,
    Link,
    LinkState,
    Port,
    Snapshot,
)
from tests.record_site import CHEN, CLOSING, FORM, LI, PLAN, Desk, desk

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
NUMBERS = count(1)
CABLES = (
    "core:1-dist1:1 core:2-dist2:1 dist1:2-dist2:2 dist1:3-acc1:1 dist2:3-acc1:2 dist1:4-acc2:1"
)


def link(text: str, state: LinkState = LinkState.CONFIRMED) -> Link:
    one, other = (End(*end.split(":")) for end in text.split("-"))
    return Link(min(one, other), max(one, other), state)


def network(
    cables: str = CABLES, *more: str, gone: Sequence[str] = (), minute: int = 0
) -> Snapshot:
    """Return a campus; devices are called as their uids."""
    links = [link(text) for text in (*cables.split(), *more)]
    names = {end.device for one in links for end in (one.a, one.b)} | {"core"}
    devices = {
        name: Device(
            name,
            name,
            DeviceState.STALE if name in gone else DeviceState.ANSWERED,
            role="core" if name == "core" else "switch",
            site=f"Building {name[-1]}",
            location="Room 1",
            serial=f"SN-{name}",
            ports={
                str(n): Port(str(n), speed_mbps=1000, is_up=True, vlans=(1, n)) for n in range(1, 9)
            },
        )
        for name in names
    }
    key = f"{minute}{sorted(links, key=str)}"
    return Snapshot(f"{abs(hash(key)):064x}", AT + timedelta(minutes=minute), devices, tuple(links))


def event(kind: EventKind, *devices: str, before: Any = None, after: Any = None) -> Event:
    def told(text: Any) -> Any:
        if not isinstance(text, str):
            return text or {}
        one, other = (end.split(":") for end in text.split("-"))
        return {"a": one, "b": other}

    subject = str(after or before or devices[0])
    return Event(kind, AT + timedelta(minutes=5), subject, devices, told(before), told(after))


def stored(*events: Event) -> list[tuple[str, Event]]:
    return [(f"event-{next(NUMBERS)}", one) for one in events]


MOVED = event(
    EventKind.LINK_MOVED, "acc2", "dist1", "dist2", before="acc2:1-dist1:4", after="acc2:1-dist2:4"
)
SPEED = replace(event(EventKind.PORT_CHANGED, "dist2", before={"port": "4"}), subject="dist2:4")
AFTER_MOVE = network(CABLES.replace("dist1:4-acc2:1", "dist2:4-acc2:1"), minute=5)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Desk]:
    with desk(tmp_path) as opened:
        yield opened


def made(site: Desk, after: Snapshot, *events: Event, endpoints: Any = ()) -> list[Record]:
    return draft_changes(site.book(), network(), after, stored(*events), endpoints)


def planned(site: Desk, *expected: str, approve: bool = True, **more: str) -> str:
    book = site.book()
    values = {**PLAN, "expected": list(expected), **more}
    record = book.open(FORM, values, Hand(CHEN), planned=True)
    assert record is not None
    book.submit(record.number, Hand(CHEN))
    if approve:
        site.book("wangfang").approve(record.number, Hand())
    return record.number


def test_a_moved_cable_is_one_record_with_every_automatic_field(site: Desk) -> None:
    pcs = [Endpoint(f"02:00:00:00:00:{n:02x}", "acc2", str(n)) for n in range(5)]
    (record,) = made(site, AFTER_MOVE, MOVED, endpoints=pcs)

    fields = record.fields
    assert (record.number, record.state, record.planned) == (
        "TC-2026-0001",
        RecordState.DRAFT,
        False,
    )
    assert (fields["type"], fields["unapproved"], fields["verification"]) == (
        "move",
        True,
        "passed",
    )
    assert fields["class"] == "important"
    old, new = fields["before"][0]["ends"], fields["after"][0]["ends"]
    assert [(end["device"], end["port"]) for end in old] == [("acc2", "1"), ("dist1", "4")]
    assert new[1] == {
        "device": "dist2",
        "port": "4",
        "location": "Building 2 / Room 1",
        "speed_mbps": 1000,
        "vlans": [1, 4],
        "serial": "SN-dist2",
    }
    assert fields["impact"]["downstream_switches"] == ["acc2"]
    assert fields["impact"]["endpoints"] == 5
    assert (fields["snapshot_before"], fields["snapshot_after"]) == (network().id, AFTER_MOVE.id)
    assert (fields["changed_from"], fields["changed_until"]) == (
        "2026-11-23T09:00:00.000Z",
        "2026-11-23T09:05:00.000Z",
    )
    assert fields["events"][0]["kind"] == "link_moved"
    assert record.revisions[0].person == "netops"


def test_a_cable_pulled_and_plugged_elsewhere_is_one_record_too(site: Desk) -> None:
    (record,) = made(
        site,
        AFTER_MOVE,
        event(EventKind.LINK_REMOVED, "acc2", "dist1", before="acc2:1-dist1:4"),
        event(EventKind.LINK_ADDED, "acc2", "dist2", after="acc2:1-dist2:4"),
    )

    assert record.fields["things"] == ["link acc2:1 - dist1:4", "link acc2:1 - dist2:4"]


def test_a_dead_switch_with_its_links_is_one_urgent_record_and_no_change_of_settings(
    site: Desk,
) -> None:
    after = network(gone=["dist1"], minute=5)
    losses = [
        event(EventKind.LINK_REMOVED, "dist1", text.split(":")[0], before=text)
        for text in ("core:1-dist1:1", "acc1:1-dist1:3", "acc2:1-dist1:4")
    ]
    (record,) = made(site, after, event(EventKind.DEVICE_DOWN, "dist1"), *losses)

    fields = record.fields
    assert (fields["type"], fields["class"], fields["verification"]) == (
        "outage",
        "urgent",
        "failed",
    )
    # acc1 has a second way, acc2 has none.
    assert fields["impact"]["downstream_switches"] == ["acc2"]
    assert "acc1" in fields["impact"]["lost_redundancy"]


def test_a_replaced_device_is_one_record_with_both_serial_numbers(site: Desk) -> None:
    values: Any = ({"serial": "SN-acc1"}, {"serial": "NEW-1"})
    after = network(minute=5)
    after = replace(
        after, devices={**after.devices, "acc1": replace(after.devices["acc1"], serial="NEW-1")}
    )
    (record,) = made(
        site, after, event(EventKind.DEVICE_REPLACED, "acc1", before=values[0], after=values[1])
    )

    assert record.fields["type"] == "replacement"
    assert record.fields["before"][0]["device"]["serial"] == "SN-acc1"
    assert record.fields["after"][0]["device"]["serial"] == "NEW-1"


def test_a_new_device_with_two_links_is_one_record_that_gains_a_second_way(site: Desk) -> None:
    after = network(CABLES, "dist1:5-acc3:1", "dist2:5-acc3:2", minute=5)
    (record,) = made(
        site,
        after,
        event(EventKind.DEVICE_ADDED, "acc3"),
        event(EventKind.LINK_ADDED, "acc3", "dist1", after="acc3:1-dist1:5"),
        event(EventKind.LINK_ADDED, "acc3", "dist2", after="acc3:2-dist2:5"),
    )

    assert record.fields["type"] == "addition"
    assert record.fields["impact"]["lost_redundancy"] == []


def test_endpoints_that_move_in_bulk_are_one_record_a_day(site: Desk) -> None:
    moves = [
        event(EventKind.ENDPOINT_MOVED, f"acc{n % 2 + 1}", before={"port": n}) for n in range(40)
    ]
    (record,) = made(site, network(minute=5), *moves)
    (again,) = made(site, network(minute=9), *moves[:3])

    assert record.fields["type"] == "endpoint"
    assert (again.number, len(again.fields["content"])) == (record.number, 43)


def test_two_changes_far_apart_are_two_records_and_endpoints_do_not_tie_them() -> None:
    found = groups(
        stored(
            event(EventKind.LINK_ADDED, "acc1", "dist1", after="acc1:5-dist1:5"),
            event(EventKind.PORT_CHANGED, "acc2"),
            event(EventKind.ENDPOINT_MOVED, "acc1", "acc2"),
            event(EventKind.ENDPOINT_UNKNOWN, "acc1"),
        )
    )

    assert [[one.kind for one in group.events] for group in found] == [
        ["link_added", "endpoint_moved"],
        ["port_changed"],
    ]


def test_a_flapping_link_is_one_record_until_it_is_submitted(site: Desk) -> None:
    gone = event(EventKind.LINK_REMOVED, "acc2", "dist1", before="acc2:1-dist1:4")
    back = event(EventKind.LINK_ADDED, "acc2", "dist1", after="acc2:1-dist1:4")
    numbers = {
        record.number
        for minute, one in enumerate((gone, back, gone, back))
        for record in made(site, network(minute=minute + 5), one)
    }

    assert numbers == {"TC-2026-0001"}
    assert len(site.book().record("TC-2026-0001").fields["content"]) == 4


def test_the_same_events_never_make_a_second_record(site: Desk) -> None:
    events = stored(MOVED)
    first = draft_changes(site.book(), network(), AFTER_MOVE, events)
    again = draft_changes(site.book(), network(), AFTER_MOVE, events)

    assert (len(first), again) == (1, [])
    assert len(site.book().records()) == 1
    assert verify(site.book()).differences == ()


PLAN_LINE = "move link acc2:1 - dist1:4 to dist2:4"


def test_a_planned_change_that_happens_as_planned_is_attached_verified_and_can_be_closed(
    site: Desk,
) -> None:
    number = planned(site, PLAN_LINE)
    (record,) = made(site, AFTER_MOVE, MOVED, SPEED)

    assert (record.number, record.state) == (number, RecordState.APPROVED)
    assert (record.fields["verification"], record.fields["unapproved"]) == ("passed", False)
    assert record.fields["plan"]["missing"] == record.fields["plan"]["extra"] == []
    assert site.book().close(number, Hand(LI), CLOSING).state is RecordState.CLOSED
    assert len(site.book().records()) == 1


def test_a_plan_may_come_true_in_two_scans(site: Desk) -> None:
    number = planned(site, PLAN_LINE)
    gone = event(EventKind.LINK_REMOVED, "acc2", "dist1", before="acc2:1-dist1:4")
    come = event(EventKind.LINK_ADDED, "acc2", "dist2", after="acc2:1-dist2:4")
    pulled = network(CABLES.replace(" dist1:4-acc2:1", ""), minute=3)

    (half,) = made(site, pulled, gone)
    assert (half.fields["verification"], half.fields["plan"]["missing"]) == (
        "incomplete",
        ["add link acc2:1 - dist2:4"],
    )
    (whole,) = draft_changes(site.book(), pulled, AFTER_MOVE, stored(come))
    assert (whole.number, whole.fields["verification"]) == (number, "passed")


def test_what_happens_beside_the_plan_is_flagged(site: Desk) -> None:
    planned(site, PLAN_LINE)
    extra = event(EventKind.LINK_REMOVED, "acc2", "dist2", before="acc2:2-dist2:3")
    (record,) = made(site, AFTER_MOVE, MOVED, extra)

    assert record.fields["plan"]["extra"] == ["remove link acc2:2 - dist2:3"]
    assert (record.fields["verification"], record.fields["unapproved"]) == ("failed", True)


def test_what_happens_elsewhere_is_no_matter_of_the_plan_but_a_record_that_is_flagged(
    site: Desk,
) -> None:
    number = planned(site, PLAN_LINE)
    other = event(EventKind.LINK_REMOVED, "acc1", "dist2", before="acc1:2-dist2:3")
    plan, draft = made(site, AFTER_MOVE, MOVED, other)

    assert (plan.number, plan.fields["plan"]["extra"], plan.fields["unapproved"]) == (
        *(number, []),
        False,
    )
    assert (draft.fields["type"], draft.fields["unapproved"]) == ("removal", True)


@pytest.mark.parametrize(
    ("begin", "end", "verification"),
    [
        ("2026-11-23T08:00:00Z", "2026-11-23T10:00:00Z", "passed"),
        ("2026-11-23T09:02:00Z", "2026-11-23T09:03:00Z", "passed"),  # between the two scans
        ("2026-11-23T10:00:00Z", "2026-11-23T11:00:00Z", "failed"),
        ("2026-11-23T07:00:00Z", "2026-11-23T08:00:00Z", "failed"),
        ("", "2026-11-23T08:00:00Z", "failed"),
        ("", "", "passed"),
    ],
)
def test_a_planned_change_at_another_time_than_planned_is_flagged(
    site: Desk, begin: str, end: str, verification: str
) -> None:
    planned(site, PLAN_LINE, planned_from=begin, planned_until=end)
    (record,) = made(site, AFTER_MOVE, MOVED)

    fields = record.fields
    assert (fields["verification"], fields["unapproved"]) == (
        verification,
        verification == "failed",
    )
    held = [one["ok"] for one in fields["checks"] if one["what"] == "within the planned time"]
    assert held == ([verification == "passed"] if begin or end else [])


def test_what_was_done_at_the_wrong_time_stays_so(site: Desk) -> None:
    planned(site, PLAN_LINE, planned_until="2026-11-23T09:30:00Z")
    late = replace(MOVED, at=AT + timedelta(hours=2))
    before = network(minute=60)
    (record,) = draft_changes(site.book(), before, AFTER_MOVE, stored(late))
    assert record.fields["verification"] == "failed"
    (again,) = draft_changes(site.book(), network(), AFTER_MOVE, stored(MOVED))
    assert (again.number, again.fields["verification"]) == (record.number, "failed")


def test_a_cable_in_another_port_than_planned_does_not_fulfil_the_plan(site: Desk) -> None:
    planned(site, "move link acc2:1 - dist1:4 to dist2:7")
    (record,) = made(site, AFTER_MOVE, MOVED)

    assert record.fields["plan"] == {
        "fulfilled": ["remove link acc2:1 - dist1:4"],
        "missing": ["add link acc2:1 - dist2:7"],
        "extra": ["add link acc2:1 - dist2:4"],
    }
    assert record.fields["verification"] == "failed"


@pytest.mark.parametrize("decision", ["submitted", "rejected"])
def test_a_change_that_nobody_approved_is_flagged_even_when_it_was_asked_for(
    site: Desk, decision: str
) -> None:
    number = planned(site, PLAN_LINE, approve=False)
    if decision == "rejected":
        site.book("wangfang").reject(number, Hand(), "not in term time")
    (record,) = made(site, AFTER_MOVE, MOVED)

    assert record.number != number
    assert record.fields["unapproved"] is True
    assert record.fields["linked_request"] == f"{number} ({decision})"


def test_a_link_that_only_one_end_confirms_is_not_verified(site: Desk) -> None:
    planned(site, PLAN_LINE)
    links = tuple(
        replace(one, state=LinkState.ONE_SIDED) if "acc2" in str(one) else one
        for one in AFTER_MOVE.links
    )
    (record,) = made(site, replace(AFTER_MOVE, links=links), MOVED)

    assert record.fields["verification"] == "incomplete"


def test_planning_a_new_device_covers_its_links(site: Desk) -> None:
    planned(site, "add device acc3")
    after = network(CABLES, "dist1:5-acc3:1", minute=5)
    (record,) = made(
        site,
        after,
        event(EventKind.DEVICE_ADDED, "acc3"),
        event(EventKind.LINK_ADDED, "acc3", "dist1", after="acc3:1-dist1:5"),
    )

    assert (record.fields["verification"], record.fields["plan"]["extra"]) == ("passed", [])


@pytest.mark.parametrize(
    "line",
    [
        "",
        "add",
        "add link a - b",
        "add link a: - b:1",
        "link a:1 - b:1",
        "drop device x",
        "x" * 999,
    ],
)
def test_a_plan_that_cannot_be_understood_is_refused_with_the_syntax(line: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse([line])
    assert caught.value.hint


def test_every_line_of_the_syntax_can_be_parsed() -> None:
    for line in SYNTAX:
        assert parse([line.replace("PORT", "Gi1/0/1")])


def test_the_end_that_moves_may_be_named_first_or_second() -> None:
    assert parse(["move link acc2:1 - dist1:4 to dist2:4"]) == parse(
        ["remove link dist1:4 - acc2:1", "add link DIST2:4 - acc2:1"]
    )
    assert parse(["move link acc2:1 - dist1:4 to acc2:2"]) == parse(
        ["remove link acc2:1 - dist1:4", "add link acc2:2 - dist1:4"]
    )


def test_hostile_names_and_values_make_a_record_like_any_other(site: Desk) -> None:
    hostile = Event(
        EventKind.DEVICE_RENAMED,
        AT,
        "<script>\x00\ud800" * 500,
        ("acc1", "no-such-device"),
        {"name": "x" * 10_000_000, "deep": [[[[[["a", "b"]]]]]]},
        {"name": AT},
    )
    (record,) = made(site, network(minute=5), hostile)

    assert len(str(record.fields)) < 50_000
    assert verify(site.book()).differences == ()


def test_a_change_of_the_whole_campus_fits_into_one_record(site: Desk) -> None:
    events = [
        event(EventKind.LINK_ADDED, "core", f"x{n}", after=f"core:{n}-x{n}:1") for n in range(2000)
    ]
    (record,) = made(site, network(minute=5), *events)

    assert len(record.sources) == 2000
    assert len(record.fields["events"]) == 200


def test_redundancy_is_counted_in_cables_not_in_neighbours() -> None:
    double = "core:1-acc1:1 core:2-acc1:2"
    before, after = network(double), network("core:1-acc1:1", minute=5)
    gone = event(EventKind.LINK_REMOVED, "acc1", "core", before="core:2-acc1:2")

    assert impact(before, after, [gone]).lost_redundancy == ("acc1",)
    assert impact(before, after, [gone]).downstream == ()


def test_the_cables_of_a_new_device_may_be_planned_although_no_event_tells_of_them(
    site: Desk,
) -> None:
    planned(site, "add device acc3", "add link acc3:1 - dist1:5", "add link acc3:2 - dist2:5")
    after = network(CABLES, "dist1:5-acc3:1", minute=5)
    (record,) = made(site, after, event(EventKind.DEVICE_ADDED, "acc3"))

    assert record.fields["plan"]["missing"] == ["add link acc3:2 - dist2:5"]
    assert record.fields["verification"] == "incomplete"


@dataclass(frozen=True)
class Told:
    """An event as the store keeps it."""

    id: str
    event: Event
    snapshot_before: str | None
    snapshot_after: str


class Memory:
    """Two snapshots, kept."""

    def snapshot(self, name: str) -> Snapshot:
        return {"A": network(), "B": AFTER_MOVE}[name]

    def endpoints(self) -> dict[str, Endpoint]:
        return {}


def test_events_that_a_crash_kept_out_of_the_book_come_in_with_the_next_scan(site: Desk) -> None:
    first = Told("1", MOVED, "A", "B")
    second = Told("2", event(EventKind.DEVICE_DOWN, "acc1"), "B", "B")
    baseline = Told("0", event(EventKind.DEVICE_ADDED, "acc1"), None, "A")

    assert len(record_changes(site.book(), Memory(), [baseline, first])) == 1
    (later,) = record_changes(site.book(), Memory(), [baseline, first, second])
    assert (later.number, later.fields["type"]) == ("TC-2026-0002", "outage")
    assert record_changes(site.book(), Memory(), [baseline, first, second]) == []
