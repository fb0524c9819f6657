"""The rules for addresses and hosts: who moved, changed an address or a name, or is not known here."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from netops.core.dataclass import dataclass, replace
from netops.topology.evidence.facts import Facts
from netops.topology.model import Endpoint, Event, EventKind
from netops.topology.policy import Policy, within

#: MACs that routers share by protocol: VRRP, HSRP, GLBP, CARP.
_SHARED = ("00:00:5e:00:01:", "00:00:5e:00:02:", "00:00:0c:07:ac:", "00:00:0c:9f:f", "00:07:b4:")


@dataclass(frozen=True, slots=True)
class Binding:
    """What belongs to a MAC; an empty value binds nothing."""

    mac: str
    address: str = ""
    device: str = ""
    port: str = ""
    name: str = ""
    #: learnt or manual.
    source: str = "manual"
    account: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Rules:
    """What is asked of endpoints; `name_of` gives the name of a device by its uid."""

    policy: Policy
    name_of: Callable[[str], str]
    at: datetime

    def events(
        self,
        before: Mapping[str, Endpoint],
        now: Mapping[str, Endpoint],
        bindings: Mapping[str, Binding],
    ) -> Iterator[Event]:
        """Yield what endpoints did since they were seen last; what was told is not told again."""
        for mac, endpoint in now.items():
            old = before.get(mac)
            found = list(self._moved(old, endpoint)) if old else []
            binding = bindings.get(mac)
            if binding is not None and binding.source == "manual":
                told = list(self._broken(binding, old)) if old else []
                known = {(event.kind, _plain(event.after)) for event in told}
                broken = [
                    event
                    for event in self._broken(binding, endpoint)
                    if (event.kind, _plain(event.after)) not in known
                ]
                kinds = {event.kind for event in broken}
                found = [event for event in found if event.kind not in kinds] + broken
            elif binding is None and old is None and not self.policy.learn_bindings:
                found.append(self._event(EventKind.ENDPOINT_UNKNOWN, endpoint, {}, {}))
            yield from found

    def _moved(self, old: Endpoint, new: Endpoint) -> Iterator[Event]:
        if (old.device, old.port) != (new.device, new.port):
            yield self._event(EventKind.ENDPOINT_MOVED, new, self._place(old), self._place(new))
        fixed_old, fixed_new = self._fixed(old.addresses), self._fixed(new.addresses)
        # An ARP table remembers the old address for a while, so only a new one tells of a change.
        if fixed_old and (added := [one for one in fixed_new if one not in fixed_old]):
            yield self._event(
                EventKind.ADDRESS_CHANGED,
                new,
                {"address": ", ".join(fixed_old)},
                {"address": ", ".join(added)},
            )
        if old.name and new.name and old.name != new.name:
            yield self._event(EventKind.NAME_CHANGED, new, {"name": old.name}, {"name": new.name})

    def _broken(self, binding: Binding, endpoint: Endpoint) -> Iterator[Event]:
        others = [one for one in self._v4(endpoint.addresses) if one != binding.address]
        if binding.address and others:
            yield self._event(
                EventKind.ADDRESS_CHANGED,
                endpoint,
                {"address": binding.address},
                {"address": ", ".join(others)},
            )
        where = self.name_of(endpoint.device)
        bound = binding.device or where, binding.port or endpoint.port
        if bound != (where, endpoint.port):
            yield self._event(
                EventKind.ENDPOINT_MOVED,
                endpoint,
                {"device": bound[0], "port": bound[1]},
                self._place(endpoint),
            )
        if binding.name and endpoint.name and binding.name != endpoint.name:
            yield self._event(
                EventKind.NAME_CHANGED, endpoint, {"name": binding.name}, {"name": endpoint.name}
            )

    def _event(
        self, kind: EventKind, endpoint: Endpoint, was: Mapping[str, Any], now: Mapping[str, Any]
    ) -> Event:
        facts = dict(now) or self._place(endpoint) | {"address": ", ".join(endpoint.addresses)}
        return Event(kind, self.at, endpoint.mac, (endpoint.device,), was, facts)

    def _place(self, endpoint: Endpoint) -> dict[str, Any]:
        return {"device": self.name_of(endpoint.device), "port": endpoint.port}

    def _fixed(self, addresses: Sequence[str]) -> list[str]:
        return [one for one in self._v4(addresses) if not within(one, self.policy.dynamic)]

    @staticmethod
    def _v4(addresses: Sequence[str]) -> list[str]:
        """IPv6 hosts change their addresses by themselves every day (RFC 8981)."""
        return [one for one in addresses if ":" not in one]

    # -- Addresses that somebody else answers for

    def claim_events(
        self, claims: Iterable[tuple[str, str]], known: set[tuple[str, str]]
    ) -> Iterator[Event]:
        """Yield an event for every new claim to the address of a gateway or a DHCP server."""
        for address, mac in sorted(claims):
            if (address, mac) in known:
                continue
            is_dhcp = address in self.policy.dhcp_servers
            kind = EventKind.DHCP_UNKNOWN if is_dhcp else EventKind.GATEWAY_UNKNOWN
            yield Event(kind, self.at, address, (), {}, {"address": address, "mac": mac})


def claims(
    everybody: Mapping[str, Facts], policy: Policy, bindings: Mapping[str, Binding]
) -> set[tuple[str, str]]:
    """
    Return address and MAC wherever an ARP table shows a stranger at a gateway's or server's address.

    A gateway is a device that routes; its addresses and MACs are its own words. Addresses shared by
    protocol (VRRP, HSRP and the like) and MACs of other known routers are no strangers.
    """
    owners: dict[str, set[str]] = {}
    routers: set[str] = set()
    for facts in everybody.values():
        if facts.routes:
            routers |= facts.macs
            for address in facts.addresses:
                owners.setdefault(address, set()).update(facts.macs)
    for address in policy.dhcp_servers:
        bound = {mac for mac, binding in bindings.items() if binding.address == address}
        own = {mac for f in everybody.values() if address in f.addresses for mac in f.macs}
        if bound | own:
            owners.setdefault(address, set()).update(bound | own)
    return {
        (pair.address, pair.mac)
        for facts in everybody.values()
        if facts.is_fresh
        for pair in facts.resolved
        if pair.address in owners
        and pair.mac not in owners[pair.address] | routers
        and not pair.mac.startswith(_SHARED)
    }


def learnt(
    endpoints: Mapping[str, Endpoint],
    bindings: Mapping[str, Binding],
    name_of: Callable[[str], str],
) -> list[Binding]:
    """Return what the register learns from the endpoints: new ones, and news of learnt ones."""
    found = []
    for mac, endpoint in endpoints.items():
        known = bindings.get(mac)
        if known is not None and known.source == "manual":
            continue
        v4 = [one for one in endpoint.addresses if ":" not in one]
        made = Binding(
            mac,
            (v4 or [known.address if known else ""])[0],
            name_of(endpoint.device),
            endpoint.port,
            endpoint.name or (known.name if known else ""),
            "learnt",
        )
        if known is None or replace(known, account="", note="") != made:
            found.append(made)
    return found


def _plain(values: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    return tuple(sorted(values.items()))
