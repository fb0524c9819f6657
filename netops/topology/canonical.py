"""The one written form of a snapshot: what its id is made of, what the store keeps, what --json shows."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from operator import attrgetter
from typing import Any

from netops.core.clock import parse_utc, utc_text
from netops.core.dataclass import replace
from netops.topology.model import (
    Device,
    DeviceState,
    End,
    Event,
    EventKind,
    Evidence,
    Link,
    LinkState,
    Port,
    Snapshot,
)

_DEVICE_FIELDS = tuple(name for name in Device.__slots__ if name not in {"uid", "ports"})
_PORT_FIELDS = tuple(name for name in Port.__slots__ if name != "name")
_device_values, _port_values = attrgetter(*_DEVICE_FIELDS), attrgetter(*_PORT_FIELDS)


def sealed(
    at: datetime,
    devices: Mapping[str, Device],
    links: Sequence[Link],
    stp_root: str = "",
    silent: Sequence[str] = (),
) -> Snapshot:
    """Return the snapshot of these devices and links, under the id that they have at any time."""
    kept = {uid: devices[uid] for uid in sorted(devices)}
    ordered = tuple(sorted(links, key=lambda link: (link.a, link.b)))
    made = Snapshot("", at, kept, ordered, stp_root, tuple(sorted(silent)))
    return replace(made, id=_digest(made))


def _digest(snapshot: Snapshot) -> str:
    """Whether a PC is switched on changes nothing: only ports with links tell whether they are up."""
    linked = {end for link in snapshot.links for end in (link.a, link.b)}
    body = body_of(snapshot)
    for uid, device in body["devices"].items():
        for name, port in device.get("ports", {}).items():
            if (uid, name) not in linked:
                for passing in ("is_up", "speed_mbps", "stp"):
                    port.pop(passing, None)
    return hashlib.sha256(dumped(body).encode()).hexdigest()


def dumped(value: Any) -> str:
    """Return the shortest JSON, keys in order."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace").decode()


def body_of(snapshot: Snapshot) -> dict[str, Any]:
    """Return devices and links as plain values; what is empty is left out."""
    return {
        "devices": {uid: device_row(device) for uid, device in snapshot.devices.items()},
        "links": [link_row(link) for link in snapshot.links],
        "stp_root": snapshot.stp_root,
    }


def as_dict(snapshot: Snapshot) -> dict[str, Any]:
    """Return the whole snapshot as plain values."""
    head = {"id": snapshot.id, "taken_at": utc_text(snapshot.taken_at)}
    return {**head, **body_of(snapshot), "silent": list(snapshot.silent)}


def snapshot_of(
    row: Mapping[str, Any], snapshot_id: str, taken_at: datetime, silent: Sequence[str] = ()
) -> Snapshot:
    """Return the snapshot that `body_of` wrote."""
    devices = {uid: _device(uid, one) for uid, one in row["devices"].items()}
    links = tuple(_link(one) for one in row["links"])
    return Snapshot(snapshot_id, taken_at, devices, links, row["stp_root"], tuple(silent))


def device_row(device: Device) -> dict[str, Any]:
    """Return one device as plain values."""
    row = _row(_DEVICE_FIELDS, _device_values(device))
    if device.ports:
        row["ports"] = {
            name: _row(_PORT_FIELDS, _port_values(port)) for name, port in device.ports.items()
        }
    return row


def _row(names: Sequence[str], parts: Sequence[Any]) -> dict[str, Any]:
    return {
        name: [*part] if type(part) is tuple else part
        for name, part in zip(names, parts, strict=True)
        if part or part is False
    }


def link_row(link: Link) -> dict[str, Any]:
    """Return one link as plain values."""
    return {
        "a": list(link.a),
        "b": list(link.b),
        "state": link.state.value,
        "reason": link.reason,
        "evidence": [[one.protocol, one.device, one.rule] for one in link.evidence],
    }


def _device(uid: str, row: Mapping[str, Any]) -> Device:
    ports = {
        name: Port(name, **{**port, "vlans": tuple(port.get("vlans", ()))})
        for name, port in row.get("ports", {}).items()
    }
    rest = {key: value for key, value in row.items() if key not in {"ports", "state", "addresses"}}
    addresses = tuple(row.get("addresses", ()))
    state = DeviceState(row["state"])
    return Device(uid, rest.pop("name", ""), state, addresses=addresses, ports=ports, **rest)


def _link(row: Mapping[str, Any]) -> Link:
    a, b = (End(*row[side]) for side in ("a", "b"))
    seen = tuple(Evidence(*one) for one in row["evidence"])
    return Link(a, b, LinkState(row["state"]), row["reason"], seen)


def event_row(event: Event) -> dict[str, Any]:
    """Return one event as plain values."""
    row = asdict(event)
    return {
        **row,
        "kind": event.kind.value,
        "at": utc_text(event.at),
        "devices": list(event.devices),
    }


def event_of(row: Mapping[str, Any]) -> Event:
    """Return the event that `event_row` wrote."""
    return Event(
        EventKind(row["kind"]),
        parse_utc(row["at"]),
        row["subject"],
        tuple(row["devices"]),
        row["before"],
        row["after"],
    )
