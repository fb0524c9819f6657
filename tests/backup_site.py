"""A site in a temporary directory, worked by the real command, restic and all."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import sites, warm
from tests.require import need

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Outcome:
    """A finished command."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        assert self.out, self.err
        return json.loads(self.out)

    @property
    def result(self) -> Any:
        """The result of the only target."""
        (result,) = self.data["results"]
        return result


class BackupSite:
    """One netops.yaml with one repository and one job called `data`."""

    def __init__(self, directory: Path, job: str, more: str = "") -> None:
        need("restic")
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        secret = directory / "password"
        secret.write_text(sites.PASSWORD)
        secret.chmod(0o600)
        self.write(job, more)

    def write(self, job: str, more: str = "") -> None:
        """Write netops.yaml; `job` is what stands under the job, as YAML."""
        lines = "".join(f"      {line}\n" for line in job.strip().splitlines())
        (self.directory / "netops.yaml").write_text(
            "backup:\n"
            "  repositories:\n"
            "    main: {location: ./repository, password: file:password}\n"
            f"  jobs:\n    data:\n      repository: main\n{lines}{more}"
        )

    @property
    def state(self) -> Path:
        return self.directory / "state"

    def netops(self, *arguments: str, **environment: str) -> Outcome:
        """Run a command to its end."""
        words = ["--site", str(self.directory), *arguments]
        env = {**os.environ, **environment}
        done = warm.completed(words, env=env, cwd=ROOT, errors="backslashreplace")
        return Outcome(done.returncode, done.stdout, done.stderr)

    def init(self) -> None:
        """Lay a new repository where the site expects its own."""
        sites.lay_out("main", self.directory / "repository")

    def backup(self, *arguments: str, **environment: str) -> Outcome:
        """Back the job up."""
        return self.netops("backup", "run", "data", "--json", *arguments, **environment)

    def kept(self) -> set[bytes]:
        """Return the paths of every file in the newest snapshot."""
        done = subprocess.run(
            ["restic", "-r", self.directory / "repository", "ls", "latest", "--json", "--no-cache"],
            env={**os.environ, "RESTIC_PASSWORD": sites.PASSWORD},
            capture_output=True,
            check=True,
        )
        nodes = [json.loads(line) for line in done.stdout.splitlines()]
        return {os.fsencode(n["path"]) for n in nodes if n.get("type") == "file"}

    def restored(self, to: Path) -> Path:
        """Restore the newest snapshot, bytes of names and all."""
        subprocess.run(
            ["restic", "-r", self.directory / "repository", "restore", "latest", "-t", to],
            env={**os.environ, "RESTIC_PASSWORD": sites.PASSWORD, "RESTIC_CACHE_DIR": str(to)},
            capture_output=True,
            check=True,
        )
        return to
