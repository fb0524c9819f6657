"""The authoritative side of SNMPv3 (RFC 3414 §3.2): of agents that are asked, and of us when we get informs."""

from collections.abc import Callable
from time import monotonic

from netops.snmp import ber, message, oid, pdu
from netops.snmp.ber import WireError
from netops.snmp.message import AUTH, PRIVATE, Envelope, Header, Sealed
from netops.snmp.model import User
from netops.snmp.usm import Keys, keys_of, secured

_REPORTS = oid.encode("1.3.6.1.6.3.15.1.1")
_BAD_LEVEL, _NOT_IN_TIME, _NO_USER, _NO_ENGINE, _BAD_DIGEST, _NO_DECRYPT = 1, 2, 3, 4, 5, 6
_WINDOW_S = 150
_ROOM = 1250


class UserSide:
    """One engine with one user; tests may move its clock and change its id."""

    def __init__(
        self, user: User, engine_id: bytes = b"\x80\x00\x00\x00\x05netops", boots: int = 1
    ) -> None:
        self.user, self.engine_id = user, engine_id
        self.boots, self.time_offset_s = boots, 0
        self.reports = 0
        self._began_s = monotonic()

    def _time(self) -> int:
        return int(monotonic() - self._began_s) + 1 + self.time_offset_s

    def answer(self, envelope: Envelope, answer_pdu: Callable[..., bytes | None]) -> bytes | None:
        """Return the answer or report to one message."""
        sealed = message.read_v3(envelope)
        header = sealed
        keys = keys_of(self.user, self.engine_id) if self.user.auth else None
        reason, payload = self._opened(envelope, sealed, keys)
        if reason:
            secure = keys if reason == _NOT_IN_TIME else None
            return self._report(header, reason, secure)
        at, end = message.open_scoped(payload)
        body = answer_pdu(payload, at, end, _ROOM, v1=False)
        if not body:
            return None
        # What the asker calls its context comes back: in an inform it is the asker's own engine.
        start, _ = ber.expect(payload, 0, len(payload), ber.SEQUENCE)
        scoped = ber.tlv(ber.SEQUENCE, payload[start:at] + body)
        return self._sealed(header, scoped, keys, header.flags & PRIVATE)

    def _opened(self, envelope: Envelope, sealed: Sealed, keys: Keys | None) -> tuple[int, bytes]:
        header = sealed
        if header.engine_id != self.engine_id:
            return _NO_ENGINE, b""
        if header.user != self.user.name.encode():
            return _NO_USER, b""
        wanted = (AUTH if self.user.auth else 0) | (PRIVATE if self.user.privacy else 0)
        if header.flags & (AUTH | PRIVATE) != wanted:
            return _BAD_LEVEL, b""
        return self._unlocked(envelope, sealed, keys) if keys else (0, sealed.payload)

    def _unlocked(self, envelope: Envelope, sealed: Sealed, keys: Keys) -> tuple[int, bytes]:
        header = sealed
        try:
            keys.verify(envelope.data[: envelope.end], sealed.auth_at, header.auth)
        except WireError:
            return _BAD_DIGEST, b""
        if header.boots != self.boots or abs(header.time - self._time()) > _WINDOW_S:
            return _NOT_IN_TIME, b""
        if not header.flags & PRIVATE:
            return 0, sealed.payload
        plain = keys.decrypt(sealed.payload, header.boots, header.time, header.salt)
        return (0, plain) if plain[:1] == b"\x30" else (_NO_DECRYPT, b"")

    def _report(self, header: Sealed, reason: int, keys: Keys | None) -> bytes:
        self.reports += 1
        name = _REPORTS + bytes((reason, 0))
        report = pdu.Response(0, 0, [(name, ber.COUNTER32, self.reports)])
        body = pdu.encode_answer(pdu.REPORT, 0, report)
        return self._sealed(header, message.scoped(self.engine_id, b"", body), keys, 0)

    def _sealed(self, asked: Sealed, scoped: bytes, keys: Keys | None, private: int) -> bytes:
        flags = (AUTH if keys else 0) | private
        header = Header(asked.ident, flags, self.engine_id, self.boots, self._time(), asked.user)
        return secured(header, scoped, keys if flags else None)
