"""What is known of each SNMPv3 agent: its engine id and its clock (RFC 3414 §2.3), kept across runs."""

import time
from collections.abc import Callable, Mapping

from netops.core.dataclass import dataclass, field

Address = tuple[str, int]
_MAX_CLOCK = 2**31 - 1
ENGINE_ID_BYTES = range(5, 33)  # RFC 3411 §5, SnmpEngineID


@dataclass(slots=True)
class Peer:
    """One agent's identity and clock, as it last told them."""

    engine_id: bytes
    boots: int = 0
    time: int = 0
    #: Our own clock at that moment; it never jumps.
    heard_at_s: float = 0.0

    def time_now(self, now_s: float) -> int:
        """Return what the agent's clock should show now."""
        return min(self.time + int(now_s - self.heard_at_s), _MAX_CLOCK)

    def hear(self, boots: int, clock: int, now_s: float) -> None:
        """Take over the agent's clock."""
        self.boots, self.time, self.heard_at_s = boots, clock, now_s


@dataclass(slots=True)
class PeerBook:
    """All agents by address: two devices with one engine id never share a clock."""

    monotonic_s: Callable[[], float] = time.monotonic
    wall_s: Callable[[], float] = time.time
    _peers: dict[Address, Peer] = field(default_factory=dict)

    def get(self, address: Address) -> Peer | None:
        """Return what is known of the agent at `address`."""
        return self._peers.get(address)

    def learn(self, address: Address, engine_id: bytes, boots: int, clock: int) -> Peer:
        """Remember an agent that introduced itself."""
        peer = Peer(engine_id, boots, clock, self.monotonic_s())
        self._peers[address] = peer
        return peer

    def forget(self, address: Address) -> None:
        """Ask that agent anew."""
        self._peers.pop(address, None)

    def sharers(self, address: Address) -> list[Address]:
        """Return the other addresses with the same engine id: cloned devices, or one with two."""
        peer = self._peers.get(address)
        return [
            other
            for other, found in self._peers.items()
            if peer and other != address and found.engine_id == peer.engine_id
        ]

    def duplicates(self) -> dict[str, list[str]]:
        """Return each engine id that several addresses use."""
        found: dict[bytes, list[str]] = {}
        for (host, port), peer in self._peers.items():
            found.setdefault(peer.engine_id, []).append(f"{host}:{port}")
        return {ident.hex(): sorted(hosts) for ident, hosts in found.items() if len(hosts) > 1}

    def as_dict(self) -> dict[str, list[object]]:
        """Return everything as plain values, to be kept until the next run."""
        now, wall = self.monotonic_s(), self.wall_s()
        return {
            f"{host} {port}": [peer.engine_id.hex(), peer.boots, peer.time_now(now), wall]
            for (host, port), peer in self._peers.items()
        }

    def load(self, kept: Mapping[str, object]) -> None:
        """Take over what `as_dict` gave; what cannot be read is left out and asked again."""
        now, wall = self.monotonic_s(), self.wall_s()
        for name, values in kept.items():
            host, _, port = name.rpartition(" ")
            match values:
                case [str(ident), int(boots), int(clock), float(at)] if host and port.isdecimal():
                    try:
                        engine_id = bytes.fromhex(ident)
                        gone = max(0, int(wall - at))
                        place = int(port)
                    except (ValueError, OverflowError):
                        continue
                    if len(engine_id) not in ENGINE_ID_BYTES or not (
                        0 <= boots <= _MAX_CLOCK and 0 <= clock <= _MAX_CLOCK
                    ):
                        continue
                    self._peers[host, place] = Peer(engine_id, boots, clock + gone, now)
