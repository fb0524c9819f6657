"""The decoder of answers in Python: what every machine has, and what the compiled one must agree with."""

from operator import lt

from netops.snmp import ber
from netops.snmp.ber import (
    COUNTER32,
    COUNTER64,
    MASK_32,
    MASK_64,
    MAX_INTEGER_BYTES,
    NO_SUCH_OBJECT,
    OCTETS,
    OID,
    SEQUENCE,
    TICKS,
    Varbind,
    WireError,
)

#: Request id (for v3 the message id), version, the datagram, where its version and message end.
Opened = tuple[int, int, bytes, int, int]
#: Kind, request id, error status, position of the error, bindings.
Pdu = tuple[int, int, int, int, list[Varbind]]

_V3 = 3
_COMMUNITY_VERSIONS = frozenset((0, 1))
#: What changes at every poll is not worth remembering, unless it counts what hardly ever happens.
_RESTLESS = frozenset((COUNTER32, TICKS, COUNTER64))
_REMEMBERED = 16_384
_REMEMBERED_BYTES = 160
_NO_ERROR = b"\x02\x01\x00\x02\x01\x00"


class _Remembered(dict[bytes, Varbind]):
    """
    Bindings seen before: names, states and speeds come again and again, and looking is cheaper.

    A pure function of the whole binding, so no device can change what another one says; bounded.
    """

    def __missing__(self, raw: bytes) -> Varbind:
        varbind = decode_short(raw)
        if varbind is None:
            varbind = ber.decode_varbind(raw)
        _, tag, value = varbind
        if tag not in _RESTLESS or (tag == COUNTER32 and value < 0x80):  # type: ignore[operator]
            if len(self) >= _REMEMBERED:
                self.clear()
            if len(raw) <= _REMEMBERED_BYTES:
                self[raw] = varbind
        return varbind


def decode_short(raw: bytes) -> Varbind | None:
    """Do what `ber.decode_varbind` does for text and counters with short lengths, quicker."""
    size = len(raw)
    if not 8 <= size <= 129 or raw[0] != SEQUENCE or raw[1] != size - 2 or raw[2] != OID:
        return None
    at = 4 + raw[3]
    if at == 4 or at + 2 > size or at + 2 + raw[at + 1] != size or raw[at - 1] > 0x7F:
        return None
    tag = raw[at]
    if tag == OCTETS:
        return raw[4:at], tag, raw[at + 2 :]
    if tag in _RESTLESS and size - at - 2 <= MAX_INTEGER_BYTES:
        mask = MASK_64 if tag == COUNTER64 else MASK_32
        return raw[4:at], tag, int.from_bytes(raw[at + 2 :], "big") & mask
    return None


_seen = _Remembered()


def decode_varbinds(data: bytes, at: int, end: int) -> list[Varbind]:
    """Return all bindings between `at` and `end`; raise WireError unless they fill it exactly."""
    found: list[Varbind] = []
    add, seen = found.append, _seen
    try:
        while at < end:
            size = data[at + 1]
            stop = at + 2 + size if size < 0x80 else ber.read(data, at, end)[2]
            add(seen[data[at:stop]])
            at = stop
    except IndexError:
        raise WireError("it ends inside a header") from None
    if at != end:
        raise WireError("a variable binding is longer than the list")
    return found


def read_pdu(data: bytes, at: int, limit: int) -> Pdu:
    """Return the PDU at `at`; raise WireError unless its bindings fill it exactly."""
    kind, start, end = ber.read(data, at, limit)
    ident, at = ber.read_integer(data, start, end)
    if data[at : at + 6] == _NO_ERROR:
        status = position = 0
        at += 6
    else:
        status, at = ber.read_integer(data, at, end)
        position, at = ber.read_integer(data, at, end)
    start, stop = ber.expect(data, at, end, SEQUENCE)
    if stop != end:
        raise WireError("a PDU with something over")
    return kind, ident, status, position, decode_varbinds(data, start, stop)


def open_envelope(data: bytes) -> Opened:
    """Return what tells to whom a datagram belongs; raise WireError for anything malformed."""
    start, end = ber.expect(data, 0, len(data), SEQUENCE)
    version, at = ber.read_integer(data, start, end)
    if version == _V3:
        inner, inner_end = ber.expect(data, at, end, SEQUENCE)
    elif version in _COMMUNITY_VERSIONS:
        _, community_end = ber.expect(data, at, end, OCTETS)
        _, inner, inner_end = ber.read(data, community_end, end)
    else:
        raise WireError(f"no SNMP version has the number {version}")
    ident, _ = ber.read_integer(data, inner, inner_end)
    return ident, version, data, at, end


def rises(bindings: list[Varbind], befores: list[bytes], roots: list[bytes]) -> bool:
    """
    Tell whether the rows of several columns, one binding after the other, go on as they should.

    That is: in each column names rise as octets from `befores` on, stay below its root, and the
    last one has a value.
    """
    names = [binding[0] for binding in bindings]
    count, step = len(names), len(roots)
    if not count or not all(map(lt, [*befores, *names], names)):
        return False
    for at in range(max(0, count - step), count):
        if bindings[at][1] >= NO_SUCH_OBJECT or not names[at].startswith(roots[at % step]):
            return False
    return True
