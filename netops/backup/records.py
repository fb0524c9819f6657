"""What runs leave: backups and where they lie, as the catalogue remembers them."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from netops.backup.model import Kind
from netops.core.dataclass import dataclass, field
from netops.core.status import Status


@dataclass(frozen=True, slots=True)
class Remark:
    """Something a backup run found out besides the backup itself."""

    status: Status
    text: str
    #: For `--json` and the journal.
    facts: Mapping[str, Any] = field(default_factory=dict)


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
    #: When retention dropped it; it is listed no more.
    forgotten_at: datetime | None = None

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
    #: Keeps what a repair takes out of repositories.
    quarantine: Path

    @property
    def state(self) -> Path:
        """The directory of everything netops writes for itself."""
        return self.staging.parent
