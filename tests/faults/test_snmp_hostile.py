"""Every datagram is hostile: mutated real packets and noise never crash, hang or fill the engine."""

import random
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netops.core.errors import AccessError, NetopsError
from netops.snmp import message, pdu, recording
from netops.snmp.ber import WireError
from netops.snmp.engines.own import OwnEngine
from netops.snmp.model import Community, Talk, Target, User
from netops.snmp.pdu import Request
from netops.snmp.peers import PeerBook
from netops.snmp.replay import Faults, ReplayAgent
from netops.snmp.session import CommunitySession, Session, UserSession
from netops.snmp.walk import walk
from tests.unit.snmp.farm import IF_DESCR, IF_OPER, SYS_NAME, ask_all, oids, switch, target_of

ADDRESS = ("127.0.0.1", 161)
USER = User("netops", "sha256", "authpass12345", "aes128", "privpass12345")
IDENT = 0x41424344


def recorded() -> list[bytes]:
    """Return real answers: v2c, v3 discovery, v3 encrypted, v3 out of its window."""
    agent = ReplayAgent(switch(6), user=USER)
    try:
        bulk = Request(pdu.GET_BULK, tuple(oids(IF_DESCR, IF_OPER)), 0, 6)
        book = PeerBook()
        session = UserSession(USER, ADDRESS, book)
        plain = CommunitySession("2c", Community())
        packets = [plain.seal(bulk, IDENT), session.seal(bulk, IDENT)]
        answers = [agent.answer(packet) or b"" for packet in packets]
        session.open(message.open_envelope(answers[1]))
        answers.append(agent.answer(session.seal(bulk, IDENT)) or b"")
        book.learn(ADDRESS, b"\x80\x00\x00\x00\x05netops", 99, 1)
        answers.append(agent.answer(session.seal(bulk, IDENT)) or b"")
    finally:
        agent.close()
    assert all(answers)
    return answers


ANSWERS = recorded()


def sessions() -> list[Session]:
    book = PeerBook()
    book.learn(ADDRESS, b"\x80\x00\x00\x00\x05netops", 1, 1)
    return [
        CommunitySession("2c", Community()),
        UserSession(USER, ADDRESS, book),
        UserSession(USER, ("127.0.0.1", 162), PeerBook()),
    ]


def swallow(data: bytes) -> None:
    """Open a datagram every way the engine would; only its own refusals may come out."""
    for session in sessions():
        try:
            session.open(message.open_envelope(data))
        except (WireError, AccessError):
            continue


def mutated(data: bytes, chance: random.Random) -> bytes:
    packet = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(packet))
        match chance.randrange(5):
            case 0:
                packet[at] = chance.choice((0, 0x7F, 0x80, 0x81, 0x84, 0x88, 0xFF))
            case 1:
                packet[at] ^= 1 << chance.randrange(8)
            case 2:
                del packet[at : at + chance.randint(1, 8)]
            case 3:
                packet[at:at] = packet[max(0, at - 20) : at]
            case _:
                del packet[at:]
        if not packet:
            return b"\x30"
    return bytes(packet)


@pytest.mark.parametrize("kind", range(len(ANSWERS)), ids=["v2c", "discovery", "private", "window"])
def test_mutated_packets_are_refused_or_read_but_nothing_else(kind: int) -> None:
    chance = random.Random(kind)
    tracemalloc.start()
    try:
        for _ in range(2500):
            swallow(mutated(ANSWERS[kind], chance))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 24_000_000


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_noise_is_refused(data: bytes) -> None:
    swallow(data)
    swallow(b"\x30" + bytes([min(len(data), 127)]) + data)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(ANSWERS) - 1), st.data())
def test_every_prefix_and_every_flip_is_survived(kind: int, data: st.DataObject) -> None:
    packet = ANSWERS[kind]
    swallow(packet[: data.draw(st.integers(0, len(packet)))])
    at = data.draw(st.integers(0, len(packet) - 1))
    swallow(packet[:at] + bytes([data.draw(st.integers(0, 255))]) + packet[at + 1 :])


def test_a_private_answer_changed_anywhere_is_never_taken_for_true() -> None:
    book = PeerBook()
    book.learn(ADDRESS, b"\x80\x00\x00\x00\x05netops", 1, 1)
    session = UserSession(USER, ADDRESS, book)
    packet = ANSWERS[2]
    good = session.open(message.open_envelope(packet))
    assert good is not None
    assert len(good.varbinds) == 12
    for at in range(len(packet)):
        forged = packet[:at] + bytes([packet[at] ^ 0x01]) + packet[at + 1 :]
        try:
            found = session.open(message.open_envelope(forged))
        except (WireError, AccessError):
            continue
        assert found is None, f"octet {at} can be changed"


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_any_file_is_a_recording_or_refused(data: bytes) -> None:
    found = recording.parse(data)
    assert len(found) + found.skipped <= data.count(b"\n") + 1


def test_an_agent_that_sends_rubbish_is_given_up_in_time_with_the_reason() -> None:
    chance = random.Random(7)
    faults = Faults(mangle=lambda answer: mutated(answer, chance))
    with ReplayAgent(switch(20), faults=faults).running() as agent:
        target = target_of(agent, timeout_s=0.05, retries=1)
        talks = [
            Talk(target, walk(oids(IF_DESCR, IF_OPER), scalars=oids(SYS_NAME))) for _ in range(30)
        ]
        found = ask_all(talks, OwnEngine())
    assert len(found) == 30
    for outcome in found:
        assert outcome.ok or isinstance(outcome.error, NetopsError)


def test_a_malformed_answer_is_named_as_the_reason() -> None:
    with ReplayAgent(switch(), faults=Faults(mangle=lambda answer: answer[:-3])).running() as agent:
        (found,) = ask_all([Talk(target_of(agent, timeout_s=0.1, retries=0), walk(oids(IF_DESCR)))])
    assert "longer than what holds it" in str(found.error)


def test_a_target_says_no_secret() -> None:
    target = Target("h", auth=Community("topsecret"))
    assert "topsecret" not in repr(target)
