"""The lines of the report's long tables: every device and every link."""

from netops.core.dataclass import dataclass
from netops.reports.words import Words
from netops.topology.drawing.chart import Chart, Mark, natural
from netops.topology.drawing.tiers import Tier, tiers
from netops.topology.drawing.words import (
    DEVICE_STATES,
    LINK_STATES,
    MARKS,
    SIGNS,
    TIERS,
    device_name,
    speed_text,
)
from netops.topology.model import LinkState


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """One line of the table of devices."""

    sign: str
    mark: str
    name: str
    layer: str
    place: str
    address: str
    hardware: str
    serial: str
    software: str
    state: str
    endpoints: int


@dataclass(frozen=True, slots=True)
class LinkRow:
    """One line of the table of links."""

    sign: str
    mark: str
    a: str
    b: str
    speed: str
    state: str
    #: Who says so.
    evidence: str


def device_rows(made: Chart, speech: Words) -> list[DeviceRow]:
    """Return every device, layer by layer."""
    layers = tiers(made)
    order = sorted(made.nodes, key=lambda uid: (layers[uid], natural(made.name(uid)), uid))
    layer_names = {tier: speech.text(TIERS[tier]) for tier in Tier}
    states = {state: speech.text(text) for state, text in DEVICE_STATES.items()}
    rows = []
    for uid in order:
        node = made.nodes[uid]
        device = node.device
        state = states[device.state]
        if node.mark is not Mark.SAME:
            state = f"{state}, {speech.text(MARKS[node.mark])}"
        rows.append(
            DeviceRow(
                SIGNS[node.mark],
                node.mark.value,
                device_name(device, speech),
                layer_names[layers[uid]],
                " · ".join(filter(None, (device.site, device.location))),
                next(iter(device.addresses), ""),
                " ".join(filter(None, (device.maker, device.model))),
                device.serial,
                device.software,
                state,
                node.endpoints,
            )
        )
    return rows


def link_rows(made: Chart, speech: Words) -> list[LinkRow]:
    """Return every link, those that changed first, then those that are not well proven."""
    names = {uid: device_name(node.device, speech) for uid, node in made.nodes.items()}
    states = {state: speech.text(text) for state, text in LINK_STATES.items()}
    marks = {one: speech.text(text) for one, text in MARKS.items()}
    rows = []
    for strand in (strand for bond in made.bonds for strand in bond.strands):
        link = strand.link
        state = " ".join(filter(None, (states[link.state], link.reason and f"({link.reason})")))
        if strand.mark is not Mark.SAME:
            state = f"{marks[strand.mark]}, {state}"
        ends = [(names[end.device], end.port) for end in (link.a, link.b)]
        says = ", ".join(dict.fromkeys(one.protocol.upper() for one in link.evidence))
        a, b = (f"{name}:{port}" for name, port in ends)
        key = (strand.mark is Mark.SAME, link.state is LinkState.CONFIRMED, natural(a), natural(b))
        speed = speed_text(strand.speed_mbps)
        rows.append((key, LinkRow(SIGNS[strand.mark], strand.mark.value, a, b, speed, state, says)))
    return [row for _key, row in sorted(rows, key=lambda pair: pair[0])]
