"""A campus in network namespaces: set up, reached, looked into, taken down."""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv6Address
from pathlib import Path

from tests.lab import wire
from tests.lab.config import Identity, write_node
from tests.lab.keeping import Keeper
from tests.lab.topology import Node, Topology, to_data

HERE = Path(__file__).parent
FIRST_HOST = 11


@dataclass
class Lab:
    """A running campus; `topology` is the truth of this moment, faults included."""

    keeper: Keeper
    topology: Topology
    adverse: bool = False
    services: tuple[str, ...] = ()
    #: Place of every node in the management network, those that came later too.
    places: dict[str, int] = field(default_factory=dict)
    #: As it was set up.
    plan: Topology = field(default_factory=lambda: Topology({}, ()))

    @property
    def directory(self) -> Path:
        return self.keeper.directory

    @property
    def network(self) -> str:
        """The management network."""
        return f"{self.keeper.prefix}.0/24"

    def address(self, node: str) -> str:
        """Return the node's management address."""
        return f"{self.keeper.prefix}.{FIRST_HOST + self.places[node]}"

    def address6(self, node: str) -> str:
        """Return its second one, which only nodes with `ipv6` have."""
        return str(IPv6Address(f"{self.keeper.prefix6}::{FIRST_HOST + self.places[node]}"))

    def addresses(self, node: Node) -> list[str]:
        """Return all management addresses of a node."""
        found = [self.address(node.name)] if node.managed else []
        return [*found, self.address6(node.name)] if node.managed and node.ipv6 else found

    # -- Commands inside ---------------------------------------------------------------------

    def run(self, *argv: str, node: str = "", text: str = "", check: bool = True) -> str:
        """Run a program in the lab's namespaces, or a node's network, and return what it prints."""
        inside = ["ip", "netns", "exec", node, *argv] if node else list(argv)
        command = [*self.keeper.enter(), *inside]
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
        if check and done.returncode:
            raise LabError(f"{' '.join(inside)}: {done.stderr.strip() or done.returncode}")
        return done.stdout

    def batch(self, lines: Iterable[str], node: str = "") -> None:
        """Carry out lines of `ip -batch` in the lab's network, or a node's."""
        place = ["-n", node] if node else []
        self.run("ip", *place, "-batch", "-", text="".join(f"{line}\n" for line in lines))

    def inside(self, node: str, *argv: str) -> str:
        """Run a program in all namespaces of a node that has agents: its files, its processes."""
        command = ["nsenter", "--target", str(self.pid(node)), "--all", "--", *argv]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def pid(self, node: str) -> int:
        """Return the process 1 of a node, as this machine counts."""
        for child in children(self.keeper.pid):
            if command_of(child)[-1:] == [node]:
                return next(iter(children(child)))
        raise LabError(f"{node} is off")

    def processes(self, node: str, program: str) -> list[int]:
        """Return a node's processes of this program."""
        found = [self.pid(node)]
        for pid in found:
            found += children(pid)
        return [pid for pid in found if _comm(pid) == program]

    # -- Building ----------------------------------------------------------------------------

    def write(self, node: Node, identity: Identity, *, snmp: bool = True) -> None:
        """Write what the node's agents read when they start."""
        folder = self.directory / node.name
        write_node(
            folder,
            node,
            self.addresses(node),
            identity=identity,
            services=self.services,
            snmp=snmp,
        )
        shutil.copy(HERE / "agent.py", folder)
        if "ssh" in self.services:
            shutil.copy(self.directory / "key.pub", folder / "authorized_keys")
            shutil.copy(self.directory / "key", folder / "host_key")

    def power_lines(self, node: Node) -> list[str]:
        """Return the lines that bring a node's links and addresses up."""
        lengths = [f"{a}/{64 if ':' in a else 24}" for a in self.addresses(node)]
        return list(wire.power(node, self.topology.ports[node.name], lengths))

    def start(self, node: str) -> None:
        """Let a node's process 1 start."""
        (self.directory / node / "started").unlink(missing_ok=True)
        self.keeper.tell(f"start {node}")

    def kill(self, node: str) -> None:
        """End all processes of a node at once, as a power cut does."""
        for child in children(self.keeper.pid):
            if command_of(child)[-1:] == [node]:
                os.kill(child, signal.SIGKILL)

    def identity(self) -> Identity:
        """Return how nodes of this lab present themselves."""
        return Identity(port_id="macaddress" if self.adverse else "ifname")

    def save(self) -> None:
        """Write down what the lab is now, for other processes."""
        known = {
            "topology": to_data(self.topology),
            "plan": to_data(self.plan),
            "adverse": self.adverse,
            "services": self.services,
            "places": self.places,
        }
        self.keeper.remember(known)

    def down(self) -> None:
        """End everything; nothing is left."""
        self.keeper.end()


class LabError(AssertionError):
    """The lab cannot do what it should."""


# -- Processes -------------------------------------------------------------------------------


def children(pid: int) -> list[int]:
    """Return what a process has started and not yet buried."""
    with contextlib.suppress(OSError):
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def command_of(pid: int) -> list[str]:
    """Return a process's argument list."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")[:-1]
    return []


def _comm(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip()
    return ""
