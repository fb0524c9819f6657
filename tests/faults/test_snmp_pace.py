"""Gently on request: so many datagrams a second, pauses for one device, a scattered beginning."""

import time

import pytest

from netops.core.errors import ConfigError
from netops.snmp import ask as questions
from netops.snmp.engine import Pace
from netops.snmp.engines.brake import Brake
from netops.snmp.engines.own import OwnEngine
from netops.snmp.model import Talk, Target
from netops.snmp.replay import Faults, ReplayAgent
from netops.snmp.walk import walk
from tests.unit.snmp.farm import IF_DESCR, SYS_NAME, ask_all, oids, switch, target_of


def test_no_more_datagrams_a_second_than_allowed_and_nobody_lost() -> None:
    with ReplayAgent(switch(2), host="0.0.0.0").running() as agent:
        engine = OwnEngine(window=500, pace=Pace(packets_per_s=200))
        talks = [
            Talk(Target(f"127.3.0.{n}", agent.port, timeout_s=1.0), questions.get(oids(SYS_NAME)))
            for n in range(1, 101)
        ]
        started = time.monotonic()
        found = ask_all(talks, engine)
        wall_s = time.monotonic() - started
    assert all(outcome.ok for outcome in found)
    assert sum(outcome.sent for outcome in found) == 100
    assert wall_s >= 0.45  # 100 at 200 a second


def test_retransmissions_keep_to_the_pace_too() -> None:
    with ReplayAgent(switch(2), host="0.0.0.0", faults=Faults(loss=0.3)).running() as agent:
        engine = OwnEngine(window=500, pace=Pace(packets_per_s=400))
        talks = [
            Talk(
                Target(f"127.3.0.{n}", agent.port, timeout_s=0.2, retries=8),
                questions.get(oids(SYS_NAME)),
            )
            for n in range(1, 41)
        ]
        started = time.monotonic()
        found = ask_all(talks, engine)
        wall_s = time.monotonic() - started
    assert all(outcome.ok for outcome in found)
    assert sum(outcome.sent for outcome in found) / wall_s < 440


def test_one_device_gets_its_pauses() -> None:
    with ReplayAgent(switch(40)).running() as agent:
        started = time.monotonic()
        engine = OwnEngine(pace=Pace(device_gap_s=0.05))
        (found,) = ask_all([Talk(target_of(agent), walk(oids(IF_DESCR)))], engine)
        wall_s = time.monotonic() - started
    assert len(found.value.columns[oids(IF_DESCR)[0]]) == 40
    assert wall_s >= 0.05 * (found.sent - 1)


def test_beginnings_are_scattered() -> None:
    with ReplayAgent(switch(2), host="0.0.0.0").running() as agent:
        engine = OwnEngine(pace=Pace(jitter_s=0.3))
        talks = [
            Talk(Target(f"127.3.0.{n}", agent.port), questions.get(oids(SYS_NAME)))
            for n in range(1, 31)
        ]
        found = ask_all(talks, engine)
    waited = sorted(outcome.duration_s for outcome in found)
    assert all(outcome.ok for outcome in found)
    assert waited[-1] - waited[0] > 0.1


def test_a_pause_is_not_made_up_for() -> None:
    brake = Brake(Pace(packets_per_s=10))
    allowed = [brake.lets(1000.0, 0.0, ident) for ident in range(20)]
    assert sum(allowed) <= 2
    assert sum(brake.lets(5000.0, 0.0, ident) for ident in range(100, 120)) <= 2


@pytest.mark.parametrize("wrong", [{"packets_per_s": 0}, {"packets_per_s": -1}, {"jitter_s": -1}])
def test_a_pace_that_cannot_be_kept_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        Pace(**wrong)
