"""What every backup verb works with: plan, catalogue, places, and how to open them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from netops.backup.catalogue import Catalogue
from netops.backup.engines.base import Engine
from netops.backup.model import BackupPlan, Job, Repository, Source
from netops.backup.records import BackupDirectories
from netops.backup.restic.access import Access
from netops.backup.restic.client import Call
from netops.backup.restic.sftp import SshKeys
from netops.backup.targets.base import Target, split
from netops.core import lock
from netops.core.clock import Clock, SystemClock
from netops.core.dataclass import dataclass, field
from netops.core.registry import Registry
from netops.core.run import Context, Progress
from netops.core.secrets import resolve

engines: Registry[Engine] = Registry(
    "netops.backup_engines",
    {
        "files": "netops.backup.engines.files:FilesEngine",
        "logs": "netops.backup.engines.logs:LogsEngine",
        "sqlite": "netops.backup.engines.sqlite:SqliteEngine",
    },
)
targets: Registry[Target] = Registry(
    "netops.backup_targets",
    {
        "local": "netops.backup.targets.local:LocalTarget",
        "remote": "netops.backup.targets.remote:RemoteTarget",
    },
)

#: The file with the journal's newest signed head, as it travels in snapshots.
NOTE_NAME = "checkpoint.note"


@dataclass(frozen=True, slots=True)
class BackupRoom:
    """The backup room of one site, ready to work."""

    plan: BackupPlan
    catalogue: Catalogue
    directories: BackupDirectories
    #: Relative `file:` references start here.
    secrets_base: Path
    host: str
    #: The journal's newest signed head; goes into every snapshot, and so into every offsite copy.
    anchor_note: Path | None = None
    clock: Clock = field(default_factory=SystemClock)

    def access(self, repository: Repository) -> Access:
        """Resolve the repository's secrets."""
        ssh = repository.ssh
        identity = resolve(ssh.identity, base=self.secrets_base) if ssh.identity else None
        return Access(
            repository.name,
            repository.location,
            resolve(repository.password, base=self.secrets_base),
            {k: resolve(v, base=self.secrets_base) for k, v in repository.environment.items()},
            self.directories.cache / "restic",
            repository.limit_upload_bytes_s,
            SshKeys(identity, ssh.known_hosts),
            repository.connect_timeout_s,
        )

    def repository(self, name: str) -> Repository:
        """Return a configured repository; the configuration check proved that it exists."""
        return self.plan.repositories[name]

    def target(self, repository: Repository) -> Target:
        """Return the place the repository lives in."""
        kind, _ = split(repository.location)
        known = targets.built_in if kind == "local" else {}
        return targets.get(kind if kind in known else "remote")(repository.location)

    def engines_of(self, job: Job) -> list[tuple[Source, Engine]]:
        """Return an engine for each source of the job; raise ConfigError for an unknown one."""
        return [(source, engines.get(source.engine)(source.options)) for source in job.sources]

    @contextmanager
    def exclusively(self, repository: Repository, context: Context) -> Iterator[None]:
        """Hold the repository while the block runs; wait for other netops runs to leave it."""
        path = self.directories.locks / f"repository-{repository.name}.lock"
        if lock.is_held(path):
            context.progress(Progress(step=f"waiting for {repository.name}"))
        remaining_s = context.remaining_s()
        with lock.hold(
            path,
            f"repository {repository.name!r}",
            wait_s=3600 if remaining_s is None else remaining_s,
            cancelled=context.cancel.is_set,
        ):
            context.cancel.check()
            yield

    @contextmanager
    def reading(self, repository: Repository, context: Context) -> Iterator[None]:
        """Read from the repository while the block runs; wait until nobody needs it unread."""
        with self._readers(repository, context, None, shared=True):
            yield

    @contextmanager
    def unread(
        self, repository: Repository, context: Context, *, wait_s: float | None = None
    ) -> Iterator[None]:
        """
        Keep copies and restores from reading while the block runs; the caller holds the repository.

        restic's check and prune want it for themselves, and fail where somebody only reads.
        """
        with self._readers(repository, context, wait_s, shared=False):
            yield

    @contextmanager
    def _readers(
        self, repository: Repository, context: Context, wait_s: float | None, *, shared: bool
    ) -> Iterator[None]:
        left_s = [s for s in (wait_s, context.remaining_s()) if s is not None]
        with lock.hold(
            self.directories.locks / f"readers-{repository.name}.lock",
            f"repository {repository.name!r}",
            wait_s=min(left_s, default=3600),
            cancelled=context.cancel.is_set,
            shared=shared,
        ):
            context.cancel.check()
            yield

    @contextmanager
    def job_alone(self, job: Job) -> Iterator[None]:
        """Hold the job while the block runs; raise LockedError at once when it is running."""
        path = self.directories.locks / f"job-{job.name}.lock"
        with lock.hold(path, f"backup job {job.name!r}"):
            yield

    def is_running(self, job_name: str) -> bool:
        """Tell whether a living process works on the job."""
        return lock.is_held(self.directories.locks / f"job-{job_name}.lock")


def limits(
    context: Context, deadline_s: float | None = None, *, quiet: bool = False, share: int = 1
) -> Call:
    """Return the limits of one restic call within what the target's run has left."""
    remaining = [s for s in (context.remaining_s(), deadline_s) if s is not None]
    return Call(
        min(remaining) / share if remaining else None,
        context.cancel,
        None if quiet else context.progress,
    )


def tags_of(job: Job, facts: dict[str, str]) -> Sequence[str]:
    """Return the tags from which the catalogue can be made again; commas would split them."""
    label = {
        "job": job.name,
        **facts,
        "owner": job.owner,
        "department": job.department,
        "custodian": job.custodian,
        "class": job.data_class,
    }
    return [
        "netops",
        *(
            f"netops-{name}={value.replace('%', '%25').replace(',', '%2C')}"
            for name, value in label.items()
            if value
        ),
    ]
