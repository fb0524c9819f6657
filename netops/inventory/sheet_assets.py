"""From an asset sheet to the ledger: what is new, what changes, and what no row may do."""

from collections.abc import Mapping
from pathlib import Path

from netops.core.dataclass import dataclass, field
from netops.core.errors import ConfigError, UsageError
from netops.inventory.assets import FIELDS, RETIRED, Asset, changed, number_of
from netops.inventory.importers.base import kind_of
from netops.inventory.model import Device
from netops.inventory.sheet import Sheet

#: What stands in the first column of a line that is no asset.
_TOTALS = {"", "合计", "合計", "总计", "總計", "小计", "小計", "共计", "共計", "total", "sum"}


@dataclass(slots=True)
class Plan:
    """What a sheet means for the ledger."""

    added: list[Asset] = field(default_factory=list)
    #: Asset as it would be, and field → [before, after].
    updated: list[tuple[Asset, Mapping[str, list[str]]]] = field(default_factory=list)
    same: int = 0
    notes: list[str] = field(default_factory=list)


def plan_sheet(
    sheet: Sheet, file: Path, known: Mapping[str, Asset], devices: Mapping[str, Device]
) -> Plan:
    """
    Return what the sheet adds and changes; a cell that is empty changes nothing.

    Raises ConfigError with every row that is wrong: then nothing of the sheet is taken.
    """
    if "number" not in sheet.known:
        raise ConfigError(
            f"{file} has no column with asset numbers", hint="name it with --map 'HEAD=number'"
        )
    plan, mistakes, seen = Plan(), list(sheet.mistakes), dict[str, int]()
    hosts = {device.host: device.name for device in devices.values()}
    without = 0
    for row in sheet.rows:
        if row.cells.get("number", "").casefold() in _TOTALS:
            without += 1
            continue
        try:
            number = number_of(row.cells["number"])
            if number in seen:
                raise UsageError(f"{number} is given twice, first in line {seen[number]}")
            seen[number] = row.line
            _take(plan, number, _values(row.cells, devices, hosts), known.get(number))
        except UsageError as error:
            mistakes.append(f"{file.name}:{row.line}: {error}")
    if mistakes:
        count = "a mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
        raise ConfigError(f"{file} has {count}; nothing was taken", mistakes=mistakes)
    if without:
        plan.notes.append(f"{without} rows have no asset number and were passed over")
    return plan


def _values(
    cells: Mapping[str, str], devices: Mapping[str, Device], hosts: Mapping[str, str]
) -> dict[str, str]:
    values = {name: cells[name] for name in FIELDS if cells.get(name)}
    kind = values.get("kind")
    if kind:
        values["kind"] = kind_of(kind) or kind
    name = values.get("device", "")
    by_host = hosts.get(cells.get("host", "").partition("/")[0].strip(), "")
    if name in devices:
        return values
    if name and not name.isascii():
        # A description ("switch of the library"), not the name of a device.
        del values["device"]
        values["note"] = "; ".join(filter(None, [name, values.get("note", "")]))
    if by_host:
        values["device"] = by_host
    return values


def _take(plan: Plan, number: str, values: Mapping[str, str], old: Asset | None) -> None:
    if old is None:
        plan.added.append(changed(Asset(number), values))
        return
    made = changed(old, values)
    if old.state != made.state and RETIRED in {old.state, made.state}:
        raise UsageError(
            f"{number} is {old.state} in the ledger and {made.state} in the sheet; "
            "retiring takes an approval (netops inventory retire), and nothing comes back from it"
        )
    changes = old.changes_to(made)
    if changes:
        plan.updated.append((made, changes))
    else:
        plan.same += 1
