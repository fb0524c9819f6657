"""What every SNMP engine must do, on a real snmpd and on the replay agent."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

import pytest

from netops.core.errors import AccessError, NetopsError, UnreachableError
from netops.snmp import ask as questions
from netops.snmp import ber, oid
from netops.snmp.engine import ENGINES, Engine
from netops.snmp.engines.own import OwnEngine
from netops.snmp.engines.pysnmp import PysnmpEngine
from netops.snmp.model import PRIVACIES, Community, Talk, Target, User
from netops.snmp.replay import Faults, ReplayAgent
from netops.snmp.walk import walk
from tests.contracts.snmp_daemon import has_ipv6, snmpd, users
from tests.require import unavailable
from tests.unit.snmp.farm import (
    IF_DESCR,
    IF_HC_IN,
    IF_IN,
    IF_OPER,
    SYS_DESCR,
    SYS_NAME,
    SYS_UPTIME,
    ask,
    ask_all,
    oids,
    switch,
    target_of,
)

SYSTEM, SYS_LOCATION = "1.3.6.1.2.1.1", "1.3.6.1.2.1.1.6.0"


def need_pysnmp() -> None:
    if find_spec("pysnmp") is None:
        unavailable("pysnmp", "pysnmp is not installed")


@pytest.fixture(params=["own", "pysnmp"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    if request.param == "pysnmp":
        need_pysnmp()
    found = ENGINES.get(request.param)()
    yield found
    found.close()


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with snmpd(tmp_path_factory.mktemp("snmpd")) as target:
        yield target


@pytest.mark.parametrize("version", ["1", "2c"])
def test_snmpd_answers_get_and_walk_with_a_community(
    engine: Engine, daemon: Target, version: Any
) -> None:
    target = replace(daemon, version=version)
    got = ask(target, questions.get(oids(SYS_NAME, "1.3.6.1.2.1.1.99.0")), engine)
    assert got.error is None
    assert got.value[0] == (oid.encode(SYS_NAME), ber.OCTETS, b"lab")
    assert got.value[1][1] in {ber.NO_SUCH_OBJECT, ber.NO_SUCH_INSTANCE}
    walked = ask(target, walk(oids(SYSTEM), scalars=oids(SYS_LOCATION), version=version), engine)
    assert walked.value.scalars[0][2] == b"Room 1"
    rows = walked.value.columns[oid.encode(SYSTEM)]
    assert len(rows) > 6
    assert (oid.encode(SYS_NAME), ber.OCTETS, b"lab") in rows


def test_snmpd_answers_v3_with_every_algorithm_it_has(engine: Engine, daemon: Target) -> None:
    """All users in one batch: an engine that mixes their keys up is found out, too."""
    talks = [
        Talk(
            replace(daemon, version="3", auth=user, timeout_s=5.0),
            walk(oids(SYSTEM), scalars=oids(SYS_NAME)),
            user.name,
        )
        for user in users()
    ]
    found = {one.talk.subject: one for one in ask_all(talks, engine)}
    assert {name: one.error for name, one in found.items() if one.error} == {}
    assert len(found) == len(talks)
    for name, one in found.items():
        assert one.value.scalars[0][2] == b"lab", name
        assert len(one.value.columns[oid.encode(SYSTEM)]) > 6, name


def test_both_ways_to_extend_a_key_reach_the_replay_agent(engine: Engine) -> None:
    users_of_all_kinds = [
        User(f"{auth}-{privacy}", auth, "authpass12345", privacy, "privpass12345")
        for auth in ("md5", "sha1", "sha256")
        for privacy in PRIVACIES
    ]
    with ExitStack() as agents:
        talks = []
        for user in users_of_all_kinds:
            agent = agents.enter_context(ReplayAgent(switch(), user=user).running())
            target = target_of(agent, version="3", auth=user, timeout_s=5.0)
            talks.append(Talk(target, questions.get(oids(SYS_NAME)), user.name))
        outcomes = ask_all(talks, engine)
    found = {one.talk.subject: one.value if one.ok else one.error for one in outcomes}
    right = [(oid.encode(SYS_NAME), ber.OCTETS, b"sw-1")]
    assert found == {user.name: right for user in users_of_all_kinds}


@pytest.mark.parametrize(
    "user",
    [
        User("nobody", "sha256", "authpass12345", "aes128", "privpass12345"),
        User("sha256aes128", "sha256", "wrong-password", "aes128", "privpass12345"),
    ],
    ids=["unknown user", "wrong password"],
)
def test_a_refused_user_is_an_access_error(engine: Engine, daemon: Target, user: User) -> None:
    found = ask(replace(daemon, version="3", auth=user), questions.get(oids(SYS_NAME)), engine)
    assert isinstance(found.error, AccessError)
    assert "wrong-password" not in str(found.error)


def test_a_wrong_community_looks_like_silence(engine: Engine, daemon: Target) -> None:
    target = replace(daemon, auth=Community("wrong"), timeout_s=0.2, retries=1)
    found = ask(target, questions.get(oids(SYS_NAME)), engine)
    assert isinstance(found.error, UnreachableError)
    assert "wrong" not in str(found.error)


def test_a_value_is_set_and_the_reason_of_a_refusal_is_told(engine: Engine, daemon: Target) -> None:
    target = replace(daemon, auth=Community("private"))
    name = oid.encode("1.3.6.1.6.3.12.1.3.1.1")  # nothing that can be set
    refused = ask(target, questions.set_values([(name, ber.INTEGER, 1)]), engine)
    assert isinstance(refused.error, NetopsError)
    assert "refused" in str(refused.error)
    contact = oid.encode("1.3.6.1.2.1.1.4.0")
    for text in (b"noc", b"netops"):
        done = ask(target, questions.set_values([(contact, ber.OCTETS, text)]), engine)
        assert done.error is None
        assert ask(target, questions.get([contact]), engine).value[0][2] == text


def test_ipv6_works_like_ipv4(engine: Engine, daemon: Target) -> None:
    if not has_ipv6():
        unavailable("ipv6", "this machine has no IPv6")
    found = ask(replace(daemon, host="::1"), questions.get(oids(SYS_NAME)), engine)
    assert found.value[0][2] == b"lab"


def test_every_type_comes_through(engine: Engine) -> None:
    with ReplayAgent(switch(2)).running() as agent:
        names = oids(
            SYS_DESCR, "1.3.6.1.2.1.1.2.0", SYS_UPTIME, f"{IF_IN}.10101", f"{IF_HC_IN}.10102"
        )
        found = ask(target_of(agent), questions.get(names), engine).value
    assert [(tag, value) for _, tag, value in found] == [
        (ber.OCTETS, b"A switch"),
        (ber.OID, oid.encode("1.3.6.1.4.1.9.1.1")),
        (ber.TICKS, 123_456),
        (ber.COUNTER32, 4_000_000_001),
        (ber.COUNTER64, (1 << 63) + 2),
    ]


def test_get_next_tells_where_the_mib_ends(engine: Engine) -> None:
    with ReplayAgent(switch(1)).running() as agent:
        found = ask(target_of(agent), questions.get_next(oids("1.3.6.1.2.1.1", "1.3.7")), engine)
    assert found.value[0][0] == oid.encode(SYS_DESCR)
    assert found.value[1][1] == ber.END_OF_MIB


def test_a_loop_ends_the_walk(engine: Engine) -> None:
    faults = Faults(loop_at=oid.encode(f"{IF_OPER}.10103"))
    with ReplayAgent(switch(), faults=faults).running() as agent:
        found = ask(target_of(agent), walk(oids(IF_OPER)), engine)
    assert len(found.value.columns[oid.encode(IF_OPER)]) == 3
    assert "forward" in found.value.notes[oid.encode(IF_OPER)]


def test_a_lost_request_is_sent_again(engine: Engine) -> None:
    lost: list[bytes] = []

    def lose_the_first(answer: bytes) -> bytes | None:
        lost.append(answer)
        return None if len(lost) == 1 else answer

    with ReplayAgent(switch(), faults=Faults(mangle=lose_the_first)).running() as agent:
        target = target_of(agent, timeout_s=0.3, retries=3)
        found = ask(target, questions.get(oids(SYS_NAME)), engine)
    assert found.value[0][2] == b"sw-1"
    assert len(lost) >= 2


def test_the_silent_do_not_hold_up_the_others(engine: Engine) -> None:
    def is_dead(host: str) -> bool:
        return host.endswith(".3")

    agent = ReplayAgent(switch(3), host="0.0.0.0", faults=Faults(dead=is_dead))
    with agent.running():
        targets = [
            Target(f"127.1.0.{number}", agent.port, timeout_s=0.3, retries=1)
            for number in range(1, 7)
        ]
        talks = [Talk(target, walk(oids(IF_DESCR)), subject=target.host) for target in targets]
        outcomes = {outcome.talk.subject: outcome for outcome in ask_all(talks, engine)}
    assert len(outcomes) == 6
    assert isinstance(outcomes.pop("127.1.0.3").error, UnreachableError)
    assert all(len(found.value.columns[oid.encode(IF_DESCR)]) == 3 for found in outcomes.values())


def test_an_unknown_name_is_the_error_of_its_talk(engine: Engine) -> None:
    found = ask(Target("no-such-host.invalid"), questions.get(oids(SYS_NAME)), engine)
    assert isinstance(found.error, UnreachableError)


def test_both_engines_read_the_same_from_snmpd(daemon: Target) -> None:
    need_pysnmp()
    roots = oids(
        "1.3.6.1.2.1.2.2.1.2", "1.3.6.1.2.1.2.2.1.6", "1.3.6.1.2.1.4.20.1.1", "1.3.6.1.2.1.1.9"
    )
    ours, theirs = (
        ask(daemon, walk(roots), one).value.columns for one in (OwnEngine(), PysnmpEngine())
    )
    assert ours == theirs
    assert any(ours.values())
