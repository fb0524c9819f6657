"""Loss, silence, strangers and forgetful clocks between our engine and its agents."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from netops.core.errors import AccessError, UnreachableError
from netops.snmp import ask as questions
from netops.snmp import module, oid
from netops.snmp.ask import Asking
from netops.snmp.engines.own import OwnEngine
from netops.snmp.model import Community, Talk, Target, User
from netops.snmp.peers import PeerBook
from netops.snmp.plan import Habits
from netops.snmp.rates import renumbered
from netops.snmp.replay import Faults, ReplayAgent, every_nth
from netops.snmp.replay_user import UserSide
from netops.snmp.table import read_modules
from netops.snmp.walk import walk
from tests.contracts.snmp_daemon import free_port
from tests.unit.snmp.farm import (
    IF_DESCR,
    IF_HC_IN,
    IF_OPER,
    SYS_NAME,
    ask,
    ask_all,
    oids,
    switch,
    target_of,
)

USER = User("netops", "sha256", "authpass12345", "aes256", "privpass12345")

PORT_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


def hosts(count: int) -> list[str]:
    return [f"127.2.{number // 250}.{number % 250 + 1}" for number in range(count)]


def talks_to(agent: ReplayAgent, count: int, *, timeout_s: float, retries: int) -> list[Talk]:
    return [
        Talk(
            Target(host, agent.port, timeout_s=timeout_s, retries=retries),
            walk(oids(IF_DESCR, IF_OPER)),
            host,
        )
        for host in hosts(count)
    ]


def test_two_percent_loss_and_a_thousand_at_once_make_nobody_look_down() -> None:
    agent = ReplayAgent(switch(4), host="0.0.0.0", faults=Faults(loss=0.02))
    with agent.running():
        engine = OwnEngine(window=1000)
        found = ask_all(talks_to(agent, 1000, timeout_s=4.0, retries=3), engine)
    assert len(found) == 1000
    assert [outcome.error for outcome in found if outcome.error] == []
    assert sum(outcome.sent - outcome.answered for outcome in found) > 5


def test_who_cannot_even_be_sent_to_waits_for_no_silent_device() -> None:
    forbidden = [Target("255.255.255.255", port) for port in range(2000, 2040)]
    silent = Target("127.2.0.1", free_port(), timeout_s=2.0, retries=0)
    talks = [Talk(target, walk(oids(IF_DESCR))) for target in [silent, *forbidden, *forbidden]]
    started = time.monotonic()
    found = OwnEngine(window=3).converse(talks)
    errors = [str(next(found).error) for _ in range(80)]
    assert time.monotonic() - started < 1.5
    assert {error.partition(": ")[2] for error in errors} == {"permission denied"}
    assert "does not answer" in str(next(found).error)
    assert list(found) == []


def test_the_dead_cost_no_more_than_their_own_time() -> None:
    agent = ReplayAgent(switch(4), host="0.0.0.0", faults=Faults(dead=every_nth(10)))
    with agent.running():
        started = time.monotonic()
        found = ask_all(talks_to(agent, 100, timeout_s=1.0, retries=1), OwnEngine(window=200))
        wall_s = time.monotonic() - started
    dead = [outcome for outcome in found if outcome.error]
    assert len(dead) == 10
    assert all(isinstance(outcome.error, UnreachableError) for outcome in dead)
    assert all(outcome.sent == 2 for outcome in dead)
    assert 1.9 <= wall_s <= 10  # one after the other, the ten take 20 s


def test_a_request_is_repeated_with_the_same_id_and_longer_pauses() -> None:
    """A new id for each try would be work for the device, and its late answer be lost."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        silent.settimeout(5)
        target = Target("127.0.0.1", silent.getsockname()[1], timeout_s=0.2, retries=3)
        came: list[tuple[float, bytes]] = []

        def hear() -> None:
            for _ in range(4):
                came.append((time.monotonic(), silent.recv(2048)))
                came.sort()

        thread = threading.Thread(target=hear)
        thread.start()
        started = time.monotonic()
        found = ask(target, questions.get(oids(SYS_NAME)))
        wall_s = time.monotonic() - started
        thread.join()
    assert isinstance(found.error, UnreachableError)
    assert len({data for _, data in came}) == 1
    pauses = [after - before for (before, _), (after, _) in pairwise(came)]
    assert pauses == sorted(pauses)
    assert 0.8 <= wall_s <= 0.8 + 1.0  # timeout x (1 + retries), and a busy machine


