"""Receives traps and informs of v1, v2c and v3; a flood costs counted drops, never memory or the process."""

import hashlib
import hmac
import queue
import select
import socket
import struct
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import Any

from netops.core.dataclass import dataclass, replace
from netops.core.errors import UnreachableError
from netops.snmp import ber, message, pdu
from netops.snmp.ber import WireError
from netops.snmp.engines.address import resolve
from netops.snmp.message import AUTH, PRIVATE, REPORTABLE, Envelope, Sealed
from netops.snmp.model import Community, User
from netops.snmp.notification import INFORM, TRAP_V1, Notification, Said, read_notification
from netops.snmp.replay_user import UserSide
from netops.snmp.usm import keys_of

DEFAULT_PORT = 162
_DATAGRAM_BYTES = 65_535
_BUFFER_BYTES = 4 << 20
_BATCH = 256
_WAKE_S = 0.2
_SO_RXQ_OVFL = 40
_INFORM_MEMORY_S = 60.0
_REMEMBERED = 4096
_WINDOW_S = 150
_VERSIONS = {message.V1: "1", message.V2C: "2c"}


@dataclass(slots=True)
class Counts:
    """What became of the datagrams."""

    received: int = 0
    accepted: int = 0
    #: The same again: a retransmission, or a device that says everything several times.
    repeated: int = 0
    #: A wrong community, user or signature, or an old message played again.
    refused: int = 0
    malformed: int = 0
    #: Nobody took them from the queue in time; informs among them come again.
    dropped: int = 0
    #: Lost before we could read them.
    lost_in_kernel: int = 0

    def as_dict(self) -> dict[str, int]:
        """Return plain values for `--json`."""
        return asdict(self)


