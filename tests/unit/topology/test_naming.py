"""Nobody reads a uid: what has no name is told by its place or its number."""

import pytest

from netops.topology.canonical import sealed
from netops.topology.evidence.build import build
from netops.topology.history.diff import diff
from netops.topology.model import Device, DeviceState
from netops.topology.naming import name_in, names_of
from tests.topology_facts import AT, box, hears, learns, mac

NAMES = {"serial:G1/7": "acc4"}


@pytest.mark.parametrize(
    ("uid", "words"),
    [
        ("inferred:serial:G1/7/ge5", "unmanaged switch at acc4:ge5"),
        ("inferred:serial:G1/7/GigabitEthernet1/0/5", "unmanaged switch at acc4:GigabitEthernet1/0/5"),
        ("inferred:serial:Z9/ge5", "unmanaged switch at device Z9:ge5"),
        ("segment:serial:G1/7/ge5", "shared segment at acc4:ge5"),
        ("chassis:02:00:00:00:00:07", "device 02:00:00:00:00:07"),
        ("serial:G1/7", "acc4"),
        ("plain", "plain"),
    ],
)  # fmt: skip
def test_what_is_not_named_is_put_into_words(uid: str, words: str) -> None:
    assert name_in(NAMES, uid) == words


def test_a_guessed_switch_keeps_its_place_for_a_name_when_its_cable_is_gone() -> None:
    guess = Device("inferred:serial:A/ge5", "", DeviceState.INFERRED, role="unmanaged")
    near = Device("serial:A", "acc4")
    seen = sealed(AT, {guess.uid: guess, near.uid: near}, [])
    assert names_of(seen)[guess.uid] == "unmanaged switch at acc4:ge5"


def test_no_event_and_no_port_shows_a_uid() -> None:
    hosts = [("0a:00:00:00:00:01", 3), ("0a:00:00:00:00:02", 3), (mac(7, 1), 3)]
    server = box(7, 1, announced={}, chassis="", base_ports={}, bridge_mac="", serial="S7")
    sw1, sw2 = box(1, heard=(hears(1, 2, 1),), serial="S1"), box(2, heard=(hears(1, 1, 1),))
    bare = build([sw1, sw2], AT).snapshot
    full = build([box(1, heard=sw1.heard, serial="S1", learned=learns(*hosts)), sw2, server], AT)
    strange = build([box(1, serial="S1", heard=(hears(2, 9, 1, name=""),))], AT).snapshot

    for before, after in ((bare, full.snapshot), (full.snapshot, bare), (bare, strange)):
        for event in diff(before, after):
            shown = f"{event.subject} {event.before} {event.after}"
            assert not any(kind in shown for kind in ("serial:", "chassis:", "mac:", "inferred:"))
    ports = [end.port for link in full.snapshot.links for end in (link.a, link.b)]
    assert "to S7:ge1" in ports
