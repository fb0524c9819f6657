"""The envelopes of v1, v2c and v3 (RFC 1157 §4, RFC 1901 §3, RFC 3412 §6), opened just so far."""

from typing import NamedTuple

from netops.snmp import ber, codec
from netops.snmp.ber import WireError

V1, V2C, V3 = 0, 1, 3
VERSIONS = {"1": V1, "2c": V2C, "3": V3}
AUTH, PRIVATE, REPORTABLE = 1, 2, 4
_MAX_SIZE = 65_507
_USM = 3


class Envelope(NamedTuple):
    """A datagram opened so far that its sender's session can go on."""

    #: Request id, for v3 the message id.
    ident: int
    version: int
    data: bytes
    #: Where the version ends, and where the message ends.
    at: int
    end: int


def open_envelope(data: bytes) -> Envelope:
    """Return what tells to whom a datagram belongs; raise WireError for anything malformed."""
    return Envelope._make(codec.open_envelope(data))


def seal_community(version: int, community: bytes, pdu: bytes) -> bytes:
    """Return a v1 or v2c message."""
    return wrap(community_head(version, community) + pdu)


def community_head(version: int, community: bytes) -> bytes:
    """Return what stands before the PDU in a v1 or v2c message."""
    return ber.integer(version) + ber.tlv(ber.OCTETS, community)


class Header(NamedTuple):
    """What v3 says about a message and its security (RFC 3412 §6, RFC 3414 §2.4)."""

    ident: int
    flags: int
    engine_id: bytes = b""
    boots: int = 0
    time: int = 0
    user: bytes = b""
    auth: bytes = b""
    salt: bytes = b""


class Sealed(NamedTuple):
    """A v3 message taken apart, its scoped PDU still closed."""

    header: Header
    #: Where the authentication parameters lie in the datagram.
    auth_at: int
    #: The scoped PDU or its cipher text.
    payload: bytes


def write_v3(header: Header, payload: bytes) -> bytes:
    """Return a v3 message; `payload` is a scoped PDU or the octet string of its cipher text."""
    flags = ber.tlv(ber.OCTETS, bytes((header.flags,)))
    general = ber.integer(header.ident) + ber.integer(_MAX_SIZE) + flags + ber.integer(_USM)
    security = (
        ber.tlv(ber.OCTETS, header.engine_id)
        + ber.integer(header.boots)
        + ber.integer(header.time)
        + b"".join(ber.tlv(ber.OCTETS, text) for text in (header.user, header.auth, header.salt))
    )
    body = (
        ber.integer(V3)
        + ber.tlv(ber.SEQUENCE, general)
        + ber.tlv(ber.OCTETS, ber.tlv(ber.SEQUENCE, security))
        + payload
    )
    return ber.tlv(ber.SEQUENCE, body)


def read_v3(envelope: Envelope) -> Sealed:
    """Take a v3 message apart."""
    data, end = envelope.data, envelope.end
    start, general_end = ber.expect(data, envelope.at, end, ber.SEQUENCE)
    ident, at = ber.read_integer(data, start, general_end)
    _, at = ber.read_integer(data, at, general_end)
    flags, at = ber.read_octets(data, at, general_end)
    model, at = ber.read_integer(data, at, general_end)
    if model != _USM or len(flags) != 1:
        raise WireError("a security model other than USM")
    start, security_end = ber.expect(data, general_end, end, ber.OCTETS)
    header, auth_at = _read_security(data, start, security_end, ident, flags[0])
    if header.flags & PRIVATE:
        payload, _ = ber.read_octets(data, security_end, end)
    else:
        payload = data[security_end:end]
    return Sealed(header, auth_at, payload)


def _read_security(data: bytes, start: int, end: int, ident: int, flags: int) -> tuple[Header, int]:
    at, end = ber.expect(data, start, end, ber.SEQUENCE)
    engine_id, at = ber.read_octets(data, at, end)
    boots, at = ber.read_integer(data, at, end)
    time, at = ber.read_integer(data, at, end)
    user, at = ber.read_octets(data, at, end)
    auth, at = ber.read_octets(data, at, end)
    auth_at = at - len(auth)
    salt, at = ber.read_octets(data, at, end)
    return Header(ident, flags, engine_id, boots, time, user, auth, salt), auth_at


def scoped(engine_id: bytes, context: bytes, pdu: bytes) -> bytes:
    """Return a scoped PDU."""
    names = ber.tlv(ber.OCTETS, engine_id) + ber.tlv(ber.OCTETS, context)
    return ber.tlv(ber.SEQUENCE, names + pdu)


def open_scoped(payload: bytes) -> tuple[int, int]:
    """Return where the PDU of a scoped PDU starts, and where the scoped PDU ends."""
    start, end = ber.expect(payload, 0, len(payload), ber.SEQUENCE)
    _, at = ber.read_octets(payload, start, end)
    _, at = ber.read_octets(payload, at, end)
    return at, end


def wrap(body: bytes) -> bytes:
    """Return the message around everything that belongs into it."""
    return b"\x30" + ber.length(len(body)) + body
