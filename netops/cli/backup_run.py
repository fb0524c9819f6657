"""What `backup run` does once its words are understood, whoever understood them."""

from netops.app import Site, find_site
from netops.backup.model import Kind
from netops.backup.plan import chosen_jobs
from netops.cli.backup_view import run_view
from netops.cli.runs import conduct
from netops.core.dataclass import dataclass
from netops.core.errors import UsageError
from netops.core.run import Options, Work


@dataclass(frozen=True, slots=True)
class RunRequest:
    """The words after `backup run`."""

    jobs: tuple[str, ...] = ()
    kind: str = "auto"
    due: bool = False
    as_json: bool = False
    quiet: bool = False
    dry_run: bool = False
    timeout_s: float | None = None
    jitter_s: float = 0.0


def run_backups(named_site: str | None, request: RunRequest) -> int:
    """Back the jobs up, show the outcome and return the exit code."""
    from netops.backup.run import BackupRun

    kind = _kind(request.kind)
    site = Site(find_site(named_site))
    chosen = chosen_jobs(site.backup_plan, list(request.jobs))
    if not chosen:
        raise UsageError(
            "there are no backup jobs in netops.yaml", hint="add one under backup.jobs"
        )
    backups = BackupRun(site.backups, kind, request.due)
    # A look every few minutes that finds nothing to do is no event; the journal is for what was done.
    unrecorded = request.dry_run or all(backups.is_idle(job) for job in chosen)
    jitter_s = 0.0 if unrecorded else request.jitter_s
    return conduct(
        site,
        "backup run",
        [Work(job.name, job, job.deadline_s) for job in chosen],
        backups,
        Options(request.timeout_s, jitter_s, site.backup_plan.parallel, unrecorded),
        run_view(as_json=request.as_json, quiet=request.quiet),
        {"type": request.kind, "due": request.due},
    )


def _kind(text: str) -> Kind | None:
    if text == "auto":
        return None
    if text not in {kind.value for kind in Kind}:
        raise UsageError(
            f"there is no backup type {text!r}", hint="full, differential, log or auto"
        )
    return Kind(text)
