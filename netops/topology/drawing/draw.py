"""A placed map as SVG: no script, nothing from elsewhere, and no name that could be more than text."""

from collections.abc import Iterator

from netops.reports.svg import Drawing, escape
from netops.reports.words import Words
from netops.topology.drawing.chart import Chart, Mark
from netops.topology.drawing.layout import layout
from netops.topology.drawing.plan import Box, Label, Line, Plan, Point

#: Signs as strokes in a circle of radius 6: fonts and printers without colour must not matter.
_SIGNS = {
    Mark.ADDED: "M-3 0h6M0-3v6",
    Mark.REMOVED: "M-3 0h6",
    Mark.MOVED: "M-3 0h5.5M0-2.6l2.8 2.6L0 2.6",
    Mark.CHANGED: "M-3.2 1c1.2-3 2.2-2.6 3.2-1s2 2 3.2-1",
}
_STYLE = """
.campus{background:#fff;font-family:"Noto Sans","Noto Sans CJK SC","Segoe UI","Microsoft YaHei","PingFang SC","Helvetica Neue",Arial,sans-serif}
.campus:lang(zh-Hant){font-family:"Noto Sans CJK TC","Noto Sans TC","PingFang TC","Microsoft JhengHei",sans-serif}
.campus:lang(zh-Hans){font-family:"Noto Sans CJK SC","Noto Sans SC","PingFang SC","Microsoft YaHei",sans-serif}
.campus text{fill:#14181f;white-space:pre;unicode-bidi:isolate}
.campus .h{font-weight:700}.campus .f,.campus .k{fill:#46505e}
.campus rect.frame{fill:#f6f8fb;stroke:#c3ccd8}.campus .site{font-weight:600;fill:#33475e}
.campus path{fill:none}
.campus .l{stroke:#7d8998}.campus .spine{stroke:#9aa6b4}.campus .rule{stroke:#c3ccd8}
.campus .t0{stroke:#33608f}.campus .t1{stroke:#7a5aa0}.campus .t2{stroke:#2f7f86}.campus .t3{stroke:#6d6a5b}
.campus circle.t0{fill:#33608f}.campus circle.t1{fill:#7a5aa0}.campus circle.t2{fill:#2f7f86}.campus circle.t3{fill:#6d6a5b}
.campus .l.one-sided{stroke-dasharray:9 3}.campus .l.stale{stroke:#8b929c;stroke-dasharray:2 3}
.campus .l.conflict{stroke:#7b1fa2;stroke-dasharray:10 3 2 3}.campus .l.blocked{stroke-dasharray:5 2 1 2}
.campus .l.added{stroke:#0f8a4a}.campus .l.removed{stroke:#d0202f;stroke-dasharray:6 4}.campus .l.moved{stroke:#d98200}
.campus .l.hollow{stroke:#fff}
.campus rect.access,.campus rect.leaf{fill:#fff;stroke:#6f8fb3}.campus rect.leaf{fill:#f1f1ea;stroke:#8a8a75}
.campus rect.distribution{fill:#cfe0f3;stroke:#2b6cb0;stroke-width:1.4}.campus rect.core{fill:#173e70;stroke:#173e70}
.campus rect.exit{fill:#5a3a22;stroke:#5a3a22}.campus rect.direct{fill:#e8ecf1;stroke:#b6c0cc}
.campus .core text,.campus .exit text{fill:#fff}
.campus .n{font-weight:600}.campus .s{fill:#46505e}.campus .core .s,.campus .exit .s{fill:#dfe7f1}
.campus rect.stale{stroke:#777;stroke-dasharray:2 2;fill:#ececec}.campus rect.heard{stroke-dasharray:5 3;fill:#fff}
.campus rect.inferred{stroke-dasharray:1 3;stroke-linecap:round;stroke-width:2;fill:#fff}
.campus .heard text,.campus .stale text,.campus .inferred text,.campus .heard .s,.campus .stale .s,.campus .inferred .s{fill:#333}
.campus rect.added{stroke:#0f8a4a;stroke-width:3;fill:#e3f6ea}.campus rect.removed{stroke:#d0202f;stroke-width:2.6;stroke-dasharray:6 4;fill:#fdebec}
.campus rect.touched-moved{stroke:#d98200;stroke-width:2.2;fill:#fff3dc}.campus rect.touched-added{stroke:#0f8a4a;stroke-width:1.8}.campus rect.touched-removed{stroke:#d0202f;stroke-width:1.8}.campus rect.changed{stroke:#d98200;stroke-width:3;fill:#fff3dc}
.campus .added text,.campus .removed text,.campus .changed text,.campus .added .s,.campus .removed .s,.campus .changed .s{fill:#14181f}
.campus rect.ref{fill:#fff;stroke-width:1.6}.campus .ref .n{font-style:italic;font-weight:400}.campus .ref.removed .n{text-decoration:line-through}
.campus .s.added,.campus .chip.added{fill:#0b6b35;font-weight:700}.campus .s.removed,.campus .chip.removed{fill:#b01020;font-weight:700}
.campus .s.moved,.campus .chip.moved{fill:#8f5600;font-weight:700}.campus .warn{fill:#b01020;font-weight:700}
.campus .sign circle{stroke:#fff;stroke-width:1.2}.campus .sign path{stroke:#fff;stroke-width:1.9;stroke-linecap:round;stroke-linejoin:round}
.campus .sign.added circle{fill:#0f8a4a}.campus .sign.removed circle{fill:#d0202f}.campus .sign.moved circle,.campus .sign.changed circle{fill:#c47500}
"""


