"""Whom `netops snmp` asks, and how: a device of the inventory, or an address with options."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netops.app import Site, find_site
from netops.core.dataclass import dataclass
from netops.core.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from netops.snmp.memory import SnmpMemory
    from netops.snmp.model import Community, Conversation, Target, User


@dataclass(frozen=True, slots=True)
class Access:
    """The options of the command line; what is None was not given."""

    version: str | None
    community_ref: str | None
    #: User, authentication and its reference, privacy and its reference.
    keys: tuple[str | None, str | None, str | None, str | None, str | None]
    wait_s: float
    retries: int

    @property
    def given(self) -> bool:
        """Tell whether somebody said how to ask."""
        return any(one is not None for one in (self.version, self.community_ref, *self.keys))

    def target(self, site: str | None, host: str) -> "Target":
        """Return whom to ask; raise UsageError, ConfigError or SecretError."""
        if not self.given and (known := _inventoried(site, host)) is not None:
            return known
        from netops.snmp.model import Target

        address, port = split(host)
        version = self.version or "2c"
        if version not in {"1", "2c", "3"}:
            raise UsageError(f"no SNMP version is called {version!r}", hint="1, 2c or 3")
        if (version == "3") is not (self.keys[0] is not None):
            raise UsageError("--user goes with --version 3, and only with it")
        return Target(
            address,
            port,
            version,  # type: ignore[arg-type]
            self.security(),
            self.wait_s,
            self.retries,
        )

    def security(self) -> "Community | User":
        """Return who asks, as the options say."""
        from netops.snmp.model import Community, User

        name, auth, auth_ref, privacy, privacy_ref = self.keys
        if name is None:
            return Community(_secret(self.community_ref) if self.community_ref else "public")
        return User(
            name,
            auth,
            _secret(auth_ref) if auth_ref else "",
            privacy,
            _secret(privacy_ref) if privacy_ref else "",
        )


def site_of(named: str | None) -> Site | None:
    """Return the site that is named or found, None where there is none."""
    try:
        return Site(find_site(named))
    except ConfigError:
        if named:
            raise
        return None


def _inventoried(named: str | None, host: str) -> "Target | None":
    site = site_of(named)
    if site is None:
        return None
    for device in site.devices:
        if device.name == host:
            return site.snmp_target(device)
    return None


def split(host: str, *, lowest: int = 1, default: int = 161) -> tuple[str, int]:
    """Return address and port of `HOST`, `HOST:PORT` or `[IPV6]:PORT`; raise UsageError."""
    if host.startswith("["):
        address, _, rest = host[1:].partition("]")
        port = rest.removeprefix(":")
    elif host.count(":") == 1:
        address, _, port = host.partition(":")
    else:
        address, port = host, ""
    if port and not (port.isascii() and port.isdigit() and lowest <= int(port) < 65_536):
        raise UsageError(f"{port!r} is no port")
    return address, int(port or default)


def _secret(reference: str) -> str:
    from netops.core.secrets import resolve

    return resolve(reference, base=Path.cwd()).reveal()


def memory_of(named: str | None) -> "SnmpMemory | None":
    """Return what the site remembers of devices, None where there is no site."""
    site = site_of(named)
    return site.snmp_memory if site else None


def tell(memory: "SnmpMemory") -> None:
    """Say what went wrong with the memory, if anything did."""
    if memory.note:
        sys.stderr.write(f"netops: {memory.note}\n")


def lead(
    target: "Target",
    conversation: "Conversation",
    engine: str,
    memory: "SnmpMemory | None" = None,
) -> Any:
    """Lead one conversation and return its value; raise its error. What was learnt is kept."""
    from netops.snmp.engine import engine_of
    from netops.snmp.model import Talk

    door = engine_of(engine, memory.book if memory else None)
    try:
        outcome = next(iter(door.converse([Talk(target, conversation)])))
    finally:
        door.close()
    if memory:
        memory.keep()
        tell(memory)
    if outcome.error:
        raise outcome.error
    return outcome.value
