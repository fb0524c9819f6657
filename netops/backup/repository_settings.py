"""The `repositories` part of the `backup` section: places, how to reach them, how they are checked."""

import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo

from netops.backup.custody_settings import CustodySettings
from netops.core.settings import (
    CadenceText,
    Duration,
    SecretRef,
    Section,
    Size,
    absolute,
    did_you_mean,
    written,
)

REMOTE = ("sftp", "rest", "s3", "rclone", "azure", "gs", "b2", "swift")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(.*)", re.DOTALL)
_URL_WITH_PASSWORD = re.compile(r"://[^\s/:@]*:[^\s/]*@")


def _location(value: str, info: ValidationInfo) -> str:
    base = info.context.get("base") if info.context else None
    return canonical_location(value, base)


def canonical_location(value: str, base: Path | None) -> str:
    """Return where a repository lies, local paths absolute; raise ValueError otherwise."""
    if not value.strip() or any(ord(character) < 32 for character in value):
        raise ValueError("a directory or a restic address expected, such as sftp:user@host:/path")
    if _URL_WITH_PASSWORD.search(value):
        raise ValueError(
            "a password does not belong in an address; give it by reference under environment "
            "(RESTIC_REST_USERNAME, RESTIC_REST_PASSWORD)"
        )
    match = _SCHEME.fullmatch(value)
    if match is None or match[1] == "local":
        return absolute(match[2] if match else value, base)
    if match[1] not in REMOTE:
        near = did_you_mean(match[1], list(REMOTE))
        raise ValueError(f"unknown kind of repository{near}; known: a path, {', '.join(REMOTE)}")
    if not match[2].strip("/") or match[2].lstrip("/").startswith("-"):
        raise ValueError(f"{match[1]}: needs a place after the colon")
    return value


def _environment(value: dict[str, str]) -> dict[str, str]:
    for name in value:
        if not re.fullmatch(r"[A-Z_][A-Z0-9_]{0,127}", name):
            raise ValueError("names in capitals expected, such as AWS_ACCESS_KEY_ID")
        if name.startswith(("RESTIC_PASSWORD", "RESTIC_REPOSITORY")):
            raise ValueError(f"{name} is set by netops; use location and password instead")
    return value


def _known_hosts(value: str, info: ValidationInfo) -> str:
    base = info.context.get("base") if info.context else None
    return absolute(value.removeprefix("file:"), base)


class VerificationSettings(Section):
    """How often a repository is looked at; what is due is done by `backup verify --due`."""

    structure: CadenceText = Field(
        default="daily",
        description="How often its structure is checked. A repository on this machine is also "
        "checked after a backup when that is due.",
        examples=["daily"],
    )
    data: CadenceText = Field(
        default="monthly",
        description="How often all of its data is read back, one portion at a time.",
        examples=["monthly"],
    )
    parts: int = Field(
        default=30,
        ge=1,
        le=256,
        description="In how many portions the data is read back.",
        examples=[30],
    )


class SshSettings(Section):
    """What proves both sides of an sftp connection to each other."""

    identity: SecretRef | None = Field(
        default=None,
        description="Reference to the private key (default: what the account's own SSH uses).",
        examples=["file:keys/offsite.ssh"],
    )
    known_hosts: Annotated[str, AfterValidator(_known_hosts)] | None = Field(
        default=None,
        description="File with the key of the server; no other server is talked to.",
        examples=["keys/offsite.known_hosts"],
    )


class RepositorySettings(Section):
    """A place that holds backups."""

    location: Annotated[str, AfterValidator(_location)] = Field(
        description="Where the repository lies: a directory (relative ones start beside "
        "netops.yaml) or a restic address.",
        examples=["./repositories/main", "sftp:backup@vault.example.org:/srv/netops"],
    )
    password: SecretRef = Field(
        description="Reference to the password that encrypts the repository. Without it nobody "
        "can read the backups: keep a copy elsewhere.",
        examples=["file:keys/main.password"],
    )
    environment: Annotated[dict[str, SecretRef], AfterValidator(_environment)] = Field(
        default_factory=dict,
        description="Environment variables that the storage needs, each a reference to a secret.",
        examples=[{"AWS_ACCESS_KEY_ID": "env:S3_ID", "AWS_SECRET_ACCESS_KEY": "file:keys/s3"}],
    )
    deadline: Duration = Field(
        default=written("6h"),
        description="How long one call of restic on this repository may take.",
        examples=["6h"],
    )
    connect_timeout: Duration = Field(
        default=written("20s"),
        description="How long the storage may take to answer at all.",
        examples=["20s"],
    )
    limit_upload: Size | None = Field(
        default=None,
        description="At most this much is sent per second.",
        examples=["5MB"],
    )
    stall_timeout: Duration = Field(
        default=written("30m"),
        description="A copy that makes no progress for this long is ended; the next run goes on "
        "with it.",
        examples=["30m"],
    )
    verify: VerificationSettings = Field(
        default_factory=VerificationSettings,
        description="How often it is checked, and how often all its data is read back.",
        examples=[{"structure": "daily", "data": "monthly"}],
    )
    ssh: SshSettings = Field(
        default_factory=SshSettings,
        description="Keys of an sftp connection.",
        examples=[{"identity": "file:keys/vault.ssh", "known_hosts": "keys/vault.known_hosts"}],
    )
    append_only: bool = Field(
        default=False,
        description="True when the storage refuses to delete; retention then runs on its side.",
        examples=[True],
    )
    custody: CustodySettings = Field(
        default_factory=CustodySettings,
        description="Where the repository stands and who keeps it.",
        examples=[{"place": "Library, room 3, safe", "custodian": "Chen Li"}],
    )
    prune_location: Annotated[str, AfterValidator(_location)] | None = Field(
        default=None,
        description="Where the same repository is reached with the right to delete, for `forget` "
        "and `prune` (default: location).",
        examples=["sftp:retention@vault.example.org:/srv/netops"],
    )
    prune_password: SecretRef | None = Field(
        default=None,
        description="Reference to the password that `forget` and `prune` use (default: password).",
        examples=["file:keys/prune.password"],
    )
    prune_environment: Annotated[dict[str, SecretRef], AfterValidator(_environment)] | None = Field(
        default=None,
        description="Environment variables for `forget` and `prune`, each a reference to a secret "
        "(default: environment; `{}` for none at all).",
        examples=[{"AWS_ACCESS_KEY_ID": "env:S3_ADMIN", "AWS_SECRET_ACCESS_KEY": "file:keys/s3"}],
    )
