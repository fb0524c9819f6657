"""The network as GraphML, for yEd, Gephi, Cytoscape or networkx."""

from collections.abc import Iterator, Mapping, Sequence

from netops.reports.svg import escape
from netops.reports.words import Words
from netops.topology.drawing.chart import chart
from netops.topology.drawing.tiers import tiers
from netops.topology.drawing.words import device_name
from netops.topology.exporters.base import Traits
from netops.topology.model import Endpoint, Snapshot

_NODE_KEYS = [
    "label",
    "layer",
    "uid",
    "state",
    "role",
    "site",
    "location",
    "address",
    "mac",
    "serial",
    "maker",
    "model",
    "software",
]
_EDGE_KEYS = ["source_port", "target_port", "state", "reason"]


class GraphmlExporter:
    """Writes one undirected graph with what is known as data of nodes and edges."""

    traits = Traits(".graphml")

    def files(self, snapshot: Snapshot, endpoints: Sequence[Endpoint]) -> Mapping[str, str]:
        """Return the graph."""
        return {"topology.graphml": "\n".join(_lines(snapshot, endpoints)) + "\n"}


def _lines(snapshot: Snapshot, endpoints: Sequence[Endpoint]) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">'
    for domain, keys in (("node", _NODE_KEYS), ("edge", _EDGE_KEYS)):
        for key in keys:
            yield f'<key id="{domain}_{key}" for="{domain}" attr.name="{key}" attr.type="string"/>'
    yield '<key id="edge_speed_mbps" for="edge" attr.name="speed_mbps" attr.type="int"/>'
    yield '<key id="node_endpoints" for="node" attr.name="endpoints" attr.type="int"/>'
    yield '<graph id="campus" edgedefault="undirected">'
    yield from _nodes(snapshot, endpoints)
    yield from _edges(snapshot)
    yield "</graph>"
    yield "</graphml>"


def _nodes(snapshot: Snapshot, endpoints: Sequence[Endpoint]) -> Iterator[str]:
    speech = Words("en")
    layers = tiers(chart(snapshot))
    counts: dict[str, int] = {}
    for one in endpoints:
        counts[one.device] = counts.get(one.device, 0) + 1
    for number, (uid, device) in enumerate(snapshot.devices.items()):
        values = {
            "label": device_name(device, speech),
            "layer": layers[uid].name.lower(),
            "state": device.state.value,
            "address": " ".join(device.addresses),
        }
        cells = "".join(
            _data(f"node_{key}", str(values.get(key) or getattr(device, key, "")))
            for key in _NODE_KEYS
        )
        yield f'<node id="n{number}">{cells}{_data("node_endpoints", str(counts.get(uid, 0)))}</node>'


def _edges(snapshot: Snapshot) -> Iterator[str]:
    numbers = {uid: f"n{number}" for number, uid in enumerate(snapshot.devices)}
    strands = (strand for bond in chart(snapshot).bonds for strand in bond.strands)
    for number, strand in enumerate(strands):
        link = strand.link
        cells = (
            _data("edge_source_port", link.a.port)
            + _data("edge_target_port", link.b.port)
            + _data("edge_state", link.state.value)
            + _data("edge_reason", link.reason)
            + _data("edge_speed_mbps", str(strand.speed_mbps))
        )
        yield (
            f'<edge id="e{number}" source="{numbers[link.a.device]}" '
            f'target="{numbers[link.b.device]}">{cells}</edge>'
        )


def _data(key: str, text: str) -> str:
    return f'<data key="{key}">{escape(text)}</data>' if text else ""
