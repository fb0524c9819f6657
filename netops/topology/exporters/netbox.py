"""
The network as the CSV files that NetBox imports, numbered in the order of the imports.

NetBox refuses what it does not know, so the sites, manufacturers, device types and roles that the
devices name come first. What the network shows is proposed, not ordered: NetBox stays the book.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from netops.core.cells import csv_text
from netops.reports.words import Words, visible
from netops.topology.drawing.chart import chart
from netops.topology.drawing.tiers import tiers
from netops.topology.drawing.words import device_name
from netops.topology.exporters.base import Traits
from netops.topology.model import Device, DeviceState, Endpoint, LinkState, Port, Snapshot

#: As long as the fields of NetBox are.
_LONGEST_NAME, _LONGEST_TEXT, _LONGEST_SERIAL = 64, 100, 50
_UNKNOWN = "Unknown"
_TYPES = (
    (100_000, "100gbase-x-qsfp28"),
    (40_000, "40gbase-x-qsfpp"),
    (25_000, "25gbase-x-sfp28"),
    (10_000, "10gbase-x-sfpp"),
    (2_500, "2.5gbase-t"),
    (1_000, "1000base-t"),
    (1, "100base-tx"),
)
_STATUS = {LinkState.CONFLICT: "planned"}


class NetboxExporter:
    """Writes seven files, from sites to cables."""

    traits = Traits(".csv", is_set=True)

    def files(self, snapshot: Snapshot, endpoints: Sequence[Endpoint]) -> Mapping[str, str]:
        """Return the files."""
        del endpoints
        return _Book(snapshot).files()


class _Book:
    """One snapshot in the words of NetBox."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        speech = Words("en")
        self.names = _unique(
            {uid: device_name(device, speech) for uid, device in snapshot.devices.items()}
        )
        layers = tiers(chart(snapshot))
        self.roles = {
            uid: _cut(device.role) or layers[uid].name.lower()
            for uid, device in snapshot.devices.items()
        }

    def files(self) -> dict[str, str]:
        devices = self.snapshot.devices
        makers = sorted({_maker(device) for device in devices.values()})
        models = sorted({(_maker(device), _model(device)) for device in devices.values()})
        sites = sorted({_site(device) for device in devices.values()})
        roles = sorted(set(self.roles.values()))
        return {
            "1-sites.csv": csv_text(
                ("name", "slug", "status"), ((*pair, "active") for pair in _slugs(sites))
            ),
            "2-manufacturers.csv": csv_text(("name", "slug"), _slugs(makers)),
            "3-device-types.csv": csv_text(
                ("manufacturer", "model", "slug"),
                (
                    (*pair, slug)
                    for pair, (_name, slug) in zip(
                        models, _slugs([f"{maker} {model}" for maker, model in models]), strict=True
                    )
                ),
            ),
            "4-device-roles.csv": csv_text(
                ("name", "slug", "color"), ((*pair, "9e9e9e") for pair in _slugs(roles))
            ),
            "5-devices.csv": csv_text(
                [
                    "name",
                    "role",
                    "manufacturer",
                    "device_type",
                    "serial",
                    "site",
                    "status",
                    "comments",
                ],
                (self._device(uid, device) for uid, device in devices.items()),
            ),
            "6-interfaces.csv": csv_text(
                ["device", "name", "type", "enabled", "mac_address", "speed", "description"],
                self._interfaces(),
            ),
            "7-cables.csv": csv_text(
                [
                    "side_a_device",
                    "side_a_type",
                    "side_a_name",
                    "side_b_device",
                    "side_b_type",
                    "side_b_name",
                    "status",
                    "label",
                ],
                self._cables(),
            ),
        }

    def _device(self, uid: str, device: Device) -> Sequence[object]:
        status = "active" if device.state is DeviceState.ANSWERED else "offline"
        return (
            self.names[uid],
            self.roles[uid],
            _maker(device),
            _model(device),
            _cut(device.serial, _LONGEST_SERIAL),
            _site(device),
            "active" if device.state is DeviceState.INFERRED else status,
            " ".join(filter(None, (_cut(device.location), *device.addresses))),
        )

    def _interfaces(self) -> Iterator[Sequence[object]]:
        named: dict[str, dict[str, Port]] = defaultdict(dict)
        for link in self.snapshot.links:
            for end in (link.a, link.b):
                named[end.device][end.port] = Port(end.port)
        for uid, device in self.snapshot.devices.items():
            taken: set[str] = set()
            for name, port in {**named[uid], **device.ports}.items():
                shown = _cut(name, _LONGEST_NAME)
                if not shown or shown in taken:
                    continue
                taken.add(shown)
                enabled = "" if port.is_enabled is None else port.is_enabled
                speed = port.speed_mbps * 1000 if port.speed_mbps else None
                yield (
                    *(self.names[uid], shown, _type(port), enabled, port.mac.upper(), speed),
                    _cut(port.alias),
                )

    def _cables(self) -> Iterator[Sequence[object]]:
        taken: set[tuple[str, str]] = set()
        for link in self.snapshot.links:
            if not {link.a.device, link.b.device} <= set(self.names):
                continue
            sides = [(self.names[e.device], _cut(e.port, _LONGEST_NAME)) for e in (link.a, link.b)]
            # A port of NetBox holds one cable.
            if sides[0] == sides[1] or taken & set(sides):
                continue
            taken.update(sides)
            (a, a_port), (b, b_port) = sides
            status = _STATUS.get(link.state, "connected")
            label = "" if link.state is LinkState.CONFIRMED else link.state.value
            yield a, "dcim.interface", a_port, b, "dcim.interface", b_port, status, label


def _type(port: Port) -> str:
    if port.kind in {"ieee8023adLag", "propMultiplexor"}:
        return "lag"
    if port.kind in {"l2vlan", "l3ipvlan", "propVirtual", "softwareLoopback", "bridge"}:
        return "virtual"
    speed = port.speed_mbps or 0
    return next((name for least, name in _TYPES if speed >= least), "other")


def _cut(text: str, longest: int = _LONGEST_TEXT) -> str:
    """Return text as one visible line of at most so many characters."""
    shown = visible(" ".join(text.split()))
    return shown if len(shown) <= longest else f"{shown[: longest - 9]}~{_digest(text)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def _unique(names: Mapping[str, str]) -> dict[str, str]:
    """Return a name for each device that no other has."""
    taken: set[str] = set()
    made = {}
    for uid, name in names.items():
        shown = _cut(name, _LONGEST_NAME)
        if shown.casefold() in taken:
            shown = f"{shown[: _LONGEST_NAME - 9]}~{_digest(uid)}"
        taken.add(shown.casefold())
        made[uid] = shown
    return made


def _maker(device: Device) -> str:
    return _cut(device.maker) or _UNKNOWN


def _model(device: Device) -> str:
    return _cut(device.model) or _UNKNOWN


def _site(device: Device) -> str:
    return _cut(device.site) or _UNKNOWN


def _slugs(names: Sequence[str]) -> list[tuple[str, str]]:
    """Return each name with a slug that no other has."""
    taken: set[str] = set()
    pairs = []
    for name in names:
        slug = _slug(name)
        if slug in taken:
            slug = f"{slug}-{_digest(name)}"
        taken.add(slug)
        pairs.append((name, slug))
    return pairs


def _slug(text: str) -> str:
    """Return a slug; text without Latin letters gets one from its digest."""
    plain = re.sub(r"[^a-z0-9]+", "-", text.casefold()).strip("-")
    return plain[:50] if plain and text.isascii() else f"{plain[:40]}-{_digest(text)}".strip("-")
