"""The one door to SSH: servers known by their pinned key, commands whose output cannot run wild."""

import base64
import binascii
import hashlib
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from netops.core.cancel import Cancel
from netops.core.dataclass import dataclass
from netops.core.errors import (
    AccessError,
    NetopsError,
    SecretError,
    TimeoutExpiredError,
    ToolError,
    UnreachableError,
)
from netops.core.files import private_directory, write_atomic
from netops.core.secrets import Secret

if TYPE_CHECKING:
    import paramiko

_STDERR_BYTES = 16_384
_CHUNK_BYTES = 1 << 16
_TICK_S = 0.2
_TYPE = re.compile(r"[a-z0-9@.-]{1,64}")


@dataclass(frozen=True, slots=True)
class HostKey:
    """The public key by which a server is known."""

    kind: str
    #: As in known_hosts, base 64.
    body: str

    @property
    def fingerprint(self) -> str:
        """Return it as `ssh-keygen -l` shows it."""
        digest = hashlib.sha256(base64.b64decode(self.body)).digest()
        return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


@dataclass(frozen=True, slots=True)
class Account:
    """Where to log in, and as whom; holds a secret."""

    host: str
    port: int
    user: str
    private_key: Secret
    connect_timeout_s: float = 20.0
    #: How a person pins this server's key, and lets ours in; for hints.
    introduce: str = "add it to known_hosts"

    @property
    def address(self) -> str:
        """Return the server as known_hosts writes it."""
        return self.host if self.port == 22 else f"[{self.host}]:{self.port}"


