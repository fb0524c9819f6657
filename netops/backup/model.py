"""The words of backup: jobs, repositories, kinds, and what the catalogue remembers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from netops.core.status import Status

#: The class of data that rules want kept for six months at least.
ACCESS_LOG = "access-log"


class Kind(StrEnum):
    """What a backup reads again; every kind restores completely on its own."""

    #: Every file is read again, which also heals what rotted unnoticed.
    FULL = "full"
    #: What changed since the last good full backup.
    DIFFERENTIAL = "differential"
    #: What changed since the last backup of any kind.
    LOG = "log"


@dataclass(frozen=True, slots=True)
class Source:
    """One thing to back up and the engine that makes it readable."""

    engine: str
    options: Mapping[str, Any]

    @property
    def text(self) -> str:
        """Return it as a person would write it."""
        path = str(self.options.get("path", ""))
        return path if self.engine == "files" else f"{self.engine}:{path}"


@dataclass(frozen=True, slots=True)
class Repository:
    """One place for snapshots, as configured; secrets are references."""

    name: str
    location: str
    password: str
    environment: Mapping[str, str] = field(default_factory=dict)
    deadline_s: float = 6 * 3600
    connect_timeout_s: float = 20
    limit_upload_bytes_s: int | None = None


@dataclass(frozen=True, slots=True)
class Scan:
    """How a job's files are checked for malware before they are kept."""

    engine: str
    on_infected: str = "exclude"
    quarantine: str | None = None
    on_missing: str = "warn"
    full: bool = False
    deadline_s: float = 3600
    #: For the scanner: socket, database, max_signature_age, max_file_size.
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Remark:
    """Something a backup run found out besides the backup itself."""

    status: Status
    text: str
    #: For `--json` and the journal.
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Job:
    """What to back up, where to, how often, and whose it is."""

    name: str
    sources: tuple[Source, ...]
    repository: str
    offsite: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    one_file_system: bool = False
    #: Cadences as text by kind, strongest first.
    policy: Mapping[Kind, str] = field(default_factory=dict)
    max_age_s: float | None = None
    deadline_s: float = 12 * 3600
    owner: str = ""
    department: str = ""
    custodian: str = ""
    data_class: str = ""
    description: str = ""
    scan: Scan | None = None

    @property
    def locations(self) -> tuple[str, ...]:
        """Return the names of every repository the job's data lives in, primary first."""
        return (self.repository, *self.offsite)


@dataclass(frozen=True, slots=True)
class BackupPlan:
    """The `backup:` section as plain values."""

    repositories: Mapping[str, Repository] = field(default_factory=dict)
    jobs: Mapping[str, Job] = field(default_factory=dict)
    parallel: int = 2


@dataclass(frozen=True, slots=True)
class Backup:
    """One backup of one job, as the catalogue remembers it."""

    id: str
    run_id: str
    seq: int
    job: str
    repository: str
    kind: Kind
    base_id: str | None
    parent_id: str | None
    started_at: datetime
    finished_at: datetime | None
    status: int | None
    snapshot_id: str | None
    sources: tuple[Mapping[str, Any], ...] = ()
    files_new: int = 0
    files_changed: int = 0
    files_unmodified: int = 0
    bytes_processed: int = 0
    bytes_added: int = 0
    duration_s: float = 0.0
    message: str = ""
    owner: str = ""
    department: str = ""
    custodian: str = ""
    data_class: str = ""


@dataclass(frozen=True, slots=True)
class Placement:
    """One backup in one repository."""

    backup_id: str
    location: str
    role: str
    status: int | None
    snapshot_id: str | None
    started_at: datetime | None
    #: When the snapshot was seen there by listing; None while nobody has seen it.
    listed_at: datetime | None
    duration_s: float | None = None
    message: str = ""

    @property
    def is_good(self) -> bool:
        """Tell whether a restore from here can be relied on."""
        return self.status in {0, 1} and self.listed_at is not None


@dataclass(frozen=True, slots=True)
class BackupDirectories:
    """Where the backup room keeps its things."""

    locks: Path
    staging: Path
    cache: Path

    @property
    def state(self) -> Path:
        """The directory of everything netops writes for itself."""
        return self.staging.parent
