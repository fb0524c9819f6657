"""The envelopes of v1, v2c and v3 (RFC 1157 §4, RFC 1901 §3, RFC 3412 §6), opened just so far."""

from functools import lru_cache
from typing import NamedTuple

from netops.snmp import ber, codec, decoder

V1, V2C, V3 = 0, 1, 3
VERSIONS = {"1": V1, "2c": V2C, "3": V3}
AUTH, PRIVATE, REPORTABLE = 1, decoder.PRIVATE, 4
_MAX_SIZE = 65_507
_USM = decoder.USM
_VERSION_3 = ber.integer(V3)


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
    ident, flags, engine_id, boots, time, user, auth, salt = header
    return wrap(
        _general(ber.integer(ident), flags)
        + _security(engine_id, boots, time, user, len(auth), len(salt))
        + auth
        + ber.tlv(ber.OCTETS, salt)
        + payload
    )


def _general(ident: bytes, flags: int) -> bytes:
    head, tail = _around_ident(len(ident), flags)
    return head + ident + tail


@lru_cache(maxsize=256)
def _around_ident(size: int, flags: int) -> tuple[bytes, bytes]:
    """Return what stands before and behind the message id: version, sizes, flags and model."""
    octets = ber.tlv(ber.OCTETS, bytes((flags,)))
    tail = ber.integer(_MAX_SIZE) + octets + ber.integer(_USM)
    return _VERSION_3 + bytes((ber.SEQUENCE,)) + ber.length(size + len(tail)), tail


@lru_cache(maxsize=4096)
def _security(engine_id: bytes, boots: int, time: int, user: bytes, auth: int, salt: int) -> bytes:
    """Return the security parameters as far as the signature, the same for a whole second."""
    names = _octets(engine_id) + ber.integer(boots) + ber.integer(time) + _octets(user)
    blank = ber.tlv(ber.OCTETS, bytes(auth))
    inner = len(names) + len(blank) + len(ber.tlv(ber.OCTETS, bytes(salt)))
    sequence = bytes((ber.SEQUENCE,)) + ber.length(inner)
    outer = bytes((ber.OCTETS,)) + ber.length(len(sequence) + inner)
    return outer + sequence + names + blank[: len(blank) - auth]


@lru_cache(maxsize=4096)
def _octets(text: bytes) -> bytes:
    """Return the element of a name that comes again and again."""
    return ber.tlv(ber.OCTETS, text)


def read_v3(envelope: Envelope) -> Sealed:
    """Take a v3 message apart."""
    *header, auth_at, payload = codec.read_v3(envelope.data, envelope.at, envelope.end)
    return Sealed(Header._make(header), auth_at, payload)


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
