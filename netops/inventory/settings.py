"""The `inventory` section of netops.yaml, and the shape of the files it names."""

from typing import Any

from pydantic import Field

from netops.core.settings import LocalPath, Name, Section


class InventorySettings(Section):
    """Where the devices are listed."""

    files: list[LocalPath] = Field(
        default=["inventory/*.yaml"],
        description="Files with devices, groups and defaults; * and ? stand for any characters.",
        examples=[["inventory/*.yaml"]],
    )


class TraitSettings(Section):
    """What a device, a group and the defaults can say."""

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
