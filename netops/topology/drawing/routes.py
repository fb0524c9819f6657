"""The lines of a map: combs inside a bay, lanes from the core to the bays, arches between equals."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from netops.reports.words import Words
from netops.topology.drawing.chart import Bond, Chart, Mark
from netops.topology.drawing.forest import Forest, Row
from netops.topology.drawing.plan import Box, Line, Plan, Point
from netops.topology.drawing.shelves import INDENT, LANE_PITCH
from netops.topology.drawing.words import bond_title
from netops.topology.model import LinkState

#: How many tints the lanes of the core take turns in.
TINTS = 4
_SLOT, ARCH_PITCH = 11.0, 6.0


class Router:
    """Draws the lines of one chart into a plan."""

    def __init__(self, chart: Chart, forest: Forest, speech: Words, plan: Plan) -> None:
        self.chart, self.forest, self.speech, self.plan = chart, forest, speech, plan
        #: Boxes that lines between rows start from and lead to.
        self.boxes: dict[str, Box] = {}
        #: Arches so far above each row.
        self.arches: dict[float, int] = defaultdict(int)

    def line(self, bond: Bond, points: Sequence[Point], sign: Point | None, tint: int = -1) -> None:
        """Draw one bond."""
        style = [bond.mark.value]
        if bond.mark is Mark.SAME and tint >= 0:
            style.append(f"t{tint % TINTS}")
        if bond.state is not LinkState.CONFIRMED:
            style.append(bond.state.value)
        if bond.is_blocked:
            style.append("blocked")
        title = bond_title(self.chart, bond, self.speech)
        shown = None if bond.mark is Mark.SAME else sign
        self.plan.add(
            Line(
                tuple(points),
                " ".join(style),
                thickness(bond),
                title,
                bond.mark,
                shown,
                len(bond.strands) > 1,
            )
        )

    def comb(self, rows: Sequence[tuple[Row, Box]], x: float, top: float) -> None:
        """Hang the rows of one column on spines, one for each depth."""
        start = {1: top}
        ends: dict[int, float] = {}
        for row, box in rows:
            for deeper in [depth for depth in ends if depth > row.depth]:
                self._spine(x, deeper, start[deeper], ends.pop(deeper))
            start.setdefault(row.depth, box.y - 3)
            ends[row.depth] = box.middle
            start[row.depth + 1] = box.y + box.height
            spine = x + INDENT * (row.depth - 1) + 7
            points = [(spine, box.middle), (box.x, box.middle)]
            if row.bond is not None:
                self.line(row.bond, points, (spine, box.middle))
        for depth, end in ends.items():
            self._spine(x, depth, start[depth], end)

    def _spine(self, x: float, depth: int, top: float, end: float) -> None:
        place = x + INDENT * (depth - 1) + 7
        self.plan.lines.insert(0, Line(((place, top), (place, end)), "spine", 1.6))

    def between_tops(self, rows: Sequence[Sequence[str]]) -> None:
        """Draw the bonds among the upper rows."""
        level = {uid: n for n, row in enumerate(rows) for uid in row}
        pairs: dict[int, list[Bond]] = defaultdict(list)
        skipping = 0
        for bond in self.chart.bonds:
            if bond.a not in level or bond.b not in level:
                continue
            upper, lower = sorted((bond.a, bond.b), key=level.__getitem__)
            gap = level[lower] - level[upper]
            if gap == 0:
                self._beside(bond, rows[level[upper]])
            elif gap == 1:
                pairs[level[upper]].append(bond)
            else:
                skipping += 1
                self._around(bond, upper, lower, skipping)
        for upper_level, bonds in pairs.items():
            self._down(bonds, level, upper_level)

    def _beside(self, bond: Bond, row: Sequence[str]) -> None:
        one, other = sorted((self.boxes[bond.a], self.boxes[bond.b]), key=lambda box: box.x)
        places = sorted((row.index(bond.a), row.index(bond.b)))
        if places[1] - places[0] == 1:
            # What was and what is stand side by side.
            y = one.middle + {Mark.REMOVED: 9, Mark.ADDED: -9, Mark.MOVED: -9}.get(bond.mark, 0)
            points = [(one.x + one.width, y), (other.x, y)]
            self.line(bond, points, ((points[0][0] + points[1][0]) / 2, y))
            return
        y = one.y - 8 - ARCH_PITCH * self.arches[one.y]
        self.arches[one.y] += 1
        left = one.x + one.width - 10 - 7 * places[1] + 7 * places[0]
        right = other.x + 10 + 7 * (places[1] - places[0])
        points = [(left, one.y), (left, y), (right, y), (right, other.y)]
        self.line(bond, points, ((left + right) / 2, y))

    def _around(self, bond: Bond, upper: str, lower: str, count: int) -> None:
        above, below = self.boxes[upper], self.boxes[lower]
        x = max(box.x + box.width for box in self.boxes.values()) + 8 + 6 * count
        y = below.middle + 4 * count
        points = [
            (above.x + above.width, above.middle),
            (x, above.middle),
            (x, y),
            (below.x + below.width, y),
        ]
        self.line(bond, points, (x, (above.middle + y) / 2))

    def _down(self, bonds: Sequence[Bond], level: Mapping[str, int], upper_level: int) -> None:
        """Draw the bonds from one upper row to the next: a lane for each device of the upper one."""
        uppers = sorted(
            {b.a if level[b.a] == upper_level else b.b for b in bonds},
            key=lambda u: self.boxes[u].x,
        )
        slots: dict[str, int] = defaultdict(int)
        for tint, uid in enumerate(uppers):
            box = self.boxes[uid]
            mine = [bond for bond in bonds if uid in {bond.a, bond.b}]
            lane = box.y + box.height + 12 + LANE_PITCH * tint
            for bond in sorted(mine, key=lambda bond: self.boxes[bond.far(uid)].x):
                below = self.boxes[bond.far(uid)]
                x = below.x + below.width / 2 - 20 + _SLOT * slots[bond.far(uid)]
                slots[bond.far(uid)] += 1
                start = box.x + box.width / 2
                points = [(start, box.y + box.height), (start, lane), (x, lane), (x, below.y)]
                self.line(bond, points, (x, below.y - 9), tint)

    def lanes(
        self, shelf_tops: Sequence[float], heads: Sequence[Mapping[str, Box]], left: float
    ) -> None:
        """Draw the bonds from the core to the heads of all shelves, each device in a lane of its own."""
        for tint, uid in enumerate(self.forest.cores):
            reached = []
            for number, shelf in enumerate(heads):
                y = shelf_tops[number] + 8 + LANE_PITCH * tint
                drops = list(self._drops(uid, shelf, y, tint))
                if drops:
                    reached.append((number, y, drops))
            if reached:
                self._trunk(uid, reached, left + LANE_PITCH * tint, tint)

    def _drops(
        self, core: str, shelf: Mapping[str, Box], lane: float, tint: int
    ) -> Iterator[float]:
        """Draw the last piece of each bond, from the lane into a head; yield where."""
        tints = len(self.forest.cores)
        for key, box in shelf.items():
            for slot, bond in enumerate(self._bonds(core, key)):
                x = box.x + box.width - 14 - _SLOT * (tints - 1 - tint) - _SLOT * tints * slot
                self.line(bond, [(x, lane), (x, box.y)], (x, box.y - 9), tint)
                self.plan.dots.append(((x, lane), f"t{tint % TINTS}"))
                yield x
            if key == f"direct {core}" or key.startswith(f"direct {core} "):
                x = box.x + box.width - 14
                self.plan.add(Line(((x, lane), (x, box.y)), f"lane t{tint % TINTS}", 1.6))
                self.plan.dots.append(((x, lane), f"t{tint % TINTS}"))
                yield x

    def _bonds(self, core: str, head: str) -> list[Bond]:
        found = [bond for bond in self.chart.around.get(core, ()) if bond.far(core) == head]
        return sorted(found, key=lambda bond: bond.mark is not Mark.SAME)

    def _trunk(
        self, core: str, reached: Sequence[tuple[int, float, list[float]]], gutter: float, tint: int
    ) -> None:
        """Draw the lane of a device above each shelf, and the way there."""
        box = self.boxes[core]
        style = f"lane t{tint % TINTS}"
        start = box.x + box.width / 2
        first = reached[0][1]
        self.plan.add(Line(((start, box.y + box.height), (start, first)), style, 2.2))
        self.plan.dots.append(((start, first), f"t{tint % TINTS}"))
        far = len(reached) > 1 or reached[0][0] > 0
        for number, y, drops in reached:
            own = [start] if y == first else []
            ends = [*drops, *own, *([gutter] if far else [])]
            if max(ends) > min(ends):
                self.plan.add(Line(((min(ends), y), (max(ends), y)), style, 2.2))
            del number
        if far:
            self.plan.add(Line(((gutter, first), (gutter, reached[-1][1])), style, 2.2))


def thickness(bond: Bond) -> float:
    """Return how thick a line of this speed is."""
    steps = ((100_000, 4.0), (40_000, 3.4), (10_000, 2.6), (1_000, 1.8))
    speed = bond.speed_mbps / max(1, len(bond.strands))
    plain = next((thick for least, thick in steps if speed >= least), 1.2)
    return plain if bond.mark is Mark.SAME else max(plain, 3.4)
