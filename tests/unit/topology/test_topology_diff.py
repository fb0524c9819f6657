"""Two snapshots compared: laws for all networks, and one event for one thing."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netops.topology.canonical import body_of, event_of, event_row, snapshot_of
from netops.topology.evidence.build import build
from netops.topology.evidence.facts import Facts, Interface
from netops.topology.history.debounce import Missing, settle
from netops.topology.history.diff import diff
from netops.topology.model import Event, LinkState, Snapshot
from tests.topology_facts import AT, box, hears, learns

Cable = tuple[tuple[int, int], tuple[int, int]]


def campus(cables: list[Cable], count: int = 5, **more: Facts) -> Snapshot:
    """Return the network of some switches with these cables; `more` stands in for switches."""
    return build(switches(cables, count, **more), AT).snapshot


def switches(cables: list[Cable], count: int = 5, **more: Facts) -> list[Facts]:
    found = []
    for number in range(1, count + 1):
        facts = more.get(f"sw{number}", box(number))
        heard = [hears(a[1], *b) for a, b in cables if a[0] == number]
        heard += [hears(b[1], *a) for a, b in cables if b[0] == number]
        ups = {
            port
            for end in (e for cable in cables for e in cable)
            for port in [end[1]]
            if end[0] == number
        }
        rows = {
            index: replace(row, is_up=index - 100 in ups) for index, row in facts.interfaces.items()
        }
        found.append(replace(facts, heard=tuple(heard), interfaces=rows))
    return found


@st.composite
def cablings(draw: st.DrawFn) -> list[Cable]:
    """Cables between free ports of five switches with four ports each."""
    ports = draw(st.permutations([(box, port) for box in range(1, 6) for port in range(1, 5)]))
    count = draw(st.integers(0, 8))
    pairs = zip(ports[::2], ports[1::2], strict=True)
    return [(a, b) for a, b in pairs if a[0] != b[0]][:count]


@settings(max_examples=40, deadline=None)
@given(cablings())
def test_a_network_does_not_differ_from_itself(cables: list[Cable]) -> None:
    one, other = campus(cables), campus(cables)
    assert one.id == other.id
    assert diff(one, other) == []
    assert diff(one, replace(other, id="x")) == []


@settings(max_examples=40, deadline=None)
@given(cablings(), st.randoms(use_true_random=False))
def test_the_order_in_which_devices_answer_does_not_matter(
    cables: list[Cable], draw: object
) -> None:
    everybody = switches(cables)
    shuffled = list(everybody)
    draw.shuffle(shuffled)  # type: ignore[attr-defined]
    assert build(everybody, AT).snapshot == build(shuffled, AT).snapshot


@settings(max_examples=40, deadline=None)
@given(cablings(), cablings())
def test_what_one_way_adds_the_other_way_removes(one: list[Cable], other: list[Cable]) -> None:
    before, after = campus(one), campus(other)
    forth, back = diff(before, after), diff(after, before)
    added = sorted(e.subject for e in forth if e.kind == "link_added")
    removed = sorted(e.subject for e in back if e.kind == "link_removed")
    assert len(added) == len(removed)
    assert len(forth) == len(back)


@settings(max_examples=40, deadline=None)
@given(cablings())
def test_links_are_found_whoever_speaks_twice(cables: list[Cable]) -> None:
    everybody = switches(cables)
    twice = [*everybody, *(replace(one, asked=f"again {one.asked}") for one in everybody)]
    assert build(everybody, AT).snapshot.links == build(twice, AT).snapshot.links


@settings(max_examples=20, deadline=None)
@given(cablings())
def test_a_snapshot_is_read_back_as_it_was_written(cables: list[Cable]) -> None:
    made = campus(cables)
    assert snapshot_of(body_of(made), made.id, made.taken_at) == made


LINE: list[Cable] = [((1, 1), (2, 1)), ((2, 2), (3, 1))]


def kinds(events: list[Event]) -> list[tuple[str, str]]:
    return [(event.kind.value, event.subject) for event in events]


def test_a_cable_that_moved_is_one_event() -> None:
    events = diff(campus(LINE), campus([LINE[0], ((4, 3), (3, 1))]))
    assert kinds(events) == [("link_moved", "sw3:ge1 – sw4:ge3")]
    assert len(events[0].devices) == 3
    assert event_of(event_row(events[0])) == events[0]


def test_a_removed_switch_is_one_event_with_its_cables() -> None:
    (event,) = diff(campus(LINE, 3), campus(LINE[:1], 2))
    assert kinds([event]) == [("device_removed", "sw3")]
    assert event.before["links"] == "sw2:ge2 – sw3:ge1"


def test_another_serial_number_at_the_same_place_is_a_replacement() -> None:
    old, new = box(3, serial="A"), replace(box(33, serial="B"), asked="sw3", listed_as="sw3")
    before = build([box(1), replace(old, listed_as="sw3")], AT).snapshot
    after = build([box(1), new], AT).snapshot
    (event,) = [one for one in diff(before, after) if one.kind == "device_replaced"]
    assert (event.before["serial"], event.after["serial"]) == ("A", "B")


def test_a_box_that_tells_its_serial_number_at_last_is_no_news() -> None:
    before, after = build([box(1)], AT).snapshot, build([box(1, serial="A")], AT).snapshot
    assert diff(before, after) == []


def changed(**more: object) -> list[tuple[str, str]]:
    return kinds(diff(campus(LINE), campus(LINE, sw1=replace(box(1), **more))))  # type: ignore[arg-type]


def test_settings_of_a_port_are_events() -> None:
    rows = {**box(1).interfaces, 103: Interface(103, "ge3", alias="to the roof", is_enabled=False)}
    assert changed(interfaces=rows) == [("port_changed", "sw1:ge3")]


def test_vlans_and_members_of_an_aggregate_are_events() -> None:
    rows = {**box(1).interfaces, 200: Interface(200, "Po1", kind="ieee8023adLag")}
    before = campus(LINE, sw1=box(1, interfaces=rows, aggregates={102: 200, 103: 200}))
    after = campus(LINE, sw1=box(1, interfaces=rows, aggregates={102: 200}, vlans={104: (10, 20)}))
    assert kinds(diff(before, after)) == [
        ("vlan_changed", "sw1:ge4"),
        ("aggregate_changed", "sw1:Po1"),
    ]


def test_software_model_and_place_are_events_once_they_are_known() -> None:
    assert changed(software="2.0", location="Library") == []
    before = campus(LINE, sw1=box(1, software="1.0"))
    after = campus(LINE, sw1=box(1, software="2.0"))
    assert kinds(diff(before, after)) == [("device_changed", "sw1")]


def test_another_root_is_an_event() -> None:
    before = campus(LINE, sw1=box(1, stp_root=box(1).bridge_mac))
    after = campus(LINE, sw1=box(1, stp_root=box(2).bridge_mac))
    assert kinds(diff(before, after)) == [("stp_root_changed", "sw2")]


# -- Silence, and what is only missing for a moment


def silent(name: str, everybody: list[Facts]) -> list[Facts]:
    return [replace(one, is_fresh=one.asked != name) for one in everybody]


def denied(everybody: list[Facts]) -> list[Facts]:
    """Return that switch 3 died: 2 has no light on its port and hears nobody there."""
    second = everybody[1]
    rows = {**second.interfaces, 102: replace(second.interfaces[102], is_up=False)}
    dead = replace(second, heard=second.heard[1:], interfaces=rows)
    first_two = [
        everybody[0],
        replace(dead, heard=tuple(h for h in second.heard if h.number != 102)),
    ]
    return silent("sw3", [*first_two, *everybody[2:]])


def test_a_dead_device_is_down_once_and_keeps_its_links() -> None:
    before = campus(LINE)
    after, missing = settle(before, build(denied(switches(LINE)), AT).snapshot, {})
    assert kinds(diff(before, after)) == [("device_down", "sw3")]
    assert missing == {}
    assert len(after.links) == 2
    assert kinds(diff(after, before)) == [("device_up", "sw3")]


def test_a_silent_agent_whose_neighbours_hear_it_is_no_event() -> None:
    before = campus(LINE)
    after = build(silent("sw3", switches(LINE)), AT, ["sw3"]).snapshot
    assert diff(before, after) == []
    (link,) = [one for one in after.links if one.state is LinkState.ONE_SIDED]
    assert link.reason == "sw3 does not answer"


def test_when_nobody_near_answers_nobody_is_down() -> None:
    before = campus(LINE)
    everybody = [replace(one, is_fresh=one.asked == "sw5") for one in switches(LINE)]
    after, _ = settle(before, build(everybody, AT).snapshot, {})
    assert diff(before, after) == []
    assert {link.state for link in after.links} == {LinkState.STALE}


def unheard(link: Cable) -> list[Facts]:
    """Return that nobody hears anybody over one cable, though its ports are up."""
    found = []
    for facts, quiet in zip(switches([link]), switches([]), strict=True):
        found.append(replace(quiet, interfaces=facts.interfaces))
    return found


def test_a_link_with_light_is_gone_after_the_second_scan_only() -> None:
    before = campus(LINE[:1])
    seen = build(unheard(LINE[0]), AT).snapshot
    once, missing = settle(before, seen, {})
    assert diff(before, once) == []
    assert list(missing.values()) == [Missing(scans=1)]
    gone, missing = settle(once, seen, missing)
    assert kinds(diff(once, gone)) == [("link_removed", "sw1:ge1 – sw2:ge1")]
    assert missing == {}


def test_a_link_that_flaps_is_counted_and_no_event() -> None:
    good, missing = campus(LINE[:1]), dict[str, Missing]()
    now = good
    for _ in range(3):
        for facts in (unheard(LINE[0]), switches(LINE[:1])):
            later, missing = settle(now, build(facts, AT).snapshot, missing)
            assert diff(now, later) == []
            now = later
    assert [one.flaps for one in missing.values()] == [3]


@pytest.mark.parametrize("scans", [1, 3])
def test_how_often_is_a_setting(scans: int) -> None:
    now, missing = campus(LINE[:1]), dict[str, Missing]()
    events = []
    for number in range(1, 5):
        later, missing = settle(now, build(unheard(LINE[0]), AT).snapshot, missing, scans=scans)
        events += [number for _ in diff(now, later)]
        now = later
    assert events == [scans]


def test_a_device_that_is_no_longer_in_scope_goes() -> None:
    before = campus([], 2)
    seen = replace(campus([], 1), taken_at=AT + timedelta(hours=1))
    after, _ = settle(before, seen, {}, asked=frozenset(seen.devices))
    assert kinds(diff(before, after)) == [("device_removed", "sw2")]


def behind(macs: list[str], *, up: bool = True, answers: bool = True) -> Snapshot:
    """Return switch 1 with hosts on ge3, linked to switch 2."""
    everybody = switches(LINE[:1], 2)
    first = everybody[0]
    rows = {**first.interfaces, 103: replace(first.interfaces[103], is_up=up)}
    learned = learns(*((address, 3) for address in macs))
    everybody[0] = replace(first, interfaces=rows, learned=learned, is_fresh=answers)
    if not answers:
        far = everybody[1]
        dark = {**far.interfaces, 101: replace(far.interfaces[101], is_up=False)}
        everybody[1] = replace(far, heard=(), interfaces=dark)
    return build(everybody, AT).snapshot


TWO = ["0a:00:00:00:00:01", "0a:00:00:00:00:02"]


def test_a_switch_nobody_manages_stays_while_its_port_is_up_though_its_hosts_sleep() -> None:
    before, missing = behind(TWO), dict[str, Missing]()
    now = before
    for macs in ([], TWO[:1], [], []):
        later, missing = settle(now, behind(macs), missing)
        assert diff(now, later) == []
        now = later
    gone, _ = settle(now, behind([], up=False), missing)
    assert [event.kind.value for event in diff(now, gone)] == ["device_removed"]


def test_a_dead_switch_with_an_unmanaged_one_behind_it_is_one_event() -> None:
    before = behind(TWO)
    after, _ = settle(before, behind([], answers=False), {})
    assert kinds(diff(before, after)) == [("device_down", "sw1")]
