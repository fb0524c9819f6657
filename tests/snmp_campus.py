"""A few devices for the inventory's tests: recordings made of plain facts, served by the replay agent."""

import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from netops.snmp import recording
from netops.snmp.replay import ReplayAgent

HUAWEI, CISCO, LINUX = (
    "1.3.6.1.4.1.2011.2.23.764",
    "1.3.6.1.4.1.9.1.2494",
    "1.3.6.1.4.1.8072.3.2.10",
)
_ENTITY = "1.3.6.1.2.1.47.1.1.1.1"
CHASSIS, MODULE = 3, 9


@dataclass(frozen=True)
class Piece:
    """A row of ENTITY-MIB."""

    serial: str
    model: str = "S5735-L48T4X-A1"
    kind: int = CHASSIS
    software: str = "V200R021C10"


@dataclass(frozen=True)
class Machine:
    """What a device says of itself."""

    name: str
    pieces: Sequence[Piece] = ()
    object_id: str = HUAWEI
    descr: str = "Huawei Versatile Routing Platform Software"
    addresses: Sequence[str] = ()

    def recording(self) -> recording.Recording:
        rows = [
            (1, "1.3.6.1.2.1.1.1.0", "4", self.descr),
            (2, "1.3.6.1.2.1.1.2.0", "6", self.object_id),
            (3, "1.3.6.1.2.1.1.3.0", "67", "4200"),
            (4, "1.3.6.1.2.1.1.5.0", "4", self.name),
        ]
        lines = [f"{name}|{tag}|{value}" for _, name, tag, value in rows]
        lines += [f"1.3.6.1.2.1.4.20.1.1.{one}|64|{one}" for one in self.addresses]
        for number, piece in enumerate(self.pieces, 1):
            cells = {
                5: ("2", str(piece.kind)),
                7: ("4", f"slot {number}"),
                10: ("4", piece.software),
                11: ("4", piece.serial),
                13: ("4", piece.model),
            }
            lines += [
                f"{_ENTITY}.{column}.{number}|{tag}|{value}"
                for column, (tag, value) in cells.items()
                if value
            ]
        return recording.parse("\n".join(lines).encode())


def free_port(hosts: Sequence[str]) -> int:
    """Return a port that is free on every address."""
    while True:
        with ExitStack() as stack:
            first = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            first.bind((hosts[0], 0))
            port = int(first.getsockname()[1])
            try:
                for host in hosts[1:]:
                    stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)).bind(
                        (host, port)
                    )
            except OSError:
                continue
            return port


@contextmanager
def campus(machines: dict[str, Machine]) -> Iterator[int]:
    """Serve every machine on its address; yield the port."""
    port = free_port(list(machines))
    with ExitStack() as stack:
        for host, machine in machines.items():
            agent = ReplayAgent(machine.recording(), host=host, port=port, community="public")
            stack.enter_context(agent.running())
        yield port
