"""Where a MAC, an address or a name is: on which port, since when, and where it was before."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from netops.core.clock import utc_text
from netops.core.dataclass import dataclass
from netops.core.errors import UsageError
from netops.topology import clean
from netops.topology.history.keep import Topology
from netops.topology.model import Endpoint, Snapshot
from netops.topology.naming import names_of
from netops.topology.rules import Binding


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is."""

    mac: str
    device: str
    port: str
    addresses: tuple[str, ...]
    name: str
    vlan: int | None
    since: datetime | None
    last_seen_at: datetime | None
    #: from, until, device and port of where it was, newest first.
    before: tuple[tuple[datetime, datetime, str, str], ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for `--json`."""
        return {
            "mac": self.mac,
            "device": self.device,
            "port": self.port,
            "vlan": self.vlan,
            "addresses": list(self.addresses),
            "name": self.name,
            "since": utc_text(self.since) if self.since else None,
            "last_seen_at": utc_text(self.last_seen_at) if self.last_seen_at else None,
            "before": [
                {"from": utc_text(a), "until": utc_text(b), "device": device, "port": port}
                for a, b, device, port in self.before
            ],
        }


def where(
    topology: Topology, bindings: Mapping[str, Binding], snapshot: Snapshot, text: str
) -> list[Place]:
    """Return where `text` is, the one seen last first; raise UsageError when nobody knows it."""
    wanted = clean.text(text).casefold()
    own, address = clean.mac(wanted), clean.address(wanted)
    names = names_of(snapshot)
    found = []
    for mac, endpoint in topology.endpoints().items():
        bound = bindings.get(mac)
        called = {endpoint.name.casefold(), bound.name.casefold() if bound else ""} - {""}
        if mac == own or address in endpoint.addresses or wanted in called:
            found.append(_place(topology, endpoint, names, bound))
    found.sort(key=lambda place: place.last_seen_at or snapshot.taken_at, reverse=True)
    found += _devices(snapshot, names, wanted, own, address)
    if not found:
        raise UsageError(
            f"{text!r} was seen on no port",
            hint="scan with --fresh, so that learned addresses are read anew",
        )
    return found


def _place(
    topology: Topology, endpoint: Endpoint, names: Mapping[str, str], bound: Binding | None
) -> Place:
    before = tuple(
        (since, until, names.get(device, device), port)
        for since, until, device, port in topology.places(endpoint.mac)
    )
    return Place(
        endpoint.mac,
        names.get(endpoint.device, endpoint.device),
        endpoint.port,
        endpoint.addresses,
        endpoint.name or (bound.name if bound else ""),
        endpoint.vlan,
        before[0][1] if before else endpoint.first_seen_at,
        endpoint.last_seen_at,
        before,
    )


def _devices(
    snapshot: Snapshot, names: Mapping[str, str], wanted: str, mac: str, address: str
) -> list[Place]:
    """Return the ports at which a device of that name, address or MAC hangs."""
    found = []
    for uid, device in snapshot.devices.items():
        macs = {device.mac, *(port.mac for port in device.ports.values())} - {""}
        called = {device.name.casefold(), device.listed_as.casefold()} - {""}
        if not (mac in macs or address in device.addresses or wanted in called):
            continue
        for link in snapshot.links:
            for near, far in ((link.a, link.b), (link.b, link.a)):
                if near.device == uid:
                    there = names.get(far.device, far.device)
                    found.append(
                        Place(
                            device.mac, there, far.port, device.addresses, names[uid], None, None,
                            snapshot.taken_at,
                        )
                    )  # fmt: skip
    return found
