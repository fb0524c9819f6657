"""Secrets by reference: resolved at the last moment, masked everywhere, lent without touching disk."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from netops.core.errors import SecretError, TimeoutExpiredError, ToolError
from netops.core.redact import MASK, redact, register

KINDS = ("env", "file", "systemd", "command", "keyring")
COMMAND_DEADLINE_S = 30
_MAX_SIZE_BYTES = 65_536
_EXAMPLES = "file:keys/NAME, env:NAME, systemd:NAME, command:PROGRAM or keyring:SERVICE/USER"
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford base 32: nothing to mistake on paper
_OTHERS = 0o077


class Secret:
    """A value that shows itself only when asked."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value; hand it on at once and keep it nowhere."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __str__(self) -> str:
        return MASK

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled or copied")


def parse_reference(reference: str) -> tuple[str, str]:
    """Return kind and name of `file:keys/main.password`; raise ValueError, never with the text."""
    kind, colon, name = reference.partition(":")
    if not colon or kind not in KINDS:
        raise ValueError(f"a secret is given by reference, never as itself: {_EXAMPLES}")
    if not name.strip() or "\0" in name:
        raise ValueError(f"{kind}: needs a name after the colon, for example {_EXAMPLES}")
    if kind == "keyring" and not all(name.partition("/")):
        raise ValueError("keyring: needs a service and a user: keyring:SERVICE/USER")
    return kind, name


def resolve(reference: str, *, base: Path) -> Secret:
    """
    Return the secret that `reference` names; it is masked in all output from now on.

    Relative files and commands start from `base`, the directory of netops.yaml. Raises SecretError.
    """
    try:
        kind, name = parse_reference(reference)
    except ValueError as error:
        raise SecretError(str(error)) from None
    value = _RESOLVERS[kind](name, base)
    if not value.strip():
        raise SecretError(f"the secret {kind}:{name} is empty", hint="write the secret there")
    if "\0" in value:
        raise SecretError(f"the secret {kind}:{name} holds a NUL character")
    register(value)
    return Secret(value)


def _from_environment(name: str, _base: Path) -> str:
    try:
        return os.environ[name]
    except KeyError:
        hint = f"export {name}, or set Environment= in the service"
        raise SecretError(f"the environment variable {name} is not set", hint=hint) from None


def _from_file(name: str, base: Path) -> str:
    path = base / name
    with _opened(path) as handle:
        facts = os.fstat(handle)
        if facts.st_uid not in (0, os.geteuid()):
            owner = f"the secret file {path} belongs to another user (uid {facts.st_uid})"
            raise SecretError(owner, hint=f"chown {os.geteuid()} {path}")
        if facts.st_mode & _OTHERS:
            mode = f"mode {stat.S_IMODE(facts.st_mode):04o}"
            raise SecretError(
                f"the secret file {path} is open to others ({mode})", hint=f"chmod 600 {path}"
            )
        return _read(handle, path)


def _from_systemd(name: str, _base: Path) -> str:
    directory = os.environ.get("CREDENTIALS_DIRECTORY")
    if directory is None:
        raise SecretError(
            f"systemd handed over no credentials, so systemd:{name} cannot be read",
            hint=f"run by the service, with LoadCredential={name}:/path in it",
        )
    if "/" in name:
        raise SecretError(f"systemd:{name} is not the name of a credential")
    path = Path(directory) / name
    with _opened(path) as handle:
        return _read(handle, path)


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    # O_NONBLOCK: a named pipe must be refused, not waited for.
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError as error:
        reason = (error.strerror or "cannot be opened").lower()
        hint = "check the name in netops.yaml, and that the file is there and yours"
        raise SecretError(f"the secret file {path} cannot be read: {reason}", hint=hint) from None
    try:
        yield handle
    finally:
        os.close(handle)


def _read(handle: int, path: Path) -> str:
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        raise SecretError(f"the secret file {path} is not a regular file")
    return _text(os.read(handle, _MAX_SIZE_BYTES + 1), f"the secret file {path}")


def _text(raw: bytes, what: str) -> str:
    if len(raw) > _MAX_SIZE_BYTES:
        raise SecretError(f"{what} is larger than {_MAX_SIZE_BYTES // 1024} KiB")
    try:
        # Editors and programs end the last line; that newline is no part of a password.
        return raw.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise SecretError(f"{what} is not UTF-8 text") from None


def _from_command(command: str, base: Path) -> str:
    import shlex

    try:
        arguments = shlex.split(command)
    except ValueError:
        arguments = []
    if not arguments:
        raise SecretError("a secret command cannot be split into words", hint="check its quotes")
    what = f"the secret command {arguments[0]}"
    code, output, errors = _run(arguments, base, what)
    if code != 0:
        last = redact(errors.decode(errors="replace").strip().rpartition("\n")[2])[:200]
        raise SecretError(f"{what} failed with exit code {code}: {last}", hint="run it by hand")
    return _text(output, what)


def _run(arguments: list[str], base: Path, what: str) -> tuple[int, bytes, bytes]:
    from netops.core import process

    try:
        done = process.run(arguments, cwd=base, deadline_s=COMMAND_DEADLINE_S, grace_s=1)
    except TimeoutExpiredError:
        late = f"{what} did not end within {COMMAND_DEADLINE_S} s"
        raise SecretError(late, hint="it must not ask questions") from None
    except ToolError as error:
        raise SecretError(f"{what}: {error}", hint="is it installed?") from None
    return done.returncode, done.stdout_bytes, done.stderr.encode()


def _from_keyring(name: str, _base: Path) -> str:
    service, _, user = name.partition("/")
    try:
        import keyring
    except ImportError:
        hint = "pip install 'netops[keyring]'"
        raise SecretError("the keyring library is not installed", hint=hint) from None
    try:
        value = keyring.get_password(service, user)
    except keyring.errors.KeyringError as error:
        locked = f"the keyring does not answer: {type(error).__name__}"
        raise SecretError(locked, hint="unlock it, or use file: for unattended runs") from None
    if value is None:
        hint = f"keyring set {service} {user}"
        raise SecretError(f"the keyring holds nothing for {service}/{user}", hint=hint)
    return str(value)


_RESOLVERS = {
    "env": _from_environment,
    "file": _from_file,
    "systemd": _from_systemd,
    "command": _from_command,
    "keyring": _from_keyring,
}


@contextmanager
def lend(secret: Secret) -> Iterator[str]:
    """
    Yield a path from which our child processes can read the value while the block runs.

    It is memory, sealed against change, and gone with the block: never on disk, in argv or in
    the environment (memfd_create(2), proc(5)).
    """
    import fcntl

    handle = os.memfd_create("netops", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        os.fchmod(handle, 0o600)
        os.write(handle, secret.reveal().encode())
        seals = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE
        fcntl.fcntl(handle, fcntl.F_ADD_SEALS, seals)
        yield f"/proc/{os.getpid()}/fd/{handle}"
    finally:
        os.close(handle)


def generate_password(bits: int = 160) -> str:
    """Return a random password of at least `bits` bits in groups of four, to be copied by hand."""
    import secrets

    text = "".join(secrets.choice(_ALPHABET) for _ in range(-(-bits // 5)))
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))
