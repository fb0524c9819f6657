"""What changed on the ports of one device: settings, aggregates, VLANs."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from operator import attrgetter
from typing import Any

from netops.topology.model import Device, Event, EventKind, Port

_compared = attrgetter("alias", "is_enabled", "speed_mbps", "vlans")


def port_events(name: str, uid: str, old: Device, new: Device, at: datetime) -> Iterator[Event]:
    """Yield the events of the ports that a device had and has, in the order of their names."""

    def event(kind: EventKind, port: str, was: dict[str, Any], now: dict[str, Any]) -> Event:
        return Event(kind, at, f"{name}:{port}", (uid,), was, now)

    both = [port for port in old.ports if port in new.ports]
    touched = [port for port in both if _compared(old.ports[port]) != _compared(new.ports[port])]
    for port in sorted(touched):
        was, now = _settings(old.ports[port]), _settings(new.ports[port])
        changed = {key for key in was if key in now and was[key] != now[key]}
        if changed:
            yield event(
                EventKind.PORT_CHANGED,
                port,
                {"port": port} | {key: was[key] for key in sorted(changed)},
                {"port": port} | {key: now[key] for key in sorted(changed)},
            )
        vlans = old.ports[port].vlans, new.ports[port].vlans
        if vlans[0] != vlans[1]:
            yield event(
                EventKind.VLAN_CHANGED,
                port,
                {"port": port, "vlans": list(vlans[0])},
                {"port": port, "vlans": list(vlans[1])},
            )
    before, after = _members(old), _members(new)
    for aggregate in sorted({*before, *after}):
        members = before.get(aggregate, []), after.get(aggregate, [])
        if members[0] != members[1]:
            yield event(
                EventKind.AGGREGATE_CHANGED,
                aggregate,
                {"aggregate": aggregate, "members": " ".join(members[0])},
                {"aggregate": aggregate, "members": " ".join(members[1])},
            )


def _settings(port: Port) -> dict[str, Any]:
    """Return what somebody sets; a port that is down has no speed to compare."""
    told: dict[str, Any] = {"alias": port.alias}
    if port.is_enabled is not None:
        told["is_enabled"] = port.is_enabled
    if port.speed_mbps:
        told["speed_mbps"] = port.speed_mbps
    return told


def _members(device: Device) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for name, port in device.ports.items():
        if port.aggregate:
            found[port.aggregate].append(name)
    return {aggregate: sorted(names) for aggregate, names in found.items()}
