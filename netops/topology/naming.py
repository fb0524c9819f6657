"""What devices are called, also those that have no name of their own."""

from collections.abc import Mapping

from netops.topology.model import Device, DeviceState, Snapshot

#: What nobody speaks of, by the first word of its uid.
_GUESSES = {"inferred": "unmanaged switch", "segment": "shared segment"}


def called(device: Device) -> str:
    """Return what a person calls a device: as listed, as it calls itself, else what identifies it."""
    return device.listed_as or device.name or _worded(device.uid, {})


def names_of(snapshot: Snapshot) -> dict[str, str]:
    """Return the name of every device; one that was inferred is called after its place."""
    names = {uid: called(device) for uid, device in snapshot.devices.items()}
    guessed = {
        uid: device
        for uid, device in snapshot.devices.items()
        if device.state is DeviceState.INFERRED and not (device.listed_as or device.name)
    }
    for link in snapshot.links:
        for near, far in ((link.a, link.b), (link.b, link.a)):
            if far.device in guessed and near.device not in guessed:
                names[far.device] = _guess(guessed[far.device], f"{names[near.device]}:{near.port}")
                del guessed[far.device]
    return names | {uid: _worded(uid, names) for uid in guessed}


def _guess(device: Device, place: str) -> str:
    what = "shared segment" if device.role == "segment" else "unmanaged switch"
    return f"{what} at {place}"


def name_in(names: Mapping[str, str], uid: str) -> str:
    """Return a name, or in words what identifies what has none any more."""
    return names.get(uid) or _worded(uid, names)


def _worded(uid: str, names: Mapping[str, str]) -> str:
    """Return a uid as a person reads it: `device 02:00:…`, `unmanaged switch at acc4:ge5`."""
    kind, colon, rest = uid.partition(":")
    if kind not in _GUESSES:
        return f"device {rest}" if colon else uid
    # Port names have slashes too, so the device is what is known.
    cuts = (at for at, letter in enumerate(rest) if letter == "/")
    cut = next((at for at in cuts if rest[:at] in names), rest.find("/"))
    return f"{_GUESSES[kind]} at {name_in(names, rest[:cut])}:{rest[cut + 1 :]}"