def draw(chart: Chart, speech: Words, title: str = "", facts: str = "") -> Drawing:
    """Return the map of a chart as an `<svg>` that fits its place and stands alone as well."""
    return to_svg(layout(chart, speech, title, facts), speech.tag, title)


def to_svg(plan: Plan, language_tag: str, title: str = "") -> Drawing:
    """Return a placed map as SVG."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="campus" xml:lang="{language_tag}" '
        f'lang="{language_tag}" viewBox="0 0 {_number(plan.width)} {_number(plan.height)}" role="img">'
        f"<title>{escape(title)}</title><style>{_STYLE.strip()}</style>"
    ]
    parts += [_box(box, 5) for box in plan.frames]
    changed = [line for line in plan.lines if line.mark is not Mark.SAME]
    for lines in ([line for line in plan.lines if line.mark is Mark.SAME], changed):
        parts += [_line(line) for line in lines]
    parts += [
        f'<circle class="{style}" cx="{_number(x)}" cy="{_number(y)}" r="2.6"/>'
        for (x, y), style in plan.dots
    ]
    parts += [_box(box, 1.5) for box in plan.squares]
    parts += [_box(box, 4) for box in plan.boxes]
    parts += [_label(label) for label in plan.labels]
    parts += [_sign(line.mark, line.sign) for line in changed if line.sign]
    parts += _device_signs(plan)
    return Drawing("\n".join([*parts, "</svg>\n"]))


def _box(box: Box, radius: float) -> str:
    rect = (
        f'<rect class="{box.style}" x="{_number(box.x)}" y="{_number(box.y)}" '
        f'width="{_number(box.width)}" height="{_number(box.height)}" rx="{radius}"/>'
    )
    title = f"<title>{escape(box.title)}</title>" if box.title else ""
    if not box.labels:
        return rect if not title else rect[:-2] + f">{title}</rect>"
    return f'<g class="{box.style}">{title}{rect}{"".join(map(_label, box.labels))}</g>'


def _label(label: Label) -> str:
    title = f"<title>{escape(label.title)}</title>" if label.title else ""
    anchor = f' text-anchor="{label.anchor}"' if label.anchor != "start" else ""
    return (
        f'<text class="{label.style}" x="{_number(label.x)}" y="{_number(label.y)}" '
        f'font-size="{label.size:g}"{anchor}>{title}{escape(label.text)}</text>'
    )


def _line(line: Line) -> str:
    path = "M" + "L".join(f"{_number(x)} {_number(y)}" for x, y in line.points)
    title = f"<title>{escape(line.title)}</title>" if line.title else ""
    thick = line.thickness + 2.4 if line.is_bundle else line.thickness
    drawn = f'<path class="l {line.style}" stroke-width="{thick:g}" d="{path}">{title}</path>'
    if line.is_bundle:
        drawn += (
            f'<path class="l hollow" stroke-width="{max(1.2, line.thickness - 0.6):g}" d="{path}"/>'
        )
    return drawn


def _sign(mark: Mark, place: Point) -> str:
    x, y = place
    return (
        f'<g class="sign {mark.value}" transform="translate({_number(x)} {_number(y)})">'
        f'<circle r="6.2"/><path d="{_SIGNS[mark]}"/></g>'
    )


def _device_signs(plan: Plan) -> Iterator[str]:
    for box in plan.boxes:
        if box.mark is not Mark.SAME:
            yield _sign(box.mark, (box.x + box.width - 9, box.y + min(9.0, box.height / 2)))


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
