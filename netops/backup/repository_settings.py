"""The parts of a repository in netops.yaml that say how it is proven: `verify` and `ssh`."""

from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo

from netops.core.settings import CadenceText, SecretRef, Section, absolute


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
