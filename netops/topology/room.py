"""What every verb of the topology works with: its policy, its memory, and whom it may ask."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from netops.core.dataclass import dataclass, field
from netops.core.errors import ConfigError, NetopsError, UsageError
from netops.inventory.model import Device
from netops.inventory.select import select
from netops.topology import clean
from netops.topology.bindings import Bindings
from netops.topology.history.agents import Agents
from netops.topology.history.keep import StoredEvent, Topology
from netops.topology.policy import Policy

if TYPE_CHECKING:
    from netops.snmp.memory import SnmpMemory
    from netops.snmp.model import Target

#: Hears of the events of a scan, once they are stored.
Hearer = Callable[[Sequence[StoredEvent]], None]


@dataclass(frozen=True, slots=True)
class Ask:
    """One agent to ask."""

    #: Unique in a scan: the name in the inventory, else the address.
    name: str
    host: str
    target: "Target | None" = None
    #: Why it cannot be asked.
    error: NetopsError | None = None
    device: Device | None = None
    #: How many cables it is away from what is listed.
    hop: int = 0


@dataclass(frozen=True, slots=True)
class TopologyRoom:
    """The topology room of one site, ready to work."""

    policy: Policy
    memory: Topology
    agents: Agents
    bindings: Bindings
    locks: Path
    devices: Sequence[Device]
    #: How a device is asked; raises ConfigError or SecretError.
    target_of: Callable[[Device], "Target"]
    #: Gives what is known of SNMPv3 agents; opened only to ask.
    snmp_memory: Callable[[], "SnmpMemory"]
    hearers: list[Hearer] = field(default_factory=list)

    def asks(self, selector: str = "", seeds: Sequence[str] = (), snmp: str = "") -> list[Ask]:
        """
        Return whom to ask: listed devices with SNMP access, seeds, and what was found before.

        Raises ConfigError when that is nobody, UsageError for a seed outside the allowed networks.
        """
        listed = [one for one in select(self.devices, selector) if one.snmp]
        found = [self._listed(device) for device in listed]
        hosts = {device.host: device for device in self.devices if device.snmp}
        for seed in dict.fromkeys(seeds):
            if seed in hosts:
                found += [self._listed(hosts[seed])]
            elif clean.address(seed) and not self.policy.may_ask(seed):
                raise UsageError(
                    f"{seed} lies in no network of topology.allowed",
                    hint="add its network there, or the device to the inventory",
                )
            else:
                found.append(self.stranger(seed, 0, snmp))
        if not selector and not seeds:
            found += [self.stranger(name, 0, snmp) for name in self._found_before()]
        unique = {ask.name: ask for ask in found}
        if not unique:
            raise ConfigError(
                "there is nobody to ask",
                hint="give devices `snmp: NAME` in the inventory, or name one with --seed",
            )
        return list(unique.values())[: self.policy.max_devices]

    def last_scan_at(self) -> datetime | None:
        """Return when the network answered last."""
        periods = self.memory.history(1)
        return periods[0].last_at if periods else None

    def is_due(self, now: datetime) -> bool:
        """Tell whether it is time for a scan."""
        from netops.core.cadence import parse_cadence

        every = self.policy.every
        return every is not None and parse_cadence(every).is_due(self.last_scan_at(), now)

    def others(self, asks: Sequence[Ask]) -> dict[str, Device | None]:
        """Return who is in scope and not asked this time."""
        asked = {ask.name for ask in asks}
        listed: Mapping[str, Device | None] = {one.name: one for one in self.devices if one.snmp}
        before = dict.fromkeys(self._found_before())
        return {name: one for name, one in {**before, **listed}.items() if name not in asked}

    def stranger(self, host: str, hop: int, snmp: str = "") -> Ask:
        """Return how an agent outside the inventory is asked; raise ConfigError without access."""
        access = snmp or self.policy.snmp
        if not access:
            raise ConfigError(
                f"{host} is not in the inventory, and there is no SNMP access for such devices",
                hint="name one of inventory.snmp with --snmp or topology.snmp",
            )
        return self._ask(host, Device(host, host, snmp=access), None, hop)

    def _listed(self, device: Device) -> Ask:
        return self._ask(device.name, device, device, 0)

    def _ask(self, name: str, asked: Device, listed: Device | None, hop: int) -> Ask:
        try:
            return Ask(name, asked.host, self.target_of(asked), None, listed, hop)
        except NetopsError as error:
            return Ask(name, asked.host, None, error, listed, hop)

    def _found_before(self) -> list[str]:
        if not self.policy.snmp:
            return []
        listed = {name for device in self.devices for name in (device.name, device.host)}
        known = self.agents.names()
        return [name for name in known if name not in listed and self.policy.may_ask(name)]
