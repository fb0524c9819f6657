"""`inventory discover`: what answers in a network, what of it is known, and entries for the rest."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from netops.core.dataclass import dataclass, field
from netops.core.errors import UsageError
from netops.core.results import Result
from netops.core.run import Context, Work
from netops.core.status import Status
from netops.inventory.identity import Identity, read_identity
from netops.inventory.importers.base import Draft, usable_name
from netops.inventory.model import Device
from netops.inventory.survey import Answer, Survey
from netops.snmp.memory import SnmpMemory
from netops.snmp.model import Talk, Target

Network = IPv4Network | IPv6Network


@dataclass(slots=True)
class Found:
    """One device, however many of its addresses answered."""

    #: In the order in which they were asked.
    addresses: list[str]
    identity: Identity
    #: Name of the SNMP access it answered to.
    access: str
    #: `known`, `elsewhere` (the name is known, with another address) or `new`.
    fate: str = "new"
    name: str = ""


@dataclass(frozen=True, slots=True)
class Ground:
    """Where to look, and with which keys."""

    networks: Sequence[Network]
    #: Name of an SNMP access → how an address is asked with it.
    accesses: Mapping[str, Callable[[str], Target]]
    known: Sequence[Device] = field(default_factory=list)


def networks_of(texts: Iterable[str], limit: int) -> list[Network]:
    """Return networks without those inside others; raise UsageError for more than `limit` addresses."""
    found: list[Network] = []
    for text in texts:
        try:
            found.append(ip_network(text.strip(), strict=False))
        except ValueError:
            raise UsageError(
                f"{text!r} is no network", hint="such as 10.1.0.0/24 or 10.1.0.11"
            ) from None
    if not found:
        raise UsageError(
            "no network is named", hint="name some, or list them under inventory.discover"
        )
    kept: list[Network] = []
    for network in sorted(found, key=lambda one: (one.version, one.prefixlen)):
        if not any(_inside(network, other) for other in kept):
            kept.append(network)
    count = sum(network.num_addresses for network in kept)
    if count > limit:
        raise UsageError(
            f"{count:,} addresses are more than {limit:,}",
            hint="name smaller networks, or raise --limit (about 100 silent addresses a second)",
        )
    return kept


def _inside(network: Network, other: Network) -> bool:
    return (
        network.version == other.version
        and network.network_address in other
        and network.broadcast_address in other
    )


class Discovery:
    """One look around."""

    def __init__(
        self, ground: Ground, engine: str = "own", memory: SnmpMemory | None = None
    ) -> None:
        self.ground = ground
        rounds = [self._round(name) for name in ground.accesses]
        self.survey = Survey(rounds, engine, memory)
        self._answers: Mapping[str, Answer] = {}
        self._access: dict[str, str] = {}

    def work(self) -> list[Work[Network]]:
        """Return the networks as targets of a run."""
        return [Work(str(network), network) for network in self.ground.networks]

    def act(self, network: Network, run: Context) -> Result:
        """Say what answers in one network."""
        self._answers = self.survey.answers(run.cancel)
        here = [one for one in self.found if any(_in(network, a) for a in one.addresses)]
        fates = {
            fate: sum(one.fate == fate for one in here) for fate in ("known", "elsewhere", "new")
        }
        silent = sum(identity is None for identity, _ in self._in(network))
        text = f"{len(here)} devices answer: {fates['known']} known, {fates['new']} new"
        if fates["elsewhere"]:
            text += f", {fates['elsewhere']} known under another address"
        status = Status.OK if len(here) == fates["known"] and here else Status.WARNING
        facts = {
            "devices": [_plain(one, network) for one in here],
            "silent": silent,
        }
        return Result(run.target, status, f"{text}; {silent} addresses silent", facts)

    def draft(self) -> Draft:
        """Return entries for what is new."""
        draft = Draft()
        for one in self.found:
            if one.fate == "new":
                draft.add(one.name, ", ".join(one.addresses), _entry(one))
        return draft

    @cached_property
    def found(self) -> list[Found]:
        """Every device that answered, each once; meaningful after the first `act`."""
        merged: list[Found] = []
        # Only these can be the same device; comparing each with each would take for ever.
        alike: dict[tuple[str, str], list[Found]] = {}
        for address, (identity, _) in self._sorted():
            if identity is None:
                continue
            keys = [(identity.object_id, word) for word in identity.serials or (identity.name,)]
            near = [one for key in keys for one in alike.get(key, ())]
            same = next((one for one in near if _same(one, address, identity)), None)
            if same:
                same.addresses.append(address)
                continue
            made = Found([address], identity, self._access[address])
            merged.append(made)
            for key in keys:
                alike.setdefault(key, []).append(made)
        known = _Known(self.ground.known)
        taken = {device.name for device in self.ground.known}
        for one in merged:
            _judge(one, known, taken)
        return merged

    def _sorted(self) -> Iterator[tuple[str, Answer]]:
        order = {a: n for n, a in enumerate(self._addresses())}
        yield from sorted(self._answers.items(), key=lambda pair: order[pair[0]])

    def _in(self, network: Network) -> list[Answer]:
        return [answer for address, answer in self._answers.items() if _in(network, address)]

    def _addresses(self) -> Iterator[str]:
        for network in self.ground.networks:
            single = network.num_addresses <= 2
            yield from map(str, network if single else network.hosts())

    def _round(self, access: str) -> Callable[[Mapping[str, Answer]], Iterable[Talk]]:
        def talks(answers: Mapping[str, Answer]) -> Iterator[Talk]:
            target_of = self.ground.accesses[access]
            for address in self._addresses():
                if answers.get(address, (None, None))[0] is None:
                    self._access[address] = access
                    target = target_of(address)
                    yield Talk(target, read_identity(target.version, addresses=True), address)

        return talks


class _Known:
    """The devices of the inventory, to be found by address and by name."""

    def __init__(self, devices: Sequence[Device]) -> None:
        self.by_host = {device.host: device for device in reversed(devices)}
        self.by_label: dict[str, Device] = {}
        for device in devices:
            for name in (device.name, device.host):
                if label := _label(name):
                    self.by_label.setdefault(label, device)

    def at(self, addresses: Iterable[str]) -> Device | None:
        """Return the first device that has one of the addresses."""
        return next((self.by_host[one] for one in addresses if one in self.by_host), None)


def _judge(one: Found, known: _Known, taken: set[str]) -> None:
    """Tell whether it is known; give what is new a name that nobody has."""
    if device := known.at(one.addresses):
        one.fate, one.name = "known", device.name
        return
    named = known.by_label.get(_label(one.identity.name))
    claimed = known.at(sorted(one.identity.addresses))
    if device := named or claimed:
        # What a device only claims counts when its name fits: a stranger may claim much.
        sure = named is not None and (named is claimed or not _is_address(named.host))
        one.fate, one.name = "known" if sure else "elsewhere", device.name
        return
    first = one.addresses[0]
    name = usable_name(one.identity.name.partition(".")[0]) or usable_name(first)
    name = name or f"host-{first.replace(':', '-').strip('-')}"
    if name in taken:
        name = usable_name(f"{name[:30]}-{first.replace(':', '-')}") or f"{name[:40]}-{len(taken)}"
    taken.add(name)
    one.name = name


def _same(one: Found, address: str, identity: Identity) -> bool:
    """Tell whether an address belongs to a device that was found already."""
    other = one.identity
    if identity.object_id != other.object_id:
        return False
    if identity.serials or other.serials:
        return bool(identity.serials & other.serials)
    # Cloned configurations share names: only an address the device calls its own is a proof.
    return identity.name == other.name and (
        address in other.addresses or bool(identity.addresses.intersection(one.addresses))
    )


def _in(network: Network, address: str) -> bool:
    found = ip_address(address)
    return found.version == network.version and found in network


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _label(name: str) -> str:
    return "" if _is_address(name) else name.casefold().partition(".")[0]


def _plain(one: Found, network: Network) -> dict[str, Any]:
    identity = one.identity
    first = next(iter(identity.chassis), None)
    return {
        "addresses": [address for address in one.addresses if _in(network, address)],
        "fate": one.fate,
        "name": one.name,
        "calls_itself": identity.name,
        "maker": identity.kind.maker,
        "platform": identity.kind.platform,
        "kind": identity.kind.kind,
        "model": first.model if first else "",
        "serials": sorted(identity.serials),
        "object_id": identity.object_id,
        "snmp": one.access,
    }


def _entry(one: Found) -> dict[str, Any]:
    identity = one.identity
    first = next(iter(identity.chassis), None)
    data: dict[str, Any] = {"maker": identity.kind.maker}
    if first:
        data |= {"model": first.model, "serial": first.serial}
    if identity.name and identity.name != one.name:
        data["sys_name"] = identity.name
    if len(one.addresses) > 1:
        data["addresses"] = one.addresses
    return {
        "host": one.addresses[0],
        "kind": identity.kind.kind,
        "platform": identity.kind.platform,
        "snmp": one.access,
        "data": data,
    }
