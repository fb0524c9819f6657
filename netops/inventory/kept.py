"""Devices as plain values for the cache, and back, ten thousand in a blink."""

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any

from netops.core.dataclass import field_names
from netops.inventory.model import Device

_NAMES = tuple(name for name in field_names(Device) if name not in ("tags", "origins"))
_values = attrgetter(*_NAMES)


def plain(devices: Sequence[Device]) -> dict[str, Any]:
    """Return the devices as values for JSON; origins, which many devices share, stand once."""
    origins = {id(device.origins): device.origins for device in devices}
    places = {key: place for place, key in enumerate(origins)}
    return {
        "origins": list(origins.values()),
        "devices": [
            (places[id(device.origins)], sorted(device.tags), *_values(device))
            for device in devices
        ],
    }


def revived(values: Mapping[str, Any]) -> list[Device]:
    """Return the devices that `plain` has put into `values`."""
    origins = values["origins"]
    found = []
    for place, tags, *rest in values["devices"]:
        facts = dict(zip(_NAMES, rest, strict=True))
        facts["groups"] = tuple(facts["groups"])
        found.append(Device(tags=frozenset(tags), origins=origins[place], **facts))
    return found
