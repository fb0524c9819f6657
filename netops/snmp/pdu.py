"""Requests and responses: what is asked and answered, without who and how (RFC 3416 §3)."""

from typing import NamedTuple

from netops.snmp import ber
from netops.snmp.ber import Varbind

GET, GET_NEXT, RESPONSE, SET, GET_BULK, REPORT = 0xA0, 0xA1, 0xA2, 0xA3, 0xA5, 0xA8
TOO_BIG, NO_SUCH_NAME, GEN_ERR = 1, 2, 5
_STATUS = (
    "no error", "too big", "no such name", "bad value", "read only", "general error", "no access",
    "wrong type", "wrong length", "wrong encoding", "wrong value", "no creation",
    "inconsistent value", "resource unavailable", "commit failed", "undo failed",
    "authorization error", "not writable", "inconsistent name",
)  # fmt: skip
_CACHED = 4096
_NULL = b"\x05\x00"


class Request(NamedTuple):
    """What one PDU asks."""

    kind: int
    oids: tuple[bytes, ...]
    #: GETBULK only: the first identifiers that are asked once, and how often the others are.
    non_repeaters: int = 0
    repetitions: int = 0
    #: SET only: tag and value per identifier.
    values: tuple[tuple[int, ber.Value], ...] = ()


class Response(NamedTuple):
    """What came back; `position` counts from 1 and names the binding that caused `status`."""

    status: int
    position: int
    varbinds: list[Varbind]
    size_bytes: int = 0


def status_text(status: int) -> str:
    """Return an error status in words."""
    return _STATUS[status] if 0 <= status < len(_STATUS) else f"error status {status}"


class _Bodies(dict[Request, bytes]):
    """Requests come again at every poll: all after the request id is made once."""

    def __missing__(self, request: Request) -> bytes:
        if len(self) >= _CACHED:
            self.clear()
        body = self[request] = _encode_body(request)
        return body


def _encode_body(request: Request) -> bytes:
    values = request.values or ((ber.NULL, None),) * len(request.oids)
    bindings = b"".join(
        ber.encode_varbind((oid, tag, value))
        for oid, (tag, value) in zip(request.oids, values, strict=True)
    )
    counts = ber.integer(request.non_repeaters) + ber.integer(request.repetitions)
    return counts + ber.tlv(ber.SEQUENCE, bindings)


_bodies = _Bodies()


def body_of(request: Request) -> bytes:
    """Return what follows the request id."""
    return _bodies[request]


def encode(request: Request, ident: int) -> bytes:
    """Return the PDU; `ident` has 31 bits and goes out in four octets."""
    body = _bodies[request]
    return head(request.kind, len(body)) + ident.to_bytes(4, "big") + body


def head(kind: int, size: int) -> bytes:
    """Return what stands before a request id of four octets and a body of `size`."""
    return bytes((kind,)) + ber.length(6 + size) + b"\x02\x04"


def encode_answer(kind: int, ident: int, response: Response) -> bytes:
    """Return a response PDU, as agents send it."""
    numbers = ber.integer(ident) + ber.integer(response.status) + ber.integer(response.position)
    bindings = b"".join(map(ber.encode_varbind, response.varbinds))
    return ber.tlv(kind, numbers + ber.tlv(ber.SEQUENCE, bindings))
