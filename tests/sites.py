"""Small real sites for tests: a netops.yaml, sources, initialised repositories, and the command as a process."""

import functools
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import warm
from tests.cheap_key import make_cheap
from tests.require import need

ROOT = Path(__file__).parents[1]
COMMAND = warm.COMMAND
PASSWORD = "only-for-tests-4711"


@dataclass(frozen=True)
class Done:
    """A command that ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)

    def results(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.json()["results"]
        return found


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the tests' environment without what a developer's shell may have set."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("RESTIC_", "NETOPS_"))}
    return {**kept, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", **(more or {})}


class Site:
    """One site directory with one job `data` from `source` to `main`, copied to `offsite`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.source = directory / "source"
        self.state = directory / "state"
        self.main = directory / "repositories" / "main"
        self.offsite = directory / "repositories" / "offsite"
        #: Put before every command, such as `setpriv --reuid nobody`.
        self.prefix: tuple[str, ...] = ()
        self.settings: dict[str, Any] = {
            "site": {"name": "Test", "origin": "test.example.org"},
            "backup": {
                "repositories": {
                    "main": {"location": str(self.main), "password": "file:password"},
                    "offsite": {"location": str(self.offsite), "password": "file:password"},
                },
                "jobs": {
                    "data": {
                        "sources": [str(self.source)],
                        "repository": "main",
                        "offsite": ["offsite"],
                        "policy": {"full": "monthly", "differential": "daily"},
                    }
                },
            },
        }

    @property
    def job(self) -> dict[str, Any]:
        job: dict[str, Any] = self.settings["backup"]["jobs"]["data"]
        return job

    @property
    def repositories(self) -> dict[str, Any]:
        repositories: dict[str, Any] = self.settings["backup"]["repositories"]
        return repositories

    def write(self) -> None:
        """Write netops.yaml (JSON is YAML) from `settings`."""
        (self.directory / "netops.yaml").write_text(json.dumps(self.settings, indent=1))

    def netops(self, *arguments: str, env: Mapping[str, str] | None = None, **more: Any) -> Done:
        """Run the command on this site to its end."""
        words, cwd = ["--site", str(self.directory), *arguments], more.pop("cwd", self.directory)
        if not self.prefix and not more:
            done = warm.completed(words, env=environment(env), cwd=cwd, errors="surrogateescape")
            return Done(done.returncode, done.stdout, done.stderr)
        done = subprocess.run(
            [*self.prefix, *COMMAND, *words],
            env=environment(env),
            cwd=cwd,
            stdin=more.pop("stdin", subprocess.DEVNULL if "input" not in more else None),
            capture_output=True,
            text=True,
            errors="surrogateescape",
            timeout=120,
            check=False,
            **more,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def start(
        self, *arguments: str, env: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start the command on this site and return its process; the outputs go to files."""
        with (self.directory / "out").open("wb") as out, (self.directory / "err").open("wb") as err:
            return subprocess.Popen(
                [*self.prefix, *COMMAND, "--site", str(self.directory), *arguments],
                env=environment(env),
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )

    def backup(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        """Run the job and return its result after seeing the exit code."""
        done = self.netops("backup", "run", "data", "--json", *arguments)
        assert done.code == code, (done.code, done.out, done.err)
        (result,) = done.results()
        return result

    def status(self) -> dict[str, dict[str, Any]]:
        """Return what `backup status` says by location; its exit code must agree."""
        done = self.netops("backup", "status", "--json")
        plain = done.json()
        assert done.code == ["OK", "WARNING", "CRITICAL", "UNKNOWN"].index(plain["status"])
        return {row["location"]: row for row in plain["protections"]}

    def states(self) -> dict[str, str]:
        """Return location → status."""
        return {location: row["status"] for location, row in self.status().items()}

    def lost_runs(self) -> list[str]:
        done = self.netops("backup", "status", "--json")
        lost: list[str] = done.json()["lost_runs"]
        return lost

    def journal(self) -> list[dict[str, Any]]:
        """Return the entries of the journal, oldest first, after verifying it."""
        verified = self.netops("journal", "verify")
        assert verified.code == 0, verified
        done = self.netops("journal", "list", "--json", "--limit", "1000")
        assert done.code == 0, done
        return sorted(done.json(), key=lambda entry: int(entry["seq"]))

    def last_end(self) -> dict[str, Any]:
        """Return the journal's newest outcome of a run."""
        return [entry for entry in self.journal() if entry["kind"] == "run.end"][-1]

    def backups(self) -> list[dict[str, Any]]:
        """Return the catalogue, newest first."""
        found: list[dict[str, Any]] = self.netops("backup", "list", "--json").json()
        return found

    def restic(self, *arguments: str, repository: Path | None = None) -> str:
        """Run restic itself on a repository of the site."""
        return subprocess.run(
            ["restic", "--repo", str(repository or self.main), "--no-cache", *arguments],
            env=environment({"RESTIC_PASSWORD": PASSWORD}),
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    def snapshots(self, repository: Path | None = None) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(
            self.restic("snapshots", "--json", repository=repository)
        )
        return found


@functools.cache
def _templates() -> Path:
    """Make two repositories that cut data alike, once per process."""
    folder = Path(tempfile.mkdtemp(prefix="netops-test-repositories-"))
    env = {**environment(), "RESTIC_PASSWORD": PASSWORD, "RESTIC_FROM_PASSWORD": PASSWORD}
    main, offsite = folder / "main", folder / "offsite"
    like = ["--copy-chunker-params", "--from-repo", str(main)]
    for repository, flags in ((main, []), (offsite, like)):
        subprocess.run(
            ["restic", "--repo", str(repository), "--no-cache", "init", *flags],
            env=env,
            capture_output=True,
            check=True,
        )
        make_cheap(repository, PASSWORD)
    return folder


def lay_out(which: str, directory: Path) -> None:
    """Put a new repository with a cheap key there; `main` and `offsite` cut data alike."""
    need("restic", "openssl")
    shutil.copytree(_templates() / which, directory)


def discard_templates() -> None:
    """Remove what `_templates` made."""
    if _templates.cache_info().currsize:
        shutil.rmtree(_templates(), ignore_errors=True)


def make_site(directory: Path, *, files: int = 3) -> Site:
    """Make a site with `files` small files in its source and empty repositories."""
    need("restic", "openssl")
    directory.mkdir(parents=True, exist_ok=True)
    site = Site(directory)
    site.source.mkdir()
    for number in range(files):
        (site.source / f"file-{number}.txt").write_text(f"content {number}\n" * 10)
    (site.source / "folder").mkdir()
    (site.source / "folder" / "inner.txt").write_text("inside\n")
    shutil.copytree(_templates(), directory / "repositories")
    password = directory / "password"
    password.write_text(PASSWORD + "\n")
    password.chmod(0o600)
    site.write()
    return site


def copy_site(site: Site, directory: Path) -> Site:
    """Copy a site with everything it has stored; paths inside are rewritten."""
    shutil.copytree(site.directory, directory, symlinks=True)
    copy = Site(directory)
    copy.write()
    return copy


def tree(directory: Path, *, leave_out: Sequence[str] = ()) -> dict[str, tuple[int, int, bytes]]:
    """Return every path below a directory with its mode, its owner and its content."""
    found = {}
    for path in sorted(directory.rglob("*")):
        name = str(path.relative_to(directory))
        if any(name == part or name.startswith(part + "/") for part in leave_out):
            continue
        facts = path.lstat()
        content = os.fsencode(path.readlink()) if path.is_symlink() else b""
        if path.is_file() and not path.is_symlink():
            content = path.read_bytes()
        found[name] = (facts.st_mode, facts.st_uid, content)
    return found


def wait_until(condition: Callable[[], object], what: str, *, wait_s: float = 60) -> None:
    """Wait for a condition; fail with `what` when it does not come."""
    deadline = time.monotonic() + wait_s
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {wait_s} s in vain until {what}")
        time.sleep(0.02)


def descendants(pid: int) -> dict[int, list[str]]:
    """Return the living processes below `pid` and their argument lists."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text(errors="replace")
            except OSError:
                continue
            parents[int(entry.name)] = int(stat.rpartition(")")[2].split()[1])
    below, fresh = set[int](), {pid}
    while fresh:
        fresh = {child for child, parent in parents.items() if parent in fresh} - below
        below |= fresh
    return {child: arguments_of(child) for child in below}


def arguments_of(pid: int) -> list[str]:
    """Return the argument list of a process, empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").split("\0")[:-1]
    except OSError:
        return []


def restic_under(pid: int, command: str) -> int | None:
    """Return the process of `restic … command` below a netops process."""
    for child, words in descendants(pid).items():
        if words and Path(words[0]).name == "restic" and command in words:
            return child
    return None


def kill(pid: int) -> None:
    """End a process as a power cut would."""
    os.kill(pid, signal.SIGKILL)
