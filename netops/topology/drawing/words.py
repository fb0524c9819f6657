"""What people call the states, events and marks of a network, and how they are said in a few characters."""

from collections.abc import Mapping, Sequence

from netops.core.i18n import mark
from netops.records.model import RecordState
from netops.reports.words import Words
from netops.topology.drawing.chart import Bond, Chart, Mark, Strand
from netops.topology.drawing.tiers import Tier
from netops.topology.model import Device, DeviceState, End, EventKind, Link, LinkState

#: Signs that also stand in print without colour.
SIGNS: Mapping[Mark, str] = {
    Mark.SAME: "",
    Mark.ADDED: "+",
    Mark.REMOVED: "−",
    Mark.MOVED: "→",
    Mark.CHANGED: "~",
}
MARKS: Mapping[Mark, str] = {
    Mark.SAME: mark("unchanged"),
    Mark.ADDED: mark("added"),
    Mark.REMOVED: mark("removed"),
    Mark.MOVED: mark("moved"),
    Mark.CHANGED: mark("changed"),
}
DEVICE_STATES: Mapping[DeviceState, str] = {
    DeviceState.ANSWERED: mark("answers"),
    DeviceState.STALE: mark("silent"),
    DeviceState.HEARD: mark("known by neighbours only"),
    DeviceState.INFERRED: mark("inferred"),
}
LINK_STATES: Mapping[LinkState, str] = {
    LinkState.CONFIRMED: mark("confirmed by both ends"),
    LinkState.ONE_SIDED: mark("seen by one end only"),
    LinkState.CONFLICT: mark("the ends contradict each other"),
    LinkState.STALE: mark("not heard of lately"),
}
EVENTS: Mapping[EventKind, str] = {
    EventKind.DEVICE_ADDED: mark("Device added"),
    EventKind.DEVICE_REMOVED: mark("Device removed"),
    EventKind.DEVICE_REPLACED: mark("Device replaced"),
    EventKind.DEVICE_RENAMED: mark("Device renamed"),
    EventKind.DEVICE_CHANGED: mark("Device changed"),
    EventKind.DEVICE_DOWN: mark("Device down"),
    EventKind.DEVICE_UP: mark("Device up again"),
    EventKind.LINK_ADDED: mark("Link added"),
    EventKind.LINK_REMOVED: mark("Link removed"),
    EventKind.LINK_MOVED: mark("Link moved"),
    EventKind.PORT_CHANGED: mark("Port changed"),
    EventKind.AGGREGATE_CHANGED: mark("Aggregate changed"),
    EventKind.VLAN_CHANGED: mark("VLAN changed"),
    EventKind.STP_ROOT_CHANGED: mark("Spanning-tree root changed"),
    EventKind.ENDPOINT_MOVED: mark("Endpoint moved"),
    EventKind.ADDRESS_CHANGED: mark("Address changed"),
    EventKind.NAME_CHANGED: mark("Name changed"),
    EventKind.ENDPOINT_UNKNOWN: mark("Unknown endpoint"),
    EventKind.GATEWAY_UNKNOWN: mark("Unknown gateway"),
    EventKind.DHCP_UNKNOWN: mark("Unknown DHCP server"),
}
RECORD_STATES: Mapping[RecordState, str] = {
    RecordState.DRAFT: mark("Draft"),
    RecordState.SUBMITTED: mark("Submitted"),
    RecordState.APPROVED: mark("Approved"),
    RecordState.REJECTED: mark("Rejected"),
    RecordState.CLOSED: mark("Closed"),
    RecordState.VOID: mark("Void"),
}
TIERS: Mapping[Tier, str] = {
    Tier.EXIT: mark("Exit"),
    Tier.CORE: mark("Core"),
    Tier.DISTRIBUTION: mark("Distribution"),
    Tier.ACCESS: mark("Access"),
    Tier.LEAF: mark("Server or end device"),
}
_EVENT_MARKS: Mapping[str, Mark] = {
    "added": Mark.ADDED,
    "up": Mark.ADDED,
    "unknown": Mark.ADDED,
    "removed": Mark.REMOVED,
    "down": Mark.REMOVED,
    "moved": Mark.MOVED,
}


def event_mark(kind: EventKind) -> Mark:
    """Return the mark under which an event is shown."""
    return _EVENT_MARKS.get(kind.value.rpartition("_")[2], Mark.CHANGED)


def device_name(device: Device, speech: Words) -> str:
    """Return what stands on a device's box."""
    if device.listed_as or device.name:
        return device.listed_as or device.name
    if device.state is DeviceState.INFERRED:
        return speech.text(mark("unmanaged switch"))
    return device.chassis_id or device.mac or next(iter(device.addresses), device.uid)


def speed_text(mbps: int) -> str:
    """Return a speed in the fewest characters: 100M, 2.5G, 40G."""
    if not mbps:
        return ""
    return f"{mbps}M" if mbps < 1000 else f"{mbps / 1000:g}G"


def end_text(chart: Chart, end: End, speech: Words) -> str:
    """Return `acc1:ge3`."""
    node = chart.nodes.get(end.device)
    return f"{device_name(node.device, speech) if node else end.device}:{end.port}"


def link_text(chart: Chart, link: Link, speech: Words) -> str:
    """Return both ends of a link."""
    return f"{end_text(chart, link.a, speech)} – {end_text(chart, link.b, speech)}"


def bond_title(chart: Chart, bond: Bond, speech: Words) -> str:
    """Return everything about a bond: a line for each link."""
    return "; ".join(_strand_text(chart, strand, speech) for strand in bond.strands[:12])


def _strand_text(chart: Chart, strand: Strand, speech: Words) -> str:
    parts = [link_text(chart, strand.link, speech), speed_text(strand.speed_mbps)]
    if strand.mark is not Mark.SAME:
        parts.append(speech.text(MARKS[strand.mark]))
    if strand.other is not None:
        parts.append(f"{SIGNS[Mark.MOVED]} {link_text(chart, strand.other, speech)}")
    if strand.link.state is not LinkState.CONFIRMED:
        parts += [speech.text(LINK_STATES[strand.link.state]), strand.link.reason]
    if strand.is_blocked:
        parts.append(speech.text(mark("blocked by spanning tree")))
    return dotted(parts)


def dotted(words: Sequence[str]) -> str:
    """Return the words that are not empty with a dot between."""
    return " · ".join(word for word in words if word)
