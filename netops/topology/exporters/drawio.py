"""The map as a diagram for diagrams.net (draw.io): boxes where the map has them, cables that stay attached."""

from collections.abc import Iterator, Mapping, Sequence

from netops.reports.svg import escape
from netops.reports.words import Words
from netops.topology.drawing.chart import Chart, chart
from netops.topology.drawing.layout import layout
from netops.topology.drawing.plan import Box
from netops.topology.drawing.words import device_name, dotted, speed_text
from netops.topology.exporters.base import Traits
from netops.topology.model import Endpoint, LinkState, Snapshot

# html=0: a label is text and never markup, whatever it holds.
_BOX = "rounded=1;arcSize=10;html=0;whiteSpace=wrap;fontSize=10;strokeColor=#2b6cb0;"
_FILLS = {
    "exit": "fillColor=#5a3a22;fontColor=#ffffff;",
    "core": "fillColor=#173e70;fontColor=#ffffff;",
    "distribution": "fillColor=#cfe0f3;",
    "access": "fillColor=#ffffff;",
    "leaf": "fillColor=#f1f1ea;",
}
_FRAME = "rounded=0;html=0;verticalAlign=top;align=left;spacingLeft=6;fillColor=#f6f8fb;strokeColor=#c3ccd8;"
_EDGE = "edgeStyle=orthogonalEdgeStyle;rounded=0;html=0;endArrow=none;strokeColor=#5d6b7a;"


class DrawioExporter:
    """Writes one page of mxGraph XML."""

    traits = Traits(".drawio")

    def files(self, snapshot: Snapshot, endpoints: Sequence[Endpoint]) -> Mapping[str, str]:
        """Return the diagram."""
        counts: dict[str, int] = {}
        for one in endpoints:
            counts[one.device] = counts.get(one.device, 0) + 1
        made = chart(snapshot, endpoints=counts)
        return {"topology.drawio": "\n".join(_lines(made)) + "\n"}


def _lines(made: Chart) -> Iterator[str]:
    plan = layout(made, Words("en"), overview=False)
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield '<mxfile host="netops"><diagram id="campus" name="Campus">'
    yield f'<mxGraphModel grid="1" gridSize="10" page="0" dx="{plan.width:.0f}" dy="{plan.height:.0f}">'
    yield '<root><mxCell id="0"/><mxCell id="1" parent="0"/>'
    for number, frame in enumerate(plan.frames):
        yield _vertex(f"f{number}", frame.title, _FRAME, frame)
    numbers = {uid: f"n{number}" for number, uid in enumerate(made.nodes)}
    speech = Words("en")
    for box in plan.boxes:
        if not box.uid:
            continue
        device = made.nodes[box.uid].device
        text = "\n".join(filter(None, (device_name(device, speech), device.location)))
        dashed = "" if device.state.value == "answered" else "dashed=1;"
        yield _vertex(numbers[box.uid], text, _BOX + _FILLS[box.style.split()[0]] + dashed, box)
    yield from _edges(made, numbers)
    yield "</root></mxGraphModel></diagram></mxfile>"


def _vertex(number: str, text: str, style: str, box: Box) -> str:
    return (
        f'<mxCell id="{number}" value="{_value(text)}" style="{style}" vertex="1" parent="1">'
        f'<mxGeometry x="{box.x:.0f}" y="{box.y:.0f}" width="{box.width:.0f}" '
        f'height="{box.height:.0f}" as="geometry"/></mxCell>'
    )


def _edges(made: Chart, numbers: Mapping[str, str]) -> Iterator[str]:
    strands = (strand for bond in made.bonds for strand in bond.strands)
    for number, strand in enumerate(strands):
        link = strand.link
        text = dotted([f"{link.a.port} – {link.b.port}", speed_text(strand.speed_mbps)])
        width = "strokeWidth=2;" if strand.speed_mbps >= 10_000 else ""
        dashed = "" if link.state is LinkState.CONFIRMED else "dashed=1;"
        yield (
            f'<mxCell id="e{number}" value="" tooltip="{_value(text)}" style="{_EDGE}{width}{dashed}" '
            f'edge="1" parent="1" source="{numbers[link.a.device]}" target="{numbers[link.b.device]}">'
            '<mxGeometry relative="1" as="geometry"/></mxCell>'
        )


def _value(text: str) -> str:
    return "&#10;".join(escape(line) for line in text.split("\n"))
