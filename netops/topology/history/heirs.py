"""Which device of the later snapshot is which of the earlier: one box, its successor, or another."""

from collections.abc import Callable, Mapping

from netops.core.dataclass import dataclass, field
from netops.topology.model import Device, DeviceState, LinkState, Snapshot

_GUESSED = {DeviceState.INFERRED}


@dataclass(frozen=True, slots=True)
class Heirs:
    """Old uid → new uid, where they differ."""

    heirs: Mapping[str, str] = field(default_factory=dict)
    #: New uids that are another box in the same place.
    replaced: frozenset[str] = frozenset()

    def now(self, uid: str) -> str:
        """Return the uid in the later snapshot of what was `uid` in the earlier one."""
        return self.heirs.get(uid, uid)

    def is_replaced(self, uid: str) -> bool:
        """Tell whether the device of the later snapshot took another one's place."""
        return uid in self.replaced


def heirs(before: Snapshot, after: Snapshot) -> Heirs:
    """
    Pair what went with what came.

    Equal chassis or address with another kind of uid is the same box, better known; another serial
    number under the same name in the inventory, name, chassis or address is a successor.
    """
    gone = {uid: one for uid, one in before.devices.items() if uid not in after.devices}
    came = {uid: one for uid, one in after.devices.items() if uid not in before.devices}
    found: dict[str, str] = {}
    replaced = set()
    for key in _KEYS:
        places = {}
        for uid, device in came.items():
            if (value := key(device)) and uid not in found.values():
                places[value] = uid
        for uid, device in gone.items():
            heir = places.pop(key(device), "") if uid not in found else ""
            if not heir or {device.state, came[heir].state} & _GUESSED:
                continue
            found[uid] = heir
            if not _is_same(device, came[heir]):
                replaced.add(heir)
    return Heirs(found, frozenset(replaced))


def _is_same(old: Device, new: Device) -> bool:
    """A box that tells its serial number for the first time is still the same by its chassis."""
    if old.serial and new.serial:
        return old.serial == new.serial
    if old.chassis_id and new.chassis_id:
        return old.chassis_id == new.chassis_id
    return old.mac == new.mac or not (old.mac and new.mac)


_KEYS: tuple[Callable[[Device], str], ...] = (
    lambda device: device.chassis_id,
    lambda device: device.listed_as,
    lambda device: device.mac,
    lambda device: device.name,
    lambda device: next(iter(device.addresses), ""),
)


def is_down(snapshot: Snapshot, uid: str) -> bool:
    """
    Tell whether a device is down, and not only silent.

    Somebody who answers must deny it: a neighbour that no longer hears it. Where neighbours still
    hear it, only its agent hangs; where nobody near it answers, nobody knows.
    """
    device = snapshot.devices.get(uid)
    if device is None or device.state is not DeviceState.STALE:
        return False
    denied = False
    for link in snapshot.links:
        if uid not in {link.a.device, link.b.device}:
            continue
        if link.state is not LinkState.STALE:
            return False
        other = link.b.device if link.a.device == uid else link.a.device
        denied |= snapshot.devices[other].state is DeviceState.ANSWERED
    return denied
