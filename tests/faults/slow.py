"""Runs slow enough to be struck in the middle: restic itself limits what it sends."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.sites import Site, restic_under, wait_until

_CONTENT_BYTES = 3_000_000
_SLOW = "50kB"


def slow_down(site: Site, repository: str) -> None:
    """Give the source a minute's worth of data at the speed `repository` now takes it."""
    (site.source / "random").write_bytes(os.urandom(_CONTENT_BYTES))
    site.repositories[repository]["limit_upload"] = _SLOW
    site.write()


def speed_up(site: Site) -> None:
    """Lift every limit."""
    for repository in site.repositories.values():
        repository.pop("limit_upload", None)
    site.write()


def stored_bytes(repository: Path) -> int:
    """Return the bytes of data in a repository, unfinished files included."""
    total = 0
    for path in (repository / "data").rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:  # renamed meanwhile
            continue
    return total


@contextmanager
def in_the_middle(
    site: Site, command: str, repository: Path, *arguments: str
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Start a run and give it and its restic once that has begun to store data."""
    before = stored_bytes(repository)
    process = site.start("backup", "run", "data", "--json", *arguments)
    try:
        wait_until(
            lambda: restic_under(process.pid, command) and stored_bytes(repository) > before,
            f"restic {command} has begun to store",
        )
        restic = restic_under(process.pid, command)
        assert restic is not None
        yield process, restic
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
