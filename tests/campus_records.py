"""Reports about a made-up campus: the events of a day and the records that answer for some of them."""

from datetime import timedelta

from netops.records.model import Record, RecordState, Revision
from netops.topology.canonical import event_row
from netops.topology.history.diff import diff
from netops.topology.model import Endpoint, Event, EventKind, Snapshot
from netops.topology.paper.report import TopologyReport
from tests.campus import campus, endpoints, later


def events_between(before: Snapshot, now: Snapshot) -> list[Event]:
    at = now.taken_at - timedelta(hours=3)
    moved = Event(
        EventKind.ENDPOINT_MOVED,
        at,
        "02:aa:00:00:00:01",
        (),
        {"port": ["acc1", "ge7"], "vlan": 10},
        {"port": ["acc2", "ge9"], "vlan": 10},
    )
    kind, subject = EventKind.ADDRESS_CHANGED, "02:aa:00:00:00:02"
    other = Event(kind, at, subject, (), {"address": "10.9.1.20"}, {"address": "10.9.1.77"})
    return [*diff(before, now), moved, other]


def record_of(events: list[Event], number: int, state: RecordState) -> Record:
    at = events[0].at - timedelta(hours=2)
    fields = {
        "events": [event_row(event) for event in events],
        "type": "move",
        "class": "normal",
        "reason": "Floor 4 is rebuilt; the switch moves to the next distribution switch.",
        "applicant": "王芳",
        "department": "信息中心",
        "operator": "Chen Li",
        "second_person": "张伟",
        "rollback_plan": "Put the cable back to dist1:ge3.",
        "notification": "Notice on the campus portal, 2026-11-20",
        "changed_from": "2026-11-24T08:40:00Z",
        "impact": {
            "downstream_switches": 1,
            "endpoints": 31,
            "buildings": ["Library"],
            "lost_redundancy": False,
        },
        "room_key": "no. 12 <b>",
    }
    steps = [("opened", RecordState.DRAFT), ("filled", RecordState.DRAFT)]
    if state is not RecordState.DRAFT:
        steps += [("submitted", RecordState.SUBMITTED), ("approved", RecordState.APPROVED)]
    revisions = tuple(
        Revision(
            f"r{number}",
            n,
            at + timedelta(minutes=7 * n),
            "chen",
            action,
            then,
            digest=f"{n:02x}" * 32,
            journal_seq=40 + n,
        )
        for n, (action, then) in enumerate(steps, 1)
    )
    return Record(
        f"r{number}", f"TC-2026-{number:04d}", "topology_change", state, at, True, fields, revisions
    )


def report_of(count: int, language: str = "en") -> TopologyReport:
    before = campus(count, language)
    now = later(before)
    events = events_between(before, now)
    moves = [event for event in events if event.kind is EventKind.LINK_MOVED]
    new = [event for event in events if event.kind is EventKind.DEVICE_ADDED]
    records = [record_of(moves, 41, RecordState.APPROVED), record_of(new, 42, RecordState.DRAFT)]
    computers = [
        Endpoint(f"02:bb:00:00:{n >> 8:02x}:{n & 255:02x}", uid, f"ge{n}")
        for uid, many in endpoints(now).items()
        for n in range(many)
    ]
    return TopologyReport(
        "Example University",
        "netops.example.edu",
        now.taken_at + timedelta(hours=2),
        before.taken_at,
        now,
        before,
        events,
        records,
        computers,
        frozenset({"TC-2026-0042"}),
        {"acc1": "Library"} if count < 50 else None,
        "1042:3f2a9c",
    )
