"""A netops site that points at a running lab: its devices, how they are asked, and where the keys are."""

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
    (directory / "inventory").mkdir(exist_ok=True)
    _write(directory / "inventory/campus.yaml", inventory(lab))
    return _write(directory / "netops.yaml", settings())


def settings() -> dict[str, Any]:
    """Return netops.yaml: two ways to ask, v2c and v3 with authentication and privacy."""
    secure = {
        "version": "3",
        "user": USER,
        "auth": "sha256",
        "auth_password": "file:keys/snmp.auth",
        "privacy": "aes256",
        "privacy_password": "file:keys/snmp.privacy",
    }
    campus = {"version": "2c", "community": "file:keys/snmp.community"}
    return {
        "site": {"name": "Lab campus", "origin": "lab.example.org"},
        "inventory": {"files": ["inventory/*.yaml"], "snmp": {"campus": campus, "secure": secure}},
    }


def inventory(lab: Lab) -> dict[str, Any]:
    """Return the inventory: core and firewall are asked with v3, nodes that have it over IPv6."""
    devices: dict[str, Any] = {}
    for node in lab.topology.managed():
        row: dict[str, Any] = {"host": lab.address(node.name), "groups": [node.role]}
        if node.ipv6 and node.kind == "server":
            row["host"] = lab.address6(node.name)
        row["site"] = node.location.partition(" / ")[0] or "campus"
        row["data"] = {"serial": node.serial, "model": node.model, "location": node.location}
        devices[node.name] = row
    roles = dict.fromkeys(node.role for node in lab.topology.managed())
    groups: dict[str, Any] = {role: {"role": role} for role in roles}
    for role in ("core", "firewall"):
        if role in groups:
            groups[role]["snmp"] = "secure"
    return {"defaults": {"snmp": "campus"}, "groups": groups, "devices": devices}


def _write(path: Path, data: dict[str, Any]) -> Path:
    path.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path
