"""Oxidized's router.db: a line for each device, fields between colons."""

from pathlib import Path

from netops.core.document import MAX_SIZE_BYTES, plain_text
from netops.core.errors import ConfigError, UsageError
from netops.core.regular import read_limited
from netops.inventory.importers.base import Draft, Traits, Wishes, usable_name

_FIELDS = {"name": 0, "model": 1}
_KNOWN = ("name", "ip", "model", "group", "site", "role", "owner")


class OxidizedImporter:
    """Oxidized's CSV source."""

    traits = Traits(
        "Oxidized's router.db; --map group=2 where source.csv.map says so", takes_columns=True
    )

    def read(self, file: Path, wishes: Wishes) -> Draft:
        """Return the devices; what stands in fields that nobody named may be a password."""
        places = {**_FIELDS, **_mapped(wishes)}
        draft = Draft()
        unnamed = 0
        text = plain_text(read_limited(file, MAX_SIZE_BYTES), file, file.name)
        for number, line in enumerate(text.splitlines(), 1):
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            cells = [cell.strip() for cell in line.split(":")]
            found = {name: cells[at] for name, at in places.items() if at < len(cells)}
            if len(cells) < 2 or not found.get("model"):
                draft.mistakes.append(f"{file.name}:{number}: NAME:MODEL expected")
                continue
            unnamed += any(
                cell for at, cell in enumerate(cells) if cell and at not in places.values()
            )
            group = usable_name(found.get("group", ""))
            values = {key: found.get(key) for key in ("site", "role", "owner")}
            draft.add(
                found["name"],
                f"{file.name}:{number}",
                {
                    "host": found.get("ip") or found["name"],
                    "platform": found["model"],
                    "groups": [group] if group else [],
                    **values,
                },
            )
            if group:
                draft.groups.setdefault(group, {})
        if unnamed:
            draft.secrets.append(f"{file.name}: further fields of {unnamed} lines")
        if not draft.devices and not draft.mistakes:
            raise ConfigError(f"{file} has no devices", hint="name Oxidized's router.db")
        return draft


def _mapped(wishes: Wishes) -> dict[str, int]:
    found = {}
    for text in wishes.columns:
        name, _, place = text.partition("=")
        if name not in _KNOWN or not (place.isascii() and place.isdigit() and int(place) < 100):
            raise UsageError(
                f"--map {text!r} is not FIELD=NUMBER", hint=f"fields: {', '.join(_KNOWN)}"
            )
        found[name] = int(place)
    return found
