"""The SSH command that restic reaches an sftp repository with: both sides proven, never asking."""

import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import unquote, urlsplit

from netops.core.dataclass import dataclass
from netops.core.secrets import Secret, lend

#: A connection that is silent for this long, three times over, is dead (ssh_config(5)).
_ALIVE_S = 20


@dataclass(frozen=True, slots=True)
class SshKeys:
    """What proves both sides of the connection; None leaves it to the account's own SSH."""

    identity: Secret | None = None
    #: File with the server's key.
    known_hosts: str | None = None


@dataclass(frozen=True, slots=True)
class SshHost:
    """The server in an sftp location."""

    host: str
    user: str | None = None
    port: int | None = None


def ssh_host(location: str) -> SshHost | None:
    """Return the server of `sftp:user@host:/path` or `sftp://user@host:port/path`, else None."""
    scheme, _, rest = location.partition(":")
    if scheme != "sftp":
        return None
    if rest.startswith("//"):
        parts = urlsplit(location)
        user = unquote(parts.username) if parts.username else None
        return SshHost(parts.hostname, user, parts.port) if parts.hostname else None
    user, at, host = rest[: _end_of_host(rest)].rpartition("@")
    return SshHost(host, user if at else None) if host else None


def _end_of_host(rest: str) -> int:
    """Return where `user@host:path` has the colon before its path."""
    # Brackets hold the colons of an IPv6 address.
    bracketed = re.match(r"[^:\[]*\[[^\]]*\]", rest)
    end = rest.find(":", bracketed.end() if bracketed else 0)
    return end if end >= 0 else len(rest)


def directory_of(location: str) -> str:
    """Return the directory on the server, as restic reads it; relative ones start in the home."""
    rest = location.removeprefix("sftp:")
    if rest.startswith("//"):
        return unquote(urlsplit(location).path).removeprefix("/") or "."
    return rest[_end_of_host(rest) + 1 :] or "."


@contextmanager
def sftp_client(
    location: str, keys: SshKeys, connect_timeout_s: float
) -> Iterator[tuple[str, ...]]:
    """
    Lend the command that does what stands in its input in the directory of an sftp place.

    For what restic has no command for; both sides are proven as `ssh_command` does it.
    """
    server = ssh_host(location)
    if server is None:
        raise ValueError(f"{location} is no sftp place")
    whom = {"User": server.user or "", "Port": str(server.port or "")}
    with _options(keys, connect_timeout_s) as options:
        settings = {**options, **{name: value for name, value in whom.items() if value}}
        words = [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]
        host = f"[{server.host}]" if ":" in server.host.strip("[]") else server.host
        yield ("sftp", "-q", "-b", "-", *words, "--", host)


@contextmanager
def ssh_command(location: str, keys: SshKeys, connect_timeout_s: float) -> Iterator[str | None]:
    """
    Yield the value of restic's `sftp.command`, None when `location` is no sftp place.

    The private key is lent as memory while the block runs. An unknown server is refused, with
    `known_hosts` or without: nobody is there to be asked.
    """
    server = ssh_host(location)
    if server is None:
        yield None
        return
    with _options(keys, connect_timeout_s) as options:
        yield _command(server, options)


@contextmanager
def _options(keys: SshKeys, connect_timeout_s: float) -> Iterator[dict[str, str]]:
    options = {
        "BatchMode": "yes",
        "ConnectTimeout": str(max(round(connect_timeout_s), 1)),
        "ServerAliveInterval": str(_ALIVE_S),
        "ServerAliveCountMax": "3",
    }
    if keys.known_hosts is not None:
        options |= {
            "StrictHostKeyChecking": "yes",
            "UserKnownHostsFile": keys.known_hosts,
            "GlobalKnownHostsFile": "/dev/null",
        }
    if keys.identity is None:
        yield options
        return
    # A key file ends in a newline, which a secret has lost.
    with lend(Secret(keys.identity.reveal() + "\n")) as path:
        yield options | {"IdentityFile": path, "IdentitiesOnly": "yes"}


def _command(server: SshHost, options: dict[str, str]) -> str:
    words = ["ssh"]
    for name, value in options.items():
        words += ["-o", f"{name}={value}"]
    words += ["-p", str(server.port)] if server.port else []
    words += ["-l", server.user] if server.user else []
    # restic splits the line as a shell would; the host stands behind `--`, whatever it looks like.
    return " ".join(shlex.quote(word) for word in [*words, "-s", "--", server.host, "sftp"])
