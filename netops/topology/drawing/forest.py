"""The tree that a map hangs its boxes on: who is above whom, in which bay, and what the tree leaves over."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from netops.core.dataclass import dataclass, field
from netops.topology.drawing.chart import Bond, Chart, Mark, natural
from netops.topology.drawing.tiers import Tier, tiers
from netops.topology.model import LinkState

#: Deeper than this is drawn no further to the right.
DEEPEST = 4


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a bay: a device under another one, or what shows that a cable was or is here."""

    uid: str
    depth: int = 1
    bond: Bond | None = None
    #: The device itself stands elsewhere; only the bond is shown here.
    is_reference: bool = False


@dataclass(slots=True)
class Bay:
    """A distribution switch with what hangs on it, or what hangs on a device of the core itself."""

    site: str
    #: The device on top; None when the rows hang on `above` directly.
    head: str | None
    above: str | None
    rows: list[Row] = field(default_factory=list)
    #: Devices that are only counted, drawn as small squares.
    squares: list[str] = field(default_factory=list)
    endpoints: int = 0
    switches: int = 0


@dataclass(frozen=True, slots=True)
class Forest:
    """The whole order of a map."""

    #: Rows of devices above the core, the farthest first.
    exits: Sequence[Sequence[str]]
    cores: Sequence[str]
    bays: Sequence[Bay]
    tiers: Mapping[str, Tier]
    parents: Mapping[str, Bond]
    #: Bonds that are no part of the tree and stand as words in the box of a device.
    spare: Mapping[str, Sequence[Bond]]
    is_overview: bool


def forest(chart: Chart, *, overview: bool) -> Forest:
    """Return the order of the map; an `overview` expands only what changed."""
    return _Planter(chart, overview=overview).planted()


