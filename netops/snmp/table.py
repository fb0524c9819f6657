"""From bindings to typed rows: names, enums, units and charsets; what a device lacks is dropped."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from netops.core.dataclass import dataclass, field
from netops.snmp import ask, ber, oid
from netops.snmp.ask import Asking
from netops.snmp.ber import Varbind
from netops.snmp.model import Version
from netops.snmp.module import Module, Object, TableForm, suited
from netops.snmp.plan import Habits
from netops.snmp.text import (
    address_text,
    bits_text,
    decode_text,
    hex_text,
    identifier_text,
    mac_text,
    plain,
    ports_text,
)
from netops.snmp.walk import MAX_ROWS, Walk, walk

Cell = int | float | str | None
SYS_OBJECT_ID = oid.encode("1.3.6.1.2.1.1.2.0")
_TICKS_PER_S = 100


@dataclass(slots=True)
class Readings:
    """What one device said, module by module."""

    scalars: dict[str, Cell] = field(default_factory=dict)
    #: Table → rows; each row has the parts of its index first.
    tables: dict[str, list[dict[str, Cell]]] = field(default_factory=dict)
    #: Object → why it is not complete.
    notes: dict[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for `--json`."""
        return {"scalars": self.scalars, "tables": self.tables, "notes": self.notes}


def read_modules(
    modules: Sequence[Module],
    *,
    version: Version = "2c",
    habits: Habits | None = None,
    max_rows: int = MAX_ROWS,
    slow: bool = True,
    unordered: Collection[bytes] = (),
) -> Asking[Readings]:
    """
    Return everything the modules name, as one conversation.

    What the device does not have is remembered in `habits` and not asked again; tables without a
    row only when `slow` is on. With `slow` off, names and what else seldom changes are left out.
    """
    habits = habits or Habits()
    scalars = [one for module in modules for one in module.scalars if _due(one, habits, slow)]
    columns = [one for module in modules for one in module.columns() if _due(one, habits, slow)]
    found = yield from walk(
        [one.oid for one in columns],
        scalars=[one.oid for one in scalars],
        version=version,
        habits=habits,
        max_rows=max_rows,
        unordered=unordered,
    )
    readings = Readings()
    for one, binding in zip(scalars, found.scalars, strict=True):
        if binding[1] >= ber.NO_SUCH_OBJECT:
            habits.missing.add(one.oid)
        else:
            readings.scalars[one.name] = cell(one, binding, readings.scalars)
    readings.notes = {one.name: found.notes[one.oid] for one in columns if one.oid in found.notes}
    for table in (table for module in modules for table in module.tables):
        _drop_missing(table, found, habits)
        rows = rows_of(table, found.columns)
        if rows:
            readings.tables[table.name] = rows
    return readings


def read_device(version: Version = "2c", *, habits: Habits | None = None) -> Asking[Readings]:
    """Return everything known about a device: ask what it is, then what suits it."""
    (found,) = yield from ask.get([SYS_OBJECT_ID])
    kind = found[2] if isinstance(found[2], bytes) else b""
    return (yield from read_modules(suited(kind), version=version, habits=habits))


def _due(one: Object, habits: Habits, slow: bool) -> bool:
    if one.oid in habits.missing:
        return False
    return slow or not (one.slow or one.oid in habits.empty)


def _drop_missing(table: TableForm, found: Walk, habits: Habits) -> None:
    asked = {
        one.oid for one in table.columns if one.oid in found.columns and one.oid not in found.notes
    }
    without = {column for column in asked if not found.columns[column]}
    habits.empty -= asked
    if without == asked:
        habits.empty |= asked
    else:  # the table has rows, so a column without any does not exist
        habits.missing |= without


def rows_of(table: TableForm, columns: dict[bytes, list[Varbind]]) -> list[dict[str, Cell]]:
    """Return the table's rows in the order of their index; a hole in a column is None."""
    rows: dict[bytes, dict[str, Cell]] = {}
    present = [one for one in table.columns if columns.get(one.oid)]
    for one in present:
        skip = len(one.oid)
        for binding in columns[one.oid]:
            index = binding[0][skip:]
            row = rows.get(index)
            if row is None:
                row = rows[index] = {
                    **index_cells(table, index),
                    **dict.fromkeys((column.name for column in present), None),
                }
            row[one.name] = cell(one, binding, row)
    return [rows[index] for index in sorted(rows, key=oid.index_of)]


def index_cells(table: TableForm, index: bytes) -> dict[str, Cell]:
    """Return the parts of an index by name; one that does not fit is given as a whole."""
    parts = list(oid.index_of(index))
    found: dict[str, Cell] = {}
    try:
        for name, kind in table.index:
            found[name] = _index_part(parts, kind)
    except (IndexError, ValueError):
        parts = [-1]
    return {"index": oid.index_text(index)} if parts else found


def _index_part(parts: list[int], kind: str) -> Cell:
    if kind == "integer":
        return parts.pop(0)
    size = {"mac": 6, "ip": 4}.get(kind) or parts.pop(0)
    taken = [parts.pop(0) for _ in range(size)]
    raw = bytes(taken)
    return mac_text(raw) if kind == "mac" else address_text(raw)


def cell(one: Object, binding: Varbind, beside: Mapping[str, Cell]) -> Cell:
    """Return a value as its object says; one of an unexpected kind as it came."""
    _, tag, value = binding
    if isinstance(value, int):
        return _number(one, value)
    if isinstance(value, bytes):
        if one.type == "identifier" and tag == ber.OCTETS:
            kind = beside.get(one.by or "")
            return identifier_text(value, str(kind) if kind else None)
        return _octets(one, tag, value)
    return None


def _number(one: Object, value: int) -> Cell:
    if value in one.none:
        return None
    if one.enum:
        return one.enum.get(str(value), str(value))
    if one.type == "ticks":
        return value / _TICKS_PER_S
    return round(value * one.scale, 6) if one.scale is not None else value


def _octets(one: Object, tag: int, value: bytes) -> Cell:
    if tag == ber.OCTETS and one.type == "bits":
        return bits_text(value, one.enum)
    shown = {
        "mac": mac_text, "address": address_text, "hex": hex_text, "text": decode_text,
        "ports": ports_text,
    }.get(one.type)  # fmt: skip
    if tag == ber.OCTETS and shown:
        return shown(value)
    text = plain(tag, value)
    return one.enum.get(str(text), text)
