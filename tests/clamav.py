"""A real clamd of the test's own: own socket, own signatures, no network, no system service."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

#: In two halves, so that no scanner takes this repository for infected.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
SIGNATURE = "Netops.Test.EICAR"


def write_signatures(
    directory: Path, *, version: int | None = 27777, built_at: str | None = None
) -> None:
    """Make a database with the EICAR signature; `version` None makes one without a date."""
    directory.mkdir(parents=True, exist_ok=True)
    text = f"{SIGNATURE}:0:*:{EICAR.hex()}\n"
    if version is None:
        (directory / "local.ndb").write_text(text)
        return
    workshop = directory / "workshop"
    workshop.mkdir()
    (workshop / "daily.ndb").write_text(text)
    (workshop / "COPYING").write_text("a test\n")
    build = ["sigtool", "--build=daily.cud", "--unsigned", f"--cvd-version={version}", "--no-cdiff"]
    build = ["faketime", built_at, *build] if built_at else build
    subprocess.run(build, cwd=workshop, input=b"tester\n", check=True, capture_output=True)
    (workshop / "daily.cud").rename(directory / "daily.cud")
    shutil.rmtree(workshop)


@dataclass
class Daemon:
    """A running clamd."""

    directory: Path
    process: subprocess.Popen[bytes]

    @property
    def socket(self) -> Path:
        return self.directory / "s"

    @property
    def database(self) -> Path:
        return self.directory / "db"

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)


@contextmanager
def clamd(directory: Path, *lines: str) -> Iterator[Daemon]:
    """Run clamd on the signatures in `directory`/db."""
    config = directory / "clamd.conf"
    config.write_text(
        "\n".join(
            [
                f"LocalSocket {directory}/s",
                f"DatabaseDirectory {directory}/db",
                f"LogFile {directory}/log",
                "Foreground yes",
                "User root" if os.geteuid() == 0 else "",
                "MaxThreads 4",
                *lines,
                "",
            ]
        )
    )
    process = subprocess.Popen(
        ["clamd", "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    daemon = Daemon(directory, process)
    try:
        _await(daemon)
        yield daemon
    finally:
        process.kill()
        process.wait()


def _await(daemon: Daemon) -> None:
    for _ in range(300):
        if daemon.socket.exists():
            return
        if daemon.process.poll() is not None:
            break
        time.sleep(0.1)
    raise AssertionError(f"clamd did not start: {(daemon.directory / 'log').read_text()}")


def telling_targets(directory: Path) -> Path:
    """Return a folder with a clamscan that names what links lead to, as ClamAV up to 1.4.3 does."""
    directory.mkdir(exist_ok=True)
    tool = directory / "clamscan"
    tool.write_text(_TELLING_TARGETS.format(python=sys.executable, real=shutil.which("clamscan")))
    tool.chmod(0o755)
    return directory


_TELLING_TARGETS = """#!{python}
import os, re, subprocess, sys
done = subprocess.run(["{real}", *sys.argv[1:]], stdout=subprocess.PIPE)
links = re.compile(rb"^(/\\S*/netops-scan-[^/]+/\\d+)(?=: )", re.MULTILINE)
sys.stdout.buffer.write(links.sub(lambda found: os.path.realpath(found[1]), done.stdout))
sys.exit(done.returncode)
"""
