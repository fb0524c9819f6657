"""How requests to one agent are sealed and its answers opened; for v3 with discovery and clock."""

from typing import Protocol

from netops.core.errors import AccessError, NetopsError
from netops.snmp import ber, codec, message, oid, pdu
from netops.snmp.ber import Varbind, WireError
from netops.snmp.message import AUTH, PRIVATE, REPORTABLE, Envelope, Header, Sealed
from netops.snmp.model import Community, Target, User
from netops.snmp.pdu import Request, Response
from netops.snmp.peers import ENGINE_ID_BYTES, Address, Peer, PeerBook
from netops.snmp.secure import Parts
from netops.snmp.usm import Keys, keys_of

_REPORTS = oid.encode("1.3.6.1.6.3.15.1.1")
_BAD_LEVEL, _NOT_IN_TIME, _NO_USER, _NO_ENGINE, _BAD_DIGEST, _NO_DECRYPT = 1, 2, 3, 4, 5, 6
_REFUSALS = {
    _BAD_LEVEL: ("does not offer this security level to the user", "compare auth and privacy"),
    _NO_USER: ("does not know the user", "compare the user name"),
    _BAD_DIGEST: ("found the signature wrong", "compare password and authentication protocol"),
    _NO_DECRYPT: ("could not decrypt", "compare privacy password, protocol and key extension"),
}
_DISCOVER = Request(pdu.GET, ())


class Session(Protocol):
    """The security between us and one agent."""

    def seal(self, request: Request, ident: int) -> bytes:
        """Return the datagram to send; `ident` is its request id and message id."""

    def open(self, envelope: Envelope) -> Response | None:
        """
        Return the answer, None when the request must be sealed and sent anew.

        Raises WireError for what does not come from the agent, AccessError when it refuses.
        """


def session_for(target: Target, address: Address, book: PeerBook) -> Session:
    """Return the session that suits the target."""
    if isinstance(target.auth, User):
        return UserSession(target.auth, address, book)
    return CommunitySession(target.version, target.auth)


class CommunitySession:
    """v1 and v2c: a word in clear text."""

    __slots__ = ("_community", "_echo", "_head", "_version")

    def __init__(self, version: str, auth: Community) -> None:
        self._version = message.VERSIONS[version]
        self._community = auth.name.encode()
        self._head = message.community_head(self._version, self._community)
        #: The community as agents send it back.
        self._echo = ber.tlv(ber.OCTETS, self._community)

    def seal(self, request: Request, ident: int) -> bytes:
        """Return the datagram to send."""
        return message.wrap(self._head + pdu.encode(request, ident))

    def open(self, envelope: Envelope) -> Response | None:
        """Return the answer if version and community are ours."""
        _, version, data, at, end = envelope
        if data.startswith(self._echo, at):
            at += len(self._echo)
        else:
            community, at = ber.read_octets(data, at, end)
            if community != self._community:
                raise WireError("an answer to somebody else")
        kind, _, status, position, bindings = codec.read_pdu(data, at, end)
        if kind != pdu.RESPONSE or version != self._version:
            raise WireError("an answer to somebody else")
        return Response(status, position, bindings, len(data))


