"""Plans: what is expected to change, in a line each, and how far it has come true."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from netops.core.dataclass import dataclass
from netops.core.errors import UsageError
from netops.topology.change.deeds import Deed, link_name
from netops.topology.model import EventKind

SYNTAX = (
    "add link A:PORT - B:PORT",
    "remove link A:PORT - B:PORT",
    "move link A:PORT - B:PORT to C:PORT",
    "add device NAME",
    "remove device NAME",
    "replace device NAME",
    "rename device NAME",
    "change device NAME",
    "change vlan NAME",
    "change port NAME",
    "change aggregate NAME",
)
_LINK = re.compile(r"(add|remove) link (\S+) - (\S+)", re.IGNORECASE)
_MOVE = re.compile(r"move link (\S+) - (\S+) to (\S+)", re.IGNORECASE)
_DEVICE = re.compile(r"(add|remove|replace|rename|change) device (\S+)", re.IGNORECASE)
_ASPECT = re.compile(r"change (vlan|port|aggregate) (\S+)", re.IGNORECASE)
#: What follows by itself from a change of links and devices.
CONSEQUENCES = frozenset({EventKind.ENDPOINT_MOVED, EventKind.PORT_CHANGED})


def parse(lines: Iterable[str]) -> set[Deed]:
    """Return what the lines of a plan expect; raise UsageError for one nobody understands."""
    found: set[Deed] = set()
    for line in lines:
        found |= _deeds(" ".join(line.split()))
    return found


def _deeds(line: str) -> set[Deed]:
    if match := _LINK.fullmatch(line):
        verb, one, other = match.groups()
        return {Deed(verb.lower(), "link", link_name((_end(one), _end(other))))}
    if match := _MOVE.fullmatch(line):
        kept, old, new = (_end(text) for text in match.groups())
        if new[0].casefold() == kept[0].casefold() and old[0].casefold() != kept[0].casefold():
            kept, old = old, kept  # the end on this device is the one that moves
        return {
            Deed("remove", "link", link_name((kept, old))),
            Deed("add", "link", link_name((kept, new))),
        }
    if match := _DEVICE.fullmatch(line):
        return {Deed(match[1].lower(), "device", (match[2].casefold(),))}
    if match := _ASPECT.fullmatch(line):
        return {Deed(match[1].lower(), "device", (match[2].casefold(),))}
    raise UsageError(
        f"an expected change cannot be understood: {line[:80]!r}",
        hint="one of: " + "; ".join(SYNTAX),
    )


def _end(text: str) -> tuple[str, str]:
    device, colon, port = text.partition(":")
    if not (device and colon and port):
        raise UsageError(
            f"DEVICE:PORT expected, not {text[:80]!r}", hint="such as acc1:GigabitEthernet1/0/3"
        )
    return device, port


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a plan has come true."""

    fulfilled: tuple[Deed, ...]
    missing: tuple[Deed, ...]
    #: What happened beside it, and nobody approved.
    extra: tuple[Deed, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for the record."""
        return {
            "fulfilled": [deed.text for deed in self.fulfilled],
            "missing": [deed.text for deed in self.missing],
            "extra": [deed.text for deed in self.extra],
        }


def progress(wanted: set[Deed], seen: set[Deed], gone_by: Sequence[str] = ()) -> Progress:
    """
    Compare a plan with all that was seen of it so far.

    Links of a device that comes, goes or is replaced need not be planned one by one; what is in
    `gone_by`, the texts of earlier extras, stays an extra.
    """
    moving = {
        deed.thing[0]
        for deed in wanted
        if deed.kind == "device" and deed.verb in {"add", "remove", "replace", "rename"}
    }
    extra = {deed for deed in seen - wanted if not _follows(deed, wanted, moving)}
    extra |= {_from_text(text) for text in gone_by}
    return Progress(
        tuple(sorted(wanted & seen)), tuple(sorted(wanted - seen)), tuple(sorted(extra - wanted))
    )


def _follows(deed: Deed, wanted: set[Deed], moving: set[str]) -> bool:
    devices = {end.partition(":")[0] for end in deed.thing}
    if devices & moving:
        return True
    near = {end.partition(":")[0] for one in wanted for end in one.thing}
    return deed.verb == "port" and bool(devices & near)


def _from_text(text: str) -> Deed:
    verb, kind, thing = text.split(" ", 2)
    return Deed(verb, kind, tuple(thing.split(" - ")))
