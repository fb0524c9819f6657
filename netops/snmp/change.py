"""Change one value on a device, and believe it only once it was read back."""

from netops.core.dataclass import dataclass
from netops.core.errors import ConfigError
from netops.snmp import ask, ber, oid
from netops.snmp.ask import Asking
from netops.snmp.ber import Value, Varbind
from netops.snmp.module import Object
from netops.snmp.names import object_of, place_of

#: Names of types, as `netops snmp get` prints them, and their tags.
TYPES = {
    "integer": ber.INTEGER, "gauge": ber.GAUGE32, "counter32": ber.COUNTER32, "ticks": ber.TICKS,
    "counter64": ber.COUNTER64, "text": ber.OCTETS, "hex": ber.OCTETS, "address": ber.IP_ADDRESS,
    "oid": ber.OID,
}  # fmt: skip
_RANGES = {
    ber.INTEGER: (-(2**31), 2**31 - 1),
    ber.COUNTER64: (0, 2**64 - 1),
}
_UNSIGNED = (0, 2**32 - 1)


@dataclass(frozen=True, slots=True)
class Change:
    """What shall become of which object."""

    name: str
    oid: bytes
    tag: int
    value: Value


@dataclass(frozen=True, slots=True)
class Changed:
    """What the object said before and after."""

    before: Varbind
    after: Varbind
    change: Change

    @property
    def proven(self) -> bool:
        """Tell whether the device says now what it was told."""
        return self.after[1:] == (self.change.tag, self.change.value)


def change_of(name: str, kind: str, text: str) -> Change:
    """Return the change that `sysContact.0 text NOC` means; raise ConfigError."""
    place = place_of(name, instance=True)
    label, meaning = object_of(place)
    tag = TYPES.get(kind)
    if tag is None:
        raise ConfigError(f"no type is called {kind!r}", hint=f"known: {', '.join(TYPES)}")
    try:
        return Change(label, place, tag, _value(kind, tag, text, meaning))
    except ValueError as error:
        raise ConfigError(f"{text!r} is no {kind}: {error}") from None


def _value(kind: str, tag: int, text: str, meaning: Object | None) -> Value:
    match kind:
        case "text":
            return text.encode()
        case "hex":
            return bytes.fromhex(text.removeprefix("0x").replace(":", " "))
        case "oid":
            return oid.encode(text)
        case "address":
            from ipaddress import IPv4Address

            return IPv4Address(text).packed
    labels = {label: number for number, label in meaning.enum.items()} if meaning else {}
    number = int(labels.get(text, text))
    low, high = _RANGES.get(tag, _UNSIGNED)
    if not low <= number <= high:
        raise ValueError(f"it goes from {low} to {high}")
    return number


def look(change: Change) -> Asking[Varbind]:
    """Return what the object says now."""
    (found,) = yield from ask.get([change.oid])
    return found


def make(change: Change) -> Asking[Changed]:
    """Set the value and read it back; raise NetopsError with the agent's reason."""
    before = yield from look(change)
    yield from ask.set_values([(change.oid, change.tag, change.value)])
    after = yield from look(change)
    return Changed(before, after, change)
