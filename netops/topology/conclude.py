"""The end of a scan: facts become the network, differences become events, all of it is written at once."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from netops.core.dataclass import dataclass, replace
from netops.core.results import Result
from netops.core.status import Status
from netops.topology.canonical import event_row
from netops.topology.evidence.build import Network, build
from netops.topology.evidence.collect import Collected, Known
from netops.topology.evidence.facts import Facts
from netops.topology.history.debounce import settle
from netops.topology.history.diff import diff
from netops.topology.history.heirs import heirs
from netops.topology.history.keep import StoredEvent
from netops.topology.model import DeviceState, End, Endpoint, LinkState, Snapshot
from netops.topology.naming import name_in, names_of
from netops.topology.room import TopologyRoom
from netops.topology.rules import Rules, claims, learnt

#: For so long a bridge may remember a host that went elsewhere.
_AGEING = timedelta(hours=1)
_LEARNER = "topology scan"
_MOST_EVENTS = 200


@dataclass(frozen=True, slots=True)
class Spoken:
    """The facts of one agent and the tables they come from."""

    facts: Facts
    known: Known


@dataclass(frozen=True, slots=True)
class Look:
    """What a scan brought home."""

    spoken: Sequence[Spoken]
    silent: Sequence[str]
    collected: Mapping[str, Collected]
    #: Agents that are no longer in scope.
    gone: set[str]
    at: datetime
    run_id: str


def conclude(
    room: TopologyRoom, before: Snapshot | None, look: Look, facts: Mapping[str, Any]
) -> Result:
    """Write the network as it is now and what changed; return the result for it as a whole."""
    if not look.collected:
        return Result(
            "network", Status.UNKNOWN, "nobody answered: nothing is concluded from that", facts
        )
    memory = room.memory
    known = memory.endpoints()
    network = _network(room, look, known, _trunks(before))
    settled, missing = settle(
        before,
        network.snapshot,
        memory.missing(),
        scans=room.policy.removal_scans,
        asked=frozenset(network.facts),
    )
    names = names_of(settled)

    def name_of(uid: str) -> str:
        return name_in(names, uid)

    same = heirs(before, settled) if before else None
    earlier = {
        mac: replace(one, device=same.now(one.device)) if same else one
        for mac, one in known.items()
    }
    bindings = room.bindings.all()
    claimed = claims(network.facts, room.policy, bindings)
    rules = Rules(room.policy, name_of, look.at)
    events = [
        *(diff(before, settled, look.at) if before else ()),
        *(rules.events(earlier, network.endpoints, bindings) if before else ()),
        *rules.claim_events(claimed, memory.claims()),
    ]
    with memory.database.transaction():
        stored = memory.save(settled, network.endpoints, events, missing, claimed, look.run_id)
        room.agents.keep(look.collected, look.gone)
        if room.policy.learn_bindings:
            room.bindings.keep(learnt(network.endpoints, bindings, name_of), look.at, _LEARNER)
    if stored:
        for hear in room.hearers:
            hear(stored)
    return _result(network, settled, stored, facts, first=before is None)


def _trunks(before: Snapshot | None) -> set[End]:
    """Return the ends of the links that joined two devices of which each had its own word."""
    own = {DeviceState.ANSWERED, DeviceState.STALE}
    return {
        end
        for link in (before.links if before else ())
        if before and all(before.devices[one.device].state in own for one in (link.a, link.b))
        for end in (link.a, link.b)
    }


def _network(
    room: TopologyRoom, look: Look, known: Mapping[str, Endpoint], trunks: set[End]
) -> Network:
    left = room.memory.recent_places(look.at - _AGEING)
    places = {mac: [End(one.device, one.port), *left.get(mac, ())] for mac, one in known.items()}
    network = build([one.facts for one in look.spoken], look.at, look.silent, places, trunks)
    seen_at = {one.facts.asked: one.known.endpoints_at for one in look.spoken}
    endpoints = {
        mac: replace(one, last_seen_at=seen_at.get(network.facts[one.device].asked))
        for mac, one in network.endpoints.items()
    }
    return replace(network, endpoints=endpoints)


def _result(
    network: Network,
    settled: Snapshot,
    stored: Sequence[StoredEvent],
    facts: Mapping[str, Any],
    *,
    first: bool,
) -> Result:
    states = {state: sum(link.state is state for link in settled.links) for state in LinkState}
    names = names_of(settled)
    loops = [f"{name_in(names, end.device)}:{end.port}" for end in network.loops]
    parts = [
        f"{len(settled.devices)} devices",
        f"{len(settled.links)} links ({states[LinkState.CONFIRMED]} confirmed)",
        f"{len(network.endpoints)} endpoints",
        "first scan" if first else f"{len(stored)} change(s)",
    ]
    if loops:
        parts.append(f"hears itself at {', '.join(loops[:5])}")
    if settled.silent:
        parts.append(f"{len(settled.silent)} silent")
    rows = [{"id": one.id, **event_row(one.event)} for one in stored[:_MOST_EVENTS]]
    more = {
        "snapshot": settled.id,
        "devices": len(settled.devices),
        "links": {state.value: count for state, count in states.items()},
        "endpoints": len(network.endpoints),
        "silent": list(settled.silent),
        "loops": loops,
        "events": rows,
        "events_left_off": len(stored) - len(rows),
    }
    status = Status.WARNING if stored or loops else Status.OK
    return Result("network", status, ", ".join(parts), {**facts, **more})
