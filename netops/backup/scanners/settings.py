"""The `scan` section of a job: which scanner, and what follows from what it says."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from netops.core.settings import (
    AbsolutePath,
    Duration,
    Section,
    Size,
    did_you_mean,
    written,
)


def _scanner(value: str) -> str:
    from netops.backup.scanners import scanners

    if value not in scanners.built_in and value not in scanners.names():
        known = scanners.names()
        raise ValueError(
            f"no scanner is called '{value}'{did_you_mean(value, known)}; known: {', '.join(known)}"
        )
    return value


class ScanSettings(Section):
    """How the files of a job are checked for malware before they are kept."""

    engine: Annotated[str, AfterValidator(_scanner)] = Field(
        description="The scanner.", examples=["clamav"]
    )
    on_infected: Literal["exclude", "abort"] = Field(
        default="exclude",
        description="Infected files are left out of the backup, or nothing is backed up at all.",
        examples=["exclude"],
    )
    quarantine: AbsolutePath | None = Field(
        default=None,
        description="Directory (mode 0700) into which infected files are moved, with a record of "
        "where each came from; without it they stay where they are.",
        examples=["/var/lib/netops/quarantine"],
    )
    on_missing: Literal["warn", "fail"] = Field(
        default="warn",
        description="When the scanner is missing, out of date, failing or too slow: back up with "
        "a warning, or do not back up.",
        examples=["warn"],
    )
    max_signature_age: Duration = Field(
        default=written("7d"),
        description="Signatures older than this count as a missing scanner.",
        examples=["7d"],
    )
    socket: AbsolutePath | None = Field(
        default=None,
        description="The socket of clamd (LocalSocket of clamd.conf); the usual places by default.",
        examples=["/run/clamav/clamd.ctl"],
    )
    database: AbsolutePath | None = Field(
        default=None,
        description="Where ClamAV keeps its signatures.",
        examples=["/var/lib/clamav"],
    )
    full: bool = Field(
        default=False,
        description="True to scan every file at every run, not only what is new.",
        examples=[True],
    )
    max_file_size: Size = Field(
        default=written("100MB"),
        description="Larger files are not scanned, and counted in every report. Not more than "
        "MaxFileSize of clamd.conf: clamd itself passes over larger ones in silence.",
        examples=["100MB"],
    )
    deadline: Duration = Field(
        default=written("1h"),
        description="How long the scan of one run may take.",
        examples=["1h"],
    )

    @model_validator(mode="before")
    @classmethod
    def _by_name(cls, value: Any) -> Any:
        return {"engine": value} if isinstance(value, str) else value


def or_name(schema: dict[str, Any]) -> None:
    """Add to the JSON Schema that a bare name will do."""
    schema["anyOf"].insert(0, {"type": "string", "description": "The name of a scanner."})
