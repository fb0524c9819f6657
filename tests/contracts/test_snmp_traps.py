"""Traps and informs as net-snmp and pysnmp send them, and as nobody should."""

import asyncio
import random
import socket
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netops.core.errors import UnreachableError
from netops.snmp import ber, message, oid, pdu
from netops.snmp.message import AUTH, PRIVATE, Header
from netops.snmp.model import Community, User
from netops.snmp.notification import INFORM, TRAP, TRAP_OID, Notification
from netops.snmp.pdu import Response
from netops.snmp.traps import TrapListener
from netops.snmp.usm import keys_of, secured
from tests.contracts.snmp_daemon import AUTH_PASSWORD, PORT_NAMES, PRIVACY_NAMES, PRIVACY_PASSWORD
from tests.contracts.snmp_daemon import users as net_snmp_users
from tests.require import need

LINK_DOWN = "1.3.6.1.6.3.1.1.5.3"
IF_OPER_3 = "1.3.6.1.2.1.2.2.1.8.3"
USERS = net_snmp_users()
ENGINE = b"\x80\x00\x00\x00\x05sender"
STRONG = next(user for user in USERS if user.name == "sha256aes256")
SOURCE = ("192.0.2.7", 5000)


@pytest.fixture
def listener() -> Iterator[TrapListener]:
    found = TrapListener(host="127.0.0.1", port=0, communities=[Community("public")], users=USERS)
    with found.running():
        yield found


@pytest.fixture
def quiet() -> Iterator[TrapListener]:
    """A listener that is fed by hand."""
    found = TrapListener(
        host="127.0.0.1", port=0, communities=[Community("public")], users=USERS, queue_size=5
    )
    yield found
    found.close()


def send(command: str, listener: TrapListener, options: list[str], *what: str) -> int:
    need(command)
    words = [command, "-m", "", "-r2", "-t2", *options, f"127.0.0.1:{listener.port}", *what]
    done = subprocess.run(
        words, capture_output=True, check=False, timeout=30, env={"MIBS": "", "PATH": "/usr/bin"}
    )
    return done.returncode


def taken(listener: TrapListener) -> Notification:
    found = listener.take(5)
    assert found is not None, listener.counts
    return found


def test_a_v1_trap_is_told_like_a_v2_trap(listener: TrapListener) -> None:
    place = ["1.3.6.1.4.1.8072.9", "192.0.2.9"]
    send("snmptrap", listener, ["-v1", "-cpublic"], *place, "2", "0", "1200", IF_OPER_3, "i", "2")
    found = taken(listener)
    assert (found.version, found.kind, found.name, found.uptime_s) == ("1", "trap", "linkDown", 12)
    assert (found.agent, found.values()) == ("192.0.2.9", {"ifOperStatus.3": "down"})
    send("snmptrap", listener, ["-v1", "-cpublic"], *place, "6", "17", "1200")
    assert oid.text_of(taken(listener).what) == "1.3.6.1.4.1.8072.9.0.17"


@pytest.mark.parametrize(("command", "kind"), [("snmptrap", "trap"), ("snmpinform", "inform")])
def test_v2c_traps_and_informs_arrive_and_informs_are_confirmed(
    listener: TrapListener, command: str, kind: str
) -> None:
    words = ["4200", LINK_DOWN, IF_OPER_3, "i", "2", "1.3.6.1.2.1.1.5.0", "s", "楼 1"]
    assert send(command, listener, ["-v2c", "-cpublic"], *words) == 0
    found = taken(listener)
    assert (found.kind, found.name, found.uptime_s) == (kind, "linkDown", 42)
    assert found.values() == {"ifOperStatus.3": "down", "sysName.0": "楼 1"}
    assert found.as_dict()["oid"] == LINK_DOWN