def test_who_takes_the_outcomes_slowly_makes_nobody_look_dead() -> None:
    """The answers lie in the socket meanwhile; they are read before any timer fires."""
    agent = ReplayAgent(switch(2), host="0.0.0.0")
    found = []
    with agent.running():
        talks = [
            Talk(Target(host, agent.port, timeout_s=0.3, retries=0), questions.get(oids(SYS_NAME)))
            for host in hosts(40)
        ]
        for outcome in OwnEngine(window=40).converse(talks):
            found.append(outcome)
            if len(found) in {1, 20}:
                time.sleep(0.5)
    assert [outcome.error for outcome in found if outcome.error] == []


def test_interfaces_that_moved_to_other_numbers_are_followed_by_name() -> None:
    forms = [module.load("if")]
    maps = []
    for first in (10_101, 10_103):  # after a restart everything moved by two
        with ReplayAgent(switch(4, first=first)).running() as agent:
            readings = ask(target_of(agent), read_modules(forms)).value
        rows = readings.tables["ifXTable"]
        maps.append({int(row["ifIndex"]): str(row["ifName"]) for row in rows})
    found = renumbered(*maps)
    assert found.moved["Gi1/0/1"] == (10_101, 10_103)
    assert len(found.moved) == 4
    assert (found.new, found.gone) == ((), ())


def test_an_answer_from_another_port_counts_only_when_the_device_is_known_for_it() -> None:
    with ReplayAgent(switch(), faults=Faults(other_port=True)).running() as agent:
        target = target_of(agent, timeout_s=0.2, retries=1)
        strict = ask(target, questions.get(oids(SYS_NAME)))
        assert isinstance(strict.error, UnreachableError)
        assert "came from 127.0.0.1" in str(strict.error)
        loose = target_of(agent, loose_source=True)
        assert ask(loose, questions.get(oids(SYS_NAME))).value[0][2] == b"sw-1"


def test_even_then_a_stranger_without_the_community_is_not_believed() -> None:
    def forged(answer: bytes) -> bytes:
        return answer.replace(b"public", b"secret")

    faults = Faults(other_port=True, mangle=forged)
    with ReplayAgent(switch(), faults=faults).running() as agent:
        target = target_of(agent, loose_source=True, timeout_s=0.2, retries=0)
        found = ask(target, questions.get(oids(SYS_NAME)))
    assert isinstance(found.error, UnreachableError)


def test_a_loop_is_left_after_at_most_two_answers() -> None:
    name = oid.encode(f"{IF_OPER}.10105")
    for faults in (
        Faults(loop_at=name),
        Faults(loop_at=name, loop_to=oid.encode(f"{IF_OPER}.10102")),
    ):
        with ReplayAgent(switch(), faults=faults).running() as agent:
            found = ask(target_of(agent), walk(oids(IF_OPER)))
        assert found.answered <= 2
        assert "forward" in found.value.notes[oid.encode(IF_OPER)]


@pytest.mark.parametrize(
    "faults", [Faults(too_big_bytes=200), Faults(patience=10)], ids=["too big", "too slow"]
)
def test_what_a_device_can_take_is_found_out_and_kept(faults: Faults) -> None:
    habits = Habits()
    with ReplayAgent(switch(40), faults=faults).running() as agent:
        target = target_of(agent, timeout_s=0.1, retries=0)
        found = ask(target, walk(oids(IF_HC_IN, IF_DESCR), habits=habits))
        later = [ask(target, walk(oids(IF_HC_IN, IF_DESCR), habits=habits)) for _ in range(12)]
    for outcome in (found, *later):
        assert [len(rows) for rows in outcome.value.columns.values()] == [40, 40]
    assert habits.cautious
    assert later[-1].sent == later[-1].answered  # it is not tried again and again
    assert later[-1].sent <= found.sent
    assert Habits.from_dict(habits.as_dict()) == habits


