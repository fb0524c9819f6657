"""The boxes of a map with the words in them, each cut to the room there is."""

from collections.abc import Iterator

from netops.core.dataclass import dataclass, replace
from netops.core.i18n import mark
from netops.reports.svg import shortened, text_width
from netops.reports.words import Words
from netops.topology.drawing.chart import Bond, Chart, Mark
from netops.topology.drawing.forest import Bay, Forest, Row
from netops.topology.drawing.plan import Box, Label
from netops.topology.drawing.tiers import Tier
from netops.topology.drawing.words import (
    DEVICE_STATES,
    MARKS,
    SIGNS,
    bond_title,
    device_name,
    dotted,
    speed_text,
)
from netops.topology.model import DeviceState

NAME, SMALL = 11.0, 9.0
_PAD = 7.0


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes the boxes of one chart in one language."""

    chart: Chart
    forest: Forest
    speech: Words
    #: One line to a box instead of two.
    is_dense: bool
    #: There is room to say which ports a cable joins.
    has_ports: bool = False

    def top(self, uid: str, x: float, y: float, width: float, height: float) -> Box:
        """Return the box of a device of the upper rows."""
        node = self.chart.nodes[uid]
        details = [(dotted([node.device.site, node.device.location]), "")]
        return self._box(uid, (x, y, width, height), [*self._chips(uid), *details])

    def head(self, bay: Bay, x: float, y: float, width: float, height: float) -> Box:
        """Return the box on top of a bay; one that stands elsewhere is only named."""
        if bay.head is None:
            above = self.chart.nodes[bay.above or ""].device
            text = self.speech.text(
                mark("directly on %(name)s"), name=device_name(above, self.speech)
            )
            label = self._label(text, x + _PAD, y + height / 2 + 3.5, width - 40, SMALL, "s")
            return Box(x, y, width, height, "direct", (label,), text)
        count = self.speech.plural("%(num)s switch", "%(num)s switches", bay.switches)
        facts = [(count if bay.switches else "", ""), (_screens(bay.endpoints), "")]
        lanes = self.chart.nodes[bay.above].device if bay.above else None
        if lanes is not None and self.forest.tiers[bay.above or ""] is Tier.EXIT:
            facts.insert(0, (f"↑ {device_name(lanes, self.speech)}", ""))
        elif bay.above is None:
            facts.insert(0, (self.speech.text(mark("not connected")), "warn"))
        if not self.forest.is_overview:
            facts.append((self._uplink(bay.head), ""))
        return self._box(bay.head, (x, y, width, height), [*self._chips(bay.head), *facts], room=26)

    def row(self, row: Row, x: float, y: float, width: float, height: float) -> Box:
        """Return the box of a line of a bay."""
        if row.is_reference:
            return self._reference(row, x, y, width, height)
        node = self.chart.nodes[row.uid]
        facts = [
            *self._moves(row.bond, row.uid),
            *self._chips(row.uid),
            (_screens(node.endpoints), ""),
        ]
        if self.has_ports and row.bond:
            facts.insert(1, (self._ports(row.bond, row.uid), ""))
        if not self.is_dense:
            facts.append((node.device.location, ""))
        box = self._box(row.uid, (x, y, width, height), facts)
        touched = self._touched(row)
        if node.mark is not Mark.SAME or touched is Mark.SAME:
            return box
        return replace(box, style=f"{box.style} touched-{touched.value}")

    def _touched(self, row: Row) -> Mark:
        """Return the mark of the links of a device that is itself the same."""
        marks = [row.bond.mark] if row.bond else []
        marks += [bond.mark for bond in self.forest.spare.get(row.uid, ())]
        return next((one for one in marks if one is not Mark.SAME), Mark.SAME)

    def square(self, uid: str, x: float, y: float, side: float) -> Box:
        """Return the small square of a device that is only counted."""
        return Box(x, y, side, side, self._style(uid), (), self._title(uid))

    def _reference(self, row: Row, x: float, y: float, width: float, height: float) -> Box:
        bond = row.bond
        became = bond.mark if bond else Mark.SAME
        facts = [*self._moves(bond, row.uid)] or [(self.speech.text(MARKS[became]), became.value)]
        name = device_name(self.chart.nodes[row.uid].device, self.speech)
        labels = self._written(name, facts, (x, y, width, height), 0.0)
        title = bond_title(self.chart, bond, self.speech) if bond else ""
        return Box(x, y, width, height, f"ref {became.value}", labels, title)

    def _moves(self, bond: Bond | None, uid: str) -> Iterator[tuple[str, str]]:
        """Say where a moved cable was, or where it went."""
        for strand in bond.strands if bond else ():
            if strand.other is None or bond is None:
                continue
            ends = {strand.link.a, strand.link.b}
            for end in (strand.other.a, strand.other.b):
                if end not in ends and end.device in self.chart.nodes and end.device != uid:
                    arrow = "→" if strand.mark is Mark.REMOVED else "←"
                    name = device_name(self.chart.nodes[end.device].device, self.speech)
                    yield f"{arrow} {name}:{end.port}", strand.mark.value
                    return

    def _chips(self, uid: str) -> Iterator[tuple[str, str]]:
        """Name the far ends of bonds that are no part of the tree, those that changed first."""
        for bond in self.forest.spare.get(uid, ()):
            if bond.mark is Mark.REMOVED and all(strand.other for strand in bond.strands):
                continue  # the row of the moved cable says so
            name = device_name(self.chart.nodes[bond.far(uid)].device, self.speech)
            blocked = "⊣" if bond.is_blocked else ""
            yield f"⇄{SIGNS[bond.mark]} {name}{blocked}", f"chip {bond.mark.value}"

    def _ports(self, bond: Bond, uid: str) -> str:
        """Return the ports of the first cable, the upper one first."""
        link = bond.strands[0].link
        lower, upper = (link.a, link.b) if link.a.device == uid else (link.b, link.a)
        return f"{upper.port} ▸ {lower.port}"

    def _uplink(self, uid: str) -> str:
        bond = self.forest.parents.get(uid)
        if bond is None or not bond.speed_mbps:
            return ""
        one = speed_text(bond.strands[0].speed_mbps)
        return f"↑ {len(bond.strands)}×{one}" if len(bond.strands) > 1 else f"↑ {one}"

    def _box(
        self,
        uid: str,
        place: tuple[float, float, float, float],
        facts: list[tuple[str, str]],
        room: float = 0.0,
    ) -> Box:
        node = self.chart.nodes[uid]
        room = max(room, 14.0 * (node.mark is not Mark.SAME))
        name = device_name(node.device, self.speech)
        labels = self._written(name, facts, place, room)
        return Box(*place, self._style(uid), labels, self._title(uid), node.mark, uid)

    def _written(
        self,
        name: str,
        facts: list[tuple[str, str]],
        place: tuple[float, float, float, float],
        room: float,
    ) -> tuple[Label, ...]:
        x, y, width, height = place
        wide = width - 2 * _PAD - room
        facts = [fact for fact in facts if fact[0]]
        if height >= 28:
            first = self._label(name, x + _PAD, y + height / 2 - 2, wide, NAME, "n")
            return first, *self._line(facts, x + _PAD, y + height / 2 + 10, width - 2 * _PAD)
        middle = y + height / 2 + 3.8
        space = wide * (0.58 if facts else 1)
        first = self._label(name, x + _PAD, middle, space, NAME - 0.5, "n")
        begin = min(text_width(first.text, NAME), space) + 6
        return first, *self._line(facts, x + _PAD + begin, middle, wide - begin)

    def _line(
        self, facts: list[tuple[str, str]], x: float, y: float, room: float
    ) -> Iterator[Label]:
        """Write facts beside each other until the room is used up."""
        for place, (text, style) in enumerate(facts):
            shown = shortened(text, room, SMALL)
            if shown != text and place and (len(shown) < 8 or len(shown) < 0.7 * len(text)):
                continue
            width = text_width(shown, SMALL)
            yield Label(
                x, y, shown, SMALL, f"s {style}".strip(), title=text if shown != text else ""
            )
            x, room = x + width + 6, room - width - 6

    @staticmethod
    def _label(text: str, x: float, y: float, room: float, size: float, style: str) -> Label:
        shown = shortened(text, room, size)
        return Label(x, y, shown, size, style, title="" if shown == text else text)

    def _style(self, uid: str) -> str:
        node = self.chart.nodes[uid]
        words = [self.forest.tiers[uid].name.lower()]
        if node.device.state is not DeviceState.ANSWERED:
            words.append(node.device.state.value)
        if node.mark is not Mark.SAME:
            words.append(node.mark.value)
        return " ".join(words)

    def _title(self, uid: str) -> str:
        node = self.chart.nodes[uid]
        device = node.device
        state = "" if device.state is DeviceState.ANSWERED else DEVICE_STATES[device.state]
        words = [
            device_name(device, self.speech),
            dotted([device.site, device.location]),
            " ".join(part for part in (device.maker, device.model) if part),
            next(iter(device.addresses), ""),
            self.speech.text(state) if state else "",
            self.speech.text(MARKS[node.mark]) if node.mark is not Mark.SAME else "",
            _screens(node.endpoints),
        ]
        return dotted(words)


def _screens(count: int) -> str:
    """Return the number of endpoints behind a sign of a screen."""
    return f"▣ {count:,}" if count else ""
