"""The memory of the topology on both databases."""

from dataclasses import replace
from datetime import timedelta

import pytest

from netops.core.errors import UsageError
from netops.store.database import Database
from netops.topology.bindings import Bindings, binding
from netops.topology.evidence.build import build
from netops.topology.evidence.collect import Collected, Known
from netops.topology.history.agents import Agents
from netops.topology.history.debounce import Missing
from netops.topology.history.diff import diff
from netops.topology.history.keep import Topology
from netops.topology.model import Endpoint, Event, Snapshot
from tests.contracts.store_backends import backend, database, server
from tests.topology_facts import AT, box, hears

__all__ = ["backend", "database", "server"]
MAC = "0a:00:00:00:00:01"
HOUR = timedelta(hours=1)


def network(*cables: tuple[int, int]) -> Snapshot:
    """Return two switches with cables between ports of these numbers."""
    one = box(1, heard=tuple(hears(a, 2, b) for a, b in cables))
    two = box(2, heard=tuple(hears(b, 1, a) for a, b in cables))
    return build([one, two], AT).snapshot


def save(
    memory: Topology, snapshot: Snapshot, hours: int, events: list[Event] | None = None
) -> None:
    later = replace(snapshot, taken_at=AT + hours * HOUR)
    memory.save(later, {}, events or [], {}, set(), f"RUN{hours}")


def test_an_identical_network_is_seen_again_and_a_changed_one_follows(database: Database) -> None:
    memory = Topology(database)
    assert memory.latest() is None
    one, other = network((1, 1)), network((1, 1), (2, 2))
    save(memory, one, 0)
    save(memory, one, 1)
    save(memory, other, 2, diff(one, other))
    save(memory, one, 3, diff(other, one))
    periods = memory.history()
    assert [(one.scans, one.links) for one in periods] == [(1, 1), (1, 2), (2, 1)]
    assert [period.previous_id for period in periods] == [other.id, one.id, None]
    assert memory.latest() == replace(one, taken_at=AT + 3 * HOUR)
    assert memory.at(AT + 2.5 * HOUR) == replace(other, taken_at=AT + 2 * HOUR)
    assert memory.at(AT - HOUR) is None
    assert memory.snapshot(other.id[:10]).id == other.id


def test_events_keep_their_order_their_snapshots_and_their_words(database: Database) -> None:
    memory = Topology(database)
    one, other = network((1, 1)), network((2, 2), (3, 3))
    save(memory, one, 0)
    events = diff(one, replace(other, taken_at=AT + HOUR))
    save(memory, other, 1, events)
    stored = memory.changes_since()
    assert [one.event for one in stored] == events
    assert {(one.snapshot_before, one.snapshot_after) for one in stored} == {(one.id, other.id)}
    assert memory.changes_since(after_id=stored[0].id) == stored[1:]
    assert memory.changes_since(AT + 2 * HOUR) == []


@pytest.mark.parametrize("name", ["", "zz", "0123", "'; --"])
def test_no_snapshot_begins_with_nonsense(database: Database, name: str) -> None:
    save(Topology(database), network(), 0)
    with pytest.raises(UsageError):
        Topology(database).snapshot(name)


def test_an_endpoint_keeps_its_first_sight_and_the_places_it_left(database: Database) -> None:
    memory, snapshot = Topology(database), network()
    for hours, port in enumerate(("ge1", "ge1", "ge2", "ge3")):
        at = AT + hours * HOUR
        seen = Endpoint(MAC, "mac:x", port, 7, ("10.1.0.5",) if hours < 2 else (), last_seen_at=at)
        memory.save(replace(snapshot, taken_at=at), {MAC: seen}, [], {}, set(), "RUN")
    endpoint = memory.endpoints()[MAC]
    assert (endpoint.first_seen_at, endpoint.last_seen_at) == (AT, AT + 3 * HOUR)
    assert endpoint.addresses == ("10.1.0.5",)
    assert memory.places(MAC) == [
        (AT + 2 * HOUR, AT + 3 * HOUR, "mac:x", "ge2"),
        (AT, AT + 2 * HOUR, "mac:x", "ge1"),
    ]
    assert [end.port for end in memory.recent_places(AT + 2.5 * HOUR)[MAC]] == ["ge2"]


def test_what_is_missing_and_who_claims_what_is_remembered(database: Database) -> None:
    memory = Topology(database)
    missing, claims = {"link a": Missing(1, 2)}, {("10.0.0.1", MAC)}
    memory.save(network(), {}, [], missing, claims, "RUN")
    assert (memory.missing(), memory.claims()) == (missing, claims)
    memory.save(network(), {}, [], {}, set(), "RUN")
    assert (memory.missing(), memory.claims()) == ({}, set())


def test_agents_come_back_as_they_were_and_go_when_they_are_gone(database: Database) -> None:
    agents = Agents(database)
    known = Known("10.0.0.1", AT, AT, AT, {"sysUpTime": 5.0}, {"sysName": "x"}, {"t": [{"a": 1}]})
    agents.keep({"sw1": Collected(known, "tables")}, set())
    assert agents.all() == {"sw1": known}
    later = replace(known, at=AT + HOUR, gate={"sysUpTime": 3605.0})
    agents.keep({"sw1": Collected(later, "nothing")}, set())
    assert agents.all() == {"sw1": later}
    agents.keep({}, {"sw1"})
    assert agents.names() == []


def test_an_agent_whose_tables_are_damaged_is_asked_anew(database: Database) -> None:
    known = Known("10.0.0.1", AT, AT, AT, {}, {}, {})
    Agents(database).keep({"sw1": Collected(known, "tables")}, set())
    database.script("UPDATE topology_agent SET body = 'rot'")
    assert Agents(database).all() == {}


def test_bindings_are_kept_replaced_and_removed(database: Database) -> None:
    register = Bindings(database)
    register.keep([binding(MAC.upper(), "10.1.0.5", "acc1", "ge1", "pc1")], AT, "wang")
    register.keep([binding(MAC, "10.1.0.6")], AT, "li")
    (kept,) = register.all().values()
    assert (kept.address, kept.device, kept.source, kept.account) == (
        "10.1.0.6",
        "",
        "manual",
        "li",
    )
    assert register.remove(MAC)
    assert not register.remove(MAC)
