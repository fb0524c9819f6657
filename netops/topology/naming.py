"""What devices are called, also those that have no name of their own."""

from collections.abc import Mapping

from netops.topology.model import Device, DeviceState, Snapshot


def called(device: Device) -> str:
    """Return what a person calls a device: as listed, as it calls itself, else what identifies it."""
    return device.listed_as or device.name or device.uid


def names_of(snapshot: Snapshot) -> dict[str, str]:
    """Return the name of every device; one that was inferred is called after its place."""
    names = {uid: called(device) for uid, device in snapshot.devices.items()}
    guessed = {
        uid: device
        for uid, device in snapshot.devices.items()
        if device.state is DeviceState.INFERRED and names[uid] == uid
    }
    for link in snapshot.links:
        for near, far in ((link.a, link.b), (link.b, link.a)):
            if far.device in guessed and near.device not in guessed:
                names[far.device] = _guess(guessed[far.device], f"{names[near.device]}:{near.port}")
                del guessed[far.device]
    return names


def _guess(device: Device, place: str) -> str:
    what = "shared segment" if device.role == "segment" else "unmanaged switch"
    return f"{what} at {place}"


def name_in(names: Mapping[str, str], uid: str) -> str:
    """Return a name, or the uid of what has none any more."""
    return names.get(uid) or uid
