"""How long a large campus takes: 1,000 switches, 20,000 endpoints, out of generated facts."""

import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from netops.topology.evidence.build import build
from netops.topology.evidence.facts import Facts
from netops.topology.history.diff import diff
from tests.topology_facts import AT, box, hears, learns

COUNT, HOSTS = 1_000, 20
UPLINK = 24


def campus() -> list[Facts]:
    """Return a tree in which each switch carries four more, with 20 hosts on every one."""
    found = []
    for number in range(1, COUNT + 1):
        upper, place = (number - 2) // 4 + 1, (number - 2) % 4 + 21
        heard = [hears(UPLINK + 1, upper, place)] if number > 1 else []
        lower = [4 * (number - 1) + 2 + n for n in range(4)]
        heard += [hears(21 + n, one, UPLINK + 1) for n, one in enumerate(lower) if one <= COUNT]
        hosts = (
            (f"0a:00:{number >> 8:02x}:{number & 255:02x}:00:{n:02x}", n)
            for n in range(1, HOSTS + 1)
        )
        found.append(box(number, UPLINK + 1, heard=tuple(heard), learned=learns(*hosts)))
    return found


def best_ms(work: Callable[[], object]) -> float:
    took = []
    for _ in range(3):
        began = time.process_time()
        work()
        took.append(time.process_time() - began)
    return 1000 * min(took)


@pytest.mark.benchmark
def test_a_thousand_switches(capsys: pytest.CaptureFixture[str]) -> None:
    everybody = campus()
    network = build(everybody, AT)
    assert len(network.snapshot.links) == COUNT - 1
    assert len(network.endpoints) == COUNT * HOSTS
    moved = everybody[-1]
    later = [*everybody[:-1], replace(moved, heard=())]
    after = build(later, AT).snapshot
    build_ms = best_ms(lambda: build(everybody, AT))
    diff_ms = best_ms(lambda: diff(network.snapshot, after))
    with capsys.disabled():
        print(f"\nresolve and merge {build_ms:.0f} ms, diff {diff_ms:.0f} ms")
    assert build_ms < 1_000
    assert diff_ms < 50
