"""The campus as a tree of lines for a terminal, with the same signs for changes as the map has."""

from collections import defaultdict
from collections.abc import Iterator

from netops.core.dataclass import dataclass
from netops.core.i18n import mark
from netops.reports.words import Words, visible
from netops.topology.drawing.chart import Bond, Chart, Mark, natural
from netops.topology.drawing.forest import Forest, forest
from netops.topology.drawing.words import (
    DEVICE_STATES,
    LINK_STATES,
    SIGNS,
    device_name,
    dotted,
    end_text,
    speed_text,
)
from netops.topology.model import DeviceState, LinkState


@dataclass(frozen=True, slots=True)
class Branch:
    """One line."""

    #: The lines that lead to it.
    stem: str
    sign: str
    name: str
    remark: str
    mark: Mark

    def __str__(self) -> str:
        """Return the line without colours."""
        sign = f"{self.sign} " if self.sign else ""
        return f"{self.stem}{sign}{self.name}" + (f"  {self.remark}" if self.remark else "")


def branches(chart: Chart, speech: Words) -> Iterator[Branch]:
    """Yield the tree, the core first; a device that a cycle reaches twice stands once."""
    yield from _Grower(chart, forest(chart, overview=False), speech).all()


class _Grower:
    """Walks one forest."""

    def __init__(self, chart: Chart, woods: Forest, speech: Words) -> None:
        self.chart, self.woods, self.speech = chart, woods, speech
        self.tree = {id(bond) for bond in woods.parents.values()}
        self.children: dict[str, list[str]] = defaultdict(list)
        for uid, bond in woods.parents.items():
            self.children[bond.far(uid)].append(uid)
        for found in self.children.values():
            found.sort(key=lambda uid: (woods.tiers[uid], natural(chart.name(uid)), uid))

    def all(self) -> Iterator[Branch]:
        """Yield every line."""
        tops = [uid for row in self.woods.exits for uid in row] + list(self.woods.cores)
        islands = [uid for uid in self.chart.nodes if uid not in self.woods.parents]
        for top in dict.fromkeys([*tops, *islands]):
            yield self._device(top, "", None)
            # Its own stack: a chain of a thousand switches is no reason to end.
            waiting = [(item, "") for item in self._below(top)[::-1]]
            while waiting:
                (item, bond, is_last), stem = waiting.pop()
                lead = stem + ("└─ " if is_last else "├─ ")
                if item is None:
                    yield self._reference(bond, lead)
                    continue
                yield self._device(item, lead, bond)
                deeper = stem + ("   " if is_last else "│  ")
                waiting += [(below, deeper) for below in self._below(item)[::-1]]

    def _below(self, uid: str) -> list[tuple[str | None, Bond, bool]]:
        """Return what hangs on a device, then the changed links that are no part of the tree."""
        found: list[tuple[str | None, Bond]] = [
            (child, self.woods.parents[child]) for child in self.children[uid]
        ]
        found += [
            (None, bond)
            for bond in self.chart.around.get(uid, ())
            if bond.mark is not Mark.SAME
            and id(bond) not in self.tree
            and self._is_upper(uid, bond)
        ]
        return [(child, bond, n == len(found) - 1) for n, (child, bond) in enumerate(found)]

    def _is_upper(self, uid: str, bond: Bond) -> bool:
        other = bond.far(uid)
        return (self.woods.tiers[uid], uid) < (self.woods.tiers[other], other)

    def _device(self, uid: str, stem: str, bond: Bond | None) -> Branch:
        node = self.chart.nodes[uid]
        device = node.device
        became = node.mark if node.mark is not Mark.SAME or bond is None else bond.mark
        remarks = [
            self._cable(uid, bond) if bond else "",
            dotted([device.site, device.location]),
            " ".join(part for part in (device.maker, device.model) if part),
            next(iter(device.addresses), ""),
        ]
        if node.endpoints:
            remarks.append(
                self.speech.plural("%(num)s endpoint", "%(num)s endpoints", node.endpoints)
            )
        remarks += [f"⇄{SIGNS[b.mark]} {self._name(b.far(uid))}" for b in self._others(uid)]
        if device.state is not DeviceState.ANSWERED:
            remarks.append(f"[{self.speech.text(DEVICE_STATES[device.state])}]")
        if bond is not None and bond.state is not LinkState.CONFIRMED:
            remarks.append(f"[{self.speech.text(LINK_STATES[bond.state])}]")
        return Branch(
            stem, SIGNS[became], self._name(uid), visible("  ".join(filter(None, remarks))), became
        )

    def _others(self, uid: str) -> list[Bond]:
        """Return the unchanged links that are no part of the tree, at their lower end."""
        return [
            bond
            for bond in self.chart.around.get(uid, ())
            if bond.mark is Mark.SAME
            and id(bond) not in self.tree
            and not self._is_upper(uid, bond)
        ]

    def _cable(self, uid: str, bond: Bond) -> str:
        link = bond.strands[0].link
        lower, upper = (link.a, link.b) if link.a.device == uid else (link.b, link.a)
        count = f"{len(bond.strands)}×" if len(bond.strands) > 1 else ""
        speed = speed_text(bond.strands[0].speed_mbps)
        text = f"({upper.port} – {lower.port}{f', {count}{speed}' if speed else ''})"
        other = bond.strands[0].other
        if other is None:
            return text
        ends = [end for end in (other.a, other.b) if end not in {link.a, link.b}]
        before = end_text(self.chart, ends[0], self.speech) if ends else ""
        return f"{text} ← {before}" if before else text

    def _reference(self, bond: Bond, stem: str) -> Branch:
        strand = bond.strands[0]
        link = strand.link
        ends = (link.a, link.b) if self._is_upper(link.a.device, bond) else (link.b, link.a)
        word = self.speech.text(mark("link"))
        remark = f"{word} {ends[0].port} – {ends[1].port}"
        if strand.other is not None:
            to = [end for end in (strand.other.a, strand.other.b) if end not in {link.a, link.b}]
            remark += f" → {end_text(self.chart, to[0], self.speech)}" if to else ""
        return Branch(
            stem, SIGNS[bond.mark], self._name(ends[1].device), visible(remark), bond.mark
        )

    def _name(self, uid: str) -> str:
        return visible(device_name(self.chart.nodes[uid].device, self.speech))
