"""How well the network is known: each doubt is told, and nothing that is known is called good."""

from dataclasses import replace
from datetime import timedelta

import pytest

from netops.core.status import Status
from netops.records.life import Policy
from netops.records.model import Record, RecordState
from netops.records.overdue import overdue
from netops.topology.health import Health, health
from netops.topology.model import Device, DeviceState, LinkState, Snapshot
from tests.unit.topology.test_record import AT, link, network


def seen(snapshot: Snapshot | None = None, hours: float = 0, every: str | None = None) -> Health:
    return health(snapshot or network(), every, (), (), AT + timedelta(hours=hours))


def told(found: Health) -> list[tuple[str, Status]]:
    return [(one.name, one.status) for one in found.findings]


def test_a_network_where_all_is_well_is_ok_with_figures() -> None:
    found = seen(every="every 15m")
    assert (found.status, found.findings) == (Status.OK, ())
    assert (found.counts["devices"], found.counts["links"], found.age_s) == (5, 6, 0)
    assert (found.warning_after_s, found.critical_after_s) == (1800, 3600)


def test_a_network_that_was_never_scanned_is_unknown() -> None:
    assert health(None, "every 1h", (), (), AT).status is Status.UNKNOWN


@pytest.mark.parametrize(
    ("every", "hours", "status"),
    [
        ("every 1h", 1.9, Status.OK),
        ("every 1h", 2.1, Status.WARNING),
        ("every 1h", 4.1, Status.CRITICAL),
        ("never", 999, Status.OK),
        (None, 999, Status.OK),
        ("every 1h", -1, Status.UNKNOWN),
    ],
)
def test_the_age_of_the_last_scan_is_held_against_its_cadence(
    every: str | None, hours: float, status: Status
) -> None:
    assert seen(None, hours, every).status is status


def test_a_silent_device_is_a_warning_and_one_that_its_neighbours_miss_is_critical() -> None:
    quiet = replace(network(gone=("acc1",)), silent=("acc1",))
    assert told(seen(quiet)) == [("acc1", Status.WARNING)]
    lost = tuple(
        replace(one, state=LinkState.STALE) if "acc1" in {one.a.device, one.b.device} else one
        for one in quiet.links
    )
    assert told(seen(replace(quiet, links=lost))) == [("acc1", Status.CRITICAL)]


def test_links_that_two_devices_do_not_agree_on_are_told_and_others_are_not() -> None:
    plain = network()
    doubtful = (
        link("acc1:7-acc2:7", LinkState.ONE_SIDED),
        replace(link("acc1:8-acc2:8", LinkState.CONFLICT), reason="acc2 hears another"),
        link("acc1:5-phone:1", LinkState.ONE_SIDED),
    )
    phone = Device("phone", "phone", DeviceState.HEARD)
    found = seen(
        replace(plain, links=(*plain.links, *doubtful), devices={**plain.devices, "phone": phone})
    )
    assert [one.text for one in found.findings] == [
        "acc1:7 – acc2:7 is one-sided",
        "acc1:8 – acc2:8 is conflict: acc2 hears another",
    ]
    assert (found.counts["one_sided"], found.counts["conflicts"]) == (1, 1)


def test_what_nobody_approved_is_told_until_somebody_did() -> None:
    draft = Record(
        "1", "TC-2026-0001", "topology_change", RecordState.DRAFT, AT, fields={"unapproved": True}
    )
    approved = replace(draft, id="2", number="TC-2026-0002", state=RecordState.APPROVED)
    late = overdue([draft], Policy(submit_within_s=60), AT + timedelta(seconds=90))
    found = health(network(), None, [draft, approved], late, AT)
    assert told(found) == [("TC-2026-0001", Status.WARNING)] * 2
    assert (found.counts["unapproved"], found.counts["overdue"]) == (1, 1)
