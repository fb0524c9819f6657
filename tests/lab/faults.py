"""What goes wrong on a campus, done to a running lab and undone again."""

import inspect
import json
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from tests.lab import cabling, wire
from tests.lab.config import Identity, parts
from tests.lab.lab import Lab
from tests.lab.topology import Node, Port, Topology
from tests.lab.waiting import await_neighbours, settle, speak


def verbs() -> dict[str, list[str]]:
    """Return the faults that words alone describe, with the names of their words."""
    found = {}
    for name, method in vars(Faults).items():
        if not name.startswith("_") and callable(method):
            parameters = list(inspect.signature(method).parameters.values())[1:]
            if parameters and all(parameter.annotation is str for parameter in parameters):
                found[name] = [parameter.name for parameter in parameters]
    return found


@dataclass
class Faults:
    """
    Faults of one lab; `heal` undoes them all, the last first.

    Each changes `lab.topology`, the truth, too, and returns when it is done, not when anybody has
    noticed: `tests.lab.waiting` waits for that.
    """

    lab: Lab
    _undo: list[tuple[str, Callable[[], object]]] = field(default_factory=list)

    def heal(self) -> None:
        """Undo everything and wait until all is as it was."""
        healed = bool(self._undo)
        while self._undo:
            self._undo.pop()[1]()
        if healed:
            await_neighbours(self.lab)
            settle(self.lab)

    # -- Cables ------------------------------------------------------------------------------

    def unplug(self, node: str, port: str) -> None:
        """Take the cable out of a port, and at its other end."""
        near = Port(node, port)
        far = self.lab.topology.peers[near]
        cabling.recable(self.lab, cut=[near])
        self._later(f"cable {near}", lambda: self._rejoin(near, far))

    def replug(self, node: str, port: str) -> None:
        """Put it in again, in the midst of other faults."""
        near = Port(node, port)
        self._now(f"cable {near}", lambda: self._rejoin(near, self.lab.plan.peers[near]))

    def plug(self, a: str, port_a: str, b: str, port_b: str) -> None:
        """Put a cable between two free ports: such as a second one in parallel."""
        ends = (Port(a, port_a), Port(b, port_b))
        cabling.recable(self.lab, join=[ends])
        self._later("", lambda: self._disjoin(*ends))

    def move_cable(self, node: str, port: str, to: str, to_port: str) -> None:
        """Put the end of a cable that is in one port into another; its other end stays."""
        near, new = Port(node, port), Port(to, to_port)
        far = self.lab.topology.peers[near]
        cabling.recable(self.lab, cut=[near], join=[(far, new)])
        self._later("", lambda: cabling.recable(self.lab, cut=[new], join=[(near, far)]))

    def move_pc(self, pc: str, switch: str, port: str) -> None:
        """Plug a PC in elsewhere; with traffic (`settle`) it is learned there."""
        end = Port(pc, "eth1")
        old = self.lab.topology.peers[end]
        self.move_cable(old.node, old.name, switch, port)

    def shut(self, node: str, port: str) -> None:
        """Shut a port down by configuration: the cable stays in."""
        near = Port(node, port)
        far = self.lab.topology.peers[near]
        self.lab.batch([f"link set {port} down"], node)
        cabling.recable(self.lab, cut=[near])
        self._later("", lambda: self._reopen(near, far))

    # -- Power and agents --------------------------------------------------------------------

    def power_off(self, node: str) -> None:
        """Cut a node's power: its agents are gone, its neighbours lose carrier."""
        before = self.lab.topology
        self.lab.kill(node)
        self.lab.batch([f"link set {name} down" for name in self._interfaces(node)], node)
        cabling.recable(self.lab, cut=[Port(node, port) for port in before.ports[node]])
        self.lab.topology = self.lab.topology.without_node(node)
        self._later(f"power {node}", lambda: self._power_on(node, before))

    def power_on(self, node: str) -> None:
        """Give it its power again, in the midst of other faults."""
        self._now(f"power {node}", lambda: self._power_on(node, self.lab.plan))

    def freeze(self, node: str) -> None:
        """Let the SNMP agent hang: the node works, nobody answers."""
        self._signal(node, "snmpd", signal.SIGSTOP)
        self._later(f"frozen {node}", lambda: self._signal(node, "snmpd", signal.SIGCONT))

    def thaw(self, node: str) -> None:
        """Let it go on, in the midst of other faults."""
        self._now(f"frozen {node}", lambda: self._signal(node, "snmpd", signal.SIGCONT))

    def silence_lldp(self, node: str) -> None:
        """Switch LLDP off on all ports of a node; neighbours forget it after three seconds."""
        self._lldp(node, lldp=False)
        self._later("", lambda: self._lldp(node, lldp=True))

    # -- What boxes say of themselves --------------------------------------------------------

    def change_serial(self, node: str, serial: str) -> None:
        """Let another box stand in its place, as ENTITY-MIB tells."""
        before = self.lab.topology.nodes[node].serial
        self._label(node, serial)
        self._later("", lambda: self._label(node, before))

    def rename(self, node: str, system_name: str) -> None:
        """Give it another system name, in SNMP and LLDP; the truth keeps calling it as before."""
        self._named(node, system_name)
        self._later("", lambda: self._named(node, node))

    def prefer_root(self, node: str, priority: int = 0) -> None:
        """Make it the root of the spanning tree."""
        shown = self.lab.run("cat", "/sys/class/net/br0/bridge/priority", node=node).strip()
        self.lab.batch([f"link set br0 type bridge priority {priority}"], node)
        again = [f"link set br0 type bridge priority {shown}"]
        self._later("", lambda: self.lab.batch(again, node))

    # -- Strangers ---------------------------------------------------------------------------

    def rogue(self, switch: str, port: str, identity: Identity, *, mac: str = "") -> str:
        """
        Connect a box that speaks LLDP as it likes; return its name.

        `identity.management` is an address it claims, `mac` becomes its chassis id.
        """
        name = f"rogue{len(self.lab.topology.nodes)}"
        self._stranger(name, identity)
        cabling.recable(self.lab, join=[(Port(switch, port), Port(name, "eth1"))])
        self._begin(name, identity, mac)
        return name

    def lldp_hub(self, switch: str, port: str, count: int = 3) -> list[str]:
        """Connect a switch that lets LLDP through, with boxes behind it; return their names."""
        hub = f"hub{len(self.lab.topology.nodes)}"
        ports = [f"p{number + 1}" for number in range(count + 1)]
        cabling.add_node(self.lab, Node(hub, "hub", "unmanaged"), ports)
        self._later("", lambda: cabling.remove_node(self.lab, hub))
        self.lab.batch(["link set br0 type bridge group_fwd_mask 16384"], hub)
        cabling.recable(self.lab, join=[(Port(switch, port), Port(hub, "p1"))])
        names = []
        for number in range(count):
            name = f"behind{len(self.lab.topology.nodes)}"
            identity = Identity(system_name=name)
            self._stranger(name, identity)
            cabling.recable(self.lab, join=[(Port(hub, f"p{number + 2}"), Port(name, "eth1"))])
            self._begin(name, identity, "")
            names.append(name)
        return names

    def change_pc_address(self, pc: str, address: str) -> None:
        """Give a PC another address, as users must not."""
        before = self.lab.topology.nodes[pc]
        length = before.addresses["eth1"].partition("/")[2]
        self._readdress(replace(before, addresses={"eth1": f"{address}/{length}"}))
        self._later("", lambda: self._readdress(before))

    def second_gateway(self, pc: str, victim: str) -> None:
        """Let a PC pretend to `victim` that it is the gateway."""
        node, other = self.lab.topology.nodes[pc], self.lab.topology.nodes[victim]
        target = other.addresses["eth1"].partition("/")[0]
        claim = [
            f"addr add {node.gateway}/32 dev eth1",
            f"route replace {target}/32 dev eth1 src {node.gateway}",
            "neigh flush dev eth1",
        ]
        self.lab.batch(claim, pc)
        self._later("", lambda: self._honest(node, target, victim))
        speak(self.lab, pc, target)

    # -- Undoing -----------------------------------------------------------------------------

    def _later(self, key: str, undo: Callable[[], object]) -> None:
        self._undo.append((key, undo))

    def _now(self, key: str, otherwise: Callable[[], object]) -> None:
        """Undo one fault; `otherwise` if another process has done it."""
        for entry in self._undo:
            if entry[0] == key:
                self._undo.remove(entry)
                entry[1]()
                return
        otherwise()

    def _rejoin(self, near: Port, far: Port) -> None:
        if self.lab.topology.peers.get(near) != far:
            cabling.recable(self.lab, join=[(near, far)])

    def _disjoin(self, near: Port, far: Port) -> None:
        if self.lab.topology.peers.get(near) == far:
            cabling.recable(self.lab, cut=[near])

    def _reopen(self, near: Port, far: Port) -> None:
        self.lab.batch([f"link set {near.name} up"], near.node)
        cabling.recable(self.lab, join=[(near, far)])

    def _power_on(self, node: str, before: Topology) -> None:
        topology = self.lab.topology
        own = replace(before.nodes[node], spare=before.ports[node])
        order = [name for name in before.nodes if name in topology.nodes or name == node]
        nodes = {**{name: topology.nodes.get(name, own) for name in order}, **topology.nodes}
        self.lab.topology = replace(topology, nodes=nodes)
        self.lab.batch(self.lab.power_lines(own), node)
        self.lab.start(node)
        taken = set(topology.peers)
        own_links = [link for link in before.links if node in {port.node for port in link}]
        cabling.recable(self.lab, join=[link for link in own_links if not taken & set(link)])

    def _interfaces(self, node: str) -> list[str]:
        own = self.lab.topology.nodes[node]
        return [*self.lab.topology.ports[node], *(["br0"] if own.bridging else []), "mgmt0"]

    def _signal(self, node: str, program: str, number: signal.Signals) -> None:
        for pid in self.lab.processes(node, program):
            os.kill(pid, number)

    def _lldp(self, node: str, *, lldp: bool) -> None:
        self._lldpcli(node, "configure", "lldp", "status", "rx-and-tx" if lldp else "disabled")
        topology = self.lab.topology
        self.lab.topology = topology.with_node(replace(topology.nodes[node], lldp=lldp))

    def _lldpcli(self, node: str, *words: str) -> None:
        self.lab.inside(node, "lldpcli", "-u", "/run/lldpd.socket", *words)

    def _label(self, name: str, serial: str) -> None:
        node = replace(self.lab.topology.nodes[name], serial=serial)
        file = self.lab.directory / name / "entity.json"
        new = file.with_suffix(".new")
        new.write_text(json.dumps(parts(node), ensure_ascii=False), encoding="utf-8")
        new.replace(file)
        self.lab.topology = self.lab.topology.with_node(node)

    def _named(self, node: str, system_name: str) -> None:
        identity = replace(self.lab.identity(), system_name=system_name)
        self.lab.write(self.lab.topology.nodes[node], identity)
        self._signal(node, "snmpd", signal.SIGHUP)
        self._lldpcli(node, "configure", "system", "hostname", system_name)

    def _stranger(self, name: str, identity: Identity) -> None:
        own = {"eth1": f"{identity.management}/32"} if identity.management else {}

        cabling.add_node(self.lab, Node(name, "outside", "unknown", addresses=own), ["eth1"])
        self._later("", lambda: cabling.remove_node(self.lab, name))

    def _begin(self, name: str, identity: Identity, mac: str) -> None:
        if mac:
            self.lab.batch([f"link set eth1 address {mac}"], name)
        cabling.announce(self.lab, name, identity)

    def _readdress(self, node: Node) -> None:
        self.lab.batch(["addr flush dev eth1 scope global", *wire.addresses(node)], node.name)
        self.lab.topology = self.lab.topology.with_node(node)
        speak(self.lab, node.name)

    def _honest(self, node: Node, target: str, victim: str) -> None:
        self.lab.batch([f"addr del {node.gateway}/32 dev eth1"], node.name)
        self.lab.run("ip", "route", "delete", f"{target}/32", node=node.name, check=False)
        self.lab.batch(wire.addresses(node), node.name)
        self.lab.batch(["neigh flush dev eth1"], victim)
