"""Recordings of devices in the snmprec format: one line per object, `OID|TAG|VALUE`."""

import ast
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from pathlib import Path

from netops.core.errors import ConfigError
from netops.snmp import ber, oid
from netops.snmp.ber import Value, Varbind, WireError

_MAX_BYTES = 512 << 20
_STRINGS = frozenset((ber.OCTETS, ber.IP_ADDRESS, ber.OPAQUE))


class Recording:
    """All objects of one device in MIB order; what could not be read is counted in `skipped`."""

    def __init__(self, varbinds: Iterable[Varbind], *, skipped: int = 0) -> None:
        by_parts: dict[tuple[int, ...], Varbind] = {}
        for varbind in varbinds:  # of duplicates, the first one counts
            by_parts.setdefault(oid.index_of(varbind[0]), varbind)
        self._order = sorted(by_parts)
        self.varbinds = [by_parts[parts] for parts in self._order]
        self._at = {varbind[0]: number for number, varbind in enumerate(self.varbinds)}
        self._encoded: dict[int, bytes] = {}
        self.skipped = skipped

    def __len__(self) -> int:
        return len(self.varbinds)

    def position(self, name: bytes) -> int | None:
        """Return the number of the object called exactly `name`."""
        return self._at.get(name)

    def after(self, name: bytes) -> int:
        """Return the number of the first object behind `name`; `len` when there is none."""
        at = self._at.get(name)
        return bisect_right(self._order, oid.index_of(name)) if at is None else at + 1

    def encoded(self, number: int) -> bytes:
        """Return the binding as octets, made once."""
        found = self._encoded.get(number)
        if found is None:
            found = self._encoded[number] = ber.encode_varbind(self.varbinds[number])
        return found


def load(path: Path) -> Recording:
    """Read a recording; raise ConfigError when the file is none."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ConfigError(f"{path} is larger than {_MAX_BYTES >> 20} MiB")
        data = path.read_bytes()
    except OSError as error:
        reason = (error.strerror or "cannot be read").lower()
        raise ConfigError(f"the recording {path}: {reason}") from None
    recording = parse(data)
    if not recording:
        raise ConfigError(
            f"{path} holds no object that can be served", hint="lines look like 1.3.6.1…|4|text"
        )
    return recording


def parse(data: bytes) -> Recording:
    """Return the recording in `data`; lines that cannot be served are skipped and counted."""
    found, skipped = [], 0
    for line in data.split(b"\n"):  # a carriage return belongs to the value
        if not line.strip() or line.startswith(b"#"):
            continue
        try:
            found.append(_line(line))
        except (ValueError, SyntaxError):
            skipped += 1
    return Recording(found, skipped=skipped)


def _line(line: bytes) -> Varbind:
    name, tag_text, text = line.split(b"|", 2)
    kind = tag_text.decode("ascii").strip()
    tag = int(kind.rstrip("xe"))
    raw = text
    if kind.endswith("x"):
        raw = bytes.fromhex(text.decode("ascii").strip())
    elif kind.endswith("e"):
        raw = ast.literal_eval('b"' + text.decode("ascii").replace('"', '\\"') + '"')
    return oid.encode(name.decode("ascii")), tag, _value(tag, raw, hexadecimal=kind.endswith("x"))


def _value(tag: int, raw: bytes, *, hexadecimal: bool) -> Value:
    if tag == ber.IP_ADDRESS and not hexadecimal:
        octets = bytes(int(part) for part in raw.split(b"."))
        if len(octets) != 4:
            raise WireError("an IPv4 address has four parts")
        return octets
    if tag in _STRINGS:
        return raw
    if tag == ber.OID:
        return oid.encode(raw.decode("ascii"))
    if tag in {ber.NULL, ber.NO_SUCH_OBJECT, ber.NO_SUCH_INSTANCE}:
        return None
    if tag in {ber.INTEGER, ber.COUNTER32, ber.GAUGE32, ber.TICKS, ber.COUNTER64}:
        return int.from_bytes(raw, "big") if hexadecimal else int(raw)
    raise WireError(f"no value has the tag {tag}")


def dump(varbinds: Iterable[Varbind]) -> Iterator[str]:
    """Yield the lines of a recording."""
    for name, tag, value in varbinds:
        yield f"{oid.text_of(name)}|{_dumped(tag, value)}\n"


def _dumped(tag: int, value: Value) -> str:
    if isinstance(value, int):
        return f"{tag}|{value}"
    if value is None:
        return f"{tag}|"
    if tag == ber.OID:
        return f"{tag}|{oid.text_of(value)}"
    if tag == ber.IP_ADDRESS and len(value) == 4:
        return f"{tag}|{'.'.join(map(str, value))}"
    if tag == ber.OCTETS and value.isascii() and value.decode("ascii").isprintable():
        return f"{tag}|{value.decode('ascii')}"
    return f"{tag}x|{value.hex()}"
