"""From half links to links: what both ends say is confirmed, everything else has its reason."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from netops.core.dataclass import dataclass, field, replace
from netops.topology.evidence.facts import Facts
from netops.topology.evidence.identity import plate
from netops.topology.evidence.neighbours import Half
from netops.topology.evidence.ports import Ports
from netops.topology.model import Device, DeviceState, End, Evidence, Link, LinkState

#: How a link is told that only this protocol shows.
_ALONE = {
    "stp": "no neighbour is announced; the spanning tree says so",
    "fdb": "no neighbour is announced; learned addresses say so",
}


@dataclass(frozen=True, slots=True)
class Merged:
    """All links, and the segments that several devices share."""

    links: tuple[Link, ...]
    segments: Mapping[str, Device] = field(default_factory=dict)


class Merger:
    """Takes half links in order of their weight: announcements, spanning tree, learned addresses."""

    def __init__(
        self,
        everybody: Mapping[str, Facts],
        ports: Mapping[str, Ports],
        name_of: Callable[[str], str],
    ) -> None:
        self._everybody, self._ports, self._name_of = everybody, ports, name_of
        self._said: dict[tuple[End, End], list[Half]] = {}
        self._heard: dict[End, set[End]] = defaultdict(set)
        self._segments: dict[str, Device] = {}
        #: End on a segment → its end at the segment's own node.
        self._shared: dict[End, End] = {}

    def announcements(self, halves: Iterable[Half]) -> None:
        """Take what LLDP and CDP say."""
        kept = _without_overtaken(halves, self._everybody)
        for half in kept:
            self._heard[half.near].add(half.far)
        self._find_segments()
        for half in kept:
            if half.near in self._shared or half.far in self._shared:
                self._to_segment(half)
            else:
                self._said.setdefault(_key(half), []).append(half)

    def lesser(self, halves: Iterable[Half]) -> None:
        """Take what less exact tables say: as evidence, or for ports of which nothing is known."""
        taken = self.occupied()
        for half in sorted(halves):
            if _key(half) in self._said:
                self._said[_key(half)].append(half)
            elif not (self._around(half.near) | self._around(half.far)) & taken:
                self._said[_key(half)] = [half]
            else:
                for key in self._beside(half):
                    self._said[key].append(half)

    def occupied(self) -> set[End]:
        """Return every end of which a neighbour is known."""
        return {end for key in self._said for end in key} | set(self._shared)

    def merged(self) -> Merged:
        """Return the links in their order."""
        links = [self._link(key, halves) for key, halves in sorted(self._said.items())]
        return Merged(tuple(links), self._segments)

    # -- One link

    def _link(self, key: tuple[End, End], halves: Sequence[Half]) -> Link:
        found = {Evidence(half.protocol, half.near.device, half.rule) for half in halves}
        if all(self._aggregate(end) for end in key):
            found |= {Evidence("lag", end.device, "member") for end in key}
        state, reason = self._judge(key, halves)
        evidence = sorted(found, key=lambda one: (one.protocol, one.device, one.rule))
        return Link(*key, state, reason, tuple(evidence))

    def _judge(self, key: tuple[End, End], halves: Sequence[Half]) -> tuple[LinkState, str]:
        fresh = [half for half in halves if half.is_fresh]
        speakers = {half.near.device for half in fresh}
        ends = {key[0].device, key[1].device}
        if any(end.device in self._segments for end in key):
            return LinkState.ONE_SIDED, "several devices share this segment"
        if speakers == ends:
            return LinkState.CONFIRMED, ""
        if not fresh:
            return LinkState.STALE, self._why_stale(key)
        return self._doubt(key, fresh)

    def _doubt(self, key: tuple[End, End], fresh: Sequence[Half]) -> tuple[LinkState, str]:
        """Return why only one end speaks for a link."""
        half = fresh[0]
        if not half.far_is_known and self._answers(half.far.device):
            return (
                LinkState.CONFLICT,
                f"{self._name_of(half.far.device)} has no port {half.far.port}",
            )
        others = [end for end in self._heard.get(half.far, ()) if end not in key]
        if others and self._answers(half.far.device):
            heard = ", ".join(sorted(map(self._end_text, others)))
            return LinkState.CONFLICT, f"{self._end_text(half.far)} hears {heard}"
        if {one.protocol for one in fresh} == {half.protocol} and half.protocol in _ALONE:
            return LinkState.ONE_SIDED, _ALONE[half.protocol]
        return LinkState.ONE_SIDED, self._why_silent(half.far.device)

    def _why_silent(self, uid: str) -> str:
        name = self._name_of(uid)
        facts = self._everybody.get(uid)
        if facts is None:
            return f"{name or 'the other end'} was not asked"
        if not facts.is_fresh:
            return f"{name} does not answer"
        return f"{name} does not hear it" if facts.speaks_lldp else f"{name} has no LLDP"

    def _why_stale(self, key: tuple[End, End]) -> str:
        silent = [self._name_of(end.device) for end in key if not self._answers(end.device)]
        return f"{' and '.join(silent)} {'do' if len(silent) > 1 else 'does'} not answer"

    def _answers(self, uid: str) -> bool:
        return uid in self._everybody and self._everybody[uid].is_fresh

    def _end_text(self, end: End) -> str:
        return f"{self._name_of(end.device)}:{end.port}"

    # -- Aggregates

    def _aggregate(self, end: End) -> End | None:
        facts, ports = self._everybody.get(end.device), self._ports.get(end.device)
        if facts is None or ports is None:
            return None
        upper = facts.aggregates.get(ports.indexes.get(end.port, -1))
        return End(end.device, ports.names[upper]) if upper in ports.names else None

    def _around(self, end: End) -> set[End]:
        """Return the end with its aggregate, or the members of the aggregate that it is."""
        facts, ports = self._everybody.get(end.device), self._ports.get(end.device)
        if facts is None or ports is None:
            return {end}
        own = ports.indexes.get(end.port, -1)
        near = {lower for lower, upper in facts.aggregates.items() if own in {lower, upper}}
        near |= {facts.aggregates[own]} if own in facts.aggregates else set()
        return {
            end,
            *(End(end.device, ports.names[index]) for index in near if index in ports.names),
        }

    def _beside(self, half: Half) -> list[tuple[End, End]]:
        """Return the links of members between the two aggregates of a half link."""
        near, far = self._around(half.near), self._around(half.far)
        pairs = ({key[0], key[1]} for key in self._said)
        keys = [(min(pair), max(pair)) for pair in pairs if pair & near and pair & far]
        return [key for key in keys if (half.near, half.far) != key]

    # -- Segments

    def _find_segments(self) -> None:
        """Ports that hear several neighbours, and those neighbours, hang on one segment."""
        leader: dict[End, End] = {}

        def lead(end: End) -> End:
            while leader.setdefault(end, end) != end:
                end = leader[end]
            return end

        for near, fars in self._heard.items():
            if len(fars) > 1:
                for far in fars:
                    one, other = sorted((lead(near), lead(far)))
                    leader[other] = one
        groups: dict[End, list[End]] = defaultdict(list)
        for end in leader:
            groups[lead(end)].append(end)
        for members in groups.values():
            near = min([end for end in members if end.device in self._everybody] or members)
            uid = f"segment:{near.device}/{near.port}"
            self._segments[uid] = Device(uid, "", DeviceState.INFERRED, role="segment")
            names = Counter(end.port for end in members)
            for end in members:
                port = end.port if names[end.port] == 1 else self._far(end)
                self._shared[end] = End(uid, port)

    def _far(self, end: End) -> str:
        return f"to {plate(end.device, self._everybody)}:{end.port}"

    def _to_segment(self, half: Half) -> None:
        for end in (half.near, half.far):
            place = self._shared.get(end)
            if place is None:  # it hears somebody on a segment who does not hear it
                self._said.setdefault(_key(half), []).append(half)
                return
            there = half._replace(near=end, far=place)
            if there not in self._said.setdefault(_key(there), []):
                self._said[_key(there)].append(there)


def _key(half: Half) -> tuple[End, End]:
    return (half.near, half.far) if half.near <= half.far else (half.far, half.near)


def _without_overtaken(halves: Iterable[Half], everybody: Mapping[str, Facts]) -> list[Half]:
    """Leave out what a silent device said of a port that has another neighbour by now."""
    every = sorted(halves)
    now: dict[End, set[End]] = defaultdict(set)
    for half in every:
        if half.is_fresh:
            now[half.near].add(half.far)
    return [
        half for half in every if half.is_fresh or not now[half.far] or half.near in now[half.far]
    ]


def without_devices(links: Iterable[Link], uids: set[str]) -> tuple[Link, ...]:
    """Return the links that touch none of the devices."""
    return tuple(link for link in links if not {link.a.device, link.b.device} & uids)


def stale(link: Link, reason: str) -> Link:
    """Return a link of which nobody speaks any more, as it is kept for a while."""
    return replace(link, state=LinkState.STALE, reason=reason)
