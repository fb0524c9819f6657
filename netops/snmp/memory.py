"""What was learnt of each device, kept on disk: sizes of its tables, what it can take, lacks, and its v3 clock."""

import json
import os
import stat
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from netops.core.dataclass import dataclass, field
from netops.core.errors import UnreachableError
from netops.core.files import private_directory, write_atomic
from netops.snmp.engines.address import resolve
from netops.snmp.model import Target
from netops.snmp.peers import PeerBook
from netops.snmp.plan import Habits

_FORMAT = 1
_MAX_BYTES = 64 << 20
_MAX_DEVICES = 50_000
#: New software may bring objects that a device lacked: ask for them again after this time.
PROBE_AGAIN_S = 7 * 86_400.0
#: Names, serial numbers and speeds seldom change.
SLOW_EVERY_S = 1800.0


@dataclass(slots=True)
class _Device:
    habits: Habits
    probed_at_s: float
    #: When names and what else seldom changes were asked last.
    slow_at_s: float = 0.0


@dataclass(slots=True)
class SnmpMemory:
    """
    Habits and SNMPv3 identities of all devices of a site.

    Give `book` to the engine and `habits(target)` to each walk, and `keep` when the run is over.
    Losing the file costs a few exchanges, so one that cannot be read is only worth a `note`.
    """

    path: Path
    book: PeerBook = field(default_factory=PeerBook)
    #: Why it had to start afresh, for whoever runs it; empty when all is well.
    note: str = ""
    wall_s: Callable[[], float] = time.time
    _devices: dict[str, _Device] = field(default_factory=dict)
    _used: set[str] = field(default_factory=set)
    _forgotten: set[tuple[str, int]] = field(default_factory=set)

    @classmethod
    def open(cls, path: Path, *, wall_s: Callable[[], float] = time.time) -> "SnmpMemory":
        """Return what is kept at `path`; never raises for what lies there."""
        memory = cls(path, PeerBook(wall_s=wall_s), wall_s=wall_s)
        kept, memory.note = _read(path)
        memory._devices = _devices(kept)
        peers = kept.get("peers")
        if isinstance(peers, dict):
            memory.book.load(peers)
        return memory

    def habits(self, target: Target, *, anew: bool = False) -> Habits:
        """
        Return what is known of a device; the walk adds to it.

        With `anew` what it lacked is asked for again: whoever compares or looks by hand wants to see
        what was switched on since, or that another device stands there.
        """
        key, now = _key(target), self.wall_s()
        found = self._devices.get(key)
        if found is None:
            found = self._devices[key] = _Device(Habits(), now)
        elif anew or not 0 <= now - found.probed_at_s <= PROBE_AGAIN_S:
            found.habits.missing.clear()
            found.probed_at_s = now
        self._used.add(key)
        return found.habits

    def slow_due(self, target: Target, every_s: float = SLOW_EVERY_S) -> bool:
        """Tell whether names and other slow columns are due again; yes counts as asked."""
        self.habits(target)
        device, now = self._devices[_key(target)], self.wall_s()
        if 0 <= now - device.slow_at_s < every_s:
            return False
        device.slow_at_s = now
        return True

    def forget(self, target: Target) -> None:
        """Learn everything about a device anew, as after it was replaced."""
        self._devices.pop(_key(target), None)
        self._used.add(_key(target))
        for host in {target.host, _address(target)}:
            self.book.forget((host, target.port))
            self._forgotten.add((host, target.port))

    def warnings(self) -> list[str]:
        """Return what a person should see to: devices that share one SNMPv3 engine id."""
        return [
            f"{' and '.join(hosts)} have the same SNMPv3 engine id {ident}: cloned devices, or one "
            "device with several addresses; give each its own"
            for ident, hosts in sorted(self.book.duplicates().items())
        ]

    def keep(self) -> None:
        """Save, and where that cannot be, say why in `note`: the loss costs a few exchanges."""
        try:
            self.save()
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            self.note = f"{self.path}: {reason}; what devices can take is not kept"

    def save(self) -> None:
        """Write everything, with what another run learnt meanwhile of other devices; raise OSError."""
        kept, _ = _read(self.path)
        mine = {key: one for key, one in self._devices.items() if key in self._used}
        others = {key: one for key, one in _devices(kept).items() if key not in self._used}
        together = {**others, **mine}
        newest = sorted(together, key=lambda key: together[key].probed_at_s)[-_MAX_DEVICES:]
        theirs = kept.get("peers")
        gone = {f"{host} {port}" for host, port in self._forgotten}
        others_peers = theirs if isinstance(theirs, dict) else {}
        peers = {key: one for key, one in others_peers.items() if key not in gone}
        peers |= self.book.as_dict()
        data = {
            "format": _FORMAT,
            "devices": {
                key: {
                    "habits": together[key].habits.as_dict(),
                    "probed_at": together[key].probed_at_s,
                    "slow_at": together[key].slow_at_s,
                }
                for key in sorted(newest)
            },
            "peers": dict(list(peers.items())[-_MAX_DEVICES:]),
        }
        private_directory(self.path.parent)
        write_atomic(self.path, json.dumps(data, separators=(",", ":")))


def _key(target: Target) -> str:
    return f"{target.host} {target.port} {target.version}"


def _address(target: Target) -> str:
    try:
        return str(resolve(target.host, target.port)[1][0])
    except UnreachableError:
        return target.host


def _devices(kept: Mapping[str, Any]) -> dict[str, _Device]:
    found = {}
    devices = kept.get("devices")
    for key, entry in devices.items() if isinstance(devices, dict) else ():
        match entry:
            case {"habits": dict(habits), "probed_at": int() | float() as at}:
                slow_at = entry.get("slow_at")
                slow_at_s = float(slow_at) if isinstance(slow_at, float | int) else 0.0
                found[str(key)] = _Device(Habits.from_dict(habits), float(at), slow_at_s)
    return found


def _read(path: Path) -> tuple[Mapping[str, Any], str]:
    """Return what lies at `path`, or nothing and why; neither a pipe nor a giant stops anybody."""
    try:
        data = _read_bytes(path)
        found = json.loads(data) if data is not None else {"format": _FORMAT}
    except (OSError, ValueError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return {}, f"{path}: {reason.lower()}; what devices can take is learnt anew"
    if not isinstance(found, dict) or found.get("format") != _FORMAT:
        return {}, f"{path}: of another format; what devices can take is learnt anew"
    return found, ""


def _read_bytes(path: Path) -> bytes | None:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    with os.fdopen(handle, "rb") as file:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode):
            raise ValueError("no ordinary file")
        if about.st_size > _MAX_BYTES:
            raise ValueError(f"larger than {_MAX_BYTES >> 20} MiB")
        return file.read(_MAX_BYTES)
