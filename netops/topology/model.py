"""What a network looks like at one moment, and how two moments differ, as pure values."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from netops.core.dataclass import dataclass, field


class DeviceState(StrEnum):
    """How a device is known."""

    ANSWERED = "answered"  # it told about itself in this scan
    STALE = "stale"  # it answered before and is silent now; what it said last still stands
    HEARD = "heard"  # only its neighbours speak of it
    INFERRED = "inferred"  # nobody speaks of it, but a port shows that something must be there


class LinkState(StrEnum):
    """How well a link is proven."""

    CONFIRMED = "confirmed"  # both ends say the same
    ONE_SIDED = "one-sided"  # one end says so; `reason` tells why the other does not
    CONFLICT = "conflict"  # the other end says something else
    STALE = "stale"  # nobody who could deny it was heard


class EventKind(StrEnum):
    """What can happen to a network."""

    DEVICE_ADDED = "device_added"
    DEVICE_REMOVED = "device_removed"
    DEVICE_REPLACED = "device_replaced"
    DEVICE_RENAMED = "device_renamed"
    DEVICE_CHANGED = "device_changed"  # software, model, location
    DEVICE_DOWN = "device_down"
    DEVICE_UP = "device_up"
    LINK_ADDED = "link_added"
    LINK_REMOVED = "link_removed"
    LINK_MOVED = "link_moved"
    PORT_CHANGED = "port_changed"  # speed, name, administrative state
    AGGREGATE_CHANGED = "aggregate_changed"
    VLAN_CHANGED = "vlan_changed"
    STP_ROOT_CHANGED = "stp_root_changed"
    ENDPOINT_MOVED = "endpoint_moved"
    ADDRESS_CHANGED = "address_changed"
    NAME_CHANGED = "name_changed"
    ENDPOINT_UNKNOWN = "endpoint_unknown"
    GATEWAY_UNKNOWN = "gateway_unknown"
    DHCP_UNKNOWN = "dhcp_unknown"


@dataclass(frozen=True, slots=True)
class Port:
    """One port of a device; its name is what identifies it there."""

    name: str
    index: int | None = None
    alias: str = ""
    #: Lower case with colons, as every MAC address here.
    mac: str = ""
    #: Label of IANAifType, such as `ethernetCsmacd`.
    kind: str = ""
    is_up: bool | None = None
    is_enabled: bool | None = None
    speed_mbps: int | None = None
    vlans: tuple[int, ...] = ()
    #: Name of the aggregate this port is a member of.
    aggregate: str = ""
    #: Spanning-tree state, such as `forwarding` or `blocking`.
    stp: str = ""


@dataclass(frozen=True, slots=True)
class Device:
    """One switch, router, server or whatever else has ports."""

    #: What stays when the name changes: `serial:…`, `chassis:…`, `mac:…` or `address:…`.
    uid: str
    name: str
    state: DeviceState = DeviceState.ANSWERED
    #: Its name in the inventory, when it stands there.
    listed_as: str = ""
    role: str = ""
    site: str = ""
    location: str = ""
    addresses: tuple[str, ...] = ()
    chassis_id: str = ""
    mac: str = ""
    serial: str = ""
    maker: str = ""
    model: str = ""
    software: str = ""
    description: str = ""
    ports: Mapping[str, Port] = field(default_factory=dict)


class End(NamedTuple):
    """Where a link ends: the uid of a device and the name of its port."""

    device: str
    port: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """Who says that there is a link, and how it came to say so."""

    #: lldp, cdp, stp, fdb, lag.
    protocol: str
    #: Uid of the device whose tables say it.
    device: str
    #: By which rule the port or the neighbour was found.
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """A cable, as far as the devices tell; `a` is not after `b`."""

    a: End
    b: End
    state: LinkState = LinkState.CONFIRMED
    reason: str = ""
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A computer, phone or printer on a port."""

    mac: str
    device: str
    port: str
    vlan: int | None = None
    addresses: tuple[str, ...] = ()
    name: str = ""
    first_seen_at: datetime | None = None
    last_seen_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The network at one moment; the same network has the same `id` whenever it is seen."""

    #: SHA-256 over the canonical form of devices and links, in hexadecimal.
    id: str
    taken_at: datetime
    devices: Mapping[str, Device]
    links: tuple[Link, ...]
    #: Uid of the spanning tree's root bridge.
    stp_root: str = ""
    #: Inventory names (or addresses) that were asked and did not answer.
    silent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """One difference between two snapshots, or one broken rule about endpoints."""

    kind: EventKind
    at: datetime
    #: What it is about, as a person would say: `acc1`, `acc1:ge3 – dist1:ge4`, a MAC address.
    subject: str
    #: Uids of the devices it touches, the nearest first.
    devices: tuple[str, ...] = ()
    #: Plain values (JSON types): ends as [device name, port], serial, address, speed …
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
