"""The kinds of place a repository can live in, each real, and a small site that uses them."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from netops.app import Site
from netops.core.results import Report
from netops.core.run import Options, Work
from tests import warm
from tests.cheap_key import make_cheap
from tests.servers import rclone
from tests.servers.server import Server
from tests.servers.sshd import start_sshd

ROOT = Path(__file__).parents[2]
PASSWORD = "only-for-tests-4711"


@dataclass
class Place:
    """One place: how netops.yaml names it, where its files really lie, and its server."""

    kind: str
    #: The repository's row in netops.yaml.
    row: dict[str, Any]
    #: The repository's directory on disk, behind whatever server.
    files: Path
    server: Server | None = None
    #: Environment of the netops process.
    env: dict[str, str] = field(default_factory=dict)
    #: Files with secrets, by their name below `keys`.
    secrets: dict[str, str] = field(default_factory=dict)

    def gone(self) -> None:
        """Let the place vanish."""
        if self.server is not None:
            self.server.kill()
        else:
            self.files.rename(self.files.with_name("elsewhere"))

    def back(self) -> None:
        """Let it come back as it was."""
        if self.server is not None:
            self.server.start()
        else:
            self.files.with_name("elsewhere").rename(self.files)

    def close(self) -> None:
        if self.server is not None and self.server.process is not None:
            self.server.kill()


def local_place(folder: Path) -> Place:
    files = folder / "away" / "repository"
    return Place("local", {"location": str(files)}, files)


def sftp_place(folder: Path) -> Place:
    sshd = start_sshd(folder / "sshd")
    files = folder / "away" / "repository"
    files.parent.mkdir()
    row = {
        "location": sshd.location(files),
        "ssh": {"identity": f"file:{sshd.identity}", "known_hosts": str(sshd.known_hosts)},
    }
    key = "".join(sshd.identity.read_text().splitlines()[1:-1])
    return Place("sftp", row, files, sshd.server, secrets={"identity": key})


def rest_place(folder: Path, *, append_only: bool = True) -> Place:
    server = rclone.start_rest(folder / "rest", append_only=append_only)
    row = {
        "location": f"rest:http://127.0.0.1:{server.port}/vault/",
        "environment": {
            "RESTIC_REST_USERNAME": "file:keys/rest.user",
            "RESTIC_REST_PASSWORD": "file:keys/rest.password",
        },
        "append_only": append_only,
    }
    secrets = {"rest.user": rclone.REST_USER, "rest.password": rclone.REST_PASSWORD}
    return Place("rest", row, folder / "rest/data/vault", server, secrets=secrets)


def s3_place(folder: Path) -> Place:
    server = rclone.start_s3(folder / "s3")
    row = {
        "location": f"s3:http://127.0.0.1:{server.port}/vault/netops",
        "environment": {
            "AWS_ACCESS_KEY_ID": "file:keys/s3.id",
            "AWS_SECRET_ACCESS_KEY": "file:keys/s3.secret",
        },
    }
    secrets = {"s3.id": rclone.S3_ID, "s3.secret": rclone.S3_SECRET}
    return Place("s3", row, folder / "s3/data/vault/netops", server, secrets=secrets)


def rclone_place(folder: Path) -> Place:
    rclone.program()
    files = folder / "away" / "repository"
    files.parent.mkdir()
    config = folder / "rclone.conf"
    config.write_text(f"[vault]\ntype = alias\nremote = {files.parent}\n")
    env = {"PATH": f"{rclone.BESIDE}:{os.environ['PATH']}", "RCLONE_CONFIG": str(config)}
    return Place("rclone", {"location": "rclone:vault:repository"}, files, env=env)


PLACES: Mapping[str, Callable[[Path], Place]] = {
    "local": local_place,
    "sftp": sftp_place,
    "rest": rest_place,
    "s3": s3_place,
    "rclone": rclone_place,
}


class SmallSite:
    """A site directory with one job, a local repository `main`, and any other places."""

    def __init__(self, directory: Path, places: Mapping[str, Place] | None = None) -> None:
        self.directory = directory
        self.places = dict(places or {})
        self.source = directory / "source"
        self.main = directory / "main"
        self.env: dict[str, str] = {}
        self.repositories: dict[str, dict[str, Any]] = {"main": {"location": str(self.main)}}
        for name, place in self.places.items():
            self.repositories[name] = dict(place.row)
            self.env |= place.env
        self.job: dict[str, Any] = {
            "sources": [str(self.source)],
            "repository": "main",
            "offsite": list(self.places),
            "policy": {"full": "monthly", "differential": "daily"},
        }
        self.jobs = {"data": self.job}
        keys = directory / "keys"
        keys.mkdir(parents=True)
        secrets = {"password": PASSWORD}
        for place in self.places.values():
            secrets |= place.secrets
        for name, text in secrets.items():
            (keys / name).write_text(text)
            (keys / name).chmod(0o600)
        self.write()

    def init(self) -> None:
        """Make the repositories, then give them keys that cost no time to derive."""
        self.json("backup", "init")
        for files in (self.main, *(place.files for place in self.places.values())):
            make_cheap(files, PASSWORD)
        for place in self.places.values():
            if place.server is not None:
                # It may remember the files as they were.
                place.gone()
                place.back()

    def write(self) -> None:
        """Write netops.yaml as it stands now (JSON is YAML)."""
        rows = {n: {"password": "file:keys/password", **r} for n, r in self.repositories.items()}
        data = {
            "site": {"name": "Test", "origin": "test.example.org"},
            "backup": {"repositories": rows, "jobs": self.jobs},
        }
        (self.directory / "netops.yaml").write_text(json.dumps(data))

    def fill(self, size_bytes: int = 300_000) -> None:
        """Give the job something to back up: two files of noise and a few small ones."""
        (self.source / "folder").mkdir(parents=True)
        (self.source / "large.bin").write_bytes(os.urandom(size_bytes))
        (self.source / "other.bin").write_bytes(os.urandom(size_bytes // 3))
        for number in range(3):
            (self.source / "folder" / f"{number}.txt").write_text(f"file {number}\n")

    def netops(self, *arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
        """Run the command on this site to its end."""
        env = self.environment(more.pop("env", {}))
        words = ["--site", str(self.directory), *arguments]
        if not more:
            return warm.completed(words, env=env, cwd=self.directory, timeout_s=180)
        return subprocess.run(
            [*warm.COMMAND, *words],
            env=env,
            cwd=self.directory,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
            **more,
        )

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start the command on this site and return its process."""
        return subprocess.Popen(
            [sys.executable, "-m", "netops", "--site", str(self.directory), *arguments],
            env=self.environment({}),
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def environment(self, more: Mapping[str, str]) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("RESTIC_", "NETOPS_"))}
        return {**kept, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", **self.env, **more}

    def json(self, *arguments: str, code: int | None = 0, **more: Any) -> Any:
        """Run a command with `--json`, see its exit code, and return what it printed."""
        done = self.netops(*arguments, "--json", **more)
        assert code is None or done.returncode == code, (done.returncode, done.stdout, done.stderr)
        return json.loads(done.stdout)

    def result(self, *arguments: str, code: int | None = 0, **more: Any) -> dict[str, Any]:
        """Return the only result of a run."""
        (found,) = self.json(*arguments, code=code, **more)["results"]
        assert isinstance(found, dict)
        return found

    def status(self) -> dict[str, dict[str, Any]]:
        """Return the rows of `backup status` by location."""
        rows = self.json("backup", "status", code=None)["protections"]
        return {row["location"]: row for row in rows}

    def restic(self, *arguments: str, repository: Path | None = None, check: bool = True) -> str:
        """Run restic itself on the files of a repository."""
        return subprocess.run(
            ["restic", "--repo", str(repository or self.main), "--no-cache", *arguments],
            env=self.environment({"RESTIC_PASSWORD": PASSWORD}),
            capture_output=True,
            text=True,
            check=check,
        ).stdout

    def same(self, restored: Path) -> bool:
        """Tell whether a restored tree is the source, byte for byte."""
        again = restored / str(self.source).lstrip("/")
        return _tree(again) == _tree(self.source)

    def perform(self, verb: str, work: Mapping[str, Any], act: Any, **options: Any) -> Report:
        """Execute a run in this process."""
        site = Site(self.directory / "netops.yaml")
        try:
            items = [Work(name, subject) for name, subject in work.items()]
            return site.runner().execute(verb, items, act(site.backups), Options(**options))
        finally:
            site.close()


def _tree(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def have_restic() -> None:
    from tests.require import need

    need("restic", "openssl")


def empty(folder: Path) -> Path:
    """Return a fresh empty directory."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder
