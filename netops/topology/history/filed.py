"""Snapshots kept as files: what the JSON export wrote is read back, to be drawn or compared elsewhere."""

import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from netops.core.clock import parse_utc
from netops.core.dataclass import dataclass
from netops.core.errors import AccessError, UsageError
from netops.topology.canonical import snapshot_of
from netops.topology.model import Device, Endpoint, Snapshot

#: A file larger than this was not written by `netops topology export`.
_LARGEST_BYTES = 256_000_000


@dataclass(frozen=True, slots=True)
class Filed:
    """One snapshot with its endpoints, as a file holds them."""

    snapshot: Snapshot
    endpoints: tuple[Endpoint, ...]


def read_file(path: Path) -> Filed:
    """Return what `netops topology export --format json` wrote; raise UsageError for anything else."""
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise UsageError(f"{path} is too large for a snapshot")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise AccessError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError:
        raise _foreign(path, "it is not UTF-8") from None
    try:
        return _filed(json.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise _foreign(path, f"{type(error).__name__}: {error}"[:200]) from None


def _foreign(path: Path, why: str) -> UsageError:
    return UsageError(
        f"{path} is no snapshot of netops: {why}",
        hint="write one with `netops topology export --format json --to FILE`",
    )


def _filed(made: Mapping[str, Any]) -> Filed:
    silent = tuple(map(str, made.get("silent") or ()))
    snapshot = snapshot_of(made, str(made["id"]), parse_utc(made["taken_at"]), silent)
    if any(type(name) is not str for one in snapshot.devices.values() for name in _texts(one)):
        raise ValueError("a text of a device is none")
    return Filed(snapshot, tuple(_endpoint(row) for row in made.get("endpoints") or ()))


def _texts(device: Device) -> list[object]:
    names = (field.name for field in fields(Device) if field.type is str)
    return [getattr(device, name) for name in names] + [*device.ports, *device.addresses]


def _endpoint(row: Mapping[str, Any]) -> Endpoint:
    seen = {
        name: parse_utc(row[name]) for name in ("first_seen_at", "last_seen_at") if row.get(name)
    }
    return Endpoint(
        str(row["mac"]),
        str(row["device"]),
        str(row["port"]),
        None if row.get("vlan") is None else int(row["vlan"]),
        tuple(map(str, row.get("addresses") or ())),
        str(row.get("name") or ""),
        **seen,
    )
