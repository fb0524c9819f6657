"""The `backup` section of netops.yaml: jobs, when they run, and how it all fits together."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import (
    Field,
    computed_field,
)

from netops.backup.alarm_settings import Alarm, AlarmSettings, switchable
from netops.backup.custody_settings import CoverageSettings, HandoverSettings
from netops.backup.repository_settings import RepositorySettings, canonical_location
from netops.backup.retention_settings import RetentionSettings, retention_mistakes
from netops.backup.scanners.settings import ScanSettings, or_name
from netops.backup.source_settings import ENGINE, Source
from netops.core.document import Location
from netops.core.settings import (
    CadenceText,
    Duration,
    Name,
    Section,
    did_you_mean,
    written,
)


class PolicySettings(Section):
    """When the kinds of backup are made."""

    full: CadenceText = Field(
        default="monthly", description="When everything is read again.", examples=["monthly"]
    )
    differential: CadenceText | None = Field(
        default="daily",
        description="When what changed since the last full backup is stored; null for never.",
        examples=["daily"],
    )
    log: CadenceText | None = Field(
        default=None,
        description="When what came since the last backup of any kind is stored.",
        examples=["hourly"],
    )

    @computed_field  # type: ignore[prop-decorator]  # pydantic's own order
    @property
    def turn_s(self) -> float | None:
        """Seconds between two turns of the tightest cadence, so that status need not work it out."""
        from netops.core.cadence import parse_cadence

        texts = [text for text in (self.full, self.differential, self.log) if text]
        turns = [parse_cadence(text).interval_s for text in texts]
        return min((turn for turn in turns if turn != math.inf), default=None)


class JobSettings(Section):
    """What is backed up, where to, when, and whose it is."""

    description: str = Field(
        default="",
        description="What this is, for the reports.",
        examples=["Settings of this machine"],
    )
    sources: list[Source] = Field(
        min_length=1,
        description="Paths, or `engine: path`, or `engine: {options}`.",
        examples=[["/etc", {"sqlite": "/srv/app/app.db"}]],
    )
    exclude: list[str] = Field(
        default_factory=list,
        description="Patterns of files to leave out, as restic reads them.",
        examples=[["*.tmp", "/etc/mtab"]],
    )
    one_file_system: bool = Field(
        default=False,
        description="True to stay out of other file systems mounted below a source.",
        examples=[True],
    )
    repository: Name = Field(
        description="The repository that takes the backup first.", examples=["main"]
    )
    offsite: list[Name] = Field(
        default_factory=list,
        description="Repositories that get a copy afterwards.",
        examples=[["offsite"]],
    )
    policy: PolicySettings = Field(
        default_factory=PolicySettings,
        description="When full, differential and log backups are made.",
        examples=[{"full": "monthly", "differential": "daily", "log": "hourly"}],
    )
    retention: RetentionSettings = Field(
        default_factory=RetentionSettings,
        description="How long backups are kept (default: for ever).",
        examples=[{"daily": 7, "weekly": 5, "monthly": 12}],
    )
    max_age: Duration | None = Field(
        default=None,
        description="Older than this the newest backup is critical (default: from the policy).",
        examples=["26h"],
    )
    alarm: Alarm = Field(
        default_factory=AlarmSettings,
        description="When a backup that changed too much raises the ransomware alarm; false for "
        "never.",
        examples=[False],
        json_schema_extra=switchable,
    )
    deadline: Duration = Field(
        default=written("12h"), description="How long the whole job may take.", examples=["12h"]
    )
    owner: str | None = Field(
        default=None,
        description="Who answers for the data.",
        examples=["registrar@example.org"],
    )
    department: str | None = Field(
        default=None,
        description="The department the data belongs to.",
        examples=["Network Centre"],
    )
    custodian: str | None = Field(
        default=None,
        description="Who keeps the backup.",
        examples=["Chen Li"],
    )
    data_class: str | None = Field(
        default=None,
        alias="class",
        description="How sensitive the data is, in your own words; `access-log` is as access_log, "
        "and what jobs that collect logs have unless you say otherwise.",
        examples=["internal"],
    )
    protects: list[Name] = Field(
        default_factory=list,
        description="Devices of the inventory whose data this is (default: this machine, found "
        "by site.origin).",
        examples=[["www-1", "db-1"]],
    )
    access_log: bool = Field(
        default=False,
        description="True for records of access, which are kept for 180 days at least.",
        examples=[True],
    )
    on_changing: Literal["remark", "warn"] = Field(
        default="remark",
        description="When files change while they are backed up: name them in the result and the "
        "journal, or also make the backup a warning.",
        examples=["warn"],
    )
    scan: ScanSettings | None = Field(
        default=None,
        json_schema_extra=or_name,
        description="A scanner that checks what is new before it is backed up: `clamav`, or its "
        "options.",
        examples=["clamav", {"engine": "clamav", "on_infected": "abort"}],
    )


class BackupSettings(Section):
    """Repositories, jobs, and how many run at once."""

    repositories: dict[Name, RepositorySettings] = Field(
        default_factory=dict,
        description="Places that hold backups, by name.",
        examples=[{"main": {"location": "./repositories/main", "password": "file:keys/main"}}],
    )
    jobs: dict[Name, JobSettings] = Field(
        default_factory=dict,
        description="What is backed up, by name.",
        examples=[{"etc": {"sources": ["/etc"], "repository": "main"}}],
    )
    parallel: int = Field(
        default=2, ge=1, le=64, description="How many jobs run at the same time.", examples=[2]
    )
    forget: CadenceText = Field(
        default="daily",
        description="How often retention drops what it no longer keeps; done by `backup forget "
        "--due`, which `schedule` starts. Jobs without retention keep everything.",
        examples=["daily"],
    )
    prune: CadenceText = Field(
        default="weekly",
        description="How often the space of what was dropped is freed; done by `backup prune "
        "--due`, which `schedule` starts. `never` where another machine prunes.",
        examples=["weekly on sunday at 03:00"],
    )
    handover: HandoverSettings = Field(
        default_factory=HandoverSettings,
        description="How custody changes hands.",
        examples=[{"confirm_within": "7d"}],
    )
    coverage: CoverageSettings = Field(
        default_factory=CoverageSettings,
        description="What `netops backup coverage` asks for.",
        examples=[{"servers": "role=server"}],
    )


def cross_mistakes(
    section: Any, base: Path, engines: frozenset[str] = frozenset()
) -> Iterator[tuple[Location, str]]:
    """
    Yield what contradicts itself in the raw `section`, as path and message.

    Works on unchecked data, so that it can be told together with all other mistakes. Unknown
    engines are mistakes only when `engines` names the installed ones.
    """
    repositories = _mapping(section, "repositories")
    yield from _shared_locations(repositories, base)
    for name, job in _mapping(section, "jobs").items():
        if isinstance(job, dict):
            for place, message in _job_mistakes(job, list(repositories), engines):
                yield ("jobs", name, *place), message


def _mapping(section: Any, key: str) -> dict[str, Any]:
    value = section.get(key) if isinstance(section, dict) else None
    return value if isinstance(value, dict) else {}


def _shared_locations(repositories: dict[str, Any], base: Path) -> Iterator[tuple[Location, str]]:
    seen: dict[str, str] = {}
    for name, repository in repositories.items():
        location = repository.get("location") if isinstance(repository, dict) else None
        if not isinstance(location, str):
            continue
        try:
            place = canonical_location(location, base).rstrip("/")
        except ValueError:
            continue
        if place in seen:
            message = f"the same place as repository '{seen[place]}'; a copy needs its own"
            yield ("repositories", name, "location"), message
        seen.setdefault(place, name)


def _job_mistakes(
    job: dict[str, Any], repositories: list[str], engines: frozenset[str]
) -> Iterator[tuple[Location, str]]:
    offsite = job.get("offsite")
    copies = offsite if isinstance(offsite, list) else []
    named: list[tuple[Location, Any]] = [(("repository",), job.get("repository"))]
    named += [(("offsite", index), name) for index, name in enumerate(copies)]
    for position, (place, name) in enumerate(named):
        if not isinstance(name, str):
            continue
        if name not in repositories:
            yield place, f"no repository is called '{name}'{did_you_mean(name, repositories)}"
        elif position and name == job.get("repository"):
            yield place, f"'{name}' is already the job's repository; a copy needs another"
        elif name in copies[: max(position - 1, 0)]:
            yield place, f"'{name}' is named twice"
    yield from retention_mistakes(job)
    sources = job.get("sources")
    for index, source in enumerate(sources if isinstance(sources, list) else []):
        engine = next(iter(source)) if isinstance(source, dict) and len(source) == 1 else "files"
        if engines and engine not in engines and ENGINE.fullmatch(str(engine)):
            near = did_you_mean(engine, sorted(engines)) or f"; known: {', '.join(sorted(engines))}"
            yield ("sources", index), f"no engine is called '{engine}'{near}"
