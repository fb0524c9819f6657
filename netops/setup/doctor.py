"""`netops doctor`: what is missing before the work can be relied on, one line each, with the remedy."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from netops.app import Site
from netops.core.dataclass import dataclass
from netops.core.errors import NetopsError
from netops.core.status import Status
from netops.core.units import size_text

if TYPE_CHECKING:
    from netops.backup.model import Repository
    from netops.backup.room import BackupRoom

_LEAST_FREE_BYTES = 1000**3
_REPOSITORY_S = 60.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at."""

    subject: str
    status: Status
    text: str
    remedy: str = ""


def examine(site: Site | None) -> Iterator[Finding]:
    """Look at everything; a site without a readable configuration ends the list early."""
    yield from _programs()
    yield _clock()
    if site is None:
        remedy = "run `netops init DIR`, then `netops --site DIR doctor`"
        yield Finding("site", Status.WARNING, "no netops.yaml found", remedy)
        return
    configuration = _attempt("configuration", lambda: f"{site.file} has {_size(site)}")
    yield configuration
    if configuration.status is not Status.OK:
        return
    state = _attempt("state", lambda: _state(site))
    yield state
    if state.status is not Status.OK:
        return
    yield _disk("disk of the state", site.state)
    journal = _attempt("journal", lambda: _journal(site))
    yield journal
    if journal.status is Status.OK:
        yield from _lost_runs(site)
    for repository in site.backup_plan.repositories.values():
        yield from _repository(site.backups, repository)
    yield from _sources(site)


def _size(site: Site) -> str:
    plan = site.backup_plan
    return f"{len(plan.jobs)} backup jobs, {len(plan.repositories)} repositories"


def _attempt(subject: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(subject, Status.OK, look())
    except NetopsError as error:
        return Finding(subject, Status.CRITICAL, str(error), error.hint or "")
    except OSError as error:
        reason = f"{error.filename or 'the system'}: {error.strerror or error}"
        return Finding(subject, Status.CRITICAL, reason, "check the path and its permissions")


def _programs() -> Iterator[Finding]:
    from netops.backup.restic import version

    yield Finding("python", Status.OK, sys.version.split()[0])
    yield _attempt("restic", lambda: f"{version.installed()} at {shutil.which('restic')}")
    for name, package, why in (
        ("timeout", "coreutils", "ends a restic that hangs"),
        ("setpriv", "util-linux", "ends programs when netops is killed"),
    ):
        found = shutil.which(name)
        status = Status.OK if found else Status.WARNING
        text = f"{found or 'missing'} ({why})"
        yield Finding(name, status, text, "" if found else f"apt-get install {package}")


def _clock() -> Finding:
    """Ask the kernel whether something keeps its clock right (adjtimex(2))."""
    import ctypes

    unsynchronised = 5  # TIME_ERROR
    try:
        timex = ctypes.create_string_buffer(512)  # modes = 0: only read
        answer = ctypes.CDLL(None, use_errno=True).adjtimex(timex)
    except (OSError, AttributeError):
        answer = -1
    if 0 <= answer < unsynchronised:
        return Finding("clock", Status.OK, "synchronised")
    text = "not synchronised" if answer == unsynchronised else "cannot be asked"
    status = Status.WARNING if answer == unsynchronised else Status.UNKNOWN
    return Finding("clock", status, text, "apt-get install chrony, or allow time to the container")


def _state(site: Site) -> str:
    mode = site.state.stat().st_mode & 0o077
    if mode:
        raise NetopsError(f"others may look into {site.state}", hint=f"chmod 700 {site.state}")
    if not os.access(site.state, os.W_OK):
        raise NetopsError(f"{site.state} cannot be written", hint="run as the account that owns it")
    return f"{site.state}, {site.database.name} open"


def _journal(site: Site) -> str:
    return f"{site.journal.size} entries in {site.journal_directory}"


def _disk(subject: str, path: Path) -> Finding:
    free = shutil.disk_usage(path).free
    status = Status.OK if free >= _LEAST_FREE_BYTES else Status.WARNING
    remedy = "" if status is Status.OK else "make room, or move it to a larger disk"
    return Finding(subject, status, f"{size_text(free)} free at {path}", remedy)


def _lost_runs(site: Site) -> Iterator[Finding]:
    from netops.core.lock import is_held

    for run in site.journal.open_runs():
        if not is_held(site.locks / "runs" / f"{run.run}.lock"):
            text = f"{run.run} ({run.verb}) left no outcome"
            yield Finding("lost run", Status.WARNING, text, "the next run settles it")


def _repository(room: "BackupRoom", repository: "Repository") -> Iterator[Finding]:
    from netops.backup.restic import simple

    subject = f"repository {repository.name}"

    def look() -> str:
        access = room.access(repository)
        room.target(repository).reach(repository.connect_timeout_s)
        found = simple.repository_id(access, deadline_s=_REPOSITORY_S)
        return f"{repository.location} opens ({found[:8]})"

    yield _attempt(subject, look)
    if repository.location.startswith("/") and Path(repository.location).is_dir():
        yield _disk(f"disk of {repository.name}", Path(repository.location))


def _sources(site: Site) -> Iterator[Finding]:
    """Say which sources are missing; whether every file can be read only a backup tells."""
    for job in site.backup_plan.jobs.values():

        def look(job_name: str = job.name) -> str:
            from netops.backup.preflight import check_sources

            chosen = site.backup_plan.jobs[job_name]
            check_sources(chosen, site.backups.engines_of(chosen))
            return f"{', '.join(source.text for source in chosen.sources)} there"

        yield _attempt(f"job {job.name}", look)
    if not _reads_everything():
        text = f"running as uid {os.geteuid()}: files of others may be unreadable"
        remedy = "run as root or with CAP_DAC_READ_SEARCH (docs/howto/first-backup.md)"
        yield Finding("permissions", Status.WARNING, text, remedy)


def _reads_everything() -> bool:
    """Tell whether file permissions do not bind us (capabilities(7))."""
    dac_override, dac_read_search = 1 << 1, 1 << 2
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("CapEff:"):
            return bool(int(line.split()[1], 16) & (dac_override | dac_read_search))
    return os.geteuid() == 0
