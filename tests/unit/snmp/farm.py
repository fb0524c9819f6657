"""Recordings made by rule, and short ways to ask them."""

from collections.abc import Iterable
from typing import Any

from netops.snmp import ber, oid
from netops.snmp.ber import Value, Varbind
from netops.snmp.engines.own import OwnEngine
from netops.snmp.model import Community, Conversation, Outcome, Talk, Target
from netops.snmp.recording import Recording
from netops.snmp.replay import ReplayAgent

IF_DESCR, IF_OPER, IF_IN = (f"1.3.6.1.2.1.2.2.1.{column}" for column in (2, 8, 10))
IF_NAME, IF_HC_IN, IF_ALIAS = (f"1.3.6.1.2.1.31.1.1.1.{column}" for column in (1, 6, 18))
SYS_DESCR, SYS_UPTIME, SYS_NAME = (f"1.3.6.1.2.1.1.{leaf}.0" for leaf in (1, 3, 5))


def binding(name: str, tag: int, value: Value) -> Varbind:
    return oid.encode(name), tag, value


def switch(ports: int = 8, *, first: int = 10_101) -> Recording:
    """Return a small switch."""
    found = [
        binding(SYS_DESCR, ber.OCTETS, b"A switch"),
        binding("1.3.6.1.2.1.1.2.0", ber.OID, oid.encode("1.3.6.1.4.1.9.1.1")),
        binding(SYS_UPTIME, ber.TICKS, 123_456),
        binding(SYS_NAME, ber.OCTETS, b"sw-1"),
    ]
    for port in range(1, ports + 1):
        index = first + port - 1
        found += [
            binding(f"{IF_DESCR}.{index}", ber.OCTETS, b"GigabitEthernet1/0/%d" % port),
            binding(f"{IF_OPER}.{index}", ber.INTEGER, 1 + port % 2),
            binding(f"{IF_IN}.{index}", ber.COUNTER32, 4_000_000_000 + port),
            binding(f"{IF_NAME}.{index}", ber.OCTETS, b"Gi1/0/%d" % port),
            binding(f"{IF_HC_IN}.{index}", ber.COUNTER64, (1 << 63) + port),
            binding(f"{IF_ALIAS}.{index}", ber.OCTETS, f"房间 {port}".encode()),
        ]
    return Recording(found)


def oids(*names: str) -> list[bytes]:
    return [oid.encode(name) for name in names]


def target_of(agent: ReplayAgent, **more: Any) -> Target:
    return Target(
        agent.host, agent.port, **{"timeout_s": 1.0, "retries": 1, "auth": Community(), **more}
    )


def ask(target: Target, conversation: Conversation, engine: Any = None) -> Outcome:
    """Lead one conversation."""
    return ask_all([Talk(target, conversation)], engine)[0]


def ask_all(talks: Iterable[Talk], engine: Any = None) -> list[Outcome]:
    return list((engine or OwnEngine()).converse(talks))
