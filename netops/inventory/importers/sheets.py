"""Devices out of asset sheets: CSV as office programs export it."""

from pathlib import Path

from netops.core.errors import ConfigError
from netops.inventory.importers.base import Draft, Traits, Wishes, kind_of
from netops.inventory.sheet import Row, Sheet, read_sheet

_TRAITS = ("role", "site", "platform", "owner")
_DATA = {"number": "asset", "serial": "serial", "maker": "maker", "model": "model", "mac": "mac",
    "location": "location", "note": "note"}  # fmt: skip


class SheetImporter:
    """CSV files, such as asset sheets."""

    traits = Traits("asset sheets and other tables as CSV", takes_columns=True)

    def read(self, file: Path, wishes: Wishes) -> Draft:
        """Return the devices of a table; raise ConfigError."""
        return draft_of(read_sheet(file, columns=wishes.columns, charset=wishes.charset), file)


def draft_of(sheet: Sheet, file: Path) -> Draft:
    """Return the devices of a sheet; a row with neither name nor address is passed over."""
    draft = Draft(mistakes=list(sheet.mistakes))
    draft.secrets = [f"{file.name}: the column {head!r}" for head in sheet.secrets]
    if "device" not in sheet.known and "host" not in sheet.known:
        raise ConfigError(
            f"{file} has no column with names or addresses of devices",
            hint="name it with --map 'HEAD=device' or --map 'HEAD=host'",
        )
    without = 0
    for row in sheet.rows:
        if not (row.cells.get("device") or row.cells.get("host")):
            without += 1
            continue
        _add(draft, row, file)
    if without:
        draft.notes.append(f"{without} rows have neither a name nor an address")
    return draft


def _add(draft: Draft, row: Row, file: Path) -> None:
    cells = row.cells
    host = cells.get("host", "").partition("/")[0].strip()
    values = {name: cells.get(name) for name in _TRAITS}
    word = cells.get("kind", "")
    data = {key: cells[name] for name, key in _DATA.items() if cells.get(name)}
    kind = kind_of(word) if word else None
    if word and kind is None:
        data["kind"] = word
    draft.add(
        cells.get("device") or host,
        f"{file.name}:{row.line}",
        {"host": host, "kind": kind, **values, "data": data},
        label=cells.get("number", ""),
    )
