"""What is missing from a scan is not gone yet: removals wait for proof or for a second scan, flaps are counted."""

from collections.abc import Iterator, Mapping

from netops.core.dataclass import dataclass, replace
from netops.topology.canonical import sealed
from netops.topology.evidence.bridging import UNMANAGED
from netops.topology.evidence.links import stale
from netops.topology.history.heirs import heirs
from netops.topology.model import Device, DeviceState, End, Link, Port, Snapshot

#: A link or device that answering devices do not show is gone after so many scans.
SCANS = 2
_NOT_SEEN = "not seen in the last scan"


@dataclass(frozen=True, slots=True)
class Missing:
    """How often something was missing: in a row, and how often it came back."""

    scans: int = 0
    flaps: int = 0


def settle(
    before: Snapshot | None,
    seen: Snapshot,
    missing: Mapping[str, Missing],
    *,
    scans: int = SCANS,
    asked: frozenset[str] | None = None,
) -> tuple[Snapshot, dict[str, Missing]]:
    """
    Return the snapshot that counts, and what is missing from now on.

    Gone at once: a link whose port is down or has another neighbour, as an answering device says.
    Kept as stale: a link at whose ends nobody answers, or an end that does not answer. Anything
    else goes when it is missing for the `scans`-th time. `asked` are the uids still in scope.
    """
    if before is None:
        return seen, {}
    look = _Look(before, seen, missing, scans)
    links = [*seen.links, *look.kept_links()]
    needed = {end.device for link in links for end in (link.a, link.b)}
    devices = {**seen.devices, **dict(look.kept_devices(needed, asked))}
    links = [link for link in links if {link.a.device, link.b.device} <= set(devices)]
    settled = sealed(seen.taken_at, devices, links, seen.stp_root or before.stp_root, seen.silent)
    return settled, look.counted()


class _Look:
    def __init__(
        self, before: Snapshot, seen: Snapshot, missing: Mapping[str, Missing], scans: int
    ) -> None:
        self.before, self.seen, self.missing, self.scans = before, seen, missing, scans
        self.same = heirs(before, seen)
        self.occupied = {end for link in seen.links for end in (link.a, link.b)}
        self.now: dict[str, Missing] = {}

    def kept_links(self) -> Iterator[Link]:
        """Yield the links of before that are not shown, and not known to be gone."""
        there = {(link.a, link.b) for link in self.seen.links}
        for old in self.before.links:
            a, b = sorted(End(self.same.now(end.device), end.port) for end in (old.a, old.b))
            link = replace(old, a=a, b=b)
            if (a, b) in there or {a, b} & self.occupied or self._is_down(a, b):
                continue
            silent = [end for end in (a, b) if self._is_silent(end.device)]
            if silent:
                name = self._name(silent[0].device)
                yield stale(link, f"{name} does not answer")
            elif self._is_guess(a) or self._is_guess(b):
                yield link  # what hangs there may be switched off; only the port tells that it went
            elif self._wait(link_key(a, b)):
                yield stale(link, _NOT_SEEN)

    def kept_devices(
        self, needed: set[str], asked: frozenset[str] | None
    ) -> Iterator[tuple[str, Device]]:
        """Yield the devices of before that nobody shows, and that are not known to be gone."""
        for old_uid, device in self.before.devices.items():
            uid = self.same.now(old_uid)
            if uid in self.seen.devices:
                continue
            linked = uid in needed
            told = device.state in {DeviceState.ANSWERED, DeviceState.STALE}
            if told and asked is not None and uid not in asked and not linked:
                continue
            # What lost its last link has waited with it.
            if linked or told or (not self._had_links(old_uid) and self._wait(f"device {uid}")):
                state = DeviceState.STALE if told else device.state
                yield uid, replace(device, uid=uid, state=state)

    def counted(self) -> dict[str, Missing]:
        """Return what is missing now, and what came back."""
        for key, was in self.missing.items():
            if key not in self.now and (was.scans or was.flaps):
                came_back = was.scans > 0 and self._is_there(key)
                flaps = was.flaps + came_back
                if flaps and (came_back or self._is_there(key)):
                    self.now[key] = Missing(0, flaps)
        return self.now

    def _wait(self, key: str) -> bool:
        was = self.missing.get(key, Missing())
        if was.scans + 1 >= self.scans:
            return False
        self.now[key] = Missing(was.scans + 1, was.flaps)
        return True

    def _is_there(self, key: str) -> bool:
        if key.startswith("device "):
            return key.removeprefix("device ") in self.seen.devices
        return any(link_key(link.a, link.b) == key for link in self.seen.links)

    def _is_down(self, *ends: End) -> bool:
        """An answering device says that its port is down, or has no such port any more."""
        for end in ends:
            device = self.seen.devices.get(end.device)
            if device is None or device.state is not DeviceState.ANSWERED or not device.ports:
                continue
            port = device.ports.get(end.port)
            if port is None or port.is_up is False or self._went_out(end, port):
                other = ends[0] if end == ends[1] else ends[1]
                if not self._is_silent(other.device):
                    return True
        return False

    def _is_silent(self, uid: str) -> bool:
        """Tell whether a device that answered once does not now."""
        device = self.seen.devices.get(uid)
        if device is not None:
            return device.state is DeviceState.STALE
        old = self.before.devices.get(uid)
        return old is not None and old.state in {DeviceState.ANSWERED, DeviceState.STALE}

    def _went_out(self, end: End, port: Port) -> bool:
        """A bridge knows at once that a port lost its light; interface tables may be cached."""
        old = self.before.devices.get(end.device)
        was = old.ports.get(end.port) if old else None
        return port.stp == "disabled" and was is not None and was.stp not in {"", "disabled"}

    def _is_guess(self, end: End) -> bool:
        device = self.before.devices.get(end.device)
        return (
            device is not None and device.state is DeviceState.INFERRED and device.role == UNMANAGED
        )

    def _had_links(self, uid: str) -> bool:
        return any(uid in {link.a.device, link.b.device} for link in self.before.links)

    def _name(self, uid: str) -> str:
        device = self.seen.devices.get(uid) or self.before.devices.get(uid)
        return (device.name or device.listed_as) if device else uid


def link_key(a: End, b: End) -> str:
    """Return the text under which a missing link is counted."""
    return f"link {a.device} {a.port} {b.device} {b.port}"
