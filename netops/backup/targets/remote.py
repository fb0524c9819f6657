"""Repositories behind a network protocol of restic: sftp, rest, s3, rclone and the like."""

import socket
from urllib.parse import urlsplit

from netops.backup.targets.base import Traits, split
from netops.core.errors import UnreachableError
from netops.core.redact import redact

_PORTS = {"http": 80, "https": 443, "ssh": 22}


class RemoteTarget:
    """A place that restic reaches by itself; netops only knocks first."""

    traits = Traits(cheap_listing=False, measures_space=False)

    def __init__(self, location: str) -> None:
        self.location = location
        self.address = address_of(location)

    def reach(self, timeout_s: float) -> None:
        """Raise UnreachableError unless the server takes a connection in time."""
        if self.address is None:
            return  # rclone remotes and cloud names: restic's own deadline must do
        host, port = self.address
        try:
            socket.create_connection(self.address, timeout=timeout_s).close()
        except OSError as error:
            raise UnreachableError(
                f"{redact(self.location)}: {host} port {port} does not answer ({error})",
                hint="check the network and the server; the next run copies what is missing",
            ) from None

    def find(self, snapshot_id: str) -> str | None:
        """Return None: only restic itself can list a remote repository."""
        del snapshot_id
        return None

    def has_locks(self) -> bool:
        """Return False: only restic itself can look."""
        return False

    def free_bytes(self) -> int | None:
        """Return None: the protocols do not tell."""
        return None


def address_of(location: str) -> tuple[str, int] | None:
    """Return host and port of a restic location, None where it names no server."""
    kind, rest = split(location)
    if kind == "sftp":
        return _ssh_address(rest)
    if kind in {"rest", "s3"} and "://" in rest:
        parts = urlsplit(rest)
        port = parts.port or _PORTS.get(parts.scheme)
        return (parts.hostname, port) if parts.hostname and port else None
    if kind == "s3":  # s3:host/bucket
        host, _, _ = rest.partition("/")
        name, _, port_text = host.partition(":")
        return (name, int(port_text) if port_text.isdigit() else 443) if name else None
    return None


def _ssh_address(rest: str) -> tuple[str, int] | None:
    if rest.startswith("//"):  # sftp://user@host:port/path
        parts = urlsplit(f"sftp:{rest}")
        return (parts.hostname, parts.port or 22) if parts.hostname else None
    # sftp:user@host:path may be an alias of ~/.ssh/config with its own port and proxy, so only
    # a name that resolves is worth knocking at.
    host = rest.partition(":")[0].rpartition("@")[2].strip("[]")
    try:
        socket.getaddrinfo(host, 22, type=socket.SOCK_STREAM)
    except OSError:
        return None
    return None if _has_own_ssh_settings(host) else (host, 22)


def _has_own_ssh_settings(host: str) -> bool:
    from pathlib import Path

    try:
        text = (Path.home() / ".ssh/config").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    return any(
        host in line.split()[1:] for line in text.splitlines() if line.lower().startswith("host ")
    )
