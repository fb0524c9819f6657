"""Octets as people read them: names in whatever charset a device has, addresses, hex."""

import ipaddress

from netops.snmp import ber, oid
from netops.snmp.ber import Value

_BLANKS = "\r\n\t"
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


def identifier_text(raw: bytes) -> str:
    """Return a name if it is one, else a MAC address (LLDP ids are either)."""
    text = decode_text(raw)
    return mac_text(raw) if text.startswith("0x") and len(raw) == 6 else text


def plain(tag: int, value: Value) -> int | str | None:
    """Return a value of unknown meaning as JSON can hold it."""
    if not isinstance(value, bytes):
        return value
    if tag == ber.OID:
        return oid.text_of(value)
    if tag == ber.IP_ADDRESS:
        return address_text(value)
    return decode_text(value) if tag == ber.OCTETS else hex_text(value)
