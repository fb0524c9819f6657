"""The part of BER that SNMP uses (X.690, RFC 3417 §8); every byte that is read is hostile."""

Value = int | bytes | None
#: Object identifier as BER content octets, tag, value. Strings and identifiers stay octets.
Varbind = tuple[bytes, int, Value]

INTEGER, OCTETS, NULL, OID, SEQUENCE = 0x02, 0x04, 0x05, 0x06, 0x30
IP_ADDRESS, COUNTER32, GAUGE32, TICKS, OPAQUE, COUNTER64 = 0x40, 0x41, 0x42, 0x43, 0x44, 0x46
NO_SUCH_OBJECT, NO_SUCH_INSTANCE, END_OF_MIB = 0x80, 0x81, 0x82

UNSIGNED_32 = frozenset((COUNTER32, GAUGE32, TICKS))
MASK_32 = 0xFFFFFFFF
MASK_64 = 0xFFFFFFFFFFFFFFFF
MAX_INTEGER_BYTES = 9
_MAX_OID_BYTES = 128 * 5  # RFC 3416 §4.1: 128 parts of 32 bits


class WireError(ValueError):
    """These bytes are not what they claim to be."""


def length(size: int) -> bytes:
    """Return the octets of a definite length."""
    if size < 0x80:
        return bytes((size,))
    if size < 0x100:
        return bytes((0x81, size))
    if size < 0x10000:
        return bytes((0x82, size >> 8, size & 0xFF))
    raise WireError(f"{size} bytes do not fit into a datagram")


def tlv(tag: int, content: bytes) -> bytes:
    """Return one element."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    return bytes((tag,)) + length(size) + content


def integer(value: int, tag: int = INTEGER) -> bytes:
    """Return a signed integer in the fewest octets; unsigned types are encoded the same way."""
    size = (value if value >= 0 else ~value).bit_length() // 8 + 1
    return tlv(tag, value.to_bytes(size, "big", signed=True))


def read(data: bytes, at: int, limit: int) -> tuple[int, int, int]:
    """Return tag, start and end of the element at `at`; raise WireError unless it ends by `limit`."""
    try:
        tag, size = data[at], data[at + 1]
    except IndexError:
        raise WireError("it ends inside a header") from None
    at += 2
    if size > 0x7F:
        octets = size & 0x7F
        if not 0 < octets <= 4:  # indefinite lengths are not allowed: RFC 3417 §8
            raise WireError("a length of a wrong form")
        size = int.from_bytes(data[at : at + octets], "big")
        at += octets
    if at + size > limit:
        raise WireError("an element is longer than what holds it")
    return tag, at, at + size


def expect(data: bytes, at: int, limit: int, tag: int) -> tuple[int, int]:
    """Return start and end of the element at `at`, which must be a `tag`."""
    found, start, end = read(data, at, limit)
    if found != tag:
        raise WireError(f"tag {found:#04x} where {tag:#04x} belongs")
    return start, end


def read_integer(data: bytes, at: int, limit: int) -> tuple[int, int]:
    """Return a signed integer and where it ends."""
    start, end = expect(data, at, limit, INTEGER)
    if end - start > MAX_INTEGER_BYTES:
        raise WireError("an integer of absurd length")
    return int.from_bytes(data[start:end], "big", signed=True), end


def read_octets(data: bytes, at: int, limit: int) -> tuple[bytes, int]:
    """Return an octet string and where it ends."""
    start, end = expect(data, at, limit, OCTETS)
    return data[start:end], end


def decode_value(tag: int, content: bytes) -> Value:
    """
    Return a value as Python's; raise WireError when it cannot be one.

    Tolerated, because devices do it: integers of a wrong length (up to nine octets, or none),
    negative gauges and counters (taken as the unsigned number they stand for).
    """
    if tag == OCTETS or tag in {IP_ADDRESS, OPAQUE}:
        return content
    if tag == OID:
        return _checked_oid(content)
    if tag in {NULL, NO_SUCH_OBJECT, NO_SUCH_INSTANCE, END_OF_MIB}:
        return None
    if len(content) > MAX_INTEGER_BYTES:
        raise WireError("an integer of absurd length")
    if tag == INTEGER:
        return int.from_bytes(content, "big", signed=True)
    if tag in UNSIGNED_32:
        return int.from_bytes(content, "big") & MASK_32
    if tag == COUNTER64:
        return int.from_bytes(content, "big") & MASK_64
    raise WireError(f"no value has the tag {tag:#04x}")


def _checked_oid(content: bytes) -> bytes:
    if len(content) > _MAX_OID_BYTES or (content and content[-1] > 0x7F):
        raise WireError("an object identifier that does not end")
    return content


def encode_value(tag: int, value: Value) -> bytes:
    """Return the element of a value, the inverse of `decode_value`."""
    if value is None:
        return bytes((tag, 0))
    return tlv(tag, value) if isinstance(value, bytes) else integer(value, tag)


def decode_varbind(raw: bytes) -> Varbind:
    """Return the variable binding that is exactly `raw`."""
    size = len(raw)
    start, end = expect(raw, 0, size, SEQUENCE)
    name, name_end = expect(raw, start, end, OID)
    tag, value, value_end = read(raw, name_end, end)
    if not value_end == end == size or name == name_end:
        raise WireError("a variable binding with something over")
    oid = _checked_oid(raw[name:name_end])
    return oid, tag, decode_value(tag, raw[value:value_end])


def encode_varbind(varbind: Varbind) -> bytes:
    """Return one variable binding."""
    oid, tag, value = varbind
    return tlv(SEQUENCE, tlv(OID, oid) + encode_value(tag, value))
