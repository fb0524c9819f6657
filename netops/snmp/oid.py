"""Object identifiers: dotted text for people, BER content octets inside."""

from functools import lru_cache

_MAX_PARTS = 128
_MAX_PART = 0xFFFFFFFF


@lru_cache(maxsize=4096)
def encode(text: str) -> bytes:
    """Return the content octets of `1.3.6.1…`; raise ValueError for anything else."""
    try:
        parts = [int(part) for part in text.strip().lstrip(".").split(".")]
    except ValueError:
        raise ValueError(f"{text!r} is no object identifier such as 1.3.6.1.2.1.1.1.0") from None
    return encode_parts(parts, text)


def encode_parts(parts: list[int], text: str = "") -> bytes:
    """Return the content octets of a list of parts."""
    if not 2 <= len(parts) <= _MAX_PARTS or parts[0] > 2 or (parts[0] < 2 and parts[1] > 39):
        raise ValueError(f"{text or parts!r} is no object identifier")
    if min(parts) < 0 or max(parts[1:]) > _MAX_PART:
        raise ValueError(f"{text or parts!r} has a part outside 0…4294967295")
    return b"".join(map(encode_part, [parts[0] * 40 + parts[1], *parts[2:]]))


def encode_part(part: int) -> bytes:
    """Return one part in base 128."""
    if part < 0x80:
        return bytes((part,))
    octets = [part & 0x7F]
    while part := part >> 7:
        octets.append(part & 0x7F | 0x80)
    return bytes(reversed(octets))


def parts_of(content: bytes) -> tuple[int, ...]:
    """Return all parts; the first two share an octet on the wire (X.690 §8.19)."""
    found = index_of(content)
    if not found:
        return ()
    head = found[0]
    first = min(head // 40, 2)
    return (first, head - first * 40, *found[1:])


def index_of(content: bytes) -> tuple[int, ...]:
    """Return the parts of the end of an identifier, such as the index of a row."""
    if content.isascii():  # no part above 127: the common case
        return tuple(content)
    found = []
    part = 0
    for octet in content:
        part = part << 7 | octet & 0x7F
        if octet < 0x80:
            found.append(part)
            part = 0
    return tuple(found)


def text_of(content: bytes) -> str:
    """Return dotted text."""
    return ".".join(map(str, parts_of(content)))


def index_text(content: bytes) -> str:
    """Return the end of an identifier as dotted text."""
    return ".".join(map(str, index_of(content)))


def is_before(first: bytes, second: bytes) -> bool:
    """Tell whether `first` comes before `second` in the order of the MIB (RFC 3416 §4.2.2)."""
    return index_of(first) < index_of(second)
