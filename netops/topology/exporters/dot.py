"""The network for Graphviz."""

from collections.abc import Iterator, Mapping, Sequence

from netops.reports.words import Words, visible
from netops.topology.drawing.chart import Mark, chart
from netops.topology.drawing.tiers import Tier, tiers
from netops.topology.drawing.words import device_name, speed_text
from netops.topology.exporters.base import Traits
from netops.topology.model import Endpoint, LinkState, Snapshot

_FILLS = {
    Tier.EXIT: "#e6d5c7",
    Tier.CORE: "#9fbfe3",
    Tier.DISTRIBUTION: "#cfe0f3",
    Tier.ACCESS: "#ffffff",
    Tier.LEAF: "#f1f1ea",
}


class DotExporter:
    """Writes one undirected graph; ranks follow the layers."""

    traits = Traits(".dot")

    def files(self, snapshot: Snapshot, endpoints: Sequence[Endpoint]) -> Mapping[str, str]:
        """Return the graph."""
        del endpoints
        return {"topology.dot": "\n".join(_lines(snapshot)) + "\n"}


def _lines(snapshot: Snapshot) -> Iterator[str]:
    speech = Words("en")
    made = chart(snapshot)
    layers = tiers(made)
    yield "graph campus {"
    yield '  graph [rankdir=TB, splines=ortho, fontname="sans-serif"];'
    yield '  node [shape=box, style="rounded,filled", fontname="sans-serif", fontsize=10];'
    numbers = {uid: f"n{number}" for number, uid in enumerate(made.nodes)}
    for uid, node in made.nodes.items():
        label = quoted(device_name(node.device, speech), node.device.location)
        yield f'  {numbers[uid]} [label={label}, fillcolor="{_FILLS[layers[uid]]}"];'
    for tier in Tier:
        same = " ".join(numbers[uid] for uid, one in layers.items() if one is tier)
        if same and tier < Tier.ACCESS:
            yield f"  {{ rank=same; {same} }}"
    for bond in made.bonds:
        if bond.mark is not Mark.SAME:
            continue
        for strand in bond.strands:
            link = strand.link
            style = "solid" if link.state is LinkState.CONFIRMED else "dashed"
            yield (
                f"  {numbers[link.a.device]} -- {numbers[link.b.device]} "
                f"[taillabel={quoted(link.a.port)}, headlabel={quoted(link.b.port)}, "
                f"label={quoted(speed_text(strand.speed_mbps))}, style={style}];"
            )
    yield "}"


def quoted(*lines: str) -> str:
    """Return a string of DOT; backslashes would be its escapes, quotes its end."""
    shown = [visible(line).replace("\\", "\\\\").replace('"', '\\"') for line in lines if line]
    return '"' + "\\n".join(shown) + '"'
