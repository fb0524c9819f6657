"""Octets as people read them: names in whatever charset a device has, addresses, hex."""

import ipaddress
import unicodedata
from collections.abc import Mapping

from netops.snmp import ber, oid
from netops.snmp.ber import Value

_BLANKS = "\r\n\t"
_FAMILIES = frozenset((b"\x01", b"\x02"))  # IPv4 and IPv6 among IANA's address families
_TYPES = {
    ber.INTEGER: "integer", ber.OCTETS: "octets", ber.NULL: "null", ber.OID: "oid",
    ber.IP_ADDRESS: "address", ber.COUNTER32: "counter32", ber.GAUGE32: "gauge",
    ber.TICKS: "ticks", ber.OPAQUE: "opaque", ber.COUNTER64: "counter64",
    ber.NO_SUCH_OBJECT: "noSuchObject", ber.NO_SUCH_INSTANCE: "noSuchInstance",
    ber.END_OF_MIB: "endOfMibView",
}  # fmt: skip


def type_name(tag: int) -> str:
    """Return what a tag is called."""
    return _TYPES.get(tag, f"tag {tag:#04x}")


def decode_text(raw: bytes) -> str:
    """Return text: UTF-8, else GBK as Chinese devices send it, else the octets in hex."""
    stripped = raw.rstrip(b"\0\r\n")
    for charset in ("utf-8", "gbk"):
        try:
            text = stripped.decode(charset)
        except UnicodeDecodeError:
            continue
        if all(char.isprintable() or char in _BLANKS for char in text):
            return text
        if any(unicodedata.category(char) == "Cf" for char in text):
            # UTF-8 that hides something, such as the direction of writing; GBK would make it a name.
            break
    return hex_text(raw)


def hex_text(raw: bytes) -> str:
    """Return `0x00ff`."""
    return "0x" + raw.hex()


def mac_text(raw: bytes) -> str:
    """Return `00:1b:21:3c:4d:5e`, nothing for no address; octets of another length stay hex."""
    if not raw:
        return ""
    return raw.hex(":") if len(raw) in {6, 8} else hex_text(raw)


def address_text(raw: bytes) -> str:
    """Return an IPv4 or IPv6 address; other octets stay hex."""
    if len(raw) in {4, 16}:
        return str(ipaddress.ip_address(raw))
    return hex_text(raw)


def identifier_text(raw: bytes, kind: str | None = None) -> str:
    """
    Return an LLDP id as what its subtype says it is.

    Without one: a name if it is one, else a MAC address. Six octets may happen to be both.
    """
    if kind == "macAddress":
        return mac_text(raw)
    if kind == "networkAddress" and raw[:1] in _FAMILIES:
        return address_text(raw[1:])
    text = decode_text(raw)
    return mac_text(raw) if text.startswith("0x") and len(raw) == 6 else text


def bits_text(raw: bytes, names: Mapping[str, str]) -> str:
    """Return the names of the bits that are set, in order; bit 0 is the highest (RFC 2578 §7.1.4)."""
    return " ".join(names.get(str(bit), str(bit)) for bit in _bits(raw))


def ports_text(raw: bytes) -> str:
    """Return the ports of a PortList as numbers from 1 (RFC 4363)."""
    return " ".join(str(bit + 1) for bit in _bits(raw))


def _bits(raw: bytes) -> list[int]:
    return [bit for bit in range(8 * len(raw)) if raw[bit // 8] & 0x80 >> bit % 8]


def plain(tag: int, value: Value) -> int | str | None:
    """Return a value of unknown meaning as JSON can hold it."""
    if not isinstance(value, bytes):
        return value
    if tag == ber.OID:
        return oid.text_of(value)
    if tag == ber.IP_ADDRESS:
        return address_text(value)
    return decode_text(value) if tag == ber.OCTETS else hex_text(value)
