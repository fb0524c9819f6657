"""What disagrees between ledger, inventory and what devices say; pure comparison, nothing is asked."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from netops.core.dataclass import dataclass, field
from netops.core.status import Status
from netops.inventory.assets import RETIRED, Asset
from netops.inventory.identity import Identity, Part
from netops.inventory.model import Device

#: Every kind of finding and how bad it is.
KINDS: Mapping[str, Status] = {
    "serial-differs": Status.CRITICAL,
    "serial-moved": Status.CRITICAL,
    "serial-twice": Status.CRITICAL,
    "retired-answers": Status.CRITICAL,
    "chassis-missing": Status.CRITICAL,
    "missing": Status.UNKNOWN,
    "silent": Status.UNKNOWN,
    "serial-not-told": Status.UNKNOWN,
    "unknown": Status.WARNING,
    "not-in-ledger": Status.WARNING,
    "not-in-inventory": Status.WARNING,
    "not-in-use": Status.WARNING,
    "serial-not-recorded": Status.WARNING,
    "model-differs": Status.WARNING,
    "renamed": Status.WARNING,
    "no-owner": Status.WARNING,
    "warranty-expired": Status.WARNING,
    "warranty-ends": Status.WARNING,
    "software": Status.OK,
}

#: Others that one finding names.
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that disagrees."""

    kind: str
    text: str

    @property
    def status(self) -> Status:
        """Return how bad it is."""
        return KINDS[self.kind]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {"kind": self.kind, "status": self.status.name, "text": self.text}


@dataclass(slots=True)
class World:
    """Everything that is known beside the device at hand."""

    today: date
    warranty_days: int
    assets: Sequence[Asset]
    #: Serial number → devices that answered with it in this run.
    seen: dict[str, list[str]] = field(default_factory=dict)
    #: Device → software of its chassis when it was asked last.
    software: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._by_device: dict[str, list[Asset]] = {}
        self._by_serial: dict[str, Asset] = {}
        for asset in self.assets:
            self._by_device.setdefault(asset.device, []).append(asset)
            # Of two with the same number the one that is not retired counts.
            if asset.serial and (
                asset.state != RETIRED or folded(asset.serial) not in self._by_serial
            ):
                self._by_serial[folded(asset.serial)] = asset

    _by_device: dict[str, list[Asset]] = field(init=False, repr=False)
    _by_serial: dict[str, Asset] = field(init=False, repr=False)

    def of_device(self, name: str) -> list[Asset]:
        """Return the assets that make a device, retired ones left out."""
        return [asset for asset in self._by_device.get(name, ()) if asset.state != RETIRED]

    def by_serial(self, serial: str) -> Asset | None:
        """Return the asset with that serial number."""
        return self._by_serial.get(folded(serial))


def folded(serial: str) -> str:
    """Return a serial number or model as it is compared: without case, blanks and dashes."""
    return "".join(char for char in serial.casefold() if char.isalnum())


def on_paper(asset: Asset, world: World, device: Device | None = None) -> Iterator[Finding]:
    """Yield what the ledger alone tells: no owner, warranty over or nearly so."""
    if not (asset.owner or (device and device.owner)):
        yield Finding("no-owner", f"{asset.number} has nobody who answers for it")
    if asset.warranty_until:
        left = (date.fromisoformat(asset.warranty_until) - world.today).days
        if left < 0:
            yield Finding(
                "warranty-expired", f"{asset.number}: warranty ended {asset.warranty_until}"
            )
        elif left <= world.warranty_days:
            yield Finding("warranty-ends", f"{asset.number}: warranty ends {asset.warranty_until}")


def of_device(
    device: Device, identity: Identity | None, why: str | None, world: World
) -> list[Finding]:
    """
    Return what disagrees about a device.

    `identity` is what it says, `why` the reason for its silence; neither when it was not asked.
    """
    assets = world.of_device(device.name)
    found: list[Finding] = []
    if why is not None:
        found.append(_silence(assets, why))
    if identity is not None:
        found += [
            *_hardware(device, assets, identity, world),
            *_names(device, identity),
            *_software(device, identity, world),
        ]
        found += [
            Finding("not-in-use", f"{one.number} answers, but is {one.state} in the ledger")
            for one in assets
            if one.state != "in_use"
        ]
    if not assets:
        if identity is None or not identity.chassis:
            found.append(Finding("not-in-ledger", f"no asset of the ledger is {device.name}"))
        if not device.owner:
            found.append(Finding("no-owner", f"{device.name} has nobody who answers for it"))
    return found + [finding for asset in assets for finding in on_paper(asset, world, device)]