class KnownHosts:
    """The pinned keys, in a file that ssh(1) reads too."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def find(self, address: str) -> list[HostKey]:
        """Return the keys pinned for a server."""
        try:
            lines = self.path.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []
        rows = [line.split() for line in lines if not line.lstrip().startswith("#")]
        return [
            HostKey(row[1], row[2])
            for row in rows
            if len(row) >= 3 and address in row[0].split(",")
        ]

    def pin(self, address: str, key: HostKey) -> None:
        """Trust this key, and no other, for the server."""
        private_directory(self.path.parent)
        lines = self.path.read_text(encoding="utf-8").splitlines() if self.path.exists() else []
        kept = [line for line in lines if line.split()[:1] != [address]]
        text = "\n".join([*kept, f"{address} {key.kind} {key.body}"]) + "\n"
        write_atomic(self.path, text)


def parse_host_key(text: str) -> HostKey:
    """Return the key in `ssh-ed25519 AAAA…`; raise ValueError otherwise."""
    kind, _, rest = text.strip().partition(" ")
    body = rest.strip().partition(" ")[0]
    try:
        blob = base64.b64decode(body, validate=True)
    except binascii.Error:
        blob = b""
    if not _TYPE.fullmatch(kind) or len(blob) < 32:
        raise ValueError("a host key expected, such as ssh-ed25519 AAAA…")
    return HostKey(kind, body)


def offered_key(host: str, port: int, timeout_s: float) -> HostKey:
    """Return the key that a server shows, believed by nobody yet."""
    with _transport(host, port, timeout_s, []) as transport:
        key = transport.get_remote_server_key()
        return HostKey(key.get_name(), key.get_base64())


def public_key(private_key: Secret) -> str:
    """Return the line for authorized_keys that belongs to a private key."""
    key = _private_key(private_key)
    return f"{key.get_name()} {key.get_base64()}"


class Connection:
    """A server that proved who it is, and let us in."""

    def __init__(self, transport: "paramiko.Transport", account: Account, cancel: Cancel) -> None:
        self._transport, self._account, self._cancel = transport, account, cancel

    def run(
        self, command: str, sink: Callable[[bytes], None], *, deadline_s: float, limit_bytes: int
    ) -> str:
        """
        Run a command, hand its output to `sink` as it comes, and return what it said on stderr.

        Raises ToolError when it fails or writes more than `limit_bytes`, TimeoutExpiredError,
        UnreachableError when the connection breaks, and whatever `sink` raises.
        """
        ends_at_s = time.monotonic() + deadline_s
        words = bytearray()
        with self._channel(command) as channel:
            seen = 0
            while not _is_over(channel, self._transport):
                self._check(command, ends_at_s, deadline_s)
                data = _received(channel)
                seen += len(data)
                if seen > limit_bytes:
                    raise ToolError(
                        f"{self._account.host}: `{command}` sends more than {limit_bytes} bytes",
                        hint="the server does not keep to what was agreed; look at it",
                    )
                if data:
                    sink(data)
                elif channel.eof_received:
                    self._cancel.wait(0.01)  # the exit status follows
                _listen(channel, words)
            code = channel.recv_exit_status() if channel.exit_status_ready() else -1
        said = " ".join(words.decode(errors="backslashreplace").split())
        if code:
            raise _ended(self._account.host, command, code, said)
        return said

    def _check(self, command: str, ends_at_s: float, deadline_s: float) -> None:
        self._cancel.check()
        if time.monotonic() >= ends_at_s:
            raise TimeoutExpiredError(
                f"{self._account.host}: no end after {deadline_s:.0f} s of `{command}`",
                hint="look at the server and the line, or raise the deadline",
            )

    @contextmanager
    def _channel(self, command: str) -> "Iterator[paramiko.Channel]":
        import paramiko

        try:
            channel = self._transport.open_session(timeout=self._account.connect_timeout_s)
            channel.settimeout(_TICK_S)
            channel.exec_command(command)
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise UnreachableError(
                f"{self._account.host}: cannot run a command: {error}"
            ) from error
        try:
            yield channel
        finally:
            channel.close()


def _ended(host: str, command: str, code: int, said: str) -> NetopsError:
    if code < 0:
        return UnreachableError(
            f"{host}: the connection ended during `{command}` ({said or 'no word'})"
        )
    return ToolError(f"{host}: `{command}` ended with {code}: {said or 'no message'}")


def _is_over(channel: "paramiko.Channel", transport: "paramiko.Transport") -> bool:
    """Tell whether nothing more can come."""
    if channel.recv_ready() or channel.recv_stderr_ready():
        return False
    if channel.exit_status_ready():
        return bool(channel.eof_received or channel.closed)
    return bool(channel.closed or not transport.is_active())


def _listen(channel: "paramiko.Channel", words: bytearray) -> None:
    """Keep the beginning of stderr, and never let it fill up."""
    while channel.recv_stderr_ready() and (part := channel.recv_stderr(4096)):
        words += part[: max(_STDERR_BYTES - len(words), 0)]


def _received(channel: "paramiko.Channel") -> bytes:
    try:
        return bytes(channel.recv(_CHUNK_BYTES))
    except TimeoutError:
        return b""


@contextmanager
def connect(account: Account, known: KnownHosts, cancel: Cancel) -> Iterator[Connection]:
    """
    Log in with a key to a server whose own key is pinned.

    Raises AccessError for an unknown or a changed host key, and when the server does not accept
    ours; UnreachableError when it does not answer.
    """
    import paramiko

    pinned = known.find(account.address)
    if not pinned:
        raise AccessError(
            f"the host key of {account.address} is not known",
            hint=f"compare its fingerprint with whoever runs the server, then {account.introduce}",
        )
    ours = _private_key(account.private_key)
    timeout_s = account.connect_timeout_s
    with _transport(account.host, account.port, timeout_s, pinned) as transport:
        _require(transport, account, pinned)
        transport.auth_timeout = timeout_s
        try:
            transport.auth_publickey(account.user, ours)
        except paramiko.AuthenticationException as error:
            raise AccessError(
                f"{account.host} does not accept the key of {account.user}",
                hint=f"put our public key into its authorized_keys: {account.introduce}",
            ) from error
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise UnreachableError(f"{account.host}: {error}") from error
        yield Connection(transport, account, cancel)


def _require(transport: "paramiko.Transport", account: Account, pinned: list[HostKey]) -> None:
    key = transport.get_remote_server_key()
    shown = HostKey(key.get_name(), key.get_base64())
    if shown not in pinned:
        raise AccessError(
            f"the host key of {account.address} has changed: it shows {shown.fingerprint}, "
            f"{pinned[0].fingerprint} is pinned; nothing was sent to it",
            hint="ask whoever runs the server: if it was set up anew, "
            f"{account.introduce}; if not, somebody stands between",
        )


@contextmanager
def _transport(
    host: str, port: int, timeout_s: float, pinned: list[HostKey]
) -> "Iterator[paramiko.Transport]":
    import paramiko

    try:
        link = socket.create_connection((host, port), timeout=timeout_s)
    except OSError as error:
        reason = error.strerror or str(error) or "no answer in time"
        raise UnreachableError(
            f"{host}:{port} does not answer: {reason}", hint="check the network and sshd there"
        ) from error
    transport = paramiko.Transport(link)
    try:
        if pinned:
            _prefer(transport, {key.kind for key in pinned})
        transport.banner_timeout = timeout_s
        try:
            transport.start_client(timeout=timeout_s)
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise UnreachableError(f"{host}:{port}: no SSH session: {error}") from error
        yield transport
    finally:
        with suppress(OSError, EOFError):
            transport.close()
        link.close()


def _prefer(transport: "paramiko.Transport", kinds: set[str]) -> None:
    """Ask for the kind of key that is pinned: a server may have several."""
    options = transport.get_security_options()
    wanted = kinds | ({"rsa-sha2-256", "rsa-sha2-512"} if "ssh-rsa" in kinds else set())
    first = [kind for kind in options.key_types if kind in wanted]
    options.key_types = [*first, *(kind for kind in options.key_types if kind not in wanted)]


def _private_key(secret: Secret) -> "paramiko.PKey":
    import paramiko

    for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        try:
            return kind.from_private_key(StringIO(secret.reveal()))
        except paramiko.PasswordRequiredException as error:
            raise SecretError(
                "the SSH key has a passphrase",
                hint="use a key without one; the server lets it do one thing only",
            ) from error
        except (paramiko.SSHException, ValueError, UnicodeDecodeError):
            continue
    raise SecretError(
        "the SSH key cannot be read", hint="make one: ssh-keygen -t ed25519 -N '' -f keys/logs"
    )
