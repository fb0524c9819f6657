"""Whom a device heard: its neighbours' announcements matched with the devices that are known."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from netops.core.dataclass import dataclass
from netops.topology import clean
from netops.topology.evidence.facts import Facts, Heard, chassis_mac
from netops.topology.evidence.ports import Ports, as_sent, remote
from netops.topology.model import Device, DeviceState, End


class Half(NamedTuple):
    """One device's word for a link: `near` is its own end."""

    near: End
    far: End
    protocol: str
    rule: str
    is_fresh: bool
    #: False when the far device answers and knows no such port.
    far_is_known: bool = True


@dataclass(frozen=True, slots=True)
class Hearsay:
    """What came of all announcements together."""

    halves: tuple[Half, ...]
    #: Devices that only neighbours speak of, by uid.
    strangers: Mapping[str, Device]
    #: Ends that hear themselves.
    loops: tuple[End, ...]


class Directory:
    """Everybody who was asked, by whatever identifies them; what two share identifies nobody."""

    def __init__(self, everybody: Mapping[str, Facts]) -> None:
        self.facts = everybody
        self._chassis = _unique((facts.chassis, uid) for uid, facts in everybody.items())
        self._macs = _unique((mac, uid) for uid, facts in everybody.items() for mac in facts.macs)
        self._addresses = _unique(
            (a, uid) for uid, facts in everybody.items() for a in facts.addresses
        )
        self._names = _unique((f.name.casefold(), uid) for uid, f in everybody.items())
        self._shorts = _unique((clean.short(f.name), uid) for uid, f in everybody.items())

    def owner(self, mac: str) -> str:
        """Return the uid of the device with that MAC."""
        return self._macs.get(mac, "")

    def who(self, heard: Heard) -> tuple[str, str]:
        """Return uid and rule of the device that was heard; nothing for a stranger."""
        if uid := self._chassis.get(heard.chassis):
            return uid, "chassis"
        mac = chassis_mac(heard.chassis)
        if mac and (uid := self._macs.get(mac)):
            return uid, "mac"
        for address in heard.addresses:
            uid = self._addresses.get(address)
            if uid and self._may_be(uid, heard):
                return uid, "address"
        for names, key in (
            (self._names, heard.name.casefold()),
            (self._shorts, clean.short(heard.name)),
        ):
            uid = names.get(key) if key else None
            if uid and self._may_be(uid, heard):
                return uid, "name"
        return "", ""

    def _may_be(self, uid: str, heard: Heard) -> bool:
        """Who announces a chassis id of its own is nobody with another one, whatever it claims."""
        own = self.facts[uid]
        return not (heard.protocol == "lldp" and heard.chassis and own.chassis)


def hearsay(everybody: Mapping[str, Facts], ports: Mapping[str, Ports]) -> Hearsay:
    """Return every half link, the strangers in them, and loops."""
    directory = Directory(everybody)
    halves: dict[Half, None] = {}
    strangers: dict[str, Device] = {}
    loops: dict[End, None] = {}
    for uid, facts in sorted(everybody.items()):
        on_port: dict[str, dict[str, End]] = defaultdict(dict)
        for heard in sorted(facts.heard, key=_lldp_first):
            near = End(uid, ports[uid].local(heard).port)
            far_uid, rule = directory.who(heard)
            if far_uid == uid:
                loops[near] = None
                own = remote(ports[uid], heard)
                if own is not None and own.port != near.port:
                    far = End(uid, own.port)
                    halves[Half(near, far, heard.protocol, rule, facts.is_fresh)] = None
                continue
            known = True
            if far_uid:
                found = remote(ports[far_uid], heard)
                far = End(far_uid, found.port if found else as_sent(heard))
                known = found is not None or not ports[far_uid].names
                if heard.protocol == "cdp":  # LLDP named the port already, and better
                    ends = on_port[near.port].values()
                    far = next((end for end in ends if end.device == far_uid), far)
            else:
                far = _stranger(heard, near, strangers, on_port[near.port])
                rule = "announcement"
            on_port[near.port].setdefault(clean.short(heard.name) or far.device, far)
            halves[Half(near, far, heard.protocol, rule, facts.is_fresh, known)] = None
    return Hearsay(_without_echoes(halves), strangers, tuple(loops))


def _without_echoes(halves: Iterable[Half]) -> tuple[Half, ...]:
    """A cable between two ports of one device is heard at both; anything else is its own echo."""
    every = list(halves)
    own = {(half.near, half.far) for half in every if half.near.device == half.far.device}
    return tuple(
        half
        for half in every
        if half.near.device != half.far.device or (half.far, half.near) in own
    )


def _lldp_first(heard: Heard) -> tuple[object, ...]:
    return heard.protocol != "lldp", heard.number, heard.chassis, heard.port, heard.name


def _stranger(
    heard: Heard, near: End, strangers: dict[str, Device], here: Mapping[str, End]
) -> End:
    """Return the end at a device nobody asked; CDP and LLDP of one box on one port are one."""
    if heard.protocol == "cdp" and (same := here.get(clean.short(heard.name))):
        return same
    key = heard.chassis or heard.name or next(iter(heard.addresses), f"{near.device}/{near.port}")
    uid = f"chassis:{key}"
    known = strangers.get(uid)
    names = {heard.name, known.name if known else ""} - {""}
    strangers[uid] = Device(
        uid,
        min(names, default=""),
        DeviceState.HEARD,
        addresses=tuple(sorted({*heard.addresses, *(known.addresses if known else ())})),
        chassis_id=heard.chassis,
        mac=chassis_mac(heard.chassis),
        description=min({heard.description, known.description if known else ""} - {""}, default=""),
    )
    return End(uid, as_sent(heard))


def _unique(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    shared = set()
    for key, uid in pairs:
        if key and found.setdefault(key, uid) != uid:
            shared.add(key)
    return {key: uid for key, uid in found.items() if key not in shared}