class UserSession:
    """
    v3 with the user-based security model (RFC 3414).

    An unauthenticated report is believed for discovery alone. An authenticated answer carries
    the message id we drew at random for this request, so it cannot be an old one played again;
    that is why an agent may set its own clock, even back, when it forgot how often it booted.
    """

    __slots__ = (
        "_address",
        "_book",
        "_context",
        "_headed",
        "_heading",
        "_keys",
        "_keys_for",
        "_level",
        "_name",
        "_user",
    )

    def __init__(self, user: User, address: Address, book: PeerBook) -> None:
        self._user, self._address, self._book = user, address, book
        self._name, self._context = user.name.encode(), user.context.encode()
        self._headed: tuple[bytes, int, int] | None = None
        self._heading = b""
        self._keys: Keys | None = None
        self._keys_for: bytes | None = None
        self._level = (AUTH if user.auth else 0) | (PRIVATE if user.privacy else 0)

    def seal(self, request: Request, ident: int) -> bytes:
        """Return the datagram to send: a discovery as long as the agent is unknown."""
        peer = self._book.get(self._address)
        if peer is None:
            probe = message.scoped(b"", b"", pdu.encode(_DISCOVER, ident))
            return message.write_v3(Header(ident, REPORTABLE), probe)
        body = pdu.body_of(request)
        scoped = (
            self._head(peer.engine_id, request.kind, len(body)) + ident.to_bytes(4, "big") + body
        )
        now, flags = peer.time_now(self._book.monotonic_s()), self._level | REPORTABLE
        keys = self._keys_with(peer)
        if keys is None:
            header = Header(ident, flags, peer.engine_id, peer.boots, now, self._name)
            return message.write_v3(header, scoped)
        return keys.seal(ident, flags, peer.engine_id, peer.boots, now, self._name, scoped)

    def _head(self, engine_id: bytes, kind: int, size: int) -> bytes:
        """Return what stands before a request id of four octets; mostly as it was the last time."""
        key = engine_id, kind, size
        if key != self._headed:
            probe = message.scoped(engine_id, self._context, pdu.head(kind, size) + bytes(4 + size))
            self._headed, self._heading = key, probe[: -4 - size]
        return self._heading

    def _keys_with(self, peer: Peer) -> Keys | None:
        if self._user.auth and self._keys_for != peer.engine_id:
            self._keys, self._keys_for = keys_of(self._user, peer.engine_id), peer.engine_id
        return self._keys

    def open(self, envelope: Envelope) -> Response | None:
        """Return the answer once it is proven to come from the agent."""
        asked, version, data, at, end = envelope
        if version != message.V3:
            raise WireError("an answer in another version")
        parts = codec.read_v3(data, at, end)
        kind, ident, status, position, bindings = codec.read_scoped(
            self._verified(data, end, parts)
        )
        if kind == pdu.REPORT:
            self._heed(Sealed._make(parts), bindings)
            return None
        level = self._level
        if kind != pdu.RESPONSE or ident != asked or parts[1] & level != level:
            raise WireError("an answer that is not protected as the request was")
        return Response(status, position, bindings, len(data))

    def _verified(self, data: bytes, end: int, parts: Parts) -> bytes:
        _, flags, engine_id, boots, clock, _, signature, salt, signature_at, payload = parts
        if not flags & AUTH:
            if flags & PRIVATE:
                raise WireError("encrypted, but not signed")
            return payload
        peer = self._book.get(self._address)
        keys = self._keys_with(peer) if peer else None
        if peer is None or keys is None or engine_id != peer.engine_id:
            raise WireError("signed by an unknown engine")
        keys.verify(data[:end], signature_at, signature)
        peer.hear(boots, clock, self._book.monotonic_s())
        if not flags & PRIVATE:
            return payload
        if not keys.privacy:
            raise WireError("encrypted without need")
        return keys.decrypt(payload, boots, clock, salt)

    def _heed(self, sealed: Sealed, report: list[Varbind]) -> None:
        name = report[0][0] if report else b""
        reason = name[len(_REPORTS)] if name.startswith(_REPORTS) and name != _REPORTS else 0
        if reason == _NO_ENGINE and len(sealed.engine_id) in ENGINE_ID_BYTES:
            self._book.learn(self._address, sealed.engine_id, sealed.boots, sealed.time)
        elif reason == _NOT_IN_TIME and sealed.flags & AUTH:
            pass  # its clock was taken over when the signature proved right
        elif reason in _REFUSALS:
            raise self._refused(reason)
        else:
            raise WireError("a report that proves nothing")

    def _refused(self, reason: int) -> NetopsError:
        what, hint = _REFUSALS[reason]
        return AccessError(f"{self._address[0]} {what} {self._user.name!r}", hint=hint)
