"""A netops site that points at a running lab: its devices, how they are asked, and where the keys are."""

import csv
import shutil
from pathlib import Path
from typing import Any

import yaml

from tests.lab.config import AUTH_PASSWORD, COMMUNITY, PRIVACY_PASSWORD, USER
from tests.lab.lab import Lab


def write_site(lab: Lab, directory: Path) -> Path:
    """Write netops.yaml, the inventory and the keys; return the first."""
    keys = directory / "keys"
    keys.mkdir(parents=True, exist_ok=True, mode=0o700)
    secrets = {
        "snmp.community": COMMUNITY,
        "snmp.auth": AUTH_PASSWORD,
        "snmp.privacy": PRIVACY_PASSWORD,
    }
    for name, secret in secrets.items():
        key = keys / name
        key.touch()
        key.chmod(0o600)
        key.write_text(secret + "\n")
    if "ssh" in lab.services:
        shutil.copy(lab.directory / "key", keys / "ssh.key")
    (directory / "inventory").mkdir(exist_ok=True)
    _write(directory / "inventory/campus.yaml", inventory(lab))
    _write_assets(lab, directory / "assets.csv")
    return _write(directory / "netops.yaml", settings(ssh="ssh" in lab.services))


def settings(*, ssh: bool = False) -> dict[str, Any]:
    """Return netops.yaml: two ways to ask, v2c and v3 with authentication and privacy; one to log in."""
    secure = {
        "version": "3",
        "user": USER,
        "auth": "sha256",
        "auth_password": "file:keys/snmp.auth",
        "privacy": "aes256",
        "privacy_password": "file:keys/snmp.privacy",
    }
    campus = {"version": "2c", "community": "file:keys/snmp.community"}
    access: dict[str, Any] = {"snmp": {"campus": campus, "secure": secure}}
    if ssh:
        access["ssh"] = {"lab": {"user": "root", "key": "file:keys/ssh.key"}}
    return {
        "site": {"name": "Lab campus", "origin": "lab.example.org"},
        "inventory": {"files": ["inventory/*.yaml"], **access},
    }


def inventory(lab: Lab) -> dict[str, Any]:
    """Return the inventory: core and firewall are asked with v3, nodes that have it over IPv6."""
    devices: dict[str, Any] = {}
    for node in lab.topology.managed():
        row: dict[str, Any] = {"host": lab.address(node.name), "groups": [node.role]}
        row["kind"] = "firewall" if node.role == "firewall" else node.kind
        if node.ipv6 and node.kind == "server":
            row["host"] = lab.address6(node.name)
        row["site"] = node.location.partition(" / ")[0] or "campus"
        row["data"] = {"location": node.location}
        devices[node.name] = row
    roles = dict.fromkeys(node.role for node in lab.topology.managed())
    groups: dict[str, Any] = {role: {"role": role} for role in roles}
    for role in ("core", "firewall"):
        if role in groups:
            groups[role]["snmp"] = "secure"
    defaults = {"snmp": "campus", **({"ssh": "lab"} if "ssh" in lab.services else {})}
    return {"defaults": defaults, "groups": groups, "devices": devices}


def _write_assets(lab: Lab, path: Path) -> None:
    """Write the asset sheet, for `netops inventory ledger import`: what was bought, as labels say."""
    heads = ("asset number", "device", "maker", "model", "serial", "location", "owner", "state")
    with path.open("w", newline="", encoding="utf-8") as file:
        sheet = csv.writer(file)
        sheet.writerow(heads)
        for number, node in enumerate(lab.topology.managed(), 1):
            label = (node.maker, node.model, node.serial, node.location)
            sheet.writerow((f"A-{number:04}", node.name, *label, "Network Centre", "in use"))


def _write(path: Path, data: dict[str, Any]) -> Path:
    path.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path
