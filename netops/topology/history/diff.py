"""Two snapshots compared: typed events, one for each thing that happened."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from netops.core.bulk import no_collection
from netops.topology.history.diff_ports import port_events
from netops.topology.history.heirs import Heirs, heirs, is_down
from netops.topology.model import Device, DeviceState, End, Event, EventKind, Link, Snapshot
from netops.topology.naming import name_in, names_of

Ends = tuple[End, End]
_TOLD = ("software", "maker", "model", "location", "site")


@no_collection()
def diff(before: Snapshot, after: Snapshot, at: datetime | None = None) -> list[Event]:
    """
    Return what changed, in a fixed order; nothing for two equal snapshots.

    Links of a device that came or went are told with the device. A device that is down keeps its
    links, so that it is one event.
    """
    if before.id == after.id:
        return []
    comparison = _Comparison(before, after, heirs(before, after), at or after.taken_at)
    return [*comparison.devices(), *comparison.links(), *comparison.root()]


class _Comparison:
    def __init__(self, before: Snapshot, after: Snapshot, same: Heirs, at: datetime) -> None:
        self.before, self.after, self.same, self.at = before, after, same, at
        self.old = {same.now(uid): device for uid, device in before.devices.items()}
        self.gone = {uid for uid in self.old if uid not in after.devices}
        self.names = {same.now(uid): name for uid, name in names_of(before).items()}
        self.names |= names_of(after)
        self.new = {uid for uid in after.devices if uid not in self.old}
        self.old_links = {_ends(link, same): link for link in before.links}
        self.new_links = {(link.a, link.b): link for link in after.links}

    def event(
        self,
        kind: EventKind,
        subject: str,
        devices: tuple[str, ...],
        was: Mapping[str, Any],
        now: Mapping[str, Any],
    ) -> Event:
        return Event(kind, self.at, subject, devices, was, now)

    # -- Devices

    def devices(self) -> Iterator[Event]:
        """Yield what happened to devices and their ports."""
        for uid in sorted({*self.old, *self.after.devices}, key=self.name):
            old, new = self.old.get(uid), self.after.devices.get(uid)
            if new is None and old is not None:
                facts = _facts(old) | self._cables(uid, self.old_links)
                yield self.event(EventKind.DEVICE_REMOVED, self.name(uid), (uid,), facts, {})
            elif old is None and new is not None:
                facts = _facts(new) | self._cables(uid, self.new_links)
                yield self.event(EventKind.DEVICE_ADDED, self.name(uid), (uid,), {}, facts)
            elif old is not None and new is not None:
                yield from self._kept(uid, old, new)

    def _kept(self, uid: str, old: Device, new: Device) -> Iterator[Event]:
        name = self.name(uid)
        was_down, down = is_down(self.before, old.uid), is_down(self.after, uid)
        if down is not was_down:
            kind = EventKind.DEVICE_DOWN if down else EventKind.DEVICE_UP
            states = ({"state": "up"}, {"state": "down"})
            yield self.event(kind, name, (uid,), *(states if down else states[::-1]))
        if self.same.is_replaced(uid):
            yield self.event(EventKind.DEVICE_REPLACED, name, (uid,), _facts(old), _facts(new))
        elif changed := {key for key in _TOLD if _both(old, new, key)}:
            yield self.event(
                EventKind.DEVICE_CHANGED, name, (uid,), _some(old, changed), _some(new, changed)
            )
        if old.name and new.name and old.name != new.name:
            names = {"name": old.name}, {"name": new.name}
            yield self.event(EventKind.DEVICE_RENAMED, name, (uid,), *names)
        if new.state is not DeviceState.STALE:
            yield from port_events(name, uid, old, new, self.at)

    # -- Links

    def links(self) -> Iterator[Event]:
        """Yield added, removed and moved links between devices that were there and still are."""
        removed = [key for key in sorted(self.old_links) if key not in self.new_links]
        added = [key for key in sorted(self.new_links) if key not in self.old_links]
        removed = [key for key in removed if not self._of(key) & self.gone]
        added = [key for key in added if not self._of(key) & self.new]
        for ends in list(removed):
            other = next((key for key in added if set(key) & set(ends)), None)
            if other is None:
                continue
            removed.remove(ends)
            added.remove(other)
            yield self._link(EventKind.LINK_MOVED, other, self.old_links[ends], other)
        for ends in removed:
            yield self._link(EventKind.LINK_REMOVED, ends, self.old_links[ends], None)
        for ends in added:
            yield self._link(EventKind.LINK_ADDED, ends, None, ends)

    def _link(self, kind: EventKind, ends: Ends, old: Link | None, new: Ends | None) -> Event:
        was = self._told((old.a, old.b), old, self.before.devices) if old else {}
        now = self._told(new, self.new_links[new], self.after.devices) if new else {}
        devices = [end.device for end in (new or ends)]
        if old:  # the old place of a moved cable is touched as well
            devices += [self.same.now(end.device) for end in (old.a, old.b)]
        subject = " – ".join(f"{self.name(end.device)}:{end.port}" for end in ends)
        return self.event(kind, subject, tuple(dict.fromkeys(devices)), was, now)

    def _told(self, ends: Ends, link: Link, devices: Mapping[str, Device]) -> dict[str, Any]:
        facts: dict[str, Any] = {
            side: [self.name(self.same.now(end.device)), end.port]
            for side, end in zip("ab", ends, strict=True)
        }
        ports = [devices[end.device].ports.get(end.port) for end in ends]
        speeds = [port.speed_mbps for port in ports if port and port.speed_mbps]
        facts["speed_mbps"] = min(speeds, default=None)
        return facts | {"state": link.state.value, "reason": link.reason}

    def _cables(self, uid: str, links: Mapping[Ends, Link]) -> dict[str, Any]:
        texts = [
            " – ".join(f"{self.name(end.device)}:{end.port}" for end in key)
            for key in sorted(links)
            if uid in self._of(key)
        ]
        return {"links": "; ".join(texts)} if texts else {}

    @staticmethod
    def _of(ends: Ends) -> set[str]:
        return {end.device for end in ends}

    # -- The tree, and names

    def root(self) -> Iterator[Event]:
        """Yield the change of the spanning tree's root."""
        old, new = self.same.now(self.before.stp_root), self.after.stp_root
        if old and new and old != new:
            names = {"root": self.name(old)}, {"root": self.name(new)}
            yield self.event(EventKind.STP_ROOT_CHANGED, self.name(new), (new, old), *names)

    def name(self, uid: str) -> str:
        """Return what a person calls a device, as it is now or was last."""
        return name_in(self.names, uid)


def _ends(link: Link, same: Heirs) -> Ends:
    a, b = sorted(End(same.now(end.device), end.port) for end in (link.a, link.b))
    return a, b


def _facts(device: Device) -> dict[str, Any]:
    told = ("name", "serial", "maker", "model", "software", "location", "chassis_id")
    facts = {key: value for key in told if (value := getattr(device, key))}
    if device.addresses:
        facts["addresses"] = ", ".join(device.addresses)
    return facts | {"state": device.state.value}


def _both(old: Device, new: Device, key: str) -> bool:
    """A value that was never told before is no change of the device."""
    was, now = getattr(old, key), getattr(new, key)
    return bool(was) and bool(now) and was != now


def _some(device: Device, keys: set[str]) -> dict[str, Any]:
    return {key: getattr(device, key) for key in sorted(keys)}
