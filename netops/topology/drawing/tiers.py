"""Which layer of the campus a device belongs to, as configured, as named, or as it is wired."""

import re
from collections import deque
from collections.abc import Mapping
from enum import IntEnum

from netops.topology.drawing.chart import Chart, Mark, Node, natural
from netops.topology.model import DeviceState


class Tier(IntEnum):
    """A layer, the way out on top."""

    EXIT = 0
    CORE = 1
    DISTRIBUTION = 2
    ACCESS = 3
    LEAF = 4  # servers, access points: nothing goes on behind them


_WORDS: tuple[tuple[Tier, str], ...] = (
    (Tier.EXIT, r"fire-?wall|fw|router|rtr|exit|isp|wan|internet|edge-router|出口|防火|路由"),
    (Tier.CORE, r"core|spine|backbone|核心"),
    (Tier.DISTRIBUTION, r"distribution|dist|aggregation|aggr?|汇聚|匯聚"),
    (Tier.ACCESS, r"access|acc|leaf|tor|switch|sw|edge|接入|unmanaged|hub"),
    (
        Tier.LEAF,
        r"server|srv|storage|nas|hypervisor|host|wireless|wlan|ap|phone|printer|camera|服务器|伺服器",
    ),
)
#: So many of the best connected devices are weighed as the centre of a network without roles.
_CANDIDATES = 12
_PATTERNS = [
    (tier, re.compile(rf"(?<![a-z])(?:{words})(?![a-z])", re.IGNORECASE)) for tier, words in _WORDS
]


def tiers(chart: Chart) -> dict[str, Tier]:
    """Return the layer of every device: its role, else its name, else what the wiring shows."""
    known = {uid: tier for uid, node in chart.nodes.items() if (tier := _told(node)) is not None}
    if Tier.CORE not in known.values():
        known.update(dict.fromkeys(_centre(chart, known), Tier.CORE))
    depth = _depths(chart, known)
    return {
        uid: known[uid] if uid in known else _wired(chart, known, depth, uid) for uid in chart.nodes
    }


def _told(node: Node) -> Tier | None:
    """Return what role or name say; a role that says nothing known leaves it to the name."""
    device = node.device
    for text in (device.role, device.listed_as or device.name):
        for tier, pattern in _PATTERNS:
            if text and pattern.search(text[:100]):
                return tier
    return Tier.ACCESS if device.state is DeviceState.INFERRED else None


def _neighbours(chart: Chart, uid: str) -> set[str]:
    return {bond.far(uid) for bond in chart.around.get(uid, ()) if bond.mark is not Mark.REMOVED}


def _centre(chart: Chart, known: Mapping[str, Tier]) -> list[str]:
    """Return the devices everything hangs on: the root bridge or the best connected, and its twin."""
    links = {uid: _neighbours(chart, uid) for uid in chart.nodes}
    able = [uid for uid in chart.nodes if known.get(uid, Tier.CORE) not in {Tier.EXIT, Tier.LEAF}]
    if not able:
        return sorted(chart.nodes, key=lambda uid: -len(links[uid]))[:1]
    root = chart.snapshot.stp_root
    if root not in able:
        higher = [uid for uid in able if known.get(uid) is Tier.DISTRIBUTION]
        joined = sorted(
            higher or able, key=lambda uid: (-len(links[uid]), natural(chart.name(uid)))
        )
        root = min(joined[:_CANDIDATES], key=lambda uid: _distance(links, uid))
    below = links[root]
    twins = [
        uid
        for uid in able
        if uid in below
        and known.get(uid) is not Tier.ACCESS
        and len(links[uid] & below) * 2 > len(links[uid])
        and len(links[uid]) > 2
    ]
    return [root, *sorted(twins, key=lambda uid: natural(chart.name(uid)))[:3]]


def _distance(links: Mapping[str, set[str]], start: str) -> tuple[int, int]:
    """Return how far the others are in sum; who reaches fewer of them is farther."""
    seen, level, total, far = {start}, [start], 0, 0
    while level:
        far += 1
        level = list({other for uid in level for other in links[uid]} - seen)
        seen.update(level)
        total += far * len(level)
    return -len(seen), total


def _depths(chart: Chart, known: Mapping[str, Tier]) -> dict[str, int]:
    """Return how many links each device is away from the core."""
    depth = {uid: 0 for uid, tier in known.items() if tier is Tier.CORE}
    waiting = deque(depth)
    while waiting:
        uid = waiting.popleft()
        for other in _neighbours(chart, uid):
            if other not in depth:
                depth[other] = depth[uid] + 1
                waiting.append(other)
    return depth


def _wired(chart: Chart, known: Mapping[str, Tier], depth: Mapping[str, int], uid: str) -> Tier:
    """Return the layer that the wiring shows: who joins others to the core distributes."""
    if depth.get(uid) == 1:
        further = [other for other in _neighbours(chart, uid) if depth.get(other, 0) > 1]
        if further and not all(known.get(other) is Tier.LEAF for other in further):
            return Tier.DISTRIBUTION
    return Tier.ACCESS
