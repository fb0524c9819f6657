"""Changes as reports tell them: what was, what is, and which record answers for it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from netops.core.clock import parse_utc
from netops.core.dataclass import dataclass
from netops.core.i18n import mark
from netops.records.model import Record, RecordState
from netops.reports.words import Words
from netops.topology.drawing.chart import Mark
from netops.topology.drawing.words import EVENTS, SIGNS, event_mark
from netops.topology.model import Event, EventKind

#: Events about endpoints and addresses: no change of the network's build.
_MOVES = {EventKind.ENDPOINT_MOVED}
_BREAKS = {
    EventKind.ADDRESS_CHANGED,
    EventKind.NAME_CHANGED,
    EventKind.ENDPOINT_UNKNOWN,
    EventKind.GATEWAY_UNKNOWN,
    EventKind.DHCP_UNKNOWN,
}
_FAULTS = {EventKind.DEVICE_DOWN, EventKind.DEVICE_UP}
#: A record in one of these states stands for a change that somebody allowed.
_ALLOWED = {RecordState.APPROVED, RecordState.CLOSED}
#: Names of plain values in events.
_NAMES: Mapping[str, str] = {
    "serial": mark("serial number"),
    "name": mark("name"),
    "address": mark("address"),
    "addresses": mark("addresses"),
    "mac": mark("MAC address"),
    "speed_mbps": mark("speed (Mbit/s)"),
    "vlan": mark("VLAN"),
    "vlans": mark("VLANs"),
    "model": mark("model"),
    "software": mark("software"),
    "location": mark("location"),
    "state": mark("state"),
    "is_up": mark("up"),
    "is_enabled": mark("enabled"),
    "aggregate": mark("aggregate"),
    "port": mark("port"),
    "root": mark("root"),
    "links": mark("cables"),
    "members": mark("members"),
    "maker": mark("maker"),
    "alias": mark("label"),
    "device": mark("device"),
    "site": mark("site"),
    "chassis_id": mark("chassis"),
}
#: Goes without saying.
_USUAL = {("state", "confirmed"), ("state", "answered")}


@dataclass(frozen=True, slots=True)
class Change:
    """One event with its sign and its words."""

    event: Event
    mark: Mark
    sign: str
    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Group:
    """The changes that one record answers for; None answers for none."""

    record: Record | None
    changes: Sequence[Change]

    @property
    def is_allowed(self) -> bool:
        """Tell whether the record was approved."""
        return self.record is not None and self.record.state in _ALLOWED

    @property
    def unapproved(self) -> Sequence[Change]:
        """Return the changes that nobody approved; a fault needs no approval."""
        if self.is_allowed:
            return ()
        return [one for one in self.changes if one.event.kind not in _FAULTS]

    @property
    def is_late(self) -> bool:
        """Tell whether the change was made before anybody approved it."""
        return self.record is not None and bool(self.record.fields.get("unapproved"))


def change(event: Event, speech: Words) -> Change:
    """Return an event in words."""
    became = event_mark(event.kind)
    return Change(
        event,
        became,
        SIGNS[became],
        speech.text(EVENTS[event.kind]),
        values_text(event.before, speech),
        values_text(event.after, speech),
    )


def is_build(event: Event) -> bool:
    """Tell whether an event changes how the network is built."""
    return event.kind not in _MOVES | _BREAKS


def is_move(event: Event) -> bool:
    """Tell whether an endpoint went to another port."""
    return event.kind in _MOVES


def is_break(event: Event) -> bool:
    """Tell whether an event breaks a rule about addresses and hosts."""
    return event.kind in _BREAKS


def grouped(events: Sequence[Event], records: Sequence[Record], speech: Words) -> list[Group]:
    """Return the changes of the build by record, in the order of their numbers, the loose ones last."""
    wanted = [event for event in events if is_build(event)]
    answered: set[tuple[str, str, str]] = set()
    groups = []
    for record in sorted(records, key=lambda record: record.number):
        own = list(record_events(record))
        answered.update(map(_key, own))
        if own:
            groups.append(Group(record, [change(event, speech) for event in own]))
    loose = [change(event, speech) for event in wanted if _key(event) not in answered]
    return groups + ([Group(None, loose)] if loose else [])


def _key(event: Event) -> tuple[str, str, str]:
    return event.kind.value, event.subject, event.at.isoformat()


def record_events(record: Record) -> Iterator[Event]:
    """Return the events that a record holds; what cannot be read as one is left out."""
    for row in record.fields.get("events") or ():
        if not isinstance(row, Mapping) or row.get("kind") not in set(EventKind):
            continue
        yield Event(
            EventKind(row["kind"]),
            _moment(row.get("at"), record.opened_at),
            str(row.get("subject", "")),
            tuple(map(str, row.get("devices") or ())),
            _mapping(row.get("before")),
            _mapping(row.get("after")),
        )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _moment(value: Any, otherwise: datetime) -> datetime:
    try:
        return parse_utc(str(value))
    except ValueError:
        return otherwise


def ends_of(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the ends of a link among plain values: pairs of device name and port."""
    pairs = [
        pair
        for value in values.values()
        if isinstance(value, list | tuple)
        for pair in (value, *value)
        if isinstance(pair, list | tuple) and len(pair) == 2
    ]
    texts = [(a, b) for a, b in pairs if isinstance(a, str) and isinstance(b, str)]
    return texts[:2]


def values_text(values: Mapping[str, Any], speech: Words) -> str:
    """Return plain values as people read them: `acc1:ge1 – dist1:ge3; VLAN 10`."""
    ends = ends_of(values)
    parts = [" – ".join(f"{device}:{port}" for device, port in ends)] if ends else []
    for name, value in values.items():
        if _is_end(value) or value is None or value == "" or (name, value) in _USUAL:
            continue
        shown = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
        label = _NAMES.get(name)
        parts.append(f"{speech.text(label) if label else name} {shown}")
    return "; ".join(parts)


def _is_end(value: Any) -> bool:
    return bool(ends_of({"value": value}))
