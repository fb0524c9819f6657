"""What net-snmp's own programs see of a lab: the second opinion that netops is measured against."""

import os
import subprocess

from tests.lab.config import COMMUNITY
from tests.lab.lab import Lab
from tests.lab.topology import Port

LLDP_REMOTE, LLDP_LOCAL = "1.0.8802.1.1.2.1.4.1.1", "1.0.8802.1.1.2.1.3.7.1"
IF_NAME, IF_OPER = "1.3.6.1.2.1.31.1.1.1.1", "1.3.6.1.2.1.2.2.1.8"
BASE_PORT, STP_STATE = "1.3.6.1.2.1.17.1.4.1.2", "1.3.6.1.2.1.17.2.15.1.3"
FDB_PORT, FDB_STATUS = "1.3.6.1.2.1.17.4.3.1.2", "1.3.6.1.2.1.17.4.3.1.3"
SYS_LOCATION = "1.3.6.1.2.1.1.6.0"
SYS_NAME, SERIAL = "1.3.6.1.2.1.1.5.0", "1.3.6.1.2.1.47.1.1.1.1.11.1"
ARP_MAC = "1.3.6.1.2.1.4.22.1.2"
_STATES = {
    1: "disabled",
    2: "blocking",
    3: "listening",
    4: "learning",
    5: "forwarding",
    6: "broken",
}
_LEARNED = "3"
#: lldpRemPortIdSubtype of a port that is known by its MAC.
MAC_ADDRESS = "3"
IF_ADMIN, STP_ROOT = "1.3.6.1.2.1.2.2.1.7", "1.3.6.1.2.1.17.2.5.0"
LLDP_CHASSIS, LLDP_MANAGEMENT = "1.0.8802.1.1.2.1.3.2.0", "1.0.8802.1.1.2.1.4.2.1.3"


def ask(program: str, address: str, *oids: str, wait_s: float = 0.5) -> list[tuple[str, str]]:
    """Return OID and value of what an agent answers; nothing where it does not."""
    agent = f"udp6:[{address}]" if ":" in address else address
    command = [program, "-v2c", "-c", COMMUNITY, "-t", f"{wait_s:g}", "-r", "0", "-OnqUxt"]
    environment = {"PATH": os.environ["PATH"] + ":/usr/sbin", "MIBS": "", "SNMPCONFPATH": "/none"}
    done = subprocess.run(
        [*command, agent, *oids],
        env=environment,
        capture_output=True,
        text=True,
        errors="surrogateescape",
        check=False,
    )
    # Octets go on in lines of their own after the first sixteen.
    answers = done.stdout.replace("\n.", "\0").removeprefix(".").replace("\n", " ").split("\0")
    pairs = (answer.partition(" ") for answer in answers if answer)
    return [(name, value.strip()) for name, _, value in pairs if "No Such" not in value]


def walk(lab: Lab, node: str, root: str) -> dict[tuple[int, ...], str]:
    """Return the values below an object, by the rest of their OIDs."""
    found = ask("snmpbulkwalk", lab.address(node), root)
    below = [(name.removeprefix(root + "."), value) for name, value in found]
    return {tuple(map(int, rest.split("."))): value for rest, value in below}


def text_of(value: str) -> str:
    """Return octets, which net-snmp prints in hexadecimal, as text."""
    return bytes.fromhex(value.strip().strip('"')).decode(errors="replace")


def answers(lab: Lab, node: str) -> bool:
    """Tell whether the node's agent answers."""
    return bool(ask("snmpget", lab.address(node), SYS_NAME))


def text(lab: Lab, node: str, oid: str) -> str:
    """Return one text an agent has."""
    return "".join(text_of(value) for _, value in ask("snmpget", lab.address(node), oid))


def interfaces(lab: Lab, node: str) -> dict[int, str]:
    """Return interface names by ifIndex."""
    return {index: text_of(value) for (index,), value in walk(lab, node, IF_NAME).items()}


def neighbours(lab: Lab, node: str) -> dict[Port, Port]:
    """Return what the node hears by LLDP: its ports, and name and port of who is there."""
    return {port: found[0] for port, found in all_neighbours(lab, node).items() if len(found) == 1}


