"""An agent that serves recordings, with the faults of real networks and devices on demand."""

import heapq
import ipaddress
import random
import select
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

from netops.core.dataclass import dataclass, field
from netops.core.errors import UnreachableError
from netops.snmp import ber, codec, message, pdu
from netops.snmp.ber import Varbind, WireError
from netops.snmp.engines.address import resolve
from netops.snmp.model import User
from netops.snmp.recording import Recording
from netops.snmp.replay_user import UserSide

_IP_PKTINFO = 8
_DATAGRAM_BYTES = 65_535
_BUFFER_BYTES = 4 << 20
_BATCH = 256
_WAKE_S = 0.1


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong; nothing by default."""

    #: Part of the requests that get lost, 0 to 1.
    loss: float = 0.0
    delay_s: float = 0.0
    #: An object that GETNEXT and GETBULK never get past.
    loop_at: bytes | None = None
    #: After `loop_at` comes this one instead: a circle.
    loop_to: bytes | None = None
    #: Answer tooBig above so many bytes, also to GETBULK, as broken agents do.
    too_big_bytes: int | None = None
    #: Stay silent when GETBULK asks for more repetitions: the device is too slow.
    patience: int | None = None
    #: Tells of an address whether nobody answers there.
    dead: Callable[[str], bool] = field(default=lambda _host: False)
    #: Answer from another port than the one that was asked.
    other_port: bool = False
    #: What becomes of an answer before it goes out: breaks it, or None to lose it.
    mangle: Callable[[bytes], bytes | None] = field(default=lambda data: data)
    seed: int = 1


def every_nth(number: int) -> Callable[[str], bool]:
    """Return a test for every nth address, for `Faults.dead`."""

    def is_dead(host: str) -> bool:
        return int(ipaddress.ip_address(host)) % number == 0

    return is_dead


class ReplayAgent:
    """Serves one recording on one address, or on all with 0.0.0.0 or ::."""

    def __init__(
        self,
        recording: Recording,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        community: str | None = None,
        user: User | None = None,
        faults: Faults | None = None,
        answer_bytes: int = 1472,
    ) -> None:
        """Bind; `community` None accepts any. Raises UnreachableError when the address is taken."""
        self.recording, self.faults = recording, faults or Faults()
        self._community = community.encode() if community is not None else None
        self.users = UserSide(user) if user else None
        self._limit = answer_bytes
        self._chance = random.Random(self.faults.seed)  # noqa: S311 - chance, not secrecy
        self._later: list[tuple[float, int, bytes, Any, Any]] = []
        self._stopped = False
        #: Requests that came in, for tests.
        self.requests = 0
        self._socket = self._bound(host, port)
        self._other = self._bound(host, 0) if self.faults.other_port else self._socket
        self.host: str = host
        self.port: int = self._socket.getsockname()[1]

    def _bound(self, host: str, port: int) -> socket.socket:
        family, address = resolve(host, port)
        link = socket.socket(family, socket.SOCK_DGRAM)
        link.setblocking(False)
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        if family == socket.AF_INET:
            link.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
        else:
            link.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        try:
            link.bind(address)
        except OSError as error:
            link.close()
            reason = (error.strerror or str(error)).lower()
            raise UnreachableError(f"cannot listen on {host} port {port}: {reason}") from None
        return link

    # -- serving

    @contextmanager
    def running(self) -> Iterator["ReplayAgent"]:
        """Serve from another thread while the block runs."""
        thread = threading.Thread(target=self.serve, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._stopped = True
            thread.join()
            self.close()

    def close(self) -> None:
        """Let go of the sockets."""
        self._socket.close()
        self._other.close()

    def serve(self) -> None:
        """Answer until stopped."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        while not self._stopped:
            wait_s = max(0.0, self._later[0][0] - monotonic()) if self._later else _WAKE_S
            poll.poll(min(wait_s, _WAKE_S) * 1000)
            for _ in range(_BATCH):
                try:
                    data, extra, _, source = self._socket.recvmsg(_DATAGRAM_BYTES, 256)
                except OSError:
                    break
                self._handle(data, extra, source)
            now_s = monotonic()
            while self._later and self._later[0][0] <= now_s:
                _, _, answer, extra, source = heapq.heappop(self._later)
                self._send(answer, extra, source)

    def _handle(self, data: bytes, extra: Any, source: Any) -> None:
        self.requests += 1
        faults = self.faults
        if faults.dead(_asked(extra)) or (faults.loss and self._chance.random() < faults.loss):
            return
        try:
            answer = self.answer(data)
        except WireError:
            return
        answer = faults.mangle(answer) if answer else None
        if not answer:
            return
        if faults.delay_s:
            due = monotonic() + faults.delay_s
            heapq.heappush(self._later, (due, self.requests, answer, extra, source))
        else:
            self._send(answer, extra, source)

    def _send(self, answer: bytes, extra: Any, source: Any) -> None:
        try:
            self._other.sendmsg([answer], [_back(item) for item in extra], 0, source)
        except OSError:  # the asker went away, or the buffer is full: lost, as on any network
            return

    # -- answering

    def answer(self, data: bytes) -> bytes | None:
        """Return the answer to one datagram, None for silence."""
        envelope = message.open_envelope(data)
        if envelope.version == message.V3:
            return self.users.answer(envelope, self._answer_pdu) if self.users else None
        community, at = ber.read_octets(data, envelope.at, envelope.end)
        if self._community is not None and community != self._community:
            return None
        room = self._limit - len(community) - 40
        body = self._answer_pdu(data, at, envelope.end, room, v1=envelope.version == message.V1)
        return message.seal_community(envelope.version, community, body) if body else None

    def _answer_pdu(self, data: bytes, at: int, limit: int, room: int, *, v1: bool) -> bytes | None:
        kind, ident, non_repeaters, repetitions, asked = codec.read_pdu(data, at, limit)
        names = [name for name, _, _ in asked]
        patience = self.faults.patience
        if kind == pdu.GET_BULK and patience is not None and repetitions > patience:
            return None
        if kind == pdu.GET_BULK and not v1:
            found = self._bulk(names, max(0, non_repeaters), max(0, repetitions), room)
        elif kind in {pdu.GET, pdu.GET_NEXT}:
            found = [self._one(kind, name) for name in names]
        else:
            return _numbered(ident, pdu.GEN_ERR, 1, asked)
        return self._checked(ident, asked, found, room, v1=v1)

    def _checked(
        self, ident: int, asked: list[Varbind], found: list[bytes], room: int, *, v1: bool
    ) -> bytes:
        size = sum(map(len, found))
        too_big = self.faults.too_big_bytes
        if size > room or (too_big is not None and size > too_big):
            return _numbered(ident, pdu.TOO_BIG, 0, [])
        if v1:
            for number, raw in enumerate(found, 1):
                tag = ber.decode_varbind(raw)[1]
                if tag >= ber.NO_SUCH_OBJECT or tag == ber.COUNTER64:
                    return _numbered(ident, pdu.NO_SUCH_NAME, number, asked)
        numbers = ber.integer(ident) + b"\x02\x01\x00\x02\x01\x00"
        return ber.tlv(pdu.RESPONSE, numbers + ber.tlv(ber.SEQUENCE, b"".join(found)))

    def _one(self, kind: int, name: bytes) -> bytes:
        if kind == pdu.GET_NEXT:
            return self._next(name)[1]
        number = self.recording.position(name)
        if number is None:
            return ber.encode_varbind((name, ber.NO_SUCH_INSTANCE, None))
        return self.recording.encoded(number)

    def _next(self, name: bytes) -> tuple[bytes, bytes]:
        faults, recording = self.faults, self.recording
        if name == faults.loop_at:
            number = recording.position(faults.loop_to or name)
            number = recording.after(name) if number is None else number
        else:
            number = recording.after(name)
        if number >= len(recording):
            return name, ber.encode_varbind((name, ber.END_OF_MIB, None))
        return recording.varbinds[number][0], recording.encoded(number)

    def _bulk(self, names: list[bytes], once: int, repetitions: int, room: int) -> list[bytes]:
        found = [self._next(name)[1] for name in names[:once]]
        left = room - sum(map(len, found))
        current = names[once:]
        for _ in range(repetitions if current else 0):
            for column, name in enumerate(current):
                current[column], raw = self._next(name)
                left -= len(raw)
                if left < 0:
                    return found
                found.append(raw)
            if all(raw[-2] == ber.END_OF_MIB and raw[-1] == 0 for raw in found[-len(current) :]):
                break
        return found


def _numbered(ident: int, status: int, position: int, asked: list[Varbind]) -> bytes:
    return pdu.encode_answer(pdu.RESPONSE, ident, pdu.Response(status, position, asked))


def _asked(extra: Any) -> str:
    """Return the address a request was sent to."""
    for level, _, data in extra:
        if level == socket.IPPROTO_IP:
            return socket.inet_ntop(socket.AF_INET, data[8:12])
        return socket.inet_ntop(socket.AF_INET6, data[:16])
    return ""


def _back(item: Any) -> Any:
    """Return the control message that makes an answer come from where the request went."""
    level, kind, data = item
    if level == socket.IPPROTO_IP:
        return level, kind, struct.pack("=I4s4s", 0, data[8:12], b"\0" * 4)
    return item