@pytest.mark.parametrize("user", USERS, ids=lambda user: user.name)
def test_v3_traps_and_informs_arrive_with_every_algorithm(
    listener: TrapListener, user: User
) -> None:
    level = "authPriv" if user.privacy else "authNoPriv" if user.auth else "noAuthNoPriv"
    options = ["-v3", "-u", user.name, "-l", level]
    if user.auth:
        auth = PORT_NAMES.get(user.auth, user.auth.upper().replace("SHA", "SHA-"))
        options += ["-a", auth, "-A", AUTH_PASSWORD]
    if user.privacy:
        options += ["-x", PRIVACY_NAMES[user.privacy], "-X", PRIVACY_PASSWORD]
    words = ["4200", LINK_DOWN, IF_OPER_3, "i", "2"]
    assert send("snmptrap", listener, ["-e", "0x8000000001020304", *options], *words) == 0
    found = taken(listener)
    assert (found.user, found.kind, found.engine_id) == (user.name, "trap", "8000000001020304")
    assert send("snmpinform", listener, options, *words) == 0
    found = taken(listener)
    assert (found.user, found.kind) == (user.name, "inform")
    assert found.values() == {"ifOperStatus.3": "down"}


@pytest.mark.parametrize("kind", ["trap", "inform"])
@pytest.mark.parametrize("version", ["2c", "3"])
def test_what_pysnmp_sends_arrives(listener: TrapListener, kind: str, version: str) -> None:
    api: Any = pytest.importorskip("pysnmp.hlapi.v3arch.asyncio")

    async def told() -> Any:
        engine = api.SnmpEngine()
        auth = api.CommunityData("public", mpModel=1)
        if version == "3":
            auth = api.UsmUserData(
                STRONG.name,
                authKey=AUTH_PASSWORD,
                privKey=PRIVACY_PASSWORD,
                authProtocol=api.USM_AUTH_HMAC192_SHA256,
                privProtocol=api.USM_PRIV_CFB256_AES_BLUMENTHAL,
            )
        place = await api.UdpTransportTarget.create(("127.0.0.1", listener.port), 2, 1)
        what = api.NotificationType(api.ObjectIdentity(LINK_DOWN))
        try:
            return await api.send_notification(
                engine, auth, place, api.ContextData(), kind, what, lookupMib=False
            )
        finally:
            engine.close_dispatcher()

    problem, *_ = asyncio.run(told())
    assert problem is None
    found = taken(listener)
    assert (found.name, found.kind, found.version) == ("linkDown", kind, version)


def notification(
    ident: int = 7, kind: int = TRAP, what: str = LINK_DOWN, ticks: int = 100
) -> bytes:
    bindings: list[ber.Varbind] = [
        (oid.encode("1.3.6.1.2.1.1.3.0"), ber.TICKS, ticks),
        (TRAP_OID, ber.OID, oid.encode(what)),
    ]
    return pdu.encode_answer(kind, ident, Response(0, 0, bindings))


def v2c(body: bytes, community: bytes = b"public") -> bytes:
    return message.seal_community(message.V2C, community, body)


def signed(body: bytes, *, boots: int = 3, clock: int = 1000, user: User = STRONG) -> bytes:
    header = Header(9, AUTH | PRIVATE, ENGINE, boots, clock, user.name.encode())
    return secured(header, message.scoped(ENGINE, b"", body), keys_of(user, ENGINE))


def test_strangers_are_refused_and_counted(quiet: TrapListener) -> None:
    stranger = User("sha256aes256", "sha256", "another-password", "aes256", PRIVACY_PASSWORD)
    nobody = User("nobody", "sha256", AUTH_PASSWORD, "aes256", PRIVACY_PASSWORD)
    for data in (
        v2c(notification(), b"wrong"),
        signed(notification(), user=stranger),
        signed(notification(), user=nobody),
    ):
        assert quiet.receive(data, SOURCE) is None
    assert quiet.counts.refused == 3
    assert quiet.take(0) is None


