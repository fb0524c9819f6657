"""How to reach one repository: place, password, environment, limits."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from netops.core.errors import ConfigError
from netops.core.secrets import Secret, lend

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

    @property
    def is_local(self) -> bool:
        """Tell whether the repository is a directory of this machine."""
        return self.location.startswith("/")


@dataclass(frozen=True, slots=True)
class Invocation:
    """The start of a restic command line and the environment that goes with it."""

    argv: tuple[str, ...]
    env: Mapping[str, str]


@contextmanager
def opened(access: Access, source: Access | None = None) -> Iterator[Invocation]:
    """
    Lend the passwords of `access` (and of the repository to copy from) while the block runs.

    They reach restic as files under /proc that live in memory only.
    """
    with ExitStack() as stack:
        password = stack.enter_context(lend(access.password))
        argv = ["restic", "--repo", access.location, "--password-file", password]
        argv += _local_flags(access)
        env = {name: "" for name in os.environ if name.startswith(_FOREIGN)}
        env |= {name: secret.reveal() for name, secret in access.environment.items()}
        if source is not None:
            env |= _without_conflict(env, source)
        yield Invocation(tuple(argv), env)


@contextmanager
def copy_flags(source: Access) -> Iterator[Sequence[str]]:
    """Lend the flags that name the repository to copy from."""
    with lend(source.password) as password:
        yield ("--from-repo", source.location, "--from-password-file", password)


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


def _without_conflict(env: Mapping[str, str], source: Access) -> dict[str, str]:
    more = {name: secret.reveal() for name, secret in source.environment.items()}
    clash = sorted(name for name in more if name in env and env[name] != more[name])
    if clash:
        raise ConfigError(
            f"repository {source.name!r} and the offsite need different values of {', '.join(clash)}",
            hint="restic takes one environment for both; give one of them an rclone remote",
        )
    return more
