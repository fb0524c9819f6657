"""What is written into a node's directory before it starts: agents, services, parts of the box."""

import json
import sys
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.lab.topology import Node

COMMUNITY, USER = "public", "netops"
AUTH_PASSWORD, PRIVACY_PASSWORD = "lab-auth-4711", "lab-privacy-4711"
#: Enterprise numbers, for sysObjectID.
_ENTERPRISES = {"Huawei": 2011, "H3C": 25506, "Ruijie": 4881, "Fortinet": 12356, "Dell": 674}
_SERVICES = {"switch": 2, "router": 4}
_CHASSIS, _POWER, _MODULE = 3, 6, 9


@dataclass(frozen=True, slots=True)
class Identity:
    """How a node speaks of itself where that is not what it is; hostile values are welcome."""

    system_name: str = ""
    description: str = ""
    #: Addresses in its announcements, as an lldpd pattern.
    management: str = ""
    port_id: str = "ifname"


def write_node(
    directory: Path,
    node: Node,
    addresses: Collection[str],
    *,
    identity: Identity = Identity(),  # frozen
    services: Collection[str] = (),
    snmp: bool = True,
) -> None:
    """Write all that `node.sh` reads."""
    directory.mkdir(exist_ok=True)
    shown = identity.system_name or node.name
    files = {
        "hosts": f"127.0.0.1 localhost\n{next(iter(addresses), '127.0.1.1')} {node.name}\n",
        "resolv.conf": "",
        "nsswitch.conf": "hosts: files\npasswd: files\ngroup: files\nshadow: files\n",
    }
    if node.lldp:
        files["lldpd.conf"] = lldpd(node, identity, shown, addresses)
    if snmp:
        files["snmpd.conf"] = snmpd(node, addresses, shown)
        files["entity.json"] = json.dumps(parts(node), ensure_ascii=False)
    if node.kind == "router":
        files["forward"] = ""
    if "ssh" in services:
        files["sshd_config"] = sshd(addresses)
    for name in ("lldpd.conf", "snmpd.conf"):
        (directory / name).unlink(missing_ok=True)
    for name, text in files.items():
        (directory / name).write_text(text, encoding="utf-8")
    if "frr" in services and node.kind in {"switch", "router"}:
        (directory / "frr").mkdir(exist_ok=True)
        (directory / "frr/frr.conf").write_text(frr(node), encoding="utf-8")
        (directory / "frr/vtysh.conf").write_text("service integrated-vtysh-config\n")


def description(node: Node) -> str:
    """Return sysDescr."""
    return f"{node.maker} {node.model} {node.software} (netops lab)".strip()


def snmpd(node: Node, addresses: Collection[str], system_name: str) -> str:
    """Return snmpd.conf: v2c and v3 authPriv, tables of lldpd and of our agent."""
    places = ",".join(
        f"udp6:[{address}]:161" if ":" in address else f"udp:{address}:161" for address in addresses
    )
    python = f"{sys.executable} -I -S /mnt/agent.py"
    lines = [
        f"agentAddress {places}",
        "master agentx",
        "agentXSocket unix:/run/agentx/master",
        "agentXPerms 0777 0755",
        f"sysName {system_name}",
        f"sysDescr {description(node)}",
        f"sysObjectID 1.3.6.1.4.1.{_ENTERPRISES.get(node.maker, 8072)}.2.{len(node.model)}",
        f"sysLocation {node.location}",
        "sysContact noc@campus.example",
        f"sysServices {_SERVICES.get(node.kind, 72)}",
        f"rocommunity {COMMUNITY}",
        f"rocommunity6 {COMMUNITY}",
        f'createUser {USER} SHA-256 "{AUTH_PASSWORD}" AES-256 "{PRIVACY_PASSWORD}"',
        f"rouser {USER} priv",
        f"pass_persist .1.3.6.1.2.1.47 {python} entity /mnt/entity.json",
    ]
    if node.bridging:
        lines.append(f"pass_persist .1.3.6.1.2.1.17 {python} bridge /sys/class/net/br0")
    return "\n".join([*lines, ""])


def lldpd(node: Node, identity: Identity, shown: str, addresses: Collection[str]) -> str:
    """Return lldpd.conf: announcements each second that hold for three."""
    told = identity.description or description(node)
    lines = [
        "configure lldp tx-interval 1",
        "configure lldp tx-hold 3",
        f"configure lldp portidsubtype {identity.port_id}",
        f"configure system hostname {_quoted(shown)}",
        f"configure system description {_quoted(told)}",
        f"configure system ip management pattern {identity.management or ','.join(addresses)}",
    ]
    return "\n".join([*lines, ""])


def _quoted(text: str) -> str:
    return "'" + text.replace("'", " ") + "'" if '"' in text else f'"{text}"'


def parts(node: Node) -> list[dict[int, Any]]:
    """Return the rows of entPhysicalTable by column number: the chassis, and what is in it."""
    rows: list[dict[int, Any]] = [
        {
            2: description(node),
            4: 0,
            5: _CHASSIS,
            7: node.name,
            10: node.software,
            11: node.serial,
            12: node.maker,
            13: node.model,
            16: 1,
        }
    ]
    if node.role == "core":
        for kind, name in ((_POWER, "Power supply"), (_MODULE, "Line card")):
            for number in (1, 2):
                serial = f"{node.serial}{name[0]}{number}"
                label = f"{name} {number}"
                rows.append({2: label, 4: 1, 5: kind, 7: label, 11: serial, 12: node.maker, 16: 1})
    return rows


def sshd(addresses: Collection[str]) -> str:
    """Return sshd_config: root comes in with the lab's key."""
    listen = [f"ListenAddress {address}" for address in addresses]
    rest = [
        "HostKey /mnt/host_key",
        "PidFile none",
        "UsePAM no",
        "PermitRootLogin prohibit-password",
        "AuthorizedKeysFile /mnt/authorized_keys",
        "StrictModes no",
    ]
    return "\n".join([*listen, *rest, ""])


def frr(node: Node) -> str:
    """Return frr.conf: OSPF on the management network."""
    lines = [f"hostname {node.name}", "log file /run/frr/frr.log", "ip forwarding"]
    return "\n".join([*lines, "router ospf", " network 198.18.0.0/15 area 0", ""])
