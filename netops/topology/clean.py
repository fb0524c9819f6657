"""What strangers send is cleaned once, where it comes in: texts, MAC and IP addresses."""

import ipaddress
import re
from collections.abc import Collection
from functools import lru_cache

LONGEST_TEXT = 255
_MAC = re.compile(r"([0-9a-f]{2})[:\-.]?" * 5 + r"([0-9a-f]{2})", re.IGNORECASE)
_EMPTY_SERIALS = frozenset({
    "", "0", "none", "n/a", "na", "null", "unknown", "default string", "not specified",
    "not available", "to be filled by o.e.m.", "system serial number", "123456789", "0123456789",
})  # fmt: skip


def text(value: object) -> str:
    """Return one line without anything that a terminal, page or label could take as a command."""
    if value is None:
        return ""
    raw = str(value)
    if not (raw.isascii() and raw.isprintable()):
        raw = "".join(char if char.isprintable() else " " for char in raw)
    return " ".join(raw.split())[:LONGEST_TEXT]


@lru_cache(maxsize=65_536)
def mac(value: str | None) -> str:
    """
    Return a unicast MAC in lower case with colons; nothing for what is none.

    Some devices send the address as text, which arrives here as hexadecimal of its letters.
    """
    raw = (value or "").strip()
    if raw.startswith("0x"):
        try:
            raw = bytes.fromhex(raw[2:]).decode("ascii").strip("\0 ")
        except (ValueError, UnicodeDecodeError):
            return ""
    found = _MAC.fullmatch(raw)
    if found is None:
        return ""
    plain = ":".join(found.groups()).lower()
    if plain == "00:00:00:00:00:00" or int(plain[:2], 16) & 1:
        return ""
    return plain


@lru_cache(maxsize=65_536)
def address(value: str | None) -> str:
    """Return an IP address that can identify a device in a network; nothing for any other."""
    try:
        found = ipaddress.ip_address((value or "").strip().partition("%")[0])
    except ValueError:
        return ""
    mapped = getattr(found, "ipv4_mapped", None)
    found = mapped or found
    if (
        found.is_unspecified
        or found.is_loopback
        or found.is_link_local
        or found.is_multicast
        or (found.version == 4 and int(found) == 0xFFFFFFFF)
    ):
        return ""
    return str(found)


def serial(value: object) -> str:
    """Return a serial number; nothing for what makers print when they have none."""
    found = text(value)
    if found.casefold() in _EMPTY_SERIALS or set(found.casefold()) <= set("0x. -"):
        return ""
    return found


def whole(value: object) -> int | None:
    """Return a whole number, also from text; None for anything else."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return int(value)
    raw = str(value)
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 19 else None


def short(name: str) -> str:
    """Return a host name without its domain, for comparison; an address stays whole."""
    folded = name.casefold()
    return folded if address(folded) else folded.partition(".")[0]


def addresses(values: Collection[str | None]) -> tuple[str, ...]:
    """Return the usable ones among the addresses, each once, in their order."""
    return tuple(dict.fromkeys(found for value in values if (found := address(value))))


def words(value: object) -> list[str]:
    """Return the words of a list of numbers, which may be longer than any name."""
    return str(value).split() if value else []
