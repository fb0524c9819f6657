"""What one device says of itself and its neighbours, typed, before anybody draws conclusions."""

from collections.abc import Mapping
from typing import NamedTuple

from netops.core.dataclass import dataclass, field


@dataclass(frozen=True, slots=True)
class Interface:
    """One row of the interface table."""

    index: int
    name: str
    description: str = ""
    alias: str = ""
    mac: str = ""
    kind: str = ""
    is_up: bool | None = None
    is_enabled: bool | None = None
    speed_mbps: int | None = None


@dataclass(frozen=True, slots=True)
class Announced:
    """How a device calls one of its ports in LLDP."""

    subtype: str
    id: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Heard:
    """One neighbour as a device heard it."""

    protocol: str
    #: Number of the local port: LLDP's own, or the ifIndex where `Facts.numbers_are_indexes`.
    number: int
    chassis_subtype: str = ""
    chassis: str = ""
    port_subtype: str = ""
    port: str = ""
    port_description: str = ""
    name: str = ""
    description: str = ""
    addresses: tuple[str, ...] = ()
    #: Name of the local port, where the source tells it; nothing needs to be found then.
    local: str = ""


@dataclass(frozen=True, slots=True)
class StpPort:
    """What the spanning tree says of one bridge port."""

    state: str
    #: MAC of the bridge that is designated on that segment, and the number of its port.
    bridge: str = ""
    port: int = 0


class Learned(NamedTuple):
    """One address a bridge has learned."""

    mac: str
    port: int
    vlan: int | None = None


class Resolved(NamedTuple):
    """One pair that a device found by ARP or ND."""

    address: str
    mac: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything one device said, cleaned."""

    #: Under which name or address it was asked; unique within a scan.
    asked: str
    #: Address at which it answered.
    address: str = ""
    #: Its name, role and site in the inventory.
    listed_as: str = ""
    role: str = ""
    site: str = ""
    #: False when the device was silent and these are its words of an earlier scan.
    is_fresh: bool = True
    name: str = ""
    description: str = ""
    location: str = ""
    object_id: str = ""
    serial: str = ""
    maker: str = ""
    model: str = ""
    software: str = ""
    chassis_subtype: str = ""
    chassis: str = ""
    bridge_mac: str = ""
    routes: bool = False
    numbers_are_indexes: bool = False
    interfaces: Mapping[int, Interface] = field(default_factory=dict)
    addresses: tuple[str, ...] = ()
    announced: Mapping[int, Announced] = field(default_factory=dict)
    heard: tuple[Heard, ...] = ()
    #: Bridge port → ifIndex.
    base_ports: Mapping[int, int] = field(default_factory=dict)
    stp_root: str = ""
    stp: Mapping[int, StpPort] = field(default_factory=dict)
    learned: tuple[Learned, ...] = ()
    resolved: tuple[Resolved, ...] = ()
    #: ifIndex of a member → ifIndex of its aggregate.
    aggregates: Mapping[int, int] = field(default_factory=dict)
    #: ifIndex → VLANs.
    vlans: Mapping[int, tuple[int, ...]] = field(default_factory=dict)

    @property
    def speaks_lldp(self) -> bool:
        """Tell whether the device has LLDP tables."""
        return bool(self.chassis or self.announced)

    @property
    def macs(self) -> frozenset[str]:
        """Every MAC the device owns."""
        found = {interface.mac for interface in self.interfaces.values()}
        return frozenset({*found, self.bridge_mac, chassis_mac(self.chassis)} - {""})


def chassis_mac(chassis: str) -> str:
    """Return a chassis id if it is a MAC."""
    return chassis if len(chassis) == 17 and chassis.count(":") == 5 else ""
