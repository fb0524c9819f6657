"""Wait for what is to become true in a lab, never for time to pass."""

import os
import time
from collections.abc import Callable

from tests.lab import view
from tests.lab.lab import Lab, LabError
from tests.lab.topology import Endpoint, Node, Topology


def until(what: str | list[str], true: Callable[[], bool], wait_s: float = 20) -> float:
    """Wait until something is true, longer on a busy machine; return how long it took."""
    began_s = time.monotonic()
    while not true():
        if time.monotonic() - began_s > wait_s * busy():
            raise LabError(f"not within {wait_s:g} s: {what}")
        time.sleep(0.05)
    return time.monotonic() - began_s


def busy() -> float:
    """Return how much longer than alone things take on this machine now, 8 at most."""
    return min(8.0, max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1)))


def await_agents(lab: Lab, wait_s: float = 20) -> float:
    """Wait until every agent answers, those for bridges and labels too, which start when asked."""
    missing = [node.name for node in lab.topology.managed()]

    def complete() -> bool:
        for name in list(missing):
            node = lab.topology.nodes[name]
            told = view.text(lab, name, view.SERIAL) == node.serial
            if told and (not node.bridging or view.walk(lab, name, view.BASE_PORT)):
                missing.remove(name)
        return not missing

    return until(missing, complete, wait_s)


def await_neighbours(lab: Lab, wait_s: float = 20) -> float:
    """Wait until every agent sees exactly the neighbours that the truth gives it."""
    expected = lab.topology.half_links()
    missing = [node.name for node in lab.topology.managed()]

    def complete() -> bool:
        for name in list(missing):
            wanted = {a: b for a, b in expected.items() if a.node == name}
            if view.neighbours(lab, name) != wanted:
                return False
            missing.remove(name)
        return True

    return until(missing, complete, wait_s)


def settle(lab: Lab, wait_s: float = 20) -> float:
    """Wait until frames pass everywhere and every PC has been heard where it is."""
    switches = [node.name for node in lab.topology.managed() if node.kind == "switch"]
    passing = {"disabled", "blocking", "forwarding"}
    took_s = until(
        "spanning tree",
        lambda: all(set(view.stp(lab, n).values()) <= passing for n in switches),
        wait_s,
    )
    return took_s + await_endpoints(lab, wait_s)


def await_endpoints(lab: Lab, wait_s: float = 20) -> float:
    """Let all speak until switches and gateway know where every PC is."""
    hosts = [name for name, node in lab.topology.nodes.items() if node.gateway]
    for name in hosts:
        speak(lab, name)
    missing = {endpoint.name: endpoint for endpoint in lab.topology.endpoints()}

    def heard() -> bool:
        for name, endpoint in list(missing.items()):
            if known(lab, endpoint):
                del missing[name]
            else:
                speak(lab, name)
        return not missing

    return until("PCs learned", heard, wait_s)


def known(lab: Lab, endpoint: Endpoint) -> bool:
    """Tell whether the switch that the PC is at has learned it, and its gateway its address."""
    port, nodes = endpoint.port, lab.topology.nodes
    if nodes[port.node].kind == "switch":
        learned = view.forwarding(lab, port.node).get(endpoint.mac)
        if learned != port.name:
            return False
    gateway = gateway_of(lab.topology, nodes[endpoint.name])
    return not gateway or view.arp(lab, gateway).get(endpoint.address) == endpoint.mac


def gateway_of(topology: Topology, node: Node) -> str:
    """Return the node with agents that is this one's way out, if any."""
    for other in topology.managed():
        if node.gateway in {address.partition("/")[0] for address in other.addresses.values()}:
            return other.name
    return ""


def speak(lab: Lab, pc: str, to: str = "") -> None:
    """Let a PC send a datagram, to its gateway if nothing else is said."""
    target = to or lab.topology.nodes[pc].gateway
    if target:
        lab.run("bash", "-c", f"echo >/dev/udp/{target}/9", node=pc, check=False)
