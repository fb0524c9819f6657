"""The `backup` section of netops.yaml: repositories, jobs and when they run."""

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    Field,
    ValidationInfo,
    WithJsonSchema,
    computed_field,
    model_validator,
)
from pydantic_core import PydanticCustomError

from netops.backup.alarm_settings import Alarm, AlarmSettings, switchable
from netops.backup.custody_settings import CoverageSettings, CustodySettings, HandoverSettings
from netops.backup.retention_settings import RetentionSettings, retention_mistakes
from netops.backup.scanners.settings import ScanSettings, or_name
from netops.core.document import Location, dotted
from netops.core.settings import (
    CadenceText,
    Duration,
    Name,
    SecretRef,
    Section,
    Size,
    absolute,
    absolute_reference,
    did_you_mean,
    is_secret_name,
    literal_secrets,
    written,
)

#: Kinds of repository restic reaches over the network.
REMOTE = ("sftp", "rest", "s3", "rclone", "azure", "gs", "b2", "swift")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(.*)", re.DOTALL)
_ENGINE = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_URL_WITH_PASSWORD = re.compile(r"://[^\s/:@]*:[^\s/]*@")
_BARE_PATH = ("/", "./")


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
    prune_environment: Annotated[dict[str, SecretRef], AfterValidator(_environment)] = Field(
        default_factory=dict,
        description="Environment variables for `forget` and `prune`, each a reference to a secret "
        "(default: environment).",
        examples=[{"AWS_ACCESS_KEY_ID": "env:S3_ADMIN", "AWS_SECRET_ACCESS_KEY": "file:keys/s3"}],
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


class SourceSettings(Section):
    """One thing to back up and the engine that reads it, from `/path`, `{engine: path}` or more."""

    engine: str
    path: str | None = None
    options: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _written(cls, value: Any, info: ValidationInfo) -> dict[str, Any]:
        base = info.context.get("base") if info.context else None
        if isinstance(value, str):
            return {"engine": "files", "path": source_path(value, base)}
        if not isinstance(value, dict) or len(value) != 1:
            raise ValueError("a path or one `engine: path` expected, such as sqlite: /srv/app.db")
        engine, rest = next(iter(value.items()))
        if not _ENGINE.fullmatch(engine):
            raise ValueError("the name of an engine expected, such as sqlite: /srv/app.db")
        if isinstance(rest, str):
            return {"engine": engine, "path": source_path(rest, base)}
        if not isinstance(rest, dict | None):
            raise PydanticCustomError("source", "a path or a mapping of options expected")
        options = _options(rest or {}, base)
        return {"engine": engine, "path": options.pop("path", None), "options": options}


def source_path(value: str, base: Path | None) -> str:
    """Return an absolute path; raise ValueError for one that is neither absolute nor `./`."""
    if not value.startswith(_BARE_PATH) and value != ".":
        raise ValueError("a path that starts with / expected (or ./ for beside netops.yaml)")
    return absolute(value, base)


def _options(options: dict[str, Any], base: Path | None) -> dict[str, Any]:
    for place in literal_secrets(options):
        raise ValueError(
            f"{dotted(place)}: a secret is given by reference, never as itself: file:keys/NAME "
            "or env:NAME"
        )
    resolved = {
        key: absolute_reference(value, base)
        if isinstance(value, str) and is_secret_name(key)
        else value
        for key, value in options.items()
    }
    if isinstance(path := resolved.get("path"), str):
        resolved["path"] = source_path(path, base)
    return resolved


_SOURCE_SCHEMA = {
    "oneOf": [
        {"type": "string", "pattern": r"^(/|\./|\.$)", "description": "A file or directory."},
        {
            "type": "object",
            "minProperties": 1,
            "maxProperties": 1,
            "propertyNames": {"pattern": "^[a-z][a-z0-9_-]*$"},
            "additionalProperties": {"type": ["string", "object", "null"]},
            "description": "The name of an engine, with a path or its options.",
        },
    ]
}
Source = Annotated[SourceSettings, WithJsonSchema(_SOURCE_SCHEMA)]


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
        if engines and engine not in engines and _ENGINE.fullmatch(str(engine)):
            near = did_you_mean(engine, sorted(engines)) or f"; known: {', '.join(sorted(engines))}"
            yield ("sources", index), f"no engine is called '{engine}'{near}"
