"""netops beside bare restic and borgmatic on the same tree: full, unchanged, 1 % changed, restore. Prints, judges nothing."""

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.benchmarks.pairs import Measured, once, table
from tests.require import need, unavailable
from tests.sites import COMMAND, Site, environment

FILES = int(os.environ.get("NETOPS_BENCHMARK_FILES", "4000"))
MEGABYTES = int(os.environ.get("NETOPS_BENCHMARK_MB", "200"))
ROUNDS = int(os.environ.get("NETOPS_BENCHMARK_ROUNDS", "3"))
PASSWORD = "only-for-benchmarks"

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(7200)]


def grow(source: Path) -> None:
    """Make the tree: small files that hold the fiftieth part of the bytes, and some large ones."""
    random.seed(1)
    small, large = MEGABYTES * 20_000, MEGABYTES * 980_000
    for number in range(FILES):
        path = source / f"folder-{number % 200}" / f"file-{number}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(random.randbytes(max(small // FILES, 1)))
    for number in range(8):
        with (source / f"large-{number}").open("wb") as file:
            for _ in range(large // 8 // 1_000_000):
                file.write(random.randbytes(1_000_000))


def change(source: Path) -> None:
    """Change one file in a hundred."""
    for number in random.sample(range(FILES), FILES // 100):
        path = source / f"folder-{number % 200}" / f"file-{number}"
        path.write_bytes(random.randbytes(path.stat().st_size))


class Peer:
    """One way to back the tree up: commands for first, unchanged, changed and restore."""

    name = ""

    def __init__(self, folder: Path, source: Path) -> None:
        self.folder, self.source, self.target = folder, source, folder / "restored"
        self.env = environment({"RESTIC_PASSWORD": PASSWORD, "BORG_PASSPHRASE": PASSWORD})
        folder.mkdir()
        self.prepare()

    def prepare(self) -> None:
        """Make an empty repository."""

    def backup(self, *, full: bool) -> list[str]:
        raise NotImplementedError

    def restore(self) -> list[str]:
        raise NotImplementedError

    def run(self, command: list[str]) -> tuple[float, float]:
        return once(command, env=self.env, cwd=self.folder)


class Restic(Peer):
    """
    The restic commands that netops runs, from a shell script: backup, and a look at the list.

    The first full backup is followed by the check of the structure that netops makes once a day.
    """

    name = "restic in a shell script"

    def prepare(self) -> None:
        self.run(["restic", "--repo", "repository", "init"])

    def backup(self, *, full: bool) -> list[str]:
        flags = "--force" if full else '--parent "$(cat first)"'
        restic = "restic --repo repository --no-cache"
        script = (
            f"{restic} --json backup {flags} {self.source} > out && "
            'id=$(sed -n \'s/.*"snapshot_id":"\\([0-9a-f]*\\)".*/\\1/p\' out) && '
            "test -f repository/snapshots/$id*"
        )
        if full:
            script += f" && echo $id > first && {restic} check"
        return ["sh", "-c", script]

    def restore(self) -> list[str]:
        line = "restic --repo repository --no-cache restore latest --verify --target"
        return [*line.split(), str(self.target)]


class Netops(Peer):
    """netops with one repository."""

    name = "netops"

    def prepare(self) -> None:
        site = Site(self.folder)
        site.job.update(sources=[str(self.source)], offsite=[])
        del site.repositories["offsite"]
        (self.folder / "password").write_text(PASSWORD)
        (self.folder / "password").chmod(0o600)
        site.write()
        # The same key: restic measures the machine at `init` and makes each key as dear as it finds.
        shutil.copytree(self.folder.parent / Restic.__name__ / "repository", site.main)
        self.run([*COMMAND, "backup", "init"])

    def backup(self, *, full: bool) -> list[str]:
        kind = "full" if full else "differential"
        return [*COMMAND, "backup", "run", "data", "--type", kind]

    def restore(self) -> list[str]:
        return [*COMMAND, "backup", "restore", "data", "--to", str(self.target)]


class Borgmatic(Peer):
    """borgmatic from PyPI on borg from the distribution."""

    name = "borgmatic"
    program = Path()

    def prepare(self) -> None:
        (self.folder / "config.yaml").write_text(
            f"source_directories: [{self.source}]\n"
            f"repositories: [{{path: {self.folder}/repository, label: r}}]\n"
            f"encryption_passphrase: {PASSWORD}\nkeep_daily: 7\n"
        )
        self.env["BORG_BASE_DIR"] = str(self.folder / "base")
        self.run([*self.command(), "repo-create", "--encryption", "repokey"])

    def command(self) -> list[str]:
        return [str(self.program), "--config", "config.yaml"]

    def backup(self, *, full: bool) -> list[str]:
        del full  # borg knows no kinds
        return [*self.command(), "create"]

    def restore(self) -> list[str]:
        self.target.mkdir()
        words = ["extract", "--archive", "latest", "--destination", str(self.target)]
        return [*self.command(), *words]


@pytest.fixture(scope="module")
def borgmatic(tmp_path_factory: pytest.TempPathFactory) -> type[Borgmatic]:
    need("borg")
    venv = tmp_path_factory.mktemp("borgmatic") / "venv"
    pip = [str(venv / "bin" / "python"), "-m", "pip", "install", "-q", "borgmatic"]
    for command in ([sys.executable, "-m", "venv", str(venv)], pip):
        if subprocess.run(command, capture_output=True, check=False).returncode:
            unavailable("borgmatic", "borgmatic cannot be installed from PyPI")
    Borgmatic.program = venv / "bin" / "borgmatic"
    return Borgmatic


def fresh(kinds: Sequence[type[Peer]], folder: Path, source: Path) -> list[Peer]:
    """Begin anew, each with an empty repository."""
    for kind in kinds:
        shutil.rmtree(folder / kind.__name__, ignore_errors=True)
    return [kind(folder / kind.__name__, source) for kind in kinds]


def test_peers(
    tmp_path: Path, borgmatic: type[Borgmatic], capsys: pytest.CaptureFixture[str]
) -> None:
    need("restic")
    source = tmp_path / "source"
    grow(source)
    kinds = (Restic, Netops, borgmatic)
    lines = [f"{FILES} files, {MEGABYTES} MB"]

    def stage(title: str, rounds: int, command: Callable[[Peer], list[str]]) -> None:
        """Measure in `rounds`; the slowest peer takes part in the first ROUNDS of them."""
        found = {kind.name: Measured() for kind in kinds}
        for turn in range(rounds):
            if title == "first full":
                peers[:] = fresh(kinds, tmp_path, source)
            if title == "1 % changed":
                change(source)
            # Who comes first finds other caches than who comes second, so they take turns.
            pair = peers[:2] if turn % 2 else peers[1::-1]
            for peer in [*pair, *peers[2 : 3 if turn < ROUNDS else 2]]:
                os.sync()
                wall_s, cpu_s = peer.run(command(peer))
                shutil.rmtree(peer.target, ignore_errors=True)
                found[peer.name].wall_s.append(wall_s)
                found[peer.name].cpu_s.append(cpu_s)
        lines.extend(["", f"{title}, medians of {rounds}", *table(found, Restic.name)])

    peers: list[Peer] = []
    stage("first full", ROUNDS, lambda peer: peer.backup(full=True))
    # The shorter a command, the more of it is chance.
    stage("unchanged", ROUNDS * 5, lambda peer: peer.backup(full=False))
    stage("1 % changed", ROUNDS * 5, lambda peer: peer.backup(full=False))
    stage("restore", ROUNDS * 2, lambda peer: peer.restore())
    with capsys.disabled():
        print("", *lines, sep="\n")