def test_several_talks_with_one_device_take_turns() -> None:
    with ReplayAgent(switch(), faults=Faults(delay_s=0.02)).running() as agent:
        target = target_of(agent)
        found = ask_all([Talk(target, walk(oids(IF_DESCR)), n) for n in range(20)])
        assert agent.requests == sum(outcome.sent for outcome in found)
    assert sorted(outcome.talk.subject for outcome in found) == list(range(20))  # type: ignore[type-var]
    assert not [outcome.error for outcome in found if outcome.error]


def test_a_network_that_refuses_is_told_at_once() -> None:
    found = ask_all([Talk(Target("255.255.255.255"), walk(oids(IF_DESCR)), n) for n in range(3)])
    assert len(found) == 3
    assert all(isinstance(outcome.error, UnreachableError) for outcome in found)


@contextmanager
def v3_agent(user: User = USER) -> Iterator[tuple[ReplayAgent, UserSide]]:
    agent = ReplayAgent(switch(), user=user)
    with agent.running():
        assert agent.users is not None
        yield agent, agent.users


def test_a_clock_that_jumps_costs_one_more_exchange() -> None:
    engine = OwnEngine()
    with v3_agent() as (agent, side):
        target = target_of(agent, version="3", auth=USER)
        first = ask(target, questions.get(oids(SYS_NAME)), engine)
        assert (first.error, first.sent) == (None, 2)  # discovery
        assert ask(target, questions.get(oids(SYS_NAME)), engine).sent == 1
        side.time_offset_s += 1000
        assert ask(target, questions.get(oids(SYS_NAME)), engine).sent == 2
        side.boots = 9
        assert ask(target, questions.get(oids(SYS_NAME)), engine).sent == 2
        side.boots = 1  # it forgot how often it booted
        again = ask(target, questions.get(oids(SYS_NAME)), engine)
        assert (again.error, again.sent) == (None, 2)


def test_a_device_that_was_replaced_is_discovered_anew() -> None:
    engine = OwnEngine()
    with v3_agent() as (agent, side):
        target = target_of(agent, version="3", auth=USER)
        assert ask(target, questions.get(oids(SYS_NAME)), engine).ok
        side.engine_id = b"\x80\x00\x00\x00\x05another"
        found = ask(target, questions.get(oids(SYS_NAME)), engine)
    assert (found.error, found.sent) == (None, 2)


def test_what_is_known_of_agents_is_kept_for_the_next_run() -> None:
    with v3_agent() as (agent, _side):
        target = target_of(agent, version="3", auth=USER)
        engine = OwnEngine()
        assert ask(target, questions.get(oids(SYS_NAME)), engine).ok
        book = PeerBook()
        book.load(engine.book.as_dict())
        found = ask(target, questions.get(oids(SYS_NAME)), OwnEngine(book=book))
    assert (found.error, found.sent) == (None, 1)
    broken = PeerBook()
    broken.load({"x": 1, "h 161": ["zz", 1, 1, 1.0], "h x": ["00", 1, 1, 1.0]})
    assert broken.as_dict() == {}


def test_two_devices_with_one_engine_id_are_noticed_and_both_polled() -> None:
    engine = OwnEngine()
    with v3_agent() as (one, first), v3_agent() as (two, second):
        first.engine_id = second.engine_id = b"\x80\x00\x00\x00\x05cloned"
        second.time_offset_s = 5000
        for agent in (one, two, one, two):
            target = target_of(agent, version="3", auth=USER)
            assert ask(target, questions.get(oids(SYS_NAME)), engine).ok
        last = target_of(two, version="3", auth=USER)
        assert ask(last, questions.get(oids(SYS_NAME)), engine).sent == 1
    (addresses,) = engine.book.duplicates().values()
    assert len(addresses) == 2


