"""A small site with two real repositories, a clock that tests move, and netops as a process."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from netops.app import Site
from netops.backup.forget import ForgetRun
from netops.backup.model import Kind
from netops.backup.plan import chosen_jobs
from netops.backup.prune import PruneRun
from netops.backup.rebuild import RebuildRun
from netops.backup.run import BackupRun
from netops.core.results import Report, Result
from netops.core.run import Options, Work
from tests import sites, warm

ROOT = Path(__file__).parents[2]
PASSWORD = sites.PASSWORD
START = datetime(2026, 11, 1, 3, tzinfo=UTC)


@dataclass
class MovedClock:
    """A clock that stands where the test puts it."""

    moment: datetime = START

    def now(self) -> datetime:
        return self.moment

    def monotonic_s(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


@dataclass
class SmallSite:
    """One job `docs` of one folder, to `main` and to `offsite`."""

    directory: Path
    retention: str = "{keep_full: 2}"
    offsite: str = "./offsite"
    copies: str = "[offsite]"
    #: Lines of YAML for the offsite repository.
    more: str = ""
    clock: MovedClock = field(default_factory=MovedClock)

    def make(self) -> "SmallSite":
        """Write the configuration and some data; create the repositories."""
        self.directory.mkdir(exist_ok=True)
        (self.directory / "password").write_text(f"{PASSWORD}\n")
        (self.directory / "password").chmod(0o600)
        self.configure()
        self.change("first")
        for name in ("main", "offsite"):
            sites.lay_out(name, self.directory / name)
        return self

    def twin(self, directory: Path) -> "SmallSite":
        """Return a copy of the whole site, so that tests need not make their own."""
        shutil.copytree(self.directory, directory)
        return replace(self, directory=directory, clock=MovedClock())

    def configure(self, **changes: str) -> None:
        for name, value in changes.items():
            setattr(self, name, value)
        (self.directory / "netops.yaml").write_text(
            f"""
site: {{origin: netops.test}}
state_dir: state
backup:
  repositories:
    main: {{location: ./main, password: "file:password"}}
    offsite: {{location: "{self.offsite}", password: "file:password"{self.more}}}
  jobs:
    docs:
      sources: [./docs]
      repository: main
      offsite: {self.copies}
      retention: {self.retention}
""",
            encoding="utf-8",
        )

    def change(self, text: str, size_bytes: int = 20_000) -> None:
        """Replace the data by something that shares nothing with it."""
        folder = self.directory / "docs"
        folder.mkdir(exist_ok=True)
        (folder / "letter.txt").write_text(text)
        (folder / "noise").write_bytes(os.urandom(size_bytes))

    def _execute(
        self, verb: str, names: Sequence[str], act: Any, *, dry_run: bool = False
    ) -> Report:
        site = Site(self.directory / "netops.yaml", self.clock)
        try:
            plan = site.backup_plan
            subjects: Mapping[str, Any] = {**plan.repositories, **plan.jobs}
            work = [Work(name, subjects[name]) for name in names]
            return site.runner().execute(verb, work, act(site), Options(dry_run=dry_run))
        finally:
            site.close()

    def back_up(self, kind: str = "full", days: float = 1.0) -> str:
        """Let time pass and make a backup; return its id."""
        self.clock.moment += timedelta(days=days)
        report = self._execute("backup run", ["docs"], lambda s: BackupRun(s.backups, Kind(kind)))
        assert report.exit_code == 0, report.as_dict()
        return str(report.results[0].facts["backup"])

    def forget(self, *names: str, dry_run: bool = False) -> Report:
        return self._execute(
            "backup forget",
            names or ["main", "offsite"],
            lambda s: ForgetRun(s.backups, chosen_jobs(s.backup_plan, []), 2),
            dry_run=dry_run,
        )

    def prune(self, *names: str) -> Report:
        return self._execute("backup prune", names, lambda s: PruneRun(s.backups))

    def rebuild(self, *names: str, dry_run: bool = False) -> Report:
        return self._execute(
            "backup rebuild-catalogue",
            names or ["main", "offsite"],
            lambda s: RebuildRun(s.backups),
            dry_run=dry_run,
        )

    def restic(self, name: str, *arguments: str) -> str:
        """Ask restic itself, past our own code."""
        password = self.directory / "password"
        location = self.directory / name if "://" not in name else name
        done = subprocess.run(
            ["restic", "-r", str(location), "--password-file", str(password), *arguments],
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return str(done.stdout)

    def lies_in(self, name: str) -> list[str]:
        """Return the backups of the job that really lie there, by their tags, oldest first."""
        listed = json.loads(self.restic(name, "snapshots", "--json", "--no-lock"))
        tags = [dict(t.partition("=")[::2] for t in s.get("tags", ())) for s in listed]
        own = [t for t in tags if t.get("netops-job") == "docs"]
        return [t["netops-run"] for t in sorted(own, key=lambda t: int(t["netops-seq"]))]

    def rows(self, query: str, **values: object) -> list[Any]:
        """Ask the catalogue."""
        site = Site(self.directory / "netops.yaml", self.clock)
        try:
            return list(site.database.execute(query, **values))
        finally:
            site.close()

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "netops", "--site", str(self.directory), *arguments]

    def environment(self) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": str(ROOT), "TZ": "UTC"}

    def netops(
        self, *arguments: str, expect: int | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run the command as people do."""
        words = ["--site", str(self.directory), *arguments]
        done = warm.completed(words, env=self.environment(), cwd=Path.cwd(), timeout_s=240)
        if expect is not None:
            assert done.returncode == expect, done.stdout + done.stderr
        return done


def outcomes(result: Result) -> dict[str, str]:
    """Return backup id → outcome of one location of a forget."""
    return {row["backup"]: row["outcome"] for row in result.facts["decisions"]}
