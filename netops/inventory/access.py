"""How a device is asked: its SNMP access out of netops.yaml, secrets resolved when they are needed."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netops.core.errors import ConfigError
from netops.inventory.model import Device

if TYPE_CHECKING:
    from netops.snmp.model import Target


def snmp_target(device: Device, auths: Mapping[str, Mapping[str, Any]], *, base: Path) -> "Target":
    """
    Return the agent of `device` as the section `inventory.snmp` describes it.

    Raises ConfigError for a device without `snmp:` or with a name nobody described, SecretError.
    """
    from netops.core.secrets import resolve
    from netops.snmp.model import Community, Target, User

    if device.snmp is None:
        raise ConfigError(
            f"{device.name} has no SNMP access",
            hint="give it (or its group, or the defaults) `snmp: NAME`, a name under inventory.snmp",
        )
    auth = auths.get(device.snmp)
    if auth is None:
        raise ConfigError(
            f"{device.name}: no SNMP access is called {device.snmp!r}",
            hint=f"described in inventory.snmp: {', '.join(sorted(auths)) or 'none'}",
        )

    def secret(name: str) -> str:
        reference = auth.get(name)
        return resolve(reference, base=base).reveal() if reference else ""

    security: Community | User = (
        User(
            auth["user"] or "",
            auth["auth"],
            secret("auth_password"),
            auth["privacy"],
            secret("privacy_password"),
            auth["context"],
        )
        if auth["version"] == "3"
        else Community(secret("community") or "public")
    )
    return Target(
        device.host,
        auth["port"],
        auth["version"],
        security,
        float(auth["timeout"]),
        auth["retries"],
        auth["loose_source"],
    )
