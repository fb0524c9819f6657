"""What a device is: maker and kind by its sysObjectID, its chassis and modules with their serial numbers."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from netops.core.dataclass import dataclass, replace
from netops.core.document import read_document
from netops.snmp import ask, ber, oid
from netops.snmp.ask import Asking
from netops.snmp.ber import Varbind
from netops.snmp.model import Version
from netops.snmp.module import load
from netops.snmp.plan import Habits
from netops.snmp.table import Cell, read_modules
from netops.snmp.text import address_text, decode_text
from netops.snmp.walk import walk

_FILE = Path(__file__).with_name("identities.yaml")
_OBJECT_ID, _NAME, _DESCR = (
    oid.encode(f"1.3.6.1.2.1.1.{number}.0") for number in (2, 5, 1)
)  # fmt: skip
#: The older table has IPv4 in its values; the newer one (RFC 4293) has both families in its index.
_ADDRESS_VALUES = oid.encode("1.3.6.1.2.1.4.20.1.1")
_ADDRESS_INDEX = oid.encode("1.3.6.1.2.1.4.34.1.3")
_ADDRESS_BYTES = {4, 16}
_MAX_PARTS = 4_000
_LONGEST = 200
#: What devices say instead of nothing.
_NO_SERIAL = re.compile(
    r"[-.?*0xX ]*|n/?a|none|null|unknown|not (specified|available)|to be filled by o\.?e\.?m\.?"
    r"|default string|system serial number",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Kind:
    """What a sysObjectID tells."""

    maker: str = ""
    platform: str = ""
    kind: str = ""
    #: Objects that tell more, where ENTITY-MIB is silent.
    serial: str = ""
    model: str = ""
    software: str = ""
    words: Mapping[str, Mapping[str, str]] | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """A chassis or a module with a serial number."""

    part: str
    serial: str
    model: str = ""
    maker: str = ""
    software: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a device says it is."""

    object_id: str
    name: str
    description: str
    kind: Kind
    parts: tuple[Part, ...] = ()
    #: The addresses it says are its own.
    addresses: frozenset[str] = frozenset()

    @property
    def chassis(self) -> tuple[Part, ...]:
        """Return the chassis, several for a stack."""
        return tuple(part for part in self.parts if part.part == "chassis")

    @property
    def serials(self) -> frozenset[str]:
        """Return the serial numbers of its chassis."""
        return frozenset(part.serial for part in self.chassis)


def read_identity(
    version: Version = "2c", *, addresses: bool = False, habits: Habits | None = None
) -> Asking[Identity]:
    """Return what a device is, as one conversation; with `addresses` also those it has."""
    first = yield from ask.get([_OBJECT_ID, _NAME, _DESCR])
    object_id = first[0][2] if isinstance(first[0][2], bytes) and first[0][1] == ber.OID else b""
    descr = _text(first[2])
    kind = kind_of_object(oid.text_of(object_id) if object_id else "", descr)
    told = yield from _told(kind)
    found = yield from read_modules(
        [load("entity")], version=version, habits=habits, max_rows=_MAX_PARTS
    )
    parts = parts_of(found.tables.get("entPhysicalTable", []), kind, told)
    own = (yield from _addresses(version)) if addresses else frozenset()
    text = oid.text_of(object_id) if object_id else ""
    return Identity(text, _text(first[1]), descr, kind, parts, own)


def _addresses(version: Version) -> Asking[frozenset[str]]:
    roots = [_ADDRESS_VALUES, _ADDRESS_INDEX]
    table = yield from walk(roots, version=version, max_rows=_MAX_PARTS)
    raw = [one[2] for one in table.columns[_ADDRESS_VALUES] if isinstance(one[2], bytes)]
    for name, _, _ in table.columns[_ADDRESS_INDEX]:
        _, size, *parts = (*oid.index_of(name[len(_ADDRESS_INDEX) :]), 0, 0)
        if size in _ADDRESS_BYTES and max(parts) < 256:
            raw.append(bytes(parts[:size]))
    return frozenset(address_text(one) for one in raw if len(one) in _ADDRESS_BYTES)


def _told(kind: Kind) -> Asking[dict[str, str]]:
    wanted = {name: getattr(kind, name) for name in ("serial", "model", "software")}
    asked = {name: text for name, text in wanted.items() if text}
    if not asked:
        return {}
    found = yield from ask.get([oid.encode(text) for text in asked.values()])
    return {name: _text(binding) for name, binding in zip(asked, found, strict=True)}


def _text(binding: Varbind) -> str:
    _, tag, value = binding
    if tag == ber.OCTETS and isinstance(value, bytes):
        return clean(decode_text(value))
    return str(value) if tag == ber.INTEGER else ""


def clean(text: Cell) -> str:
    """Return what a device says as one line of bounded length."""
    return " ".join("".join(c if c.isprintable() else " " for c in str(text or "")).split())[
        :_LONGEST
    ]


def real_serial(text: Cell) -> str:
    """Return a serial number, an empty text for what only stands in for one."""
    plain = clean(text)
    return "" if _NO_SERIAL.fullmatch(plain) else plain


def parts_of(
    rows: Sequence[Mapping[str, Cell]], kind: Kind, told: Mapping[str, str]
) -> tuple[Part, ...]:
    """Return chassis and modules with serial numbers, each number once, chassis first."""
    found: dict[str, Part] = {}
    chassis = [row for row in rows if row.get("entPhysicalClass") == "chassis"]
    others = [row for row in rows if row.get("entPhysicalClass") != "chassis"]
    software = told.get("software", "")
    for place, row in [("chassis", row) for row in chassis] + [("module", row) for row in others]:
        serial = real_serial(row.get("entPhysicalSerialNum"))
        if serial and serial not in found:
            found[serial] = Part(
                place,
                serial,
                clean(row.get("entPhysicalModelName")),
                clean(row.get("entPhysicalMfgName")) or kind.maker,
                clean(row.get("entPhysicalSoftwareRev")) or software,
                clean(row.get("entPhysicalName")) or clean(row.get("entPhysicalDescr")),
            )
    own = real_serial(told.get("serial"))
    if own and not any(part.part == "chassis" for part in found.values()):
        model = told.get("model", "")
        found = {own: Part("chassis", own, model, kind.maker, software), **found}
        found[own] = replace(found[own], part="chassis")
    return tuple(found.values())


def kind_of_object(object_id: str, description: str = "") -> Kind:
    """Return what the longest fitting beginning of a sysObjectID tells, refined by the description."""
    parts = object_id.split(".")
    for length in range(len(parts), 0, -1):
        kind = _kinds().get(".".join(parts[:length]))
        if kind is not None:
            break
    else:
        return Kind()
    for word, more in (kind.words or {}).items():
        if word.casefold() in description.casefold():
            return replace(kind, words=None, **more)
    return kind


@cache
def _kinds() -> dict[str, Kind]:
    data: dict[str, Any] = read_document(_FILE).data
    return {prefix: Kind(**entry) for prefix, entry in data.items()}