def test_an_unsigned_report_is_believed_for_discovery_alone() -> None:
    """A stranger who says “not in time window” or answers in clear moves nothing."""
    plain = User("netops")
    with v3_agent(plain) as (agent, side):
        side.engine_id = b"\x80\x00\x00\x00\x05netops"
        engine = OwnEngine()
        target = target_of(agent, version="3", auth=USER, timeout_s=0.3, retries=0)
        found = ask(target, questions.get(oids(SYS_NAME)), engine)
    assert isinstance(found.error, AccessError | UnreachableError)


def test_a_v3_agent_without_end_of_excuses_is_given_up() -> None:
    with v3_agent() as (agent, side):
        side.boots = 5
        target = target_of(agent, version="3", auth=USER, timeout_s=0.3, retries=0)
        stop = threading.Event()

        def flicker() -> None:
            while not stop.is_set():
                side.boots += 1

        thread = threading.Thread(target=flicker)
        thread.start()
        try:
            found = ask(target, questions.get(oids(SYS_NAME)))
        finally:
            stop.set()
            thread.join()
    assert found.sent < 10


def test_a_flood_of_rubbish_does_not_hide_the_answer() -> None:
    with ReplayAgent(switch(), faults=Faults(delay_s=0.1)).running() as agent:
        target = target_of(agent, timeout_s=2.0, retries=1, auth=Community("public"))
        done = threading.Event()

        def shout() -> None:
            # the engine's port is unknown to a stranger; spray the ones the kernel gives out next
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
                low, high = map(int, PORT_RANGE.read_text().split())
                for port in range(low, high, 7):
                    if done.is_set():
                        return
                    link.sendto(b"\x30\x03\x02\x01\x01", ("127.0.0.1", port))

        thread = threading.Thread(target=shout)
        thread.start()
        try:
            found = ask(target, questions.get(oids(SYS_NAME)))
        finally:
            done.set()
            thread.join()
    assert found.value[0][2] == b"sw-1"


@pytest.mark.parametrize("window", [1, 3])
def test_a_small_window_leads_everybody_to_the_end(window: int) -> None:
    agent = ReplayAgent(switch(2), host="0.0.0.0", faults=Faults(dead=every_nth(7)))
    with agent.running():
        found = ask_all(talks_to(agent, 20, timeout_s=0.1, retries=0), OwnEngine(window=window))
    assert len(found) == 20


def test_a_batch_that_is_broken_off_leaves_no_socket_open() -> None:
    with ReplayAgent(switch(2), host="0.0.0.0").running() as agent:
        outcomes = OwnEngine(window=5).converse(talks_to(agent, 50, timeout_s=1.0, retries=0))
        next(outcomes)
        outcomes.close()  # type: ignore[attr-defined]  # a generator; ResourceWarning fails the test


def test_a_busy_poller_gives_the_silent_up_in_time() -> None:
    """Live agents answer at once, each answer takes long to deal with: no pause comes between."""
    lived: list[float] = []

    def busy(ends_at_s: float) -> Asking[None]:
        while time.monotonic() < ends_at_s:
            yield from questions.get(oids(SYS_NAME))
            time.sleep(0.002)
        lived.append(time.monotonic())

    def is_dead(host: str) -> bool:
        return host == "127.1.0.9"

    agent = ReplayAgent(switch(1), host="0.0.0.0", faults=Faults(dead=is_dead))
    with agent.running():
        ends_at_s = time.monotonic() + 1.6
        silent = Target("127.1.0.9", agent.port, timeout_s=0.2, retries=3)
        talks = [Talk(silent, questions.get(oids(SYS_NAME)), "silent")]
        talks += [
            Talk(Target(f"127.1.0.{number}", agent.port), busy(ends_at_s), "busy")
            for number in range(10, 30)
        ]
        found = {one.talk.subject: one for one in OwnEngine().converse(talks)}
    assert isinstance(found["silent"].error, UnreachableError)
    assert found["silent"].sent == 4
    assert 0.8 <= found["silent"].duration_s < 1.5  # 0.88 s, and a busy machine
    assert len(lived) == 20
