"""Traps and informs of v1, v2c and v3 as one kind of plain value (RFC 3584 §3, RFC 3416 §4.2.6)."""

from typing import Any

from netops.core.dataclass import dataclass, field
from netops.snmp import ber, codec, oid
from netops.snmp.ber import Varbind, WireError
from netops.snmp.names import object_of, value_of
from netops.snmp.text import address_text

TRAP_V1, INFORM, TRAP = 0xA4, 0xA6, 0xA7
SYS_UPTIME = oid.encode("1.3.6.1.2.1.1.3.0")
TRAP_OID = oid.encode("1.3.6.1.6.3.1.1.4.1.0")
_STANDARD = oid.encode("1.3.6.1.6.3.1.1.5")
_ENTERPRISE_SPECIFIC = 6
_TICKS_PER_S = 100


@dataclass(frozen=True, slots=True)
class Notification:
    """What a device said by itself. Anybody can forge v1 and v2c: take it as a hint to go and see."""

    host: str
    port: int
    version: str
    #: `trap` or `inform`.
    kind: str
    #: What happened, as octets of its identifier.
    what: bytes
    uptime_s: float | None
    varbinds: tuple[Varbind, ...]
    received_at_s: float
    #: SNMPv3 only: who signed it, and the sender's engine.
    user: str = ""
    engine_id: str = ""
    #: v1 only: the address the agent gives itself, behind a proxy not that of the sender.
    agent: str = ""
    ident: int = field(default=0, compare=False)

    @property
    def name(self) -> str:
        """Return what happened by name, such as `linkDown`, or as dotted text."""
        return object_of(self.what)[0]

    def values(self) -> dict[str, Any]:
        """Return what else was said, by name."""
        found = {}
        for binding in self.varbinds:
            name, meaning = object_of(binding[0])
            found[name] = value_of(binding, meaning)
        return found

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for `--json`."""
        return {
            "host": self.host,
            "version": self.version,
            "kind": self.kind,
            "name": self.name,
            "oid": oid.text_of(self.what),
            "uptime_s": self.uptime_s,
            "values": self.values(),
            "user": self.user,
            "engine_id": self.engine_id,
            "received_at_s": self.received_at_s,
        }


@dataclass(frozen=True, slots=True)
class Said:
    """A notification PDU taken apart, before it is known whether its sender may be believed."""

    kind: int
    ident: int
    what: bytes
    uptime_s: float | None
    varbinds: tuple[Varbind, ...]
    agent: str = ""
    #: All bindings as they came, for the answer to an inform.
    echo: tuple[Varbind, ...] = ()


def read_notification(data: bytes, at: int, limit: int) -> Said:
    """Return the notification at `at`; raise WireError for anything else."""
    kind, start, end = ber.read(data, at, limit)
    if kind == TRAP_V1:
        return _read_v1(data, start, end)
    if kind not in {TRAP, INFORM}:
        raise WireError("no notification")
    _, ident, _, _, bindings = codec.read_pdu(data, at, limit)
    uptime_s, what, rest = None, None, []
    for binding in bindings:
        name, tag, value = binding
        if name == SYS_UPTIME and isinstance(value, int) and uptime_s is None:
            uptime_s = value / _TICKS_PER_S
        elif name == TRAP_OID and tag == ber.OID and isinstance(value, bytes) and what is None:
            what = value
        else:
            rest.append(binding)
    if not what:
        raise WireError("a notification that does not say what happened")
    return Said(kind, ident, what, uptime_s, tuple(rest), echo=tuple(bindings))


def _read_v1(data: bytes, at: int, end: int) -> Said:
    start, at = ber.expect(data, at, end, ber.OID)
    enterprise = ber.decode_value(ber.OID, data[start:at])
    start, at = ber.expect(data, at, end, ber.IP_ADDRESS)
    agent = address_text(data[start:at])
    generic, at = ber.read_integer(data, at, end)
    specific, at = ber.read_integer(data, at, end)
    start, at = ber.expect(data, at, end, ber.TICKS)
    ticks = ber.decode_value(ber.TICKS, data[start:at])
    start, stop = ber.expect(data, at, end, ber.SEQUENCE)
    if stop != end or not isinstance(ticks, int) or not isinstance(enterprise, bytes):
        raise WireError("a PDU with something over")
    varbinds = tuple(codec.decode_varbinds(data, start, stop))
    what = _what(enterprise, generic, specific)
    return Said(TRAP_V1, 0, what, ticks / _TICKS_PER_S, varbinds, agent)


def _what(enterprise: bytes, generic: int, specific: int) -> bytes:
    """Return the identifier that v2 gives to a v1 trap (RFC 3584 §3.1)."""
    if 0 <= generic < _ENTERPRISE_SPECIFIC:
        return _STANDARD + bytes((generic + 1,))
    if generic != _ENTERPRISE_SPECIFIC or not 0 <= specific <= 0xFFFFFFFF:
        raise WireError(f"no trap is of the kind {generic} {specific}")
    return enterprise + b"\0" + oid.encode_part(specific)