class _Planter:
    """Grows one forest; its steps share who is whose child."""

    def __init__(self, chart: Chart, *, overview: bool) -> None:
        self.chart, self.overview = chart, overview
        self.tiers = tiers(chart)
        self.parents: dict[str, Bond] = {}
        self.children: dict[str, list[str]] = defaultdict(list)
        self.placed: set[str] = set()
        self.busy = {
            uid for bond in chart.bonds if bond.mark is not Mark.SAME for uid in (bond.a, bond.b)
        } | {uid for uid, node in chart.nodes.items() if node.mark is not Mark.SAME}

    def planted(self) -> Forest:
        cores = self._sorted(uid for uid, tier in self.tiers.items() if tier is Tier.CORE)
        exits = self._exits(cores)
        tops = {*cores, *(uid for row in exits for uid in row)}
        self.placed.update(tops)
        self._grow(cores)
        self._grow([uid for row in exits for uid in row])
        islands = self._islands()
        bays = [bay for uid in [*cores, *(u for r in exits for u in r)] for bay in self._bays(uid)]
        bays += [self._bay(uid, None) for uid in islands]
        bays.sort(key=lambda bay: self._bay_key(bay, set(cores)))
        lines = self._lines(tops, bays, set(cores))
        return Forest(
            exits, cores, bays, self.tiers, self.parents, self._spare(lines), self.overview
        )

    def _sorted(self, uids: Iterator[str] | Sequence[str]) -> list[str]:
        return sorted(uids, key=lambda uid: (natural(self.chart.name(uid)), uid))

    def _bay_key(self, bay: Bay, cores: set[str]) -> tuple[object, ...]:
        name = self.chart.name(bay.head or bay.above or "")
        island = bay.above is None
        return (island, bay.site == "", natural(bay.site), bay.head is None, natural(name))

    def _exits(self, cores: Sequence[str]) -> list[list[str]]:
        """Return the ways out, row above row as far as they are from the core."""
        waiting = {uid for uid, tier in self.tiers.items() if tier is Tier.EXIT}
        rows: list[list[str]] = []
        below = set(cores)
        while below and waiting:
            row = {b.far(uid) for uid in below for b in self.chart.around.get(uid, ())} & waiting
            if not row:
                break
            rows.insert(0, self._sorted(list(row)))
            waiting -= row
            below = row
        if not cores and waiting:
            rows.insert(0, self._sorted(list(waiting)))
        return rows

    def _grow(self, roots: Sequence[str]) -> None:
        """Hang everything that can be reached on the best device above it; what is gone comes last."""
        for gone in (False, True):
            level = [uid for uid in self.chart.nodes if uid in self.placed] if gone else list(roots)
            while level:
                offers: dict[str, list[tuple[str, Bond]]] = defaultdict(list)
                for uid in level:
                    for bond in self.chart.around.get(uid, ()):
                        other = bond.far(uid)
                        if other not in self.placed and (gone or bond.mark is not Mark.REMOVED):
                            offers[other].append((uid, bond))
                for uid, found in offers.items():
                    above, bond = min(found, key=lambda offer: self._rank(uid, *offer))
                    self.parents[uid] = bond
                    self.children[above].append(uid)
                self.placed.update(offers)
                level = list(offers)

    def _rank(self, uid: str, above: str, bond: Bond) -> tuple[object, ...]:
        site = self.chart.nodes[uid].device.site
        return (
            self.tiers[above],
            bond.is_blocked,
            bond.state is not LinkState.CONFIRMED,
            self.chart.nodes[above].device.site != site,
            -bond.speed_mbps,
            natural(self.chart.name(above)),
            above,
        )

    def _islands(self) -> list[str]:
        """Return one device of each part that hangs on nothing, with that part grown under it."""
        left = self._sorted(uid for uid in self.chart.nodes if uid not in self.placed)
        left.sort(key=lambda uid: (self.tiers[uid], -len(self.chart.around.get(uid, ()))))
        roots = []
        for uid in left:
            if uid not in self.placed:
                roots.append(uid)
                self.placed.add(uid)
                self._grow([uid])
        return roots

    def _bays(self, top: str) -> Iterator[Bay]:
        """Return the bays under a device of the upper rows: one per head, one per site for the rest."""
        direct: dict[str, Bay] = {}
        for uid in self._sorted(self.children[top]):
            if self.tiers[uid] is Tier.DISTRIBUTION or self.children[uid]:
                yield self._bay(uid, top)
                continue
            site = self.chart.nodes[uid].device.site
            bay = direct.setdefault(site, Bay(site, None, top))
            self._fill(bay, uid, 1)
        yield from direct.values()

    def _bay(self, head: str, above: str | None) -> Bay:
        bay = Bay(self.chart.nodes[head].device.site, head, above)
        bay.endpoints = self.chart.nodes[head].endpoints
        for uid in self._sorted(self.children[head]):
            self._fill(bay, uid, 1)
        self._refer(bay, head, 1)
        return bay

    def _fill(self, bay: Bay, uid: str, depth: int) -> None:
        """Add a device and what is under it."""
        waiting = [(uid, depth)]
        while waiting:
            uid, depth = waiting.pop()
            bay.endpoints += self.chart.nodes[uid].endpoints
            bay.switches += self.tiers[uid] is not Tier.LEAF
            if not self.overview or self._is_busy(uid):
                bay.rows.append(Row(uid, min(depth, DEEPEST), self.parents.get(uid)))
                self._refer(bay, uid, min(depth + 1, DEEPEST))
            else:
                bay.squares.append(uid)
            waiting += [(child, depth + 1) for child in self._sorted(self.children[uid])[::-1]]

    def _is_busy(self, uid: str) -> bool:
        """Tell whether the device or something below it changed."""
        waiting = [uid]
        while waiting:
            found = waiting.pop()
            if found in self.busy:
                return True
            waiting += self.children[found]
        return False

    def _refer(self, bay: Bay, uid: str, depth: int) -> None:
        """Show a changed bond that is no part of the tree at its upper end as well."""
        for bond in self.chart.around.get(uid, ()):
            other = bond.far(uid)
            if bond.mark is Mark.SAME or self._is_tree(bond, uid, other):
                continue
            if (self.tiers[uid], uid) < (self.tiers[other], other):
                bay.rows.append(Row(other, depth, bond, is_reference=True))

    def _is_tree(self, bond: Bond, uid: str, other: str) -> bool:
        return bond is self.parents.get(uid) or bond is self.parents.get(other)

    def _lines(self, tops: set[str], bays: Sequence[Bay], cores: set[str]) -> set[int]:
        """Return the bonds that get a line of their own beside the tree."""
        drawn = {id(bond) for bond in self.parents.values()}
        heads = {bay.head for bay in bays if bay.head}
        for bond in self.chart.bonds:
            ends = {bond.a, bond.b}
            if ends <= tops or (ends & cores and ends & heads):
                drawn.add(id(bond))
        return drawn

    def _spare(self, drawn: set[int]) -> dict[str, list[Bond]]:
        spare: dict[str, list[Bond]] = defaultdict(list)
        for bond in self.chart.bonds:
            if id(bond) in drawn:
                continue
            a, b = self.tiers[bond.a], self.tiers[bond.b]
            for uid, other in ((bond.a, b), (bond.b, a)):
                if self.tiers[uid] >= other:
                    spare[uid].append(bond)
        for bonds in spare.values():
            bonds.sort(key=lambda bond: (bond.mark is Mark.SAME, bond.a, bond.b))
        return spare
