"""NetBox: `/api/dcim/devices/` as JSON, or the table of its devices as CSV."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from netops.core.errors import ConfigError
from netops.inventory.importers.base import Draft, Traits, Wishes, kind_of
from netops.inventory.importers.export import records, word

_GONE = {"decommissioning", "offline", "inventory"}


class NetboxImporter:
    """NetBox exports."""

    traits = Traits("NetBox devices, JSON of its API or CSV")

    def read(self, file: Path, wishes: Wishes) -> Draft:
        """Return the devices with site, role, platform, rack and serial number."""
        del wishes
        draft = Draft()
        for where, record in records(file, "results"):
            _add(draft, where, record)
        if not draft.devices and not draft.mistakes:
            raise ConfigError(f"{file} has no devices", hint="export them from /api/dcim/devices/")
        return draft


def _add(draft: Draft, where: str, record: Mapping[str, Any]) -> None:
    kind = record.get("device_type")
    inner: Mapping[str, Any] = kind if isinstance(kind, Mapping) else {}
    role = word(record, "role", "device_role", "device role")
    status = word(record, "status").lower()
    address = word(record, "primary_ip4", "primary_ip", "primary_ip6", "ip address", "ipv4 address")
    data: dict[str, Any] = {
        "serial": word(record, "serial", "serial number"),
        "asset": word(record, "asset_tag", "asset tag"),
        "maker": word(inner, "manufacturer") or word(record, "manufacturer"),
        "model": word(inner, "model") or word(record, "device_type", "type"),
        "location": word(record, "location"),
        "rack": word(record, "rack"),
        "status": "" if status == "active" else status,
    }
    fields = record.get("custom_fields")
    if isinstance(fields, Mapping):
        data["custom"] = dict(fields)
    name = word(record, "name") or data["asset"] or address.partition("/")[0]
    draft.add(
        name,
        where,
        {
            "host": address.partition("/")[0],
            "kind": kind_of(role),
            "role": role,
            "site": word(record, "site"),
            "platform": word(record, "platform"),
            "owner": word(record, "owner"),
            "tags": _tags(record.get("tags"), [status] if status in _GONE else []),
            "data": data,
        },
    )


def _tags(tags: object, more: list[str]) -> list[str]:
    if isinstance(tags, str):
        found = [part.strip() for part in tags.split(",") if part.strip()]
    elif isinstance(tags, list):
        found = [word({"tag": one}, "tag") for one in tags]
    else:
        found = []
    return [*filter(None, found), *more]
