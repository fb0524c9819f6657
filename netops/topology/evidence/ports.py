"""Which port of its own a device means: weighted evidence, for the numbers lie on many devices."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from netops.topology import clean
from netops.topology.evidence.facts import Announced, Facts, Heard, Interface


class Found(NamedTuple):
    """A port and the rule that found it."""

    port: str
    rule: str


class Ports:
    """The ports of one device by everything that may name them."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.names = _unique_names(facts.interfaces)
        self.indexes = {name: index for index, name in self.names.items()}
        self._by_text = _by_text(facts.interfaces.values())
        self._bridged = set(facts.base_ports.values())
        self._by_mac: dict[str, list[int]] = {}
        for interface in facts.interfaces.values():
            if interface.mac:
                self._by_mac.setdefault(interface.mac, []).append(interface.index)
        #: What this device calls its ports in LLDP → its port.
        self.announced: dict[tuple[str, str], str] = {}
        self._numbers: dict[int, Found] = {}
        for number, port in facts.announced.items():
            found = self._numbers[number] = self._announced(number, port)
            self.announced.setdefault((port.subtype, port.id), found.port)

    def local(self, heard: Heard) -> Found:
        """Return the port on which a neighbour was heard; `#N` where nothing tells."""
        if heard.local:
            return Found(heard.local, "told")
        number = heard.number
        if heard.protocol == "cdp" or self.facts.numbers_are_indexes:
            return self._at(number, "ifindex") or Found(f"#{number}", "raw")
        return self._numbers.get(number) or self._by_number(number)

    def bridged(self, port: int) -> str:
        """Return the name of a bridge port; nothing where its number leads nowhere."""
        return self.names.get(self.facts.base_ports.get(port, -1), "")

    def by_text(self, text: str) -> str:
        """Return the port of that name, description or alias, if only one has it."""
        index = self._by_text.get(text.casefold())
        return self.names[index] if index is not None else ""

    def by_mac(self, mac: str) -> str:
        """Return the port with that MAC; a bridge or aggregate that shares it is never taken."""
        owners = self._by_mac.get(mac, [])
        chosen = [index for index in owners if index in self._bridged] or owners
        return self.names[chosen[0]] if len(chosen) == 1 else ""

    def by_index(self, text: str) -> str:
        """Return the port whose ifIndex is written in `text`."""
        return self.names.get(clean.whole(text) or -1, "")

    def _at(self, index: int | None, rule: str) -> Found | None:
        name = self.names.get(index or -1)
        return Found(name, rule) if name else None

    def _announced(self, number: int, port: Announced) -> Found:
        if self.facts.numbers_are_indexes and (found := self._at(number, "ifindex")):
            return found
        if port.subtype == "macAddress":
            return self._by_own_mac(number, port) or self._by_words(number, port)
        return self._by_words(number, port)

    def _by_own_mac(self, number: int, port: Announced) -> Found | None:
        """A MAC sits on several interfaces (bridge, aggregate, VLAN): the number must agree."""
        owners = self._by_mac.get(port.id, [])
        if number in owners:
            return self._at(number, "mac+ifindex")
        base = self.facts.base_ports.get(number)
        if base in owners:
            return self._at(base, "mac+bridge port")
        name = self.by_mac(port.id)
        return Found(name, "mac") if name else None

    def _by_words(self, number: int, port: Announced) -> Found:
        if port.subtype != "macAddress" and (name := self.by_text(port.id)):
            return Found(name, "port id")
        if port.description and (name := self.by_text(port.description)):
            return Found(name, "port description")
        if port.subtype == "local" and (name := self.by_index(port.id)):
            return Found(name, "port id is ifindex")
        if port.subtype not in {"macAddress", "local"} and port.id:
            return Found(port.id, "port id as sent")
        return self._by_number(number)

    def _by_number(self, number: int) -> Found:
        base = self.facts.base_ports.get(number)
        return (
            self._at(number, "ifindex")
            or self._at(base, "bridge port")
            or Found(f"#{number}", "raw")
        )


def remote(ports: Ports, heard: Heard) -> Found | None:
    """Return the neighbour's port, as its own tables know it; None where they know none such."""
    if own := ports.announced.get((heard.port_subtype, heard.port)):
        return Found(own, "its own name")
    if heard.port_subtype != "macAddress" and (name := ports.by_text(heard.port)):
        return Found(name, "name")
    if heard.port_subtype == "macAddress" and (name := ports.by_mac(heard.port)):
        return Found(name, "mac")
    if heard.port_subtype == "local" and (name := ports.by_index(heard.port)):
        return Found(name, "ifindex")
    if heard.port_description and (name := ports.by_text(heard.port_description)):
        return Found(name, "description")
    return None


def as_sent(heard: Heard) -> str:
    """Return how a device that was not asked calls its port."""
    if heard.port_subtype == "macAddress" and heard.port_description:
        return heard.port_description
    return heard.port or heard.port_description or "?"


def _unique_names(interfaces: Mapping[int, Interface]) -> dict[int, str]:
    """Return a name for every interface that no other of the device has."""
    counts = Counter(interface.name for interface in interfaces.values())
    names = {}
    for index, interface in interfaces.items():
        name = interface.name
        if not name:
            name = f"#{index}"
        elif counts[name] > 1:
            name = f"{name}#{index}"
        names[index] = name
    return names


def _by_text(interfaces: Iterable[Interface]) -> dict[str, int]:
    """Return the interface of every name; weaker kinds of names only where they mean one."""
    found: dict[str, int] = {}
    rows = list(interfaces)
    for kind in ("name", "description", "alias"):
        texts = [(text.casefold(), row.index) for row in rows if (text := getattr(row, kind))]
        counts = Counter(text for text, _ in texts) if texts else {}
        for text, index in texts:
            if counts[text] == 1:
                found.setdefault(text, index)
    return found
