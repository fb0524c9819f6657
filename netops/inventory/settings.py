"""The `inventory` section of netops.yaml, and the shape of the files it names."""

from ipaddress import ip_network
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from netops.core.settings import Duration, LocalPath, Name, SecretRef, Section, written

Authentication = Literal["md5", "sha1", "sha224", "sha256", "sha384", "sha512"]
Kind = Literal[
    "switch", "router", "firewall", "wireless", "server", "storage", "ups", "pc", "printer", "sensor",
    "other",
]  # fmt: skip
Privacy = Literal["des", "aes128", "aes192", "aes256", "aes192-reeder", "aes256-reeder"]


def _network(text: str) -> str:
    try:
        return str(ip_network(text.strip(), strict=False))
    except ValueError:
        raise ValueError("a network such as 10.1.0.0/24 expected") from None


Network = Annotated[str, AfterValidator(_network)]


class SnmpSettings(Section):
    """One way to ask agents by SNMP, shared by all devices that name it."""

    version: Literal["1", "2c", "3"] = Field(
        default="2c", description="SNMP version.", examples=["3"]
    )
    community: SecretRef | None = Field(
        default=None,
        description="Reference to the community (1 and 2c; default: the text public).",
        examples=["file:keys/snmp.community"],
    )
    user: str | None = Field(
        default=None, min_length=1, description="The user (3).", examples=["netops"]
    )
    auth: Authentication | None = Field(
        default=None, description="How the user proves to be itself.", examples=["sha256"]
    )
    auth_password: SecretRef | None = Field(
        default=None,
        description="Reference to that password.",
        examples=["file:keys/snmp.auth"],
    )
    privacy: Privacy | None = Field(
        default=None, description="How messages are encrypted.", examples=["aes256"]
    )
    privacy_password: SecretRef | None = Field(
        default=None,
        description="Reference to that password.",
        examples=["file:keys/snmp.privacy"],
    )
    context: str = Field(default="", description="The context (3).", examples=["vlan-10"])
    port: int = Field(default=161, ge=1, le=65_535, description="UDP port.", examples=[161])
    timeout: Duration = Field(
        default=written("2s"), description="How long to wait for an answer.", examples=["2s"]
    )
    retries: int = Field(
        default=2, ge=0, le=10, description="How often to ask again.", examples=[2]
    )
    loose_source: bool = Field(
        default=False,
        description="True for devices that answer from another address.",
        examples=[False],
    )

    @model_validator(mode="after")
    def _version_and_keys_agree(self) -> Self:
        if (self.version == "3") is not (self.user is not None):
            raise ValueError("version 3 needs a user, versions 1 and 2c have none")
        if (self.auth is None) is not (self.auth_password is None):
            raise ValueError("auth and auth_password go together")
        if (self.privacy is None) is not (self.privacy_password is None):
            raise ValueError("privacy and privacy_password go together")
        if self.privacy and not self.auth:
            raise ValueError("privacy needs auth (RFC 3414)")
        return self


class SshSettings(Section):
    """One way to log in to devices by SSH, shared by all devices that name it."""

    user: str = Field(min_length=1, max_length=100, description="The user.", examples=["netops"])
    key: SecretRef | None = Field(
        default=None,
        description="Reference to the private key (OpenSSH format).",
        examples=["file:keys/devices.ed25519"],
    )
    password: SecretRef | None = Field(
        default=None,
        description="Reference to the password, for devices that know no keys.",
        examples=["file:keys/devices.password"],
    )
    enable: SecretRef | None = Field(
        default=None,
        description="Reference to the password of the privileged mode.",
        examples=["file:keys/devices.enable"],
    )
    port: int = Field(default=22, ge=1, le=65_535, description="TCP port.", examples=[22])
    timeout: Duration = Field(
        default=written("20s"), description="How long to wait for a login.", examples=["20s"]
    )

    @model_validator(mode="after")
    def _key_or_password(self) -> Self:
        if self.key is None and self.password is None:
            raise ValueError("a key or a password by reference is missing")
        return self


class InventorySettings(Section):
    """Where the devices are listed."""

    files: list[LocalPath] = Field(
        default=["inventory/*.yaml"],
        description="Files with devices, groups and defaults; * and ? stand for any characters.",
        examples=[["inventory/*.yaml"]],
    )
    snmp: dict[Name, SnmpSettings] = Field(
        default_factory=dict,
        description="Ways to ask devices by SNMP, by name; devices, groups and defaults say `snmp: NAME`.",
        examples=[{"campus": {"version": "2c", "community": "file:keys/snmp.community"}}],
    )
    ssh: dict[Name, SshSettings] = Field(
        default_factory=dict,
        description="Ways to log in to devices, by name; devices, groups and defaults say `ssh: NAME`.",
        examples=[{"campus": {"user": "netops", "key": "file:keys/devices.ed25519"}}],
    )
    discover: list[Network] = Field(
        default_factory=list,
        description="Networks that `netops inventory discover` looks at when it is told none.",
        examples=[["10.1.0.0/24"]],
    )
    two_accounts: bool = Field(
        default=False,
        description="True if who retires an asset must use another account than who approved it.",
        examples=[True],
    )


class TraitSettings(Section):
    """What a device, a group and the defaults can say."""

    #: Nothing and empty lists need no look, which ten thousand devices would pay for.
    model_config = ConfigDict(validate_default=False)

    kind: Kind | None = Field(default=None, description="What it is.", examples=["switch"])
    role: str | None = Field(
        default=None, description="What it does in the network.", examples=["access"]
    )
    site: str | None = Field(default=None, description="Where it stands.", examples=["library"])
    platform: str | None = Field(
        default=None, description="Its operating system.", examples=["huawei_vrp"]
    )
    owner: str | None = Field(
        default=None, description="Who answers for it.", examples=["Network Centre"]
    )
    snmp: Name | None = Field(
        default=None,
        description="How it is asked by SNMP: a name under inventory.snmp in netops.yaml.",
        examples=["campus"],
    )
    ssh: Name | None = Field(
        default=None,
        description="How to log in: a name under inventory.ssh in netops.yaml.",
        examples=["campus"],
    )
    tags: list[str] = Field(
        default_factory=list, description="Words to select it by.", examples=[["maintenance"]]
    )
    data: dict[str, Any] = Field(
        default_factory=dict,
        description="Anything else worth knowing; secrets only by reference.",
        examples=[{"rack": "B2"}],
    )


class GroupSettings(TraitSettings):
    """What all devices of a group share."""

    groups: list[Name] = Field(
        default_factory=list, description="Groups this one builds on.", examples=[["switches"]]
    )


class DeviceSettings(GroupSettings):
    """One device as it is written."""

    host: str | None = Field(
        default=None,
        description="Address or host name (default: the device's name).",
        examples=["10.1.0.11"],
    )


class InventoryFile(Section):
    """One inventory file."""

    defaults: TraitSettings = Field(
        default_factory=TraitSettings,
        description="What holds for every device that says nothing else.",
        examples=[{"site": "campus"}],
    )
    groups: dict[Name, GroupSettings] = Field(
        default_factory=dict,
        description="Groups by name.",
        examples=[{"access": {"role": "access"}}],
    )
    devices: dict[Name, DeviceSettings] = Field(
        default_factory=dict,
        description="Devices by name.",
        examples=[{"sw-lib-1": {"host": "10.1.0.11", "groups": ["access"]}}],
    )
