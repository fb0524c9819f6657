"""Repositories behind a network protocol of restic: sftp, rest, s3, rclone and the like."""

import socket
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from netops.backup.restic.sftp import ssh_host
from netops.backup.targets.base import Traits, split
from netops.core.errors import ConfigError, UnreachableError
from netops.core.redact import redact

_PORTS = {"http": 80, "https": 443, "ssh": 22}


class RemoteTarget:
    """A place that restic reaches by itself; netops only knocks first."""

    traits = Traits(cheap_listing=False, measures_space=False, opens_files=False)

    def __init__(self, location: str) -> None:
        self.location = location

    def reach(self, timeout_s: float) -> None:
        """
        Raise UnreachableError unless the server says something in time.

        A connection alone proves nothing: the kernel takes it for a program that hangs.
        """
        address = address_of(self.location)
        if address is None:
            return  # rclone remotes and cloud names: restic's own deadline must do
        host, port = address
        try:
            knock(host, port, _opening(self.location, host), timeout_s)
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

    def sweep(self) -> int:
        """Return 0: servers show a file once it is whole, and sftp has no cheap look."""
        return 0

    def broken_packs(self, ids: Sequence[str] | None, check: Callable[[], None]) -> list[str]:
        """Return nothing: only restic itself can read a remote repository."""
        del ids, check
        return []

    def take_out(self, kind: str, object_id: str, directory: Path) -> Path | None:
        """Return None: only restic itself can change a remote repository."""
        del kind, object_id, directory
        return None

    def put_back(self, kind: str, taken: Path) -> None:
        """Do nothing: nothing can be taken out."""

    def free_bytes(self) -> int | None:
        """Return None: the protocols do not tell."""
        return None


def knock(host: str, port: int, opening: bytes | None, timeout_s: float) -> None:
    """
    Connect, say `opening`, and wait for the first byte of an answer; raise OSError without one.

    `opening` None means TLS, where the handshake is the answer.
    """
    ends_at_s = time.monotonic() + timeout_s
    with socket.create_connection((host, port), timeout=timeout_s) as link:
        link.settimeout(max(ends_at_s - time.monotonic(), 0.01))
        if opening is None:
            _shake_hands(link, host)
            return
        link.sendall(opening)
        if not link.recv(1):
            raise OSError("it hung up")


def _shake_hands(link: socket.socket, host: str) -> None:
    import ssl

    # Only to hear whether anybody is there: nothing is sent, and restic checks the certificate.
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.wrap_socket(link, server_hostname=host).close()


def _opening(location: str, host: str) -> bytes | None:
    """Return what makes the server speak: nothing for SSH, a request for HTTP, None for TLS."""
    kind, rest = split(location)
    if kind == "sftp":
        return b""
    if rest.startswith("http://"):
        return f"HEAD / HTTP/1.0\r\nHost: {host}\r\n\r\n".encode(errors="replace")
    return None


def address_of(location: str) -> tuple[str, int] | None:
    """Return host and port of a restic location, None where it names no server."""
    kind, rest = split(location)
    if kind == "sftp":
        return _ssh_address(location)
    if kind in {"rest", "s3"} and "://" in rest:
        return _url_address(rest)
    if kind == "s3":  # s3:host/bucket
        host, _, _ = rest.partition("/")
        name, _, port_text = host.partition(":")
        return (name, int(port_text) if port_text.isdigit() else 443) if name else None
    return None


def _url_address(url: str) -> tuple[str, int] | None:
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError as error:
        raise ConfigError(
            f"{redact(url)} is no address: {error}",
            hint="correct the location of the repository in netops.yaml",
        ) from None
    return (parts.hostname, port) if parts.hostname and port else None


def _ssh_address(location: str) -> tuple[str, int] | None:
    server = ssh_host(location)
    if server is None:
        return None
    if server.port is not None:
        return server.host, server.port
    # The name may be an alias of ~/.ssh/config with its own port and proxy, so only one that
    # resolves is worth knocking at.
    host = server.host.strip("[]")
    try:
        socket.getaddrinfo(host, 22, type=socket.SOCK_STREAM)
    except OSError:
        return None
    return None if _has_own_ssh_settings(host) else (host, 22)


def _has_own_ssh_settings(host: str) -> bool:
    try:
        text = (Path.home() / ".ssh/config").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    return any(
        host in line.split()[1:] for line in text.splitlines() if line.lower().startswith("host ")
    )
