"""The `alarm` section of a backup job."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from netops.core.settings import Section


class AlarmSettings(Section):
    """When a backup that changed too much raises the ransomware alarm; `false` switches it off."""

    enabled: bool = Field(
        default=True,
        description="False for no alarm; `alarm: false` says the same.",
        examples=[False],
    )
    rewritten_percent: int = Field(
        default=50,
        ge=1,
        le=100,
        description="More than this share of the files overwritten or replaced between two backups "
        "is an alarm; more for a job whose habit it is.",
        examples=[30],
    )
    removed_percent: int = Field(
        default=50,
        ge=1,
        le=100,
        description="More than this share of the files gone between two backups is an alarm.",
        examples=[30],
    )
    encrypted_percent: int = Field(
        default=10,
        ge=1,
        le=100,
        description="More than this share of the changed files, by a sample, with random content "
        "in place of their type is an alarm.",
        examples=[5],
    )
    min_files: int = Field(
        default=10,
        ge=1,
        le=1_000_000,
        description="Fewer files than this are no mass change.",
        examples=[100],
    )


def _alarm_switch(value: Any) -> Any:
    return {"enabled": value} if isinstance(value, bool) else value


def switchable(schema: dict[str, Any]) -> None:
    """Let the schema of a field with a section take true and false as well."""
    schema["anyOf"] = [{"$ref": schema.pop("$ref")}, {"type": "boolean"}]


Alarm = Annotated[AlarmSettings, BeforeValidator(_alarm_switch)]
