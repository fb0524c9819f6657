"""What the signs of a map mean, in one strip under it that names only what is on it."""

from netops.core.i18n import mark
from netops.reports.svg import text_width
from netops.reports.words import Words
from netops.topology.drawing.chart import Chart, Mark
from netops.topology.drawing.plan import Box, Label, Line, Plan
from netops.topology.drawing.words import DEVICE_STATES, LINK_STATES, MARKS
from netops.topology.model import DeviceState, LinkState

_SIZE, _HEIGHT, _SAMPLE = 10.0, 20.0, 34.0
_MARGIN = 12.0


def legend(plan: Plan, chart: Chart, speech: Words, y: float) -> float:
    """Add the legend at `y`, wrapped at the width of the map; return where it ends."""
    x = _MARGIN
    plan.lines.append(Line(((_MARGIN, y), (plan.width - _MARGIN, y)), "rule", 0.8))
    y += _HEIGHT * 0.8
    for kind, style, msgid in _entries(plan, chart):
        text = f"{style} {speech.text(msgid)}" if kind == "text" else speech.text(msgid)
        width = (_SAMPLE if kind != "text" else 0) + 6 + text_width(text, _SIZE) + 18
        if x + width > plan.width - _MARGIN and x > _MARGIN:
            x, y = _MARGIN, y + _HEIGHT
        _sample(plan, kind, style, x, y)
        plan.labels.append(
            Label(x + (_SAMPLE + 6 if kind != "text" else 0), y + 3.5, text, _SIZE, "k")
        )
        x += width
    return y + _HEIGHT / 2


def _sample(plan: Plan, kind: str, style: str, x: float, y: float) -> None:
    if kind == "line":
        marked = Mark(style) if style in set(Mark) else Mark.SAME
        sign = (x + _SAMPLE / 2, y) if marked is not Mark.SAME else None
        thick = 3.4 if marked is not Mark.SAME else 1.8
        plan.add(Line(((x, y), (x + _SAMPLE, y)), style, thick, "", marked, sign))
    elif kind == "bundle":
        plan.add(Line(((x, y), (x + _SAMPLE, y)), "same", 1.8, is_bundle=True))
    elif kind in {"thin", "thick"}:
        plan.add(Line(((x, y), (x + _SAMPLE, y)), "same", 1.8 if kind == "thin" else 3.4))
    elif kind == "box":
        marked = Mark(style) if style in set(Mark) else Mark.SAME
        plan.boxes.append(Box(x + 2, y - 6, _SAMPLE - 4, 12, f"access {style}", mark=marked))
    elif kind == "square":
        plan.squares.append(Box(x + _SAMPLE / 2 - 4, y - 4, 8, 8, "access"))


def _entries(plan: Plan, chart: Chart) -> list[tuple[str, str, str]]:
    marks = {bond.mark for bond in chart.bonds} | {node.mark for node in chart.nodes.values()}
    marks.discard(Mark.CHANGED)
    found = [
        ("line", one.value, MARKS[one]) for one in Mark if one in marks and one is not Mark.SAME
    ]
    if any(node.mark is Mark.CHANGED for node in chart.nodes.values()):
        found.append(("box", "changed", mark("device replaced, changed or down")))
    links = {bond.state for bond in chart.bonds}
    found += [
        ("line", f"same {one.value}", LINK_STATES[one])
        for one in LinkState
        if one in links and one is not LinkState.CONFIRMED
    ]
    if any(bond.is_blocked for bond in chart.bonds):
        found.append(("line", "same blocked", mark("blocked by spanning tree")))
    devices = {node.device.state for node in chart.nodes.values()}
    found += [
        ("box", one.value, DEVICE_STATES[one])
        for one in DeviceState
        if one in devices and one is not DeviceState.ANSWERED
    ]
    if any(line.is_bundle for line in plan.lines):
        found.append(("bundle", "", mark("several cables")))
    speeds = {line.thickness for line in plan.lines if line.style.startswith("same")}
    if len(speeds) > 1:
        found.append(("thin", "", mark("up to 1 Gbit/s")))
        found.append(("thick", "", mark("10 Gbit/s and more")))
    if plan.squares:
        found.append(("square", "", mark("one unchanged switch")))
    words = {
        label.text[:1] for box in plan.boxes for label in box.labels if label.style.startswith("s")
    }
    if "⇄" in words:
        found.append(("text", "⇄", mark("further link to")))
    if "▣" in words or any("▣" in label.text for box in plan.boxes for label in box.labels):
        found.append(("text", "▣", mark("number of endpoints")))
    if "↑" in words or any("↑" in label.text for box in plan.boxes for label in box.labels):
        found.append(("text", "↑", mark("speed of the uplink")))
    return found
