"""The topology report: the campus map with what changed, every device and link, and the records of it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from netops.core.cells import csv_text
from netops.core.clock import utc_text
from netops.core.dataclass import dataclass, field
from netops.records.model import Record, RecordState
from netops.reports.words import Words
from netops.topology.canonical import device_row, event_row, link_row
from netops.topology.drawing.chart import Chart, Strand, chart, natural
from netops.topology.drawing.draw import draw
from netops.topology.drawing.words import RECORD_STATES
from netops.topology.model import Device, Endpoint, Event, Snapshot
from netops.topology.paper.changes import Group, change, grouped, is_break, is_move
from netops.topology.paper.rows import device_rows, link_rows

#: Where a record still waits for somebody.
OPEN = (RecordState.DRAFT, RecordState.SUBMITTED, RecordState.APPROVED)


@dataclass(frozen=True, slots=True)
class TopologyReport:
    """Everything the report says."""

    site: str
    origin: str
    made_at: datetime
    since: datetime
    now: Snapshot
    #: The network at the begin of the period, when there is a snapshot of it.
    before: Snapshot | None
    events: Sequence[Event]
    records: Sequence[Record]
    endpoints: Sequence[Endpoint]
    #: Numbers of the records that wait longer than they may.
    overdue: frozenset[str] = frozenset()
    #: Who owns a device, by its name in the inventory or its serial number; None when nobody keeps that book.
    owners: Mapping[str, str] | None = None
    journal_head: str = ""
    _cache: dict[str, Chart] = field(default_factory=dict, repr=False, compare=False)

    @property
    def chart(self) -> Chart:
        """Return the network with its changes."""
        if "chart" not in self._cache:
            counts: dict[str, int] = {}
            for one in self.endpoints:
                counts[one.device] = counts.get(one.device, 0) + 1
            self._cache["chart"] = chart(self.now, self.before, counts)
        return self._cache["chart"]

    def open_records(self) -> list[Record]:
        """Return the records that wait for somebody, the oldest first."""
        return sorted(
            (record for record in self.records if record.state in OPEN),
            key=lambda record: record.opened_at,
        )

    def is_overdue(self, record: Record) -> bool:
        """Tell whether somebody should have acted by now."""
        return record.number in self.overdue

    def unowned(self) -> list[Device]:
        """Return the devices that no owner is on record for."""
        if self.owners is None:
            return []
        owners = self.owners
        found = [
            one
            for one in self.now.devices.values()
            if not owners.get(one.listed_as) and not owners.get(one.serial)
        ]
        return sorted(found, key=lambda device: natural(device.name))

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        groups = grouped(self.events, self.records, Words("en"))
        return {
            "site": self.site,
            "origin": self.origin,
            "made_at": utc_text(self.made_at),
            "since": utc_text(self.since),
            "journal_head": self.journal_head,
            "snapshot": self.now.id,
            "snapshot_at": utc_text(self.now.taken_at),
            "snapshot_before": self.before.id if self.before else None,
            "silent": list(self.now.silent),
            "devices": [_device_dict(self.chart, uid) for uid in self.chart.nodes],
            "links": [_strand_dict(strand) for b in self.chart.bonds for strand in b.strands],
            "changes": [
                {
                    "record": group.record.number if group.record else None,
                    "approved": group.is_allowed,
                    "events": [event_row(one.event) for one in group.changes],
                }
                for group in groups
            ],
            "open_records": [
                {
                    "number": record.number,
                    "state": record.state.value,
                    "opened_at": utc_text(record.opened_at),
                    "overdue": self.is_overdue(record),
                }
                for record in self.open_records()
            ],
            "endpoints_moved": [event_row(event) for event in self.events if is_move(event)],
            "address_breaks": [event_row(event) for event in self.events if is_break(event)],
            "devices_without_owner": [device.uid for device in self.unowned()],
        }


def _device_dict(made: Chart, uid: str) -> dict[str, Any]:
    node = made.nodes[uid]
    values = {"uid": uid, **device_row(node.device), "ports": len(node.device.ports)}
    return {**values, "mark": node.mark.value, "endpoints": node.endpoints}


def _strand_dict(strand: Strand) -> dict[str, Any]:
    other = link_row(strand.other) if strand.other else None
    return {
        **link_row(strand.link),
        "mark": strand.mark.value,
        "speed_mbps": strand.speed_mbps,
        "other": other,
    }


def as_csv(report: TopologyReport) -> str:
    """Return the report as one table."""
    heads = ("section", "mark", "name", "other_end", "record", "at", "state", "remark")
    return csv_text(heads, _cells(report))


def _cells(report: TopologyReport) -> Iterator[Sequence[object]]:
    speech = Words("en")
    for group in grouped(report.events, report.records, speech):
        number = group.record.number if group.record else "none"
        state = group.record.state.value if group.record else "unapproved"
        for one in group.changes:
            event = one.event
            remark = f"{one.before} -> {one.after}"
            yield "change", event.kind.value, event.subject, None, number, event.at, state, remark
    for record in report.open_records():
        due = "overdue" if report.is_overdue(record) else ""
        yield (
            "record",
            "",
            record.number,
            None,
            record.number,
            record.opened_at,
            record.state.value,
            due,
        )
    for event in report.events:
        if is_move(event) or is_break(event):
            section = "endpoint" if is_move(event) else "address"
            one = change(event, speech)
            remark = f"{one.before} -> {one.after}"
            yield section, event.kind.value, event.subject, None, None, event.at, None, remark
    for row in device_rows(report.chart, speech):
        remark = "; ".join(filter(None, (row.place, row.address, row.hardware, row.serial)))
        yield "device", row.mark, row.name, None, None, None, row.state, remark
    for link in link_rows(report.chart, speech):
        remark = "; ".join(filter(None, (link.speed, link.evidence)))
        yield "link", link.mark, link.a, link.b, None, None, link.state, remark
    for device in report.unowned():
        yield "no owner", "", device.name or device.uid, None, None, None, None, device.location


def as_page(report: TopologyReport, language: str) -> str:
    """Return the report as one HTML file."""
    from netops.reports.render import render

    speech = Words(language)
    groups: list[Group] = grouped(report.events, report.records, speech)
    values = {
        "report": report,
        "map": draw(report.chart, speech),
        "groups": groups,
        "unapproved": [group for group in groups if group.unapproved],
        "open_records": report.open_records(),
        "moved": [change(event, speech) for event in report.events if is_move(event)],
        "broken": [change(event, speech) for event in report.events if is_break(event)],
        "devices": device_rows(report.chart, speech),
        "links": link_rows(report.chart, speech),
        "unowned": report.unowned(),
        "states": RECORD_STATES,
        "changes": sum(len(group.changes) for group in groups),
        "loose": sum(len(group.unapproved) for group in groups),
        "overdue": sum(map(report.is_overdue, report.open_records())),
    }
    return render("topology_report.html.j2", language, values)
