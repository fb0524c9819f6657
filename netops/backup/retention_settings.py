"""The `retention` section of a backup job in netops.yaml."""

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import Field

from netops.backup.plan import ACCESS_LOG_DAYS, is_access_log
from netops.core.document import Location
from netops.core.settings import Section

Count = Annotated[int, Field(ge=1, le=100_000)]


class RetentionSettings(Section):
    """How long backups are kept; without any number they are kept for ever."""

    keep_full: Count | None = Field(
        default=None,
        description="How many full backups are kept, the newest ones; what stands on them too, "
        "unless it has a number of its own.",
        examples=[3],
    )
    keep_differential: Count | None = Field(
        default=None, description="How many differential backups are kept.", examples=[14]
    )
    keep_log: Count | None = Field(
        default=None, description="How many log backups are kept.", examples=[168]
    )
    daily: Count | None = Field(
        default=None, description="For how many days one backup each is kept.", examples=[7]
    )
    weekly: Count | None = Field(
        default=None, description="For how many weeks one backup each is kept.", examples=[5]
    )
    monthly: Count | None = Field(
        default=None, description="For how many months one backup each is kept.", examples=[12]
    )
    yearly: Count | None = Field(
        default=None, description="For how many years one backup each is kept.", examples=[3]
    )
    min_days: int | None = Field(
        default=None,
        ge=0,
        le=36_500,
        description="Younger backups are never dropped (default: 0; for access logs 180, and "
        "never less).",
        examples=[30],
    )
    legal_hold: bool = Field(
        default=False, description="True to drop nothing of this job at all.", examples=[True]
    )


def retention_mistakes(job: dict[str, Any]) -> Iterator[tuple[Location, str]]:
    """Yield what is wrong with the retention of one raw job, as path and message."""
    section = job.get("retention")
    days = section.get("min_days") if isinstance(section, dict) else None
    if isinstance(days, int) and days < ACCESS_LOG_DAYS and is_access_log(job):
        yield (
            ("retention", "min_days"),
            f"access logs are kept {ACCESS_LOG_DAYS} days or longer, not {days}",
        )
