"""Which events of one scan are one change: what happened to one device, not what shares a hub."""

from typing import Any

import pytest

from netops.topology.change.grouping import groups
from netops.topology.change.impact import depths
from netops.topology.model import Event, EventKind
from tests.unit.topology.test_record import event, network, stored

DEPTHS = depths(network())


def together(*events: Event) -> list[list[str]]:
    """Return the subjects of each group."""
    return [[one.subject for one in group.events] for group in groups(stored(*events), DEPTHS)]


def moved(switch: str, was: str, now: str) -> Event:
    uplink = f"{switch}:1"
    hubs = (was.partition(":")[0], now.partition(":")[0])
    return event(
        EventKind.LINK_MOVED, switch, *hubs, before=f"{uplink}-{was}", after=f"{uplink}-{now}"
    )


def removed(one: str, other: str) -> Event:
    names = (one.partition(":")[0], other.partition(":")[0])
    return event(EventKind.LINK_REMOVED, *names, before=f"{one}-{other}")


def test_depths_are_counted_from_the_core() -> None:
    assert DEPTHS == {"core": 0, "dist1": 1, "dist2": 1, "acc1": 2, "acc2": 2}


def test_cables_of_two_access_switches_moved_in_one_scan_are_two_changes() -> None:
    one, other = moved("acc1", "dist1:3", "dist2:5"), moved("acc2", "dist1:4", "dist2:4")
    assert together(one, other) == [[one.subject], [other.subject]]


@pytest.mark.parametrize("kind", [EventKind.DEVICE_DOWN, EventKind.DEVICE_REMOVED])
def test_a_dead_distribution_switch_with_five_links_is_one_change(kind: EventKind) -> None:
    ends = ["core:1", "dist2:2", "acc1:1", "acc2:1", "acc3:1"]
    links = [removed(f"dist1:{n}", end) for n, end in enumerate(ends, 1)]
    assert len(together(event(kind, "dist1"), *links)) == 1


def test_both_cables_of_one_switch_are_one_change_even_to_different_hubs() -> None:
    assert len(together(removed("acc1:1", "dist1:3"), removed("acc1:2", "dist2:3"))) == 1


def test_a_change_in_the_core_is_not_tied_to_one_below_it() -> None:
    assert len(together(removed("core:1", "dist1:1"), removed("dist1:4", "acc2:1"))) == 2


def test_settings_of_a_port_belong_to_the_cable_that_was_moved_there_only() -> None:
    def speed(port: str) -> Event:
        text = f"dist2:{port}"
        one = event(EventKind.PORT_CHANGED, "dist2", before={"port": port})
        return Event(one.kind, one.at, text, one.devices, one.before, one.after)

    move = moved("acc2", "dist1:4", "dist2:4")
    assert len(together(move, speed("4"))) == 1
    assert len(together(move, speed("7"))) == 2


def test_a_new_root_of_the_tree_follows_from_what_happened_near_it() -> None:
    root = event(EventKind.STP_ROOT_CHANGED, "dist1", "core")
    assert len(together(event(EventKind.DEVICE_DOWN, "core"), root)) == 1
    assert len(together(moved("acc2", "dist2:4", "dist2:5"), root)) == 2


def test_computers_join_the_switch_they_are_at() -> None:
    one, other = removed("acc1:1", "dist1:3"), removed("acc2:1", "dist1:4")
    wanderer: Any = event(EventKind.ENDPOINT_MOVED, "acc2")
    assert together(one, wanderer, other) == [[one.subject], [other.subject, wanderer.subject]]


def test_very_many_cables_on_one_device_are_one_piece_of_work() -> None:
    many = [removed(f"x{n}:1", f"dist1:{n}") for n in range(9)]
    assert len(together(*many)) == 1
    assert len(together(*many[:8])) == 8


def test_without_a_core_every_shared_device_ties_as_nobody_knows_better() -> None:
    first, second = removed("a:1", "b:1"), removed("b:2", "c:1")
    assert len(groups(stored(first, second))) == 1
