"""How to reach one repository: place, password, environment, keys, limits."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import quote

from netops.backup.restic.sftp import SshKeys, ssh_command, ssh_host
from netops.core.dataclass import dataclass, field
from netops.core.errors import ConfigError
from netops.core.redact import register
from netops.core.secrets import Secret, lend

_REST_USER, _REST_PASSWORD = "RESTIC_REST_USERNAME", "RESTIC_REST_PASSWORD"
#: What administrators export for their own use of restic, and what would contradict netops.
_FOREIGN = ("RESTIC_REPOSITORY", "RESTIC_PASSWORD", "RESTIC_FROM_", "RESTIC_KEY_HINT")


@dataclass(frozen=True, slots=True)
class Access:
    """Everything restic needs to open one repository; holds secrets, so keep it short-lived."""

    name: str
    location: str
    password: Secret
    environment: Mapping[str, Secret] = field(default_factory=dict)
    cache_directory: Path | None = None
    limit_upload_bytes_s: int | None = None
    ssh: SshKeys = field(default_factory=SshKeys)
    connect_timeout_s: float = 20

    @property
    def is_local(self) -> bool:
        """Tell whether the repository is a directory of this machine."""
        return self.location.startswith("/")

    @property
    def full_location(self) -> Secret | None:
        """
        Return the address with user and password, None when it needs none.

        restic before 0.16 takes them in the address only.
        """
        user, password = self.environment.get(_REST_USER), self.environment.get(_REST_PASSWORD)
        scheme, separator, rest = self.location.partition("://")
        if user is None or password is None or not scheme.startswith("rest:") or not separator:
            return None
        written = quote(password.reveal(), safe="")
        register(written)
        host = rest.rpartition("@")[2] if "@" in rest.partition("/")[0] else rest
        return Secret(f"{scheme}://{quote(user.reveal(), safe='')}:{written}@{host}")

    def variables(self) -> dict[str, str]:
        """Return the environment that restic itself is to see."""
        hidden = {_REST_USER, _REST_PASSWORD} if self.full_location is not None else set()
        return {k: secret.reveal() for k, secret in self.environment.items() if k not in hidden}


@dataclass(frozen=True, slots=True)
class Invocation:
    """The start of a restic command line and the environment that goes with it."""

    argv: tuple[str, ...]
    env: Mapping[str, str]


@contextmanager
def opened(access: Access, source: Access | None = None) -> Iterator[Invocation]:
    """
    Lend the secrets of `access` (and of the repository to copy from) while the block runs.

    They reach restic as files under /proc that live in memory only.
    """
    with ExitStack() as stack:
        argv = ["restic", *_place(stack, access, "--repo", "--repository-file")]
        argv += ["--password-file", stack.enter_context(lend(access.password))]
        argv += _local_flags(access)
        argv += _ssh_flags(stack, access, source)
        env = {name: "" for name in os.environ if name.startswith(_FOREIGN)}
        env |= access.variables()
        if source is not None:
            env |= _without_conflict(env, source)
        yield Invocation(tuple(argv), env)


@contextmanager
def copy_flags(source: Access) -> Iterator[Sequence[str]]:
    """Lend the flags that name the repository to copy from."""
    with ExitStack() as stack:
        place = _place(stack, source, "--from-repo", "--from-repository-file")
        password = stack.enter_context(lend(source.password))
        yield (*place, "--from-password-file", password)


def _place(stack: ExitStack, access: Access, flag: str, file_flag: str) -> tuple[str, str]:
    secret = access.full_location
    if secret is None:
        return flag, access.location
    return file_flag, stack.enter_context(lend(secret))


def _local_flags(access: Access) -> list[str]:
    # A cache of a directory on the same disk only costs space.
    flags = (
        ["--no-cache"]
        if access.is_local or access.cache_directory is None
        else ["--cache-dir", str(access.cache_directory)]
    )
    if access.limit_upload_bytes_s:
        flags += ["--limit-upload", str(max(access.limit_upload_bytes_s // 1024, 1))]  # KiB/s
    return flags


def _ssh_flags(stack: ExitStack, access: Access, source: Access | None) -> list[str]:
    """Return the way to the one sftp repository of a call; restic takes one command for both."""
    over_ssh = [a for a in (access, source) if a is not None and ssh_host(a.location)]
    if len(over_ssh) == 2:
        if any(a.ssh != SshKeys() for a in over_ssh):
            raise ConfigError(
                f"{over_ssh[0].name!r} and {over_ssh[1].name!r} are both sftp with keys of their own",
                hint="restic takes one SSH command for both; give one of them an rclone remote, "
                "or put both keys into ~/.ssh/config",
            )
        return []
    for one in over_ssh:
        command = ssh_command(one.location, one.ssh, one.connect_timeout_s)
        return ["-o", f"sftp.command={stack.enter_context(command)}"]
    return []


def _without_conflict(env: Mapping[str, str], source: Access) -> dict[str, str]:
    more = source.variables()
    clash = sorted(name for name in more if name in env and env[name] != more[name])
    if clash:
        raise ConfigError(
            f"repository {source.name!r} and the offsite need different values of {', '.join(clash)}",
            hint="restic takes one environment for both; give one of them an rclone remote",
        )
    return more
