"""Looks at the network after a change: is it as it should be, and is it sound?"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from netops.core.clock import local_text, parse_utc
from netops.core.dataclass import dataclass
from netops.topology.change.deeds import Deed, link_name
from netops.topology.change.impact import Impact
from netops.topology.model import Device, DeviceState, Link, LinkState, Snapshot
from netops.topology.naming import name_in, names_of

_WITH_LIGHT = frozenset({"listening", "learning", "forwarding"})


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    what: str
    subject: str
    #: None: nobody could tell.
    ok: bool | None
    detail: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for the record."""
        return asdict(self)


def checks(before: Snapshot, after: Snapshot, deeds: Iterable[Deed], effect: Impact) -> list[Check]:
    """Return what was looked at after `deeds`."""
    links = _links(after)
    devices = {
        name.casefold(): device
        for device in after.devices.values()
        for name in (device.name, device.listed_as)
        if name
    }
    found = [
        check
        for deed in sorted(set(deeds))
        for check in (
            _link_checks(deed, links, after)
            if deed.kind == "link"
            else _device_checks(deed, devices)
        )
    ]
    same = before.stp_root == after.stp_root
    if before.stp_root or after.stp_root:
        root = name_in(names_of(after), after.stp_root) if after.stp_root else ""
        found.append(Check("spanning tree has the same root", root, same))
    lost = ", ".join(sorted(name_in(names_of(after), uid) for uid in effect.lost_redundancy))
    found.append(Check("nobody lost the second way", "", not lost, lost))
    return found


def in_time(fields: Mapping[str, Any], since: datetime, seen_at: datetime) -> Check | None:
    """
    Hold a change between two scans against the planned time; None where no time was planned.

    It is outside only when no moment between the scans lies in it.
    """
    begin, end = (_moment(fields.get(name)) for name in ("planned_from", "planned_until"))
    if begin is None and end is None:
        return None
    since = min(since, seen_at)
    early = begin is not None and seen_at < begin
    late = end is not None and since > end
    subject = f"{local_text(since)} – {local_text(seen_at)}"
    return Check("within the planned time", subject, not (early or late), "")


def _moment(value: object) -> datetime | None:
    try:
        return parse_utc(value) if isinstance(value, str) and value else None
    except ValueError:
        return None


def verdict(found: Iterable[Check]) -> str:
    """Return `passed`, `failed` or, where something could not be told, `incomplete`."""
    results = [check.ok for check in found]
    if False in results:
        return "failed"
    return "incomplete" if None in results or not results else "passed"


def _links(snapshot: Snapshot) -> dict[tuple[str, ...], Link]:
    found: dict[tuple[str, ...], Link] = {}
    names = names_of(snapshot)
    for link in snapshot.links:
        found[link_name((names[end.device], end.port) for end in (link.a, link.b))] = link
        ends = [(snapshot.devices.get(end.device), end.port) for end in (link.a, link.b)]
        for pick in ("name", "listed_as"):
            named = [
                (getattr(device, pick, "") or getattr(device, "name", ""), port)
                for device, port in ends
            ]
            found[link_name(named)] = link
    return found


def _link_checks(
    deed: Deed, links: dict[tuple[str, ...], Link], after: Snapshot
) -> Iterator[Check]:
    subject, link = " - ".join(deed.thing), links.get(deed.thing)
    if deed.verb == "remove":
        yield Check("link is gone", subject, link is None or link.state is LinkState.STALE)
        return
    if link is None:
        yield Check("link is there", subject, ok=False)
        return
    agreed = {LinkState.CONFIRMED: True, LinkState.CONFLICT: False}.get(link.state)
    yield Check("both ends agree", subject, agreed, link.reason)
    for end in (link.a, link.b):
        device = after.devices.get(end.device)
        port = device.ports.get(end.port) if device else None
        if device and port and port.is_up is not None:
            # A bridge knows at once that a port has light; interface tables may be cached.
            is_up = port.is_up or port.stp in _WITH_LIGHT
            yield Check("port is up", f"{device.name}:{end.port}", is_up)


def _device_checks(deed: Deed, devices: dict[str, Device]) -> Iterator[Check]:
    device = devices.get(deed.thing[0])
    answers = device is not None and device.state is DeviceState.ANSWERED
    if deed.verb == "remove":
        yield Check("device is gone", deed.thing[0], not answers)
    elif deed.verb == "down":
        yield Check("device answers", deed.thing[0], ok=False)
    else:
        yield Check("device answers", deed.thing[0], answers)
