"""The envelopes of v1, v2c and v3 (RFC 1157 §4, RFC 1901 §3, RFC 3412 §6), opened just so far."""

from functools import lru_cache
from typing import NamedTuple

from netops.snmp import ber, codec, secure

V1, V2C, V3 = 0, 1, 3
VERSIONS = {"1": V1, "2c": V2C, "3": V3}
AUTH, PRIVATE, REPORTABLE = 1, secure.PRIVATE, 4


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
    """What we say about a message and its security (RFC 3412 §6, RFC 3414 §2.4)."""

    ident: int
    flags: int
    engine_id: bytes = b""
    boots: int = 0
    time: int = 0
    user: bytes = b""


class Sealed(NamedTuple):
    """A v3 message taken apart, its scoped PDU still closed."""

    ident: int
    flags: int
    engine_id: bytes
    boots: int
    time: int
    user: bytes
    auth: bytes
    salt: bytes
    #: Where the authentication parameters lie in the datagram.
    auth_at: int
    #: The scoped PDU or its cipher text.
    payload: bytes


def write_v3(header: Header, scoped_pdu: bytes) -> bytes:
    """Return a message that nobody signs."""
    return codec.write_v3(*header, 0, b"", scoped_pdu)[0]


@lru_cache(maxsize=4096)
def _octets(text: bytes) -> bytes:
    """Return the element of a name that comes again and again."""
    return ber.tlv(ber.OCTETS, text)


def read_v3(envelope: Envelope) -> Sealed:
    """Take a v3 message apart."""
    _, _, data, at, end = envelope
    return Sealed._make(codec.read_v3(data, at, end))


def scoped(engine_id: bytes, context: bytes, pdu: bytes) -> bytes:
    """Return a scoped PDU."""
    names = _octets(engine_id) + _octets(context)
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
