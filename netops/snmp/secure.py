"""Messages of SNMPv3 taken apart and put together in Python, as the compiled codec does it (RFC 3412 §6)."""

from functools import lru_cache

from netops.snmp import ber, decoder
from netops.snmp.ber import OCTETS, SEQUENCE, WireError
from netops.snmp.decoder import Pdu

#: Message id, flags, engine id, boots, time, user, signature, salt, where the signature lies, payload.
Parts = tuple[int, int, bytes, int, int, bytes, bytes, bytes, int, bytes]

PRIVATE, USM = 2, 3  # a flag and a security model of RFC 3412 and 3411
_MAX_SIZE = 65_507
_VERSION_3 = ber.integer(3)
_LARGEST = 2**63


def read_v3(data: bytes, at: int, limit: int) -> Parts:
    """Take apart what follows the version of a v3 message (RFC 3412 §6, RFC 3414 §2.4)."""
    start, general_end = ber.expect(data, at, limit, SEQUENCE)
    ident, at = ber.read_integer(data, start, general_end)
    _, at = ber.read_integer(data, at, general_end)
    flags, at = ber.read_octets(data, at, general_end)
    model, at = ber.read_integer(data, at, general_end)
    if model != USM or len(flags) != 1:
        raise WireError("a security model other than USM")
    start, security_end = ber.expect(data, general_end, limit, OCTETS)
    at, end = ber.expect(data, start, security_end, SEQUENCE)
    engine_id, at = ber.read_octets(data, at, end)
    boots, at = ber.read_integer(data, at, end)
    clock, at = ber.read_integer(data, at, end)
    user, at = ber.read_octets(data, at, end)
    auth, at = ber.read_octets(data, at, end)
    auth_at = at - len(auth)
    salt, at = ber.read_octets(data, at, end)
    if flags[0] & PRIVATE:
        payload, _ = ber.read_octets(data, security_end, limit)
    else:
        payload = data[security_end:limit]
    return ident, flags[0], engine_id, boots, clock, user, auth, salt, auth_at, payload


def read_scoped(payload: bytes) -> Pdu:
    """Return the PDU inside a scoped PDU; DES leaves some octets behind that."""
    at, end = ber.expect(payload, 0, len(payload), SEQUENCE)
    _, at = ber.read_octets(payload, at, end)
    _, at = ber.read_octets(payload, at, end)
    return decoder.read_pdu(payload, at, end)


def write_v3(
    ident: int, flags: int, engine_id: bytes, boots: int, time: int, user: bytes, signature: int,
    salt: bytes, payload: bytes,
) -> tuple[bytes, int]:  # fmt: skip
    """
    Return a message with zeros for a signature of so many octets, and where they lie.

    `payload` is a scoped PDU, or its cipher text if the flags say so.
    """
    if flags & PRIVATE:
        payload = ber.tlv(OCTETS, payload)
    tail = ber.tlv(OCTETS, salt) + payload
    body = (
        _general(_number(ident), flags)
        + _security(engine_id, boots, time, user, signature, len(salt))
        + tail
    )
    whole = ber.tlv(SEQUENCE, body)
    return whole, len(whole) - len(tail) - signature


def _number(value: int) -> bytes:
    if not -_LARGEST <= value < _LARGEST:
        raise WireError("a number that no message holds")
    return ber.integer(value)


def _general(ident: bytes, flags: int) -> bytes:
    head, tail = _around_ident(len(ident), flags)
    return head + ident + tail


@lru_cache(maxsize=256)
def _around_ident(size: int, flags: int) -> tuple[bytes, bytes]:
    """Return what stands before and behind the message id: version, sizes, flags and model."""
    octets = ber.tlv(OCTETS, bytes((flags,)))
    tail = ber.integer(_MAX_SIZE) + octets + ber.integer(USM)
    return _VERSION_3 + bytes((SEQUENCE,)) + ber.length(size + len(tail)), tail


@lru_cache(maxsize=4096)
def _security(
    engine_id: bytes, boots: int, time: int, user: bytes, signature: int, salt: int
) -> bytes:  # fmt: skip
    """Return the security parameters as far as the signature's end, the same for a whole second."""
    names = ber.tlv(OCTETS, engine_id) + _number(boots) + _number(time) + ber.tlv(OCTETS, user)
    blank = ber.tlv(OCTETS, bytes(signature))
    inner = len(names) + len(blank) + len(ber.tlv(OCTETS, bytes(salt)))
    sequence = bytes((SEQUENCE,)) + ber.length(inner)
    outer = bytes((OCTETS,)) + ber.length(len(sequence) + inner)
    return outer + sequence + names + blank


def mix(text: bytes, stream: bytes) -> bytes:
    """Return the text mixed octet by octet with a stream that is at least as long."""
    size = len(text)
    if len(stream) < size:
        raise ValueError("a stream that is shorter than its text")
    mixed = int.from_bytes(text, "big") ^ int.from_bytes(stream[:size], "big")
    return mixed.to_bytes(size, "big")