def _silence(assets: Sequence[Asset], why: str) -> Finding:
    used = [asset for asset in assets if asset.state == "in_use"]
    if not used:
        return Finding("silent", why)
    names = ", ".join(f"{one.number} (serial {one.serial or 'not recorded'})" for one in used)
    return Finding("missing", f"{names} in use by the ledger: {why}")


def _hardware(
    device: Device, assets: Sequence[Asset], identity: Identity, world: World
) -> Iterator[Finding]:
    told = {folded(part.serial): part for part in identity.parts}
    expected = {folded(one.serial): one for one in assets if one.serial}
    for key, asset in expected.items():
        if key in told:
            yield from _model(asset, told[key])
    strangers = [part for part in identity.chassis if folded(part.serial) not in expected]
    gone = [asset for key, asset in expected.items() if key not in told]
    if gone and not identity.chassis:
        for asset in gone:
            text = f"{asset.number}: {device.name} tells no serial number to hold against {asset.serial}"
            yield Finding("serial-not-told", text)
        gone = []
    blank = [one for one in assets if not one.serial]
    for part in strangers:
        yield _stranger(device, part, gone, blank, world)
    for asset in gone:
        yield _gone(device, asset, world)
    for part in identity.chassis:
        others = sorted({name for name in world.seen.get(part.serial, ()) if name != device.name})
        if others:
            text = f"serial {part.serial} also answers at {_few(others)}"
            yield Finding("serial-twice", text)


def _stranger(
    device: Device, part: Part, gone: list[Asset], blank: list[Asset], world: World
) -> Finding:
    """Say what a chassis is that the ledger does not expect here; takes its counterpart off a list."""
    owner = world.by_serial(part.serial)
    what = f"serial {part.serial}" + (f" ({part.model})" if part.model else "")
    expected = gone.pop(0) if gone else None
    instead = f", expected {expected.number} with {expected.serial}" if expected else ""
    if owner is not None and owner.state == RETIRED:
        return Finding("retired-answers", f"{what} is {owner.number}, which is retired{instead}")
    if owner is not None:
        place = owner.device or "no device"
        return Finding("serial-moved", f"{what} is {owner.number} of {place}{instead}")
    if expected is not None:
        return Finding("serial-differs", f"{what} answers{instead}")
    if blank:
        return Finding(
            "serial-not-recorded", f"{blank.pop(0).number} has no serial; {what} answers"
        )
    return Finding("unknown", f"{what} of {device.name} is not in the ledger")


def _few(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_NAMED])
    return shown if len(names) <= _NAMED else f"{shown} and {len(names) - _NAMED} more"


def _gone(device: Device, asset: Asset, world: World) -> Finding:
    elsewhere = [
        name
        for serial, names in world.seen.items()
        if folded(serial) == folded(asset.serial)
        for name in names
    ]
    where = f"; it answers at {_few(elsewhere)}" if elsewhere else ""
    text = f"{asset.number} (serial {asset.serial}) is no part of {device.name}{where}"
    return Finding("chassis-missing", text)


def _model(asset: Asset, part: Part) -> Iterator[Finding]:
    ours, theirs = folded(asset.model), folded(part.model)
    if ours and theirs and ours not in theirs and theirs not in ours:
        text = f"{asset.number}: model {asset.model} in the ledger, {part.model} by the device"
        yield Finding("model-differs", text)


def _names(device: Device, identity: Identity) -> Iterator[Finding]:
    expected = str(device.data.get("sys_name") or device.name)
    if identity.name and _label(identity.name) != _label(expected):
        yield Finding("renamed", f"{expected} calls itself {identity.name}")


def _label(name: str) -> str:
    return name.casefold().partition(".")[0]


def _software(device: Device, identity: Identity, world: World) -> Iterator[Finding]:
    before = world.software.get(device.name, "")
    now = software_of(identity)
    if before and now and before != now:
        yield Finding("software", f"software {before} before, now {now}")


def software_of(identity: Identity) -> str:
    """Return the software of the first chassis that tells it."""
    return next((part.software for part in identity.chassis if part.software), "")


def unplaced(assets: Iterable[Asset], devices: Mapping[str, Device]) -> list[Asset]:
    """Return the assets that no device of the inventory stands for, retired ones left out."""
    return [one for one in assets if one.state != RETIRED and one.device not in devices]


def of_asset(asset: Asset, world: World) -> list[Finding]:
    """Return what the ledger alone tells about an asset without a device."""
    found = list(on_paper(asset, world))
    if asset.device and asset.state == "in_use":
        text = f"{asset.number} is in use as {asset.device}, which is not in the inventory"
        found.append(Finding("not-in-inventory", text))
    return found
