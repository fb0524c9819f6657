"""Where everything on a map stands: upper rows, then bays in the frames of their sites, then the legend."""

from collections.abc import Sequence

from netops.reports.svg import shortened
from netops.reports.words import Words
from netops.topology.drawing.boxes import Writer
from netops.topology.drawing.chart import Chart
from netops.topology.drawing.forest import forest
from netops.topology.drawing.legend import legend
from netops.topology.drawing.plan import Box, Label, Line, Plan
from netops.topology.drawing.routes import ARCH_PITCH, Router
from netops.topology.drawing.shelves import (
    BAY_GAP,
    COLUMN_GAP,
    FRAME_GAP,
    FRAME_PAD,
    FRAME_TITLE,
    INDENT,
    SQUARE,
    SQUARE_PITCH,
    TOP_PITCH,
    TOP_WIDTH,
    Frame,
    Shelf,
    Stand,
    shelves,
    sizes,
)

#: Up to this number of devices the ports are written on the map.
DETAILED = 60
#: Above these numbers of devices a box has one line, and access switches are only counted.
DENSE, OVERVIEW = 110, 300
_TOP_HEIGHT = 38.0
_MARGIN = 12.0
_TITLE = 44.0


def layout(
    chart: Chart,
    speech: Words,
    title: str = "",
    facts: str = "",
    *,
    overview: bool | None = None,
) -> Plan:
    """Return the map with a place for everything; an `overview` expands only what changed."""
    if overview is None:
        overview = len(chart.snapshot.devices) > OVERVIEW
    return _Drafter(chart, speech, is_overview=overview).drawn(title, facts)


class _Drafter:
    """Places one map."""

    def __init__(self, chart: Chart, speech: Words, *, is_overview: bool) -> None:
        count = len(chart.snapshot.devices)
        self.speech = speech
        self.forest = forest(chart, overview=is_overview)
        dense = count > DENSE and not is_overview
        self.measure = sizes(self.forest, is_dense=dense)
        self.writer = Writer(chart, self.forest, speech, dense, has_ports=count <= DETAILED)
        self.plan = Plan()
        self.router = Router(chart, self.forest, speech, self.plan)

    def drawn(self, title: str, facts: str) -> Plan:
        made = shelves(self.forest, self.measure)
        gutter = self.measure.gutter if len(made) > 1 else 0.0
        tops = [*self.forest.exits, self.forest.cores]
        inner = max([self.measure.narrowest, *(shelf.width for shelf in made)])
        self.plan.width = inner + 2 * _MARGIN + gutter
        left = _MARGIN + gutter
        y = self._heading(title, facts) if title else _MARGIN
        y = self._tops(tops, y, left, inner)
        shelf_tops, heads = [], []
        for shelf in made:
            shelf_tops.append(y)
            y += self.measure.lanes
            heads.append(self._shelf(shelf, left + (inner - shelf.width) / 2, y))
            y += shelf.height + 8
        self.router.lanes(shelf_tops, heads, _MARGIN)
        self.plan.height = legend(self.plan, self.writer.chart, self.speech, y + 6) + _MARGIN
        return self.plan

    def _heading(self, title: str, facts: str) -> float:
        for text, size, y, style in ((title, 17.0, 28.0, "h"), (facts, 10.0, 44.0, "f")):
            shown = shortened(text, self.plan.width - 2 * _MARGIN, size)
            self.plan.labels.append(Label(_MARGIN, y, shown, size, style))
        return _TITLE + 14

    def _tops(self, rows: Sequence[Sequence[str]], y: float, left: float, inner: float) -> float:
        """Place the rows above the bays; return where the bays may begin."""
        for number, row in enumerate(rows):
            y += 10 + ARCH_PITCH * self._arches(row)
            x = left + (inner - len(row) * TOP_PITCH + TOP_PITCH - TOP_WIDTH) / 2
            for uid in row:
                box = self.writer.top(uid, x, y, TOP_WIDTH, _TOP_HEIGHT)
                self.router.boxes[uid] = box
                self.plan.boxes.append(box)
                x += TOP_PITCH
            if row:
                y += _TOP_HEIGHT
                if number < len(rows) - 1:
                    y += 24 + 6 * len(row)
        self.router.between_tops([row for row in rows if row])
        return y + 6

    def _arches(self, row: Sequence[str]) -> int:
        """Return how many bonds join devices of a row that are not neighbours."""
        place = {uid: number for number, uid in enumerate(row)}
        around = self.writer.chart.around
        bonds = [bond for uid in row for bond in around.get(uid, ()) if bond.a == uid]
        return sum(b.b in place and abs(place[b.a] - place[b.b]) > 1 for b in bonds)

    def _shelf(self, shelf: Shelf, x: float, y: float) -> dict[str, Box]:
        heads: dict[str, Box] = {}
        for frame in shelf.frames:
            top = y + 4
            if self.measure.has_frames:
                self._frame(frame, x, y, shelf.height)
                top = y + FRAME_TITLE
            inside = x + FRAME_PAD
            for stand in frame.stands:
                key, box = self._bay(stand, inside, top)
                heads[key] = box
                inside += stand.width + BAY_GAP
            x += frame.width + FRAME_GAP
        return heads

    def _frame(self, frame: Frame, x: float, y: float, height: float) -> None:
        # The lines to the first head come down at its right end.
        room = frame.stands[0].width - 12 - 11 * max(1, len(self.forest.cores))
        site = frame.site
        shown = shortened(site, room, 10.0)
        label = Label(
            x + FRAME_PAD, y + 12.5, shown, 10.0, "site", title="" if shown == site else site
        )
        self.plan.frames.append(
            Box(x, y, frame.width, height, "frame", (label,) if site else (), site)
        )

    def _bay(self, stand: Stand, x: float, y: float) -> tuple[str, Box]:
        bay = stand.bay
        head = self.writer.head(bay, x, y, stand.width, stand.head_height)
        self.plan.boxes.append(head)
        below = y + stand.head_height
        y = below + 6 * bool(bay.squares)
        for number, uid in enumerate(bay.squares):
            line, column = divmod(number, stand.squares_a_line)
            where = x + INDENT + column * SQUARE_PITCH, y + line * SQUARE_PITCH
            self.plan.squares.append(self.writer.square(uid, *where, SQUARE))
        if bay.squares:
            y += ((len(bay.squares) - 1) // stand.squares_a_line + 1) * SQUARE_PITCH
        for number, column_rows in enumerate(stand.columns):
            start = x + number * stand.column_width
            rows = []
            for place, row in enumerate(column_rows):
                box = self.writer.row(
                    row,
                    start + INDENT * row.depth,
                    y + 12 + place * self.measure.pitch,
                    stand.column_width - COLUMN_GAP - INDENT * row.depth,
                    self.measure.row_height,
                )
                self.plan.boxes.append(box)
                rows.append((row, box))
            feed = y + 6 if number else below
            self.router.comb(rows, start, feed)
        if len(stand.columns) > 1:
            last = x + (len(stand.columns) - 1) * stand.column_width + 7
            self.plan.lines.insert(0, Line(((x + 7, y + 6), (last, y + 6)), "spine", 1.6))
        return bay.head or f"direct {bay.above} {bay.site}", head
