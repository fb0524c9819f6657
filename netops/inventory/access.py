"""How a device is asked: its SNMP and SSH access out of netops.yaml, secrets resolved when needed."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netops.core.dataclass import dataclass
from netops.core.errors import ConfigError
from netops.inventory.model import Device

if TYPE_CHECKING:
    from netops.core.secrets import Secret
    from netops.snmp.model import Target


@dataclass(frozen=True, slots=True)
class SshAccess:
    """Where and as whom to log in; holds secrets that show themselves to nobody."""

    host: str
    port: int
    user: str
    private_key: "Secret | None"
    password: "Secret | None"
    enable: "Secret | None"
    timeout_s: float


def snmp_target(device: Device, auths: Mapping[str, Mapping[str, Any]], *, base: Path) -> "Target":
    """
    Return the agent of `device` as the section `inventory.snmp` describes it.

    Raises ConfigError for a device without `snmp:` or with a name nobody described, SecretError.
    """
    from netops.core.secrets import resolve
    from netops.snmp.model import Community, Target, User

    auth = _access(device, "snmp", device.snmp, auths)

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


def ssh_access(
    device: Device, accesses: Mapping[str, Mapping[str, Any]], *, base: Path
) -> SshAccess:
    """
    Return how to log in to `device`, as the section `inventory.ssh` describes it.

    Raises ConfigError for a device without `ssh:` or with a name nobody described, SecretError.
    """
    from netops.core.secrets import resolve

    access = _access(device, "ssh", device.ssh, accesses)

    def secret(name: str) -> "Secret | None":
        reference = access.get(name)
        return resolve(reference, base=base) if reference else None

    return SshAccess(
        device.host,
        access["port"],
        access["user"],
        secret("key"),
        secret("password"),
        secret("enable"),
        float(access["timeout"]),
    )


def _access(
    device: Device, kind: str, name: str | None, described: Mapping[str, Mapping[str, Any]]
) -> Mapping[str, Any]:
    if name is None:
        raise ConfigError(
            f"{device.name} has no {kind.upper()} access",
            hint=f"give it (or its group, or the defaults) `{kind}: NAME`, a name under inventory.{kind}",
        )
    found = described.get(name)
    if found is None:
        raise ConfigError(
            f"{device.name}: no {kind.upper()} access is called {name!r}",
            hint=f"described in inventory.{kind}: {', '.join(sorted(described)) or 'none'}",
        )
    return found