class TrapListener:
    """
    Listens on one address; `take` what comes from another thread than the one that serves.

    `communities` None accepts any. An inform is confirmed only once it is in the queue.
    """

    def __init__(
        self,
        *,
        host: str = "0.0.0.0",  # noqa: S104 - devices are everywhere
        port: int = DEFAULT_PORT,
        communities: Sequence[Community] | None = None,
        users: Sequence[User] = (),
        queue_size: int = 10_000,
        dedupe_s: float = 5.0,
    ) -> None:
        """Bind; raises UnreachableError when the address is taken or not allowed."""
        self.counts = Counts()
        self._communities = (
            None if communities is None else [one.name.encode() for one in communities]
        )
        self._users = {user.name.encode(): user for user in users}
        boots = int(time.time() / 60) & 0x7FFFFFFF  # grows from start to start without being kept
        self.engine_id = (
            b"\x80\0\0\0\x05"
            + hashlib.sha256(f"netops {socket.gethostname()} {port}".encode()).digest()[:12]
        )
        self._sides = {
            name: UserSide(user, self.engine_id, boots) for name, user in self._users.items()
        }
        self._queue: queue.Queue[Notification] = queue.Queue(maxsize=queue_size)
        self._dedupe_s = dedupe_s
        self._recent: OrderedDict[object, float] = OrderedDict()
        self._clocks: OrderedDict[bytes, tuple[int, int, float]] = OrderedDict()
        self._stopped = threading.Event()
        self._kernel_drops = 0
        self._socket = _bound(host, port)
        self.host, self.port = host, int(self._socket.getsockname()[1])

    # -- for those who want to know

    def take(self, timeout_s: float | None = None) -> Notification | None:
        """Return the next notification, None when none comes in time."""
        try:
            return self._queue.get(timeout=timeout_s)
        except queue.Empty:
            return None

    @contextmanager
    def running(self) -> Iterator["TrapListener"]:
        """Serve from another thread while the block runs."""
        thread = threading.Thread(target=self.serve, name="traps", daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._stopped.set()
            thread.join()
            self.close()

    def serve(self) -> None:
        """Receive until stopped."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        while not self._stopped.is_set():
            poll.poll(_WAKE_S * 1000)
            for _ in range(_BATCH):
                try:
                    data, extra, _, source = self._socket.recvmsg(_DATAGRAM_BYTES, 64)
                except OSError:
                    break
                self._count_lost(extra)
                answer = self.receive(data, source)
                if answer:
                    with suppress(OSError):  # the sender went away: it will say it again
                        self._socket.sendto(answer, source)

    def close(self) -> None:
        """Let go of the socket."""
        self._socket.close()

    def _count_lost(self, extra: Any) -> None:
        for level, kind, data in extra:
            if level == socket.SOL_SOCKET and kind == _SO_RXQ_OVFL and len(data) == 4:
                (total,) = struct.unpack("I", data)
                self.counts.lost_in_kernel += (total - self._kernel_drops) & 0xFFFFFFFF
                self._kernel_drops = total

    # -- one datagram

    def receive(self, data: bytes, source: Any) -> bytes | None:
        """Take one datagram and return what to answer; never raises for what it holds."""
        self.counts.received += 1
        try:
            start, end = ber.expect(data, 0, len(data), ber.SEQUENCE)
            version, at = ber.read_integer(data, start, end)
            if version == message.V3:
                return self._receive_v3(message.open_envelope(data), source)
            if version not in _VERSIONS:
                raise WireError(f"no SNMP version has the number {version}")
            return self._receive_community(data, (version, at, end), source)
        except _RefusedError:
            self.counts.refused += 1
        except WireError:
            self.counts.malformed += 1
        return None

    def _receive_community(
        self, data: bytes, place: tuple[int, int, int], source: Any
    ) -> bytes | None:
        version, at, end = place
        community, at = ber.read_octets(data, at, end)
        if self._communities is not None and not any(
            hmac.compare_digest(community, known) for known in self._communities
        ):
            raise _RefusedError
        said = read_notification(data, at, end)
        if (said.kind == TRAP_V1) is not (version == message.V1):
            raise WireError("a notification of another version")
        if not self._accept(said, source, _VERSIONS[version]) or said.kind != INFORM:
            return None
        return message.seal_community(version, community, _confirmation(said))

    def _receive_v3(self, envelope: Envelope, source: Any) -> bytes | None:
        sealed = message.read_v3(envelope)
        header = sealed
        if header.flags & REPORTABLE or header.engine_id in {b"", self.engine_id}:
            return self._receive_inform(envelope, sealed, source)
        user = self._users.get(header.user)
        if user is None or header.flags & (AUTH | PRIVATE) != _level(user):
            raise _RefusedError
        payload = self._opened(envelope, sealed, user) if user.auth else sealed.payload
        at, end = message.open_scoped(payload)
        said = read_notification(payload, at, end)
        if said.kind != INFORM:
            self._accept(said, source, "3", user.name, header.engine_id)
        return None

    def _receive_inform(self, envelope: Envelope, sealed: Sealed, source: Any) -> bytes | None:
        """Be the authoritative engine: answer discoveries and reports, confirm what is accepted."""
        if not self._sides:
            raise _RefusedError
        name = sealed.user
        side = self._sides.get(name) or next(iter(self._sides.values()))

        def confirm(payload: bytes, at: int, end: int, _room: int, *, v1: bool) -> bytes | None:
            del v1
            said = read_notification(payload, at, end)
            if said.kind != INFORM:
                raise WireError("not confirmed, yet an answer is wanted")
            accepted = self._accept(said, source, "3", name.decode(errors="replace"))
            return _confirmation(said) if accepted else None

        before = side.reports
        answer = side.answer(envelope, confirm)
        if side.reports > before and sealed.engine_id == self.engine_id:
            self.counts.refused += 1
        return answer

    def _opened(self, envelope: Envelope, sealed: Sealed, user: User) -> bytes:
        """Return what a trap says once its signature and its time are right."""
        header = sealed
        # Only the signature's key first: to extend a privacy key for strangers would be dear.
        try:
            keys_of(replace(user, privacy=None), header.engine_id).verify(
                envelope.data[: envelope.end], sealed.auth_at, header.auth
            )
        except WireError:
            raise _RefusedError from None
        self._check_time(header.engine_id, header.boots, header.time)
        if not user.privacy:
            return sealed.payload
        keys = keys_of(user, header.engine_id)
        return keys.decrypt(sealed.payload, header.boots, header.time, header.salt)

    def _check_time(self, engine_id: bytes, boots: int, clock: int) -> None:
        """Refuse what is older than what the engine said before (RFC 3414 §3.2 7b)."""
        now_s = time.monotonic()
        known = self._clocks.get(engine_id)
        if known:
            known_boots, known_clock, heard_at_s = known
            expected = known_clock + int(now_s - heard_at_s)
            if boots < known_boots or (boots == known_boots and clock < expected - _WINDOW_S):
                raise _RefusedError
        self._clocks[engine_id] = boots, clock, now_s
        self._clocks.move_to_end(engine_id)
        if len(self._clocks) > _REMEMBERED:
            self._clocks.popitem(last=False)

    # -- the queue

    def _accept(
        self, said: Said, source: Any, version: str, user: str = "", engine_id: bytes = b""
    ) -> bool:
        """Tell whether the notification is in the queue, now or since its first coming."""
        inform = said.kind == INFORM
        host = str(source[0])
        # With its time: a link that went down twice within a second is no repetition.
        key = (host, said.what, said.varbinds, said.uptime_s, said.ident if inform else None)
        now_s = time.monotonic()
        seen_s = self._recent.get(key)
        if seen_s is not None and now_s - seen_s < (_INFORM_MEMORY_S if inform else self._dedupe_s):
            self.counts.repeated += 1
            return True
        notification = Notification(
            host,
            int(source[1]),
            version,
            "inform" if inform else "trap",
            said.what,
            said.uptime_s,
            said.varbinds,
            time.time(),
            user,
            engine_id.hex(),
            said.agent,
            said.ident,
        )
        try:
            self._queue.put_nowait(notification)
        except queue.Full:
            self.counts.dropped += 1
            return False
        self.counts.accepted += 1
        self._recent[key] = now_s
        self._recent.move_to_end(key)
        if len(self._recent) > _REMEMBERED:
            self._recent.popitem(last=False)
        return True


class _RefusedError(WireError):
    """Well formed, but not from somebody we believe."""


def _level(user: User) -> int:
    return (AUTH if user.auth else 0) | (PRIVATE if user.privacy else 0)


def _confirmation(said: Said) -> bytes:
    return pdu.encode_answer(pdu.RESPONSE, said.ident, pdu.Response(0, 0, list(said.echo)))


def _bound(host: str, port: int) -> socket.socket:
    family, address = resolve(host, port)
    link = socket.socket(family, socket.SOCK_DGRAM)
    link.setblocking(False)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
    link.setsockopt(socket.SOL_SOCKET, _SO_RXQ_OVFL, 1)
    try:
        link.bind(address)
    except OSError as error:
        link.close()
        reason = (error.strerror or str(error)).lower()
        raise UnreachableError(
            f"cannot listen on {host} port {port}: {reason}",
            hint="ports below 1024 need root or CAP_NET_BIND_SERVICE",
        ) from None
    return link
