"""What status must know of each job: a few values, read without the rest of the plan."""

from collections.abc import Mapping, Sequence
from typing import Any

from netops.core.dataclass import dataclass
from netops.core.errors import UsageError


@dataclass(frozen=True, slots=True)
class Watch:
    """One job as status sees it."""

    name: str
    #: The primary first.
    locations: tuple[str, ...]
    #: Location → how often all its data is to be read back.
    readings: Mapping[str, str]
    turn_s: float | None = None
    max_age_s: float | None = None
    #: The ransomware alarm is on.
    is_guarded: bool = True


def watches(section: Mapping[str, Any], names: Sequence[str]) -> list[Watch]:
    """
    Return the named jobs of the checked `backup:` section, all when none is named.

    Raises UsageError for an unknown one.
    """
    jobs: Mapping[str, Any] = section.get("jobs") or {}
    check_names(jobs, names)
    repositories = section.get("repositories") or {}
    return [_watch(name, jobs[name], repositories) for name in (names or jobs)]


def check_names(jobs: Mapping[str, Any], names: Sequence[str]) -> None:
    """Raise UsageError when one of `names` is no job."""
    unknown = [name for name in names if name not in jobs]
    if unknown:
        raise UsageError(
            f"there is no backup job {', '.join(map(repr, unknown))}",
            hint=f"jobs in netops.yaml: {', '.join(jobs) or 'none'}",
        )


def _watch(name: str, row: Mapping[str, Any], repositories: Mapping[str, Any]) -> Watch:
    locations = (row["repository"], *(row.get("offsite") or ()))
    return Watch(
        name,
        locations,
        {
            place: (repositories[place].get("verify") or {}).get("data", "monthly")
            for place in locations
        },
        (row.get("policy") or {}).get("turn_s"),
        row.get("max_age"),
        (row.get("alarm") or {}).get("enabled", True),
    )
