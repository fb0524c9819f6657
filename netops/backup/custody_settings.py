"""What netops.yaml says about custody and coverage: who keeps repositories where, and how fresh all must be."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from netops.core.settings import Duration, Section, written


def _one_line(value: str) -> str:
    if any(ord(character) < 32 for character in value):
        raise ValueError("one line of text expected")
    return value.strip()


Line = Annotated[str, AfterValidator(_one_line), Field(max_length=200)]


class CustodySettings(Section):
    """Where a repository stands, how the place is protected, and who keeps it."""

    place: Line = Field(
        default="",
        description="Building and room, as a stranger would find it.",
        examples=["Library, room 3, safe"],
    )
    address: Line = Field(
        default="", description="Postal address of the place.", examples=["1 College Road"]
    )
    kind: Literal["machine-room", "data-centre", "office", "archive", "safe", "cloud", "other"] = (
        Field(default="other", description="What kind of place it is.", examples=["safe"])
    )
    custodian: Line | None = Field(
        default=None,
        description="Who keeps it until the first recorded handover.",
        examples=["Chen Li"],
    )
    protection: list[Line] = Field(
        default_factory=list,
        description="What protects the place: fire, heat, damp, dust, magnetism, theft.",
        examples=[["fire-proof safe", "locked, two keys"]],
    )


class HandoverSettings(Section):
    """How custody changes hands."""

    confirm_within: Duration = Field(
        default=written("7d"),
        description="A handover not confirmed for longer than this is a warning in the status.",
        examples=["7d"],
    )
    two_accounts: bool = Field(
        default=False,
        description="True refuses a confirmation from the account that made the offer.",
        examples=[True],
    )


class CoverageSettings(Section):
    """What `netops backup coverage` asks for."""

    servers: str = Field(
        default="role=server",
        min_length=1,
        description="Selector of the devices that must be backed up.",
        examples=["role=server,database !lab"],
    )
    offsite_age: Duration | None = Field(
        default=None,
        description="Older than this the newest offsite copy is critical (default: as the job's "
        "max_age or policy says).",
        examples=["2d"],
    )
    read_within: Duration | None = Field(
        default=None,
        description="How often every repository must have been read back in full (default: as its "
        "verify.data says, and a quarter more; 35 days where that is never).",
        examples=["35d"],
    )
