"""Bays on shelves: how many columns each needs and how many stand beside each other, to fill a sheet."""

from collections.abc import Sequence
from itertools import groupby, product
from math import ceil

from netops.core.dataclass import dataclass
from netops.topology.drawing.forest import Bay, Forest, Row

#: A4 landscape without its margins; any sheet of the A series has the same form.
SHEET_WIDTH, SHEET_HEIGHT = 277.0, 184.0
INDENT, ROW_WIDTH, COLUMN_GAP = 22.0, 112.0, 10.0
HEAD_WIDTH, HEAD_HEIGHT, DIRECT_HEIGHT = 140.0, 36.0, 18.0
BAY_GAP, FRAME_PAD, FRAME_GAP, FRAME_TITLE = 12.0, 8.0, 10.0, 17.0
SQUARE, SQUARE_PITCH = 8.0, 10.0
LANE_PITCH = 6.0
NARROWEST, TOP_WIDTH, TOP_PITCH = 640.0, 150.0, 220.0
#: By how much a shelf may be longer than its share, so that none is left with one bay.
_SLACKS = (1.04, 1.1, 1.18, 1.3)
_COLUMN_LENGTHS = (3, 4, 5, 6, 7, 8, 10, 12, 15, 18, 22, 27, 33, 40)


@dataclass(frozen=True, slots=True)
class Sizes:
    """What is the same for all bays of a map."""

    row_height: float
    row_gap: float
    has_frames: bool
    #: Height of all that is not shelves, and of the lanes above each shelf.
    around: float
    lanes: float
    gutter: float
    #: The rows above the bays need this much.
    narrowest: float

    @property
    def pitch(self) -> float:
        """Return the distance from one row to the next."""
        return self.row_height + self.row_gap


@dataclass(frozen=True, slots=True)
class Stand:
    """A bay with its columns: its own measure."""

    bay: Bay
    columns: tuple[tuple[Row, ...], ...]
    column_width: float
    width: float
    squares_a_line: int
    head_height: float
    height: float


@dataclass(frozen=True, slots=True)
class Frame:
    """The bays of one site that stand beside each other."""

    site: str
    stands: tuple[Stand, ...]

    @property
    def width(self) -> float:
        """Return how wide it is."""
        return sum(s.width for s in self.stands) + BAY_GAP * (len(self.stands) - 1) + 2 * FRAME_PAD


@dataclass(frozen=True, slots=True)
class Shelf:
    """Frames beside each other."""

    frames: tuple[Frame, ...]
    height: float

    @property
    def width(self) -> float:
        """Return how wide it is."""
        return sum(f.width for f in self.frames) + FRAME_GAP * (len(self.frames) - 1)


def sizes(forest: Forest, *, is_dense: bool) -> Sizes:
    """Return the measures of a map."""
    tops = [row for row in (*forest.exits, forest.cores) if row]
    return Sizes(
        row_height=19.0 if is_dense else 30.0,
        row_gap=4.0 if is_dense else 6.0,
        has_frames=any(bay.site for bay in forest.bays),
        around=120.0 + len(tops) * 80.0,
        lanes=14.0 + len(forest.cores) * LANE_PITCH,
        gutter=10.0 + len(forest.cores) * LANE_PITCH,
        narrowest=max([NARROWEST, *(len(row) * TOP_PITCH for row in tops)]),
    )


def shelves(forest: Forest, measure: Sizes) -> list[Shelf]:
    """Return the shelves that let the map be printed largest on one sheet."""
    best: tuple[float, list[Shelf]] = (-1.0, [])
    longest = max((len(bay.rows) for bay in forest.bays), default=0)
    lengths = [n for n in _COLUMN_LENGTHS if n < longest] + [max(longest, 1)]
    for length in lengths:
        stands = [_stand(bay, length, measure) for bay in forest.bays]
        if not stands:
            return []
        total = sum(stand.width + BAY_GAP for stand in stands)
        widest = max(stand.width for stand in stands)
        for count, slack in product(range(1, min(len(stands), 14) + 1), _SLACKS):
            made = _packed(stands, max(widest, total / count * slack), measure)
            width = max(measure.narrowest, *(shelf.width for shelf in made)) + 24 + measure.gutter
            height = measure.around + sum(shelf.height + measure.lanes for shelf in made)
            # Of two equals the one with fewer shelves reads better.
            scale = min(SHEET_WIDTH / width, SHEET_HEIGHT / height) * (1 - 0.015 * len(made))
            if scale > best[0]:
                best = (scale, made)
    return best[1]


def _stand(bay: Bay, length: int, measure: Sizes) -> Stand:
    columns = _columns(bay.rows, length)
    deepest = max((row.depth for row in bay.rows), default=1)
    column = INDENT * deepest + ROW_WIDTH + COLUMN_GAP
    width = max(HEAD_WIDTH, column * len(columns) - COLUMN_GAP)
    head = HEAD_HEIGHT if bay.head else DIRECT_HEIGHT
    a_line = max(1, int((width - INDENT) // SQUARE_PITCH))
    squares = ceil(len(bay.squares) / a_line) * SQUARE_PITCH + 6 * bool(bay.squares)
    rows = max((len(rows) for rows in columns), default=0)
    height = head + squares + (12 + rows * measure.pitch if rows else 4)
    return Stand(bay, columns, column, width, a_line, head, height)


def _columns(rows: Sequence[Row], length: int) -> tuple[tuple[Row, ...], ...]:
    """Cut rows into columns of about equal length, never between a device and what hangs on it."""
    groups: list[list[Row]] = []
    for row in rows:
        if row.depth == 1 or not groups:
            groups.append([row])
        else:
            groups[-1].append(row)
    count = ceil(len(rows) / length)
    wanted = ceil(len(rows) / count) if count else 1
    columns: list[list[Row]] = []
    for group in groups:
        if columns and len(columns[-1]) + len(group) <= wanted:
            columns[-1] += group
        else:
            columns.append(list(group))
    return tuple(tuple(column) for column in columns)


def _packed(stands: Sequence[Stand], limit: float, measure: Sizes) -> list[Shelf]:
    """Fill shelves from left to right; a site goes on on the next shelf when it must."""
    lines: list[list[Stand]] = []
    room = 0.0
    site: str | None = None
    for stand in stands:
        needed = stand.width + (BAY_GAP if stand.bay.site == site else FRAME_GAP + 2 * FRAME_PAD)
        if not lines or needed > room:
            lines.append([])
            room = limit + FRAME_GAP
            needed = stand.width + 2 * FRAME_PAD + FRAME_GAP
        lines[-1].append(stand)
        room -= needed
        site = stand.bay.site
    return [_shelf(line, measure) for line in lines]


def _shelf(line: Sequence[Stand], measure: Sizes) -> Shelf:
    frames = tuple(
        Frame(site, tuple(group)) for site, group in groupby(line, key=lambda stand: stand.bay.site)
    )
    title = FRAME_TITLE if measure.has_frames else 4.0
    return Shelf(frames, max(stand.height for stand in line) + title + FRAME_PAD)
