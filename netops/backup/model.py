"""The words of backup: jobs, repositories, kinds, and what the catalogue remembers."""

from collections.abc import Mapping
from typing import Any

from netops.backup.kind import Kind as Kind  # noqa: PLC0414  it is one of these words
from netops.core.dataclass import dataclass, field, replace

#: The class of data that rules want kept for six months at least.
ACCESS_LOG = "access-log"


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
class Verification:
    """How often a repository is looked at, as configured."""

    #: Cadences as text: how often its structure is checked, how often all its data is read back.
    structure: str = "daily"
    data: str = "monthly"
    #: The data is read back in this many portions, one at a time.
    parts: int = 30


@dataclass(frozen=True, slots=True)
class Ssh:
    """What proves both sides of an SSH connection to each other."""

    #: Reference to the private key; None leaves it to the account's own settings.
    identity: str | None = None
    #: The file with the server's key; None takes the account's own.
    known_hosts: str | None = None


@dataclass(frozen=True, slots=True)
class Keeping:
    """Where something is kept and by whom, as far as netops.yaml says."""

    place: str = ""
    address: str = ""
    kind: str = "other"
    custodian: str = ""
    protection: tuple[str, ...] = ()


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
    #: No progress for this long ends a copy.
    stall_timeout_s: float = 1800
    verify: Verification = field(default_factory=Verification)
    ssh: Ssh = field(default_factory=Ssh)
    keeping: Keeping = Keeping()
    #: The storage refuses to delete.
    append_only: bool = False
    #: How to reach it with the right to delete; None is the same as for backups.
    prune_location: str | None = None
    prune_password: str | None = None
    #: None is the environment of backups, an empty one is none at all.
    prune_environment: Mapping[str, str] | None = None

    @property
    def may_delete(self) -> bool:
        """Tell whether netops has a way to delete there."""
        others = (self.prune_location, self.prune_password, self.prune_environment)
        return not self.append_only or any(other is not None for other in others)

    def for_deleting(self) -> "Repository":
        """Return the same repository as reached with the right to delete."""
        environment = self.prune_environment
        return replace(
            self,
            location=self.prune_location or self.location,
            password=self.prune_password or self.password,
            environment=self.environment if environment is None else environment,
        )


@dataclass(frozen=True, slots=True)
class AlarmLimits:
    """The `alarm` section of a job."""

    enabled: bool = True
    #: Share of the files before, 0 to 1, that may be replaced or overwritten from one backup to the next.
    rewritten: float = 0.5
    #: Share of the files before that may be gone without replacement.
    removed: float = 0.5
    #: Share of the sampled files that may have lost their type.
    encrypted: float = 0.1
    #: Fewer files than this are no mass change.
    min_files: int = 10


@dataclass(frozen=True, slots=True)
class Retention:
    """How long the backups of a job are kept; without any number, for ever."""

    #: The newest so many of each kind.
    keep_full: int | None = None
    keep_differential: int | None = None
    keep_log: int | None = None
    #: The newest backup of each of so many days, weeks, months, years that have one.
    daily: int | None = None
    weekly: int | None = None
    monthly: int | None = None
    yearly: int | None = None
    #: Younger ones are never dropped.
    min_days: int = 0
    #: Nothing of the job is dropped while this is set.
    legal_hold: bool = False

    @property
    def counts(self) -> Mapping[Kind, int | None]:
        """Return how many of each kind are kept as such."""
        return {
            Kind.FULL: self.keep_full,
            Kind.DIFFERENTIAL: self.keep_differential,
            Kind.LOG: self.keep_log,
        }

    @property
    def periods(self) -> Mapping[str, int]:
        """Return how many days, weeks, months and years are kept, those that are set."""
        numbers = {
            "day": self.daily,
            "week": self.weekly,
            "month": self.monthly,
            "year": self.yearly,
        }
        return {name: number for name, number in numbers.items() if number is not None}

    @property
    def drops(self) -> bool:
        """Tell whether anything is ever dropped."""
        numbers = [*self.counts.values(), *self.periods.values()]
        return not self.legal_hold and any(number is not None for number in numbers)


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
    #: Seconds between two turns of the tightest cadence; None without cadences.
    turn_s: float | None = None
    max_age_s: float | None = None
    deadline_s: float = 12 * 3600
    owner: str = ""
    department: str = ""
    custodian: str = ""
    data_class: str = ""
    description: str = ""
    #: When a change counts as a jump.
    alarm: AlarmLimits = AlarmLimits()
    #: Devices of the inventory; none means this machine.
    protects: tuple[str, ...] = ()
    retention: Retention = field(default_factory=Retention)
    scan: Scan | None = None
    #: What files that change while they are read are worth: `remark` or `warn`.
    on_changing: str = "remark"

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
    #: Cadences as text: how often retention drops backups, and how often their space is freed.
    forget: str = "daily"
    prune: str = "weekly"
    handover_within_s: float = 7 * 86_400
    handover_needs_two_accounts: bool = False