def test_an_old_v3_trap_played_again_is_refused(quiet: TrapListener) -> None:
    first = signed(notification(1))
    quiet.receive(first, SOURCE)
    quiet.receive(signed(notification(2, what="1.3.6.1.6.3.1.1.5.4"), clock=2000), SOURCE)
    quiet.receive(first, SOURCE)
    quiet.receive(signed(notification(3), boots=2, clock=9000), SOURCE)
    assert (quiet.counts.accepted, quiet.counts.refused) == (2, 2)
    quiet.receive(signed(notification(4, what="1.3.6.1.6.3.1.1.5.1"), boots=4, clock=1), SOURCE)
    assert quiet.counts.accepted == 3  # it restarted


def test_a_full_queue_drops_and_counts_and_confirms_nothing(quiet: TrapListener) -> None:
    answers = [quiet.receive(v2c(notification(n, INFORM)), SOURCE) for n in range(8)]
    assert (quiet.counts.accepted, quiet.counts.dropped) == (5, 3)
    assert [answer is not None for answer in answers] == [True] * 5 + [False] * 3
    assert quiet.take(0) is not None
    again = quiet.receive(
        v2c(notification(6, INFORM)), SOURCE
    )  # it asks again, and now there is room
    assert again is not None
    assert quiet.counts.accepted == 6


def test_the_same_said_again_is_taken_once_and_an_inform_confirmed_each_time(
    quiet: TrapListener,
) -> None:
    for _ in range(3):
        assert quiet.receive(v2c(notification(5, INFORM)), SOURCE)
        quiet.receive(v2c(notification(6)), SOURCE)
    quiet.receive(v2c(notification(6)), ("192.0.2.8", 5000))
    assert (quiet.counts.accepted, quiet.counts.repeated) == (3, 4)


def test_a_link_that_flaps_is_told_each_time(quiet: TrapListener) -> None:
    for ticks, what in ((100, LINK_DOWN), (101, "1.3.6.1.6.3.1.1.5.4"), (102, LINK_DOWN)):
        quiet.receive(v2c(notification(ticks, what=what, ticks=ticks)), SOURCE)
    names = [found.name for found in iter(lambda: quiet.take(0), None)]
    assert names == ["linkDown", "linkUp", "linkDown"]


def test_a_flood_is_survived_and_honestly_counted() -> None:
    with TrapListener(host="127.0.0.1", port=0, queue_size=50).running() as listener:
        total = 3000
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
            for number in range(total):
                data = v2c(notification(number, what=f"1.3.6.1.4.1.1.{number}"))
                link.sendto(data, ("127.0.0.1", listener.port))
        counts = listener.counts
        for _ in range(100):
            if counts.received + counts.lost_in_kernel >= total:
                break
            time.sleep(0.05)
        # what the kernel lost last is told with the next datagram that gets through
        assert counts.accepted == 50
        assert counts.received == counts.accepted + counts.dropped
        assert counts.malformed == counts.refused == 0


SEEDS = [
    v2c(notification()),
    v2c(notification(7, INFORM)),
    signed(notification()),
    bytes.fromhex(
        "302e02010004067075626c6963a42106092b0601040182c808014004c0000209020106020111430204b0300030"
    ),
]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(SEEDS), st.randoms(use_true_random=False), st.binary(max_size=40))
def test_whatever_comes_is_counted_and_nothing_breaks(
    seed: bytes, chance: random.Random, noise: bytes
) -> None:
    listener = _shared()
    packet = bytearray(seed)
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(packet))
        packet[at : at + chance.randint(0, 2)] = bytes([chance.randrange(256)])
    before = listener.counts.received
    for data in (bytes(packet), noise, b"\x30" + bytes([min(127, len(noise))]) + noise):
        listener.receive(data, SOURCE)
    counts = listener.counts
    assert counts.received == before + 3
    while (found := listener.take(0)) is not None:
        found.as_dict()


_LISTENERS: list[TrapListener] = []


def _shared() -> TrapListener:
    if not _LISTENERS:
        _LISTENERS.append(TrapListener(host="127.0.0.1", port=0, users=USERS, queue_size=100))
        _LISTENERS[0].close()
    return _LISTENERS[0]


def test_a_taken_port_is_told(listener: TrapListener) -> None:
    with pytest.raises(UnreachableError, match="cannot listen"):
        TrapListener(host="127.0.0.1", port=listener.port)
