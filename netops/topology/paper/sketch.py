"""Small drawings for a record: the cables and devices it is about, before and after."""

from collections.abc import Sequence

from netops.core.dataclass import dataclass
from netops.reports.svg import Drawing, shortened
from netops.reports.words import Words
from netops.topology.drawing.chart import Mark
from netops.topology.drawing.draw import to_svg
from netops.topology.drawing.plan import Box, Label, Line, Plan
from netops.topology.drawing.words import event_mark
from netops.topology.model import Event
from netops.topology.paper.changes import ends_of

_WIDTH, _BOX, _HEIGHT, _PITCH = 340.0, 104.0, 26.0, 40.0
#: More than these are said in words.
_MOST = 6


@dataclass(frozen=True, slots=True)
class Sketches:
    """What was and what is."""

    before: Drawing
    after: Drawing
    left_out: int


def sketches(events: Sequence[Event], speech: Words) -> Sketches | None:
    """Return the two drawings, or None when the events are about no cable and no device."""
    shown = [event for event in events if _is_drawable(event)][:_MOST]
    if not shown:
        return None
    return Sketches(
        _drawn(shown, speech, is_after=False),
        _drawn(shown, speech, is_after=True),
        len(events) - len(shown),
    )


def _is_drawable(event: Event) -> bool:
    return bool(
        ends_of(event.before) or ends_of(event.after) or event.kind.value.startswith("device_")
    )


def _drawn(events: Sequence[Event], speech: Words, *, is_after: bool) -> Drawing:
    plan = Plan(width=_WIDTH)
    y = 6.0
    for event in events:
        values = event.after if is_after else event.before
        became = event_mark(event.kind)
        if not values and became is (Mark.REMOVED if is_after else Mark.ADDED):
            # What is not there keeps its line empty, so that both drawings can be read across.
            plan.labels.append(Label(_WIDTH / 2, y + 17, "—", 11, "s", "middle"))
            y += _PITCH
            continue
        ends = ends_of(values)
        style = became if is_after else {Mark.ADDED: Mark.SAME}.get(became, Mark.REMOVED)
        if became is Mark.CHANGED:
            style = Mark.CHANGED if is_after else Mark.SAME
        if len(ends) == 2:
            _cable(plan, ends, y, style)
        else:
            _device(plan, event, [f"{k} {v}" for k, v in values.items()], y, style)
        y += _PITCH
    plan.height = y
    return to_svg(plan, speech.tag)


def _cable(plan: Plan, ends: Sequence[tuple[str, str]], y: float, mark: Mark) -> None:
    left, right = 6.0, _WIDTH - _BOX - 6
    middle = y + _HEIGHT / 2
    for (device, _port), x in zip(ends, (left, right), strict=True):
        label = Label(x + 6, middle + 4, shortened(device, _BOX - 12, 11), 11, "n", title=device)
        plan.boxes.append(Box(x, y, _BOX, _HEIGHT, "access", (label,)))
    line_mark = Mark.MOVED if mark is Mark.CHANGED else mark
    style = line_mark.value
    points = ((left + _BOX, middle), (right, middle))
    plan.add(
        Line(
            points,
            style,
            3.4 if mark is not Mark.SAME else 1.8,
            "",
            line_mark,
            (_WIDTH / 2, middle),
        )
    )
    room = (right - left - _BOX) / 2 - 12
    for text, x, anchor in (
        (ends[0][1], left + _BOX + 4, "start"),
        (ends[1][1], right - 4, "end"),
    ):
        plan.labels.append(Label(x, middle - 5, shortened(text, room, 9), 9, "s", anchor, text))


def _device(plan: Plan, event: Event, facts: Sequence[str], y: float, mark: Mark) -> None:
    style = "access" if mark is Mark.SAME else f"access {mark.value}"
    width = _WIDTH - 12
    name = shortened(event.subject, width * 0.4, 11)
    labels = [Label(12, y + 17, name, 11, "n", title=event.subject)]
    text = "; ".join(facts)
    if text:
        shown = shortened(text, width * 0.5, 9)
        labels.append(Label(12 + width * 0.42, y + 17, shown, 9, "s", title=text))
    plan.boxes.append(Box(6, y, width, _HEIGHT, style, tuple(labels), mark=mark))
