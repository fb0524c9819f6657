"""The checked settings of the topology as plain values."""

import ipaddress
from collections.abc import Mapping
from typing import Any

from netops.core.dataclass import dataclass

Networks = tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """How the network is discovered, and which rules its endpoints keep."""

    #: Cadence of scans; None for never by themselves.
    every: str | None = None
    snmp: str | None = None
    allowed: Networks = ()
    denied_devices: tuple[str, ...] = ()
    hops: int = 8
    max_devices: int = 5_000
    endpoints_every_s: float = 3_600
    tables_every_s: float = 86_400
    removal_scans: int = 2
    learn_bindings: bool = True
    dynamic: Networks = ()
    dhcp_servers: tuple[str, ...] = ()

    def may_ask(self, address: str) -> bool:
        """Tell whether an address lies in an allowed network."""
        return within(address, self.allowed)


def within(address: str, networks: Networks) -> bool:
    """Tell whether an address lies in one of the networks."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(found.version == net.version and found in net for net in networks)


def policy_of(data: Mapping[str, Any]) -> Policy:
    """Return the section `topology` as a policy."""
    return Policy(
        data["every"],
        data["snmp"],
        tuple(map(ipaddress.ip_network, data["allowed"])),
        tuple(data["denied_devices"]),
        data["hops"],
        data["max_devices"],
        data["endpoints_every"],
        data["tables_every"],
        data["removal_scans"],
        data["learn_bindings"],
        tuple(map(ipaddress.ip_network, data["dynamic"])),
        tuple(data["dhcp_servers"]),
    )
