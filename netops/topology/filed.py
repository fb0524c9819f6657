"""Snapshots kept as files: what the JSON export wrote is read back, to be drawn or compared elsewhere."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from netops.core.clock import parse_utc
from netops.core.errors import AccessError, UsageError
from netops.topology.model import (
    Device,
    DeviceState,
    End,
    Endpoint,
    Evidence,
    Link,
    LinkState,
    Port,
    Snapshot,
)

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
    devices = [_device(row) for row in made["devices"]]
    snapshot = Snapshot(
        str(made["id"]),
        parse_utc(made["taken_at"]),
        {device.uid: device for device in devices},
        tuple(_link(row) for row in made["links"]),
        str(made.get("stp_root") or ""),
        tuple(map(str, made.get("silent") or ())),
    )
    return Filed(snapshot, tuple(_endpoint(row) for row in made.get("endpoints") or ()))


def _device(row: Mapping[str, Any]) -> Device:
    texts: dict[str, Any] = {
        field.name: str(row.get(field.name) or "") for field in fields(Device) if field.type is str
    }
    ports = {str(name): _port(port) for name, port in (row.get("ports") or {}).items()}
    return Device(
        **{
            **texts,
            "state": DeviceState(row["state"]),
            "addresses": tuple(map(str, row.get("addresses") or ())),
            "ports": ports,
        }
    )


def _port(row: Mapping[str, Any]) -> Port:
    texts: dict[str, Any] = {
        field.name: str(row.get(field.name) or "") for field in fields(Port) if field.type is str
    }
    speed = row.get("speed_mbps")
    return Port(
        **texts,
        index=None if row.get("index") is None else int(row["index"]),
        is_up=_yes_or_no(row.get("is_up")),
        is_enabled=_yes_or_no(row.get("is_enabled")),
        speed_mbps=None if speed is None else int(speed),
        vlans=tuple(map(int, row.get("vlans") or ())),
    )


def _yes_or_no(value: Any) -> bool | None:
    return None if value is None else bool(value)


def _end(row: Mapping[str, Any]) -> End:
    return End(str(row["device"]), str(row["port"]))


def _link(row: Mapping[str, Any]) -> Link:
    evidence = tuple(
        Evidence(str(one["protocol"]), str(one["device"]), str(one.get("rule") or ""))
        for one in row.get("evidence") or ()
    )
    return Link(
        _end(row["a"]),
        _end(row["b"]),
        LinkState(row["state"]),
        str(row.get("reason") or ""),
        evidence,
    )


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