def all_neighbours(lab: Lab, node: str) -> dict[Port, list[Port]]:
    """Return everybody the node hears by LLDP, per port."""
    rows, local = walk(lab, node, LLDP_REMOTE), local_ports(lab, node)
    found: dict[Port, list[Port]] = {}
    for (column, *key), name in sorted(rows.items()):
        if column == 9:
            far = Port(text_of(name), text_of(rows.get((8, *key), "")))
            found.setdefault(local.get(key[1], Port(node, f"#{key[1]}")), []).append(far)
    return found


def local_ports(lab: Lab, node: str) -> dict[int, Port]:
    """Return the ports that speak LLDP by their LLDP number."""
    rows = walk(lab, node, f"{LLDP_LOCAL}.4")
    return {number: Port(node, text_of(value)) for (number,), value in rows.items()}


def remote_chassis(lab: Lab, node: str) -> dict[Port, list[str]]:
    """Return the chassis ids heard per port."""
    rows, local = walk(lab, node, f"{LLDP_REMOTE}.5"), local_ports(lab, node)
    found: dict[Port, list[str]] = {}
    for (_, number, _), value in rows.items():
        found.setdefault(local[number], []).append(_mac(value))
    return found


def management(lab: Lab, node: str) -> dict[Port, list[str]]:
    """Return the IPv4 management addresses heard per port."""
    local = local_ports(lab, node)
    found: dict[Port, list[str]] = {}
    for _, number, _, subtype, _, *address in walk(lab, node, LLDP_MANAGEMENT):
        if subtype == 1:
            found.setdefault(local[number], []).append(".".join(map(str, address)))
    return found


def chassis(lab: Lab, node: str) -> str:
    """Return the node's own chassis id, a MAC."""
    return "".join(_mac(value) for _, value in ask("snmpget", lab.address(node), LLDP_CHASSIS))


def root(lab: Lab, node: str) -> str:
    """Return the root bridge the node believes in."""
    return "".join(value for _, value in ask("snmpget", lab.address(node), STP_ROOT))


def _mac(value: str) -> str:
    return bytes.fromhex(value.strip().strip('"')).hex(":")


def base_ports(lab: Lab, node: str) -> dict[int, str]:
    """Return interface names by bridge port."""
    indexes, named = walk(lab, node, BASE_PORT), interfaces(lab, node)
    return {port: named[int(value)] for (port,), value in indexes.items() if int(value) in named}


def stp(lab: Lab, node: str) -> dict[str, str]:
    """Return the spanning tree state of each port."""
    ports, states = base_ports(lab, node), walk(lab, node, STP_STATE)
    return {ports[n]: _STATES[int(value)] for (n,), value in states.items() if n in ports}


def forwarding(lab: Lab, node: str) -> dict[str, str]:
    """Return the port behind which each learned address is."""
    ports, status = base_ports(lab, node), walk(lab, node, FDB_STATUS)
    found = walk(lab, node, FDB_PORT)
    return {
        ":".join(f"{part:02x}" for part in mac): ports.get(int(port), f"#{port}")
        for mac, port in found.items()
        if status.get(mac) == _LEARNED
    }


def arp(lab: Lab, node: str) -> dict[str, str]:
    """Return the MAC of each IPv4 address the node knows."""
    found = walk(lab, node, ARP_MAC)
    return {".".join(map(str, key[1:])): _mac(value) for key, value in found.items()}


def oper(lab: Lab, node: str) -> dict[str, bool]:
    """Tell for each interface whether it is up."""
    return _ups(lab, node, IF_OPER)


def admin(lab: Lab, node: str) -> dict[str, bool]:
    """Tell for each interface whether it is meant to be up."""
    return _ups(lab, node, IF_ADMIN)


def _ups(lab: Lab, node: str, column: str) -> dict[str, bool]:
    named = interfaces(lab, node)
    return {named[i]: value == "1" for (i,), value in walk(lab, node, column).items() if i in named}
