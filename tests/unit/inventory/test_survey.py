"""Surveys: many devices asked at once, and what they taught."""

from pathlib import Path

from netops.core.cancel import Cancel
from netops.inventory.identity import Identity, read_identity
from netops.inventory.survey import Survey
from netops.snmp.memory import SnmpMemory
from netops.snmp.model import Talk, Target, User
from netops.snmp.replay import ReplayAgent
from tests.unit.snmp.farm import switch, target_of


def identity_of(target: Target, memory: SnmpMemory) -> Identity:
    """Ask one device as a reconciliation does."""
    talk = Talk(target, read_identity("3", habits=memory.habits(target, anew=True)), "sw")
    found, error = Survey([lambda _: [talk]], memory=memory).answers(Cancel())["sw"]
    assert error is None
    assert isinstance(found, Identity)
    return found


def test_a_survey_keeps_what_it_learnt_for_the_next_one(tmp_path: Path) -> None:
    user = User("netops", "sha256", "authpass12345", "aes256", "privpass12345")
    sent = []
    with ReplayAgent(switch(2), user=user).running() as agent:
        target = target_of(agent, version="3", auth=user)
        for _ in range(2):
            before = agent.requests
            memory = SnmpMemory.open(tmp_path / "memory.json")
            assert identity_of(target, memory).name == "sw-1"
            sent.append(agent.requests - before)
    assert sent[1] == sent[0] - 1  # no discovery
