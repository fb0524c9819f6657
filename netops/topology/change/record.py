"""From what a scan saw to change records: a draft for each change, or the proof of a planned one."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from netops.core.clock import utc_text
from netops.core.dataclass import dataclass, field
from netops.core.errors import UsageError
from netops.records.book import Hand, RecordBook
from netops.records.model import Record, RecordState
from netops.topology.change.deeds import Deed, deeds_of, device_names, ends_in, links_of
from netops.topology.change.grouping import Group, Stored, groups
from netops.topology.change.impact import Impact, depths, impact
from netops.topology.change.planned import CONSEQUENCES, Progress, parse, progress
from netops.topology.change.verification import Check, checks, in_time, verdict
from netops.topology.model import Device, Endpoint, Event, EventKind, Port, Snapshot
from netops.topology.naming import place_of

FORM = "topology_change"
#: As many events a record tells in full; a change of a whole campus must still fit the journal.
_LISTED = 200
_LONGEST, _LONG_VALUE = 300, 1500
_IMPORTANT_ENDPOINTS = 50
_FAULT = {EventKind.DEVICE_DOWN, EventKind.DEVICE_UP}


@dataclass(frozen=True, slots=True)
class Scan:
    """What two scans saw, and how devices are called."""

    before: Snapshot
    after: Snapshot
    endpoints: Sequence[Endpoint] = ()
    names: Mapping[str, str] = field(default_factory=dict)

    def impact(self, events: Iterable[Event]) -> Impact:
        """Return what events mean for the network."""
        return impact(self.before, self.after, events, self.endpoints)

    def deeds(self, events: Iterable[Event]) -> set[Deed]:
        """Return what events say in the smallest words, consequences left out."""
        told = [event for event in events if event.kind not in CONSEQUENCES]
        found = {deed for event in told for deed in deeds_of(event, self.names)}
        # The cables of a device that came or went are told with the device.
        for kind, verb, snapshot in (
            (EventKind.DEVICE_ADDED, "add", self.after),
            (EventKind.DEVICE_REMOVED, "remove", self.before),
        ):
            uids = {event.devices[0] for event in told if event.kind is kind and event.devices}
            found |= {Deed(verb, "link", name) for name in links_of(snapshot, uids, self.names)}
        return found


def draft_changes(
    book: RecordBook,
    before: Snapshot,
    after: Snapshot,
    events: Sequence[Stored],
    endpoints: Iterable[Endpoint] = (),
    run_id: str | None = None,
) -> list[Record]:
    """
    Put the events of one scan into the record book and return the records they went to.

    An event belongs to the approved plan that expects it, else to the open draft about the same
    things (so that a flapping link is one record), else to a new draft that is flagged as not
    approved. An event that is in the book already changes nothing.
    """
    scan = Scan(before, after, tuple(endpoints), device_names(before, after))
    hand = Hand(run_id=run_id, automatic=True)
    known = book.records(FORM)
    touched: dict[str, Record] = {}
    taken = {source for record in known for source in record.sources}
    fresh = [one for one in events if one[0] not in taken]
    for group in groups(fresh, depths(before, after)):
        for part, plan in _shared_out(group, known, scan):
            record = (
                _fulfil(book, plan, part, scan, hand)
                if plan is not None
                else _draft(book, known, part, scan, hand)
            )
            if record is not None:
                touched[record.id] = record
                known = [one for one in known if one.id != record.id] + [record]
    return list(touched.values())


def _shared_out(
    group: Group, known: Iterable[Record], scan: Scan
) -> list[tuple[Group, Record | None]]:
    """Give every event to the plan that expects it; what nobody expects goes with the rest."""
    plans = [(record, expected(record)) for record in known if is_awaited(record)]
    shares: dict[str, list[Stored]] = {}
    rest: list[Stored] = []
    for one in group.stored:
        deeds = scan.deeds([one[1]])
        plan = next((record for record, wanted in plans if wanted & deeds), None)
        (shares.setdefault(plan.id, []) if plan else rest).append(one)
    if not shares:
        return [(group, None)]
    # What happened beside a plan, on the same devices, is for that plan to answer for.
    max(shares.values(), key=len).extend(rest)
    by_id = {record.id: record for record, _ in plans}
    return [(Group(tuple(stored)), by_id[name]) for name, stored in shares.items()]


def is_awaited(record: Record) -> bool:
    """Tell whether a plan is approved and not yet seen to be fulfilled."""
    waits = record.planned and record.state is RecordState.APPROVED
    return waits and record.fields.get("verification") != "passed"


def expected(record: Record) -> set[Deed]:
    """Return what a plan expects; nothing where it cannot be read."""
    lines = record.fields.get("expected")
    try:
        return parse(str(line) for line in lines) if isinstance(lines, list) else set()
    except UsageError:
        return set()


def _draft(
    book: RecordBook, known: Iterable[Record], group: Group, scan: Scan, hand: Hand
) -> Record | None:
    """Open a draft, or add to the open one that is about the same."""
    values = _facts(group, scan)
    same = next((one for one in known if _is_about(one, group, values["things"])), None)
    if same is not None:
        for name in ("content", "events"):
            values[name] = _more(same, name, values[name])
        values["things"] = sorted({*same.fields.get("things", ()), *values["things"]})[:_LISTED]
        values["before"] = same.fields.get("before", values["before"])
        for name in ("detected_at", "changed_from", "type", "class", "snapshot_before"):
            values[name] = same.fields.get(name, values[name])
        return book.attach(same.number, values, hand, group.sources)
    values["unapproved"] = any(event.kind not in _FAULT for event in group.events)
    deeds = scan.deeds(group.events)
    asked = [one for one in known if _was_asked(one) and expected(one) & deeds]
    if asked:
        values["linked_request"] = ", ".join(f"{one.number} ({one.state})" for one in asked)[:200]
    return book.open(FORM, values, hand, sources=group.sources)


def _was_asked(record: Record) -> bool:
    """Tell whether it is a plan that nobody approved."""
    pending = {RecordState.DRAFT, RecordState.SUBMITTED, RecordState.REJECTED}
    return record.planned and record.state in pending


def _is_about(record: Record, group: Group, things: Sequence[str]) -> bool:
    if record.planned or record.state is not RecordState.DRAFT:
        return False
    if group.type == "endpoint" == record.fields.get("type"):
        # Computers wander all day: one record for each day.
        at = min(event.at for event in group.events)
        return record.opened_at.astimezone().date() == at.astimezone().date()
    told = set(record.fields.get("things", ()))
    if record.fields.get("type") != "outage":
        return bool(things) and set(things) <= told
    # What its cables do while a device is down follows from that.
    down = {one.removeprefix("device ") for one in told if one.startswith("device ")}
    return bool(things) and all(one in told or _touches(one, down) for one in things)


def _touches(thing: str, devices: Collection[str]) -> bool:
    kind, _, ends = thing.partition(" ")
    return kind == "link" and any(end.partition(":")[0] in devices for end in ends.split(" - "))


def _fulfil(book: RecordBook, plan: Record, group: Group, scan: Scan, hand: Hand) -> Record | None:
    """Hold what happened against an approved plan and write the result into its record."""
    told = plan.fields.get("plan")
    earlier: Mapping[str, Any] = told if isinstance(told, Mapping) else {}
    wanted = expected(plan)
    done = {deed for deed in wanted if deed.text in earlier.get("fulfilled", ())}
    seen = done | scan.deeds(group.events)
    came_true = progress(wanted, seen, earlier.get("extra", ()))
    values = _facts(group, scan)
    found = checks(scan.before, scan.after, set(came_true.fulfilled), scan.impact(group.events))
    seen_at = min(event.at for event in group.events)
    timely = in_time(plan.fields, scan.before.taken_at, seen_at)
    # What was once done at another time stays so, whatever is done in time later.
    untimely = [
        *earlier.get("outside", ()),
        *([timely.subject] if timely and not timely.ok else ()),
    ]
    found = [*([timely] if timely else ()), *found]
    values["checks"] = [one.as_dict() for one in found][:_LISTED]
    values["verification"] = "failed" if untimely else _judged(came_true, found)
    values["plan"] = came_true.as_dict() | ({"outside": untimely[:_LISTED]} if untimely else {})
    values["unapproved"] = bool(came_true.extra or untimely)
    for name in ("content", "events", "before", "after"):
        values[name] = _more(plan, name, values[name])
    for name in ("class", "detected_at", "changed_from", "snapshot_before"):
        values[name] = plan.fields.get(name, values[name])
    return book.attach(plan.number, values, hand, group.sources)


def _judged(came_true: Progress, found: Sequence[Check]) -> str:
    if came_true.extra:
        return "failed"
    return "incomplete" if came_true.missing else verdict(found)


def _facts(group: Group, scan: Scan) -> dict[str, Any]:
    """Return every automatic field of a record about a group of events."""
    events = group.events
    effect = scan.impact(events)
    found = checks(scan.before, scan.after, scan.deeds(events), effect)
    return {
        "detected_at": utc_text(min(event.at for event in events)),
        "changed_from": utc_text(scan.before.taken_at),
        "changed_until": utc_text(scan.after.taken_at),
        "type": group.type,
        "class": _class(group, effect, scan),
        "content": [_line(event) for event in events[:_LISTED]],
        "events": [_row(event) for event in events[:_LISTED]],
        "before": [_side(event, event.before, scan.before) for event in events[:_LISTED]],
        "after": [_side(event, event.after, scan.after) for event in events[:_LISTED]],
        "impact": effect.as_dict(scan.names),
        "checks": [one.as_dict() for one in found][:_LISTED],
        "verification": verdict(found),
        "snapshot_before": scan.before.id,
        "snapshot_after": scan.after.id,
        "things": group.things(scan.names)[:_LISTED],
    }


def _class(group: Group, effect: Impact, scan: Scan) -> str:
    if group.type == "outage" and effect.downstream:
        return "urgent"
    roles = {
        device.role
        for snapshot in (scan.before, scan.after)
        for uid in group.devices
        if (device := snapshot.devices.get(uid))
    }
    weighty = effect.downstream or effect.lost_redundancy or group.type in {"outage", "replacement"}
    if weighty or "core" in roles or effect.endpoints >= _IMPORTANT_ENDPOINTS:
        return "important"
    return "normal"


def _line(event: Event) -> str:
    return f"{event.kind.replace('_', ' ')}: {event.subject}"[:_LONGEST]


def _more(record: Record, name: str, lines: Sequence[Any]) -> list[Any]:
    """Return a list of the record with new lines; the first and the newest stay when it is long."""
    listed = [*record.fields.get(name, ()), *lines]
    return listed if len(listed) <= _LISTED else [*listed[: _LISTED // 2], *listed[-_LISTED // 2 :]]


def _side(event: Event, values: Mapping[str, Any], snapshot: Snapshot) -> dict[str, Any]:
    """Return how one side of an event looked: every end with place, speed, VLAN and serial number."""
    by_name = {
        name: device
        for device in snapshot.devices.values()
        for name in (device.name, device.listed_as)
        if name
    }
    ends = [_end(by_name.get(name), name, port) for name, port in dict.fromkeys(ends_in(values))]
    told: dict[str, Any] = {"event": str(event.kind), "subject": event.subject[:_LONGEST]}
    if ends and event.kind.startswith("link"):
        return {**told, "ends": ends}
    device = snapshot.devices.get(event.devices[0]) if event.devices else None
    return {
        **told,
        **({"device": _device(device)} if device else {}),
        "values": _short(values),
    }


def _end(device: Device | None, name: str, port_name: str) -> dict[str, Any]:
    port = device.ports.get(port_name) if device else None
    port = port or Port(port_name)
    return {
        "device": name[:_LONGEST],
        "port": port_name[:_LONGEST],
        "location": place_of(device) if device else "",
        "speed_mbps": port.speed_mbps,
        "vlans": list(port.vlans[:_LISTED]),
        "serial": device.serial if device else "",
    }


def _device(device: Device) -> dict[str, Any]:
    return {
        "name": device.name[:_LONGEST],
        "location": place_of(device),
        "serial": device.serial,
        "model": device.model,
        "software": device.software[:_LONGEST],
        "addresses": list(device.addresses[:20]),
        "ports": len(device.ports),
    }


def _short(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of an event as JSON keeps them, what is too long cut."""
    short: dict[str, Any] = {}
    for name, value in list(values.items())[:50]:
        text = json.dumps(value, default=str)
        short[str(name)[:_LONGEST]] = (
            json.loads(text) if len(text) <= _LONG_VALUE else text[:_LONGEST]
        )
    return short


def _row(event: Event) -> dict[str, Any]:
    """Return an event as the record keeps it."""
    return {
        "kind": str(event.kind),
        "at": utc_text(event.at),
        "subject": event.subject[:_LONGEST],
        "devices": list(event.devices[:20]),
        "before": _short(event.before),
        "after": _short(event.after),
    }
