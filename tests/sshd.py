"""A real sshd of the test's own on loopback: own host key, own port, no system service."""

import getpass
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

EXPORT = Path(__file__).parents[1] / "netops/backup/logs/export.sh"


@dataclass
class Server:
    """A running sshd with one account: ours."""

    directory: Path
    port: int
    process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def user(self) -> str:
        return getpass.getuser()

    @property
    def private_key(self) -> Path:
        return self.directory / "client"

    @property
    def host_key(self) -> str:
        return " ".join((self.directory / "host.pub").read_text().split()[:2])

    def authorize(self, line: str) -> None:
        """Replace authorized_keys."""
        path = self.directory / "authorized_keys"
        path.write_text(line + "\n")
        path.chmod(0o600)

    def allow(self, *paths: Path, program: Path | None = None) -> None:
        """Let our key run the forced command on `paths`, as the documentation says."""
        key = (self.directory / "client.pub").read_text().strip()
        allowed = " ".join(f"'{path}'" for path in paths)
        self.authorize(f'command="{program or EXPORT} {allowed}",restrict {key}')

    def new_host_key(self) -> None:
        """Be another server from now on."""
        self.stop()
        _make_key(self.directory / "host")
        self.start()

    def start(self) -> None:
        config = self.directory / "sshd_config"
        config.write_text(
            "\n".join(
                [
                    f"Port {self.port}",
                    "ListenAddress 127.0.0.1",
                    f"HostKey {self.directory}/host",
                    f"AuthorizedKeysFile {self.directory}/authorized_keys",
                    f"PidFile {self.directory}/pid",
                    "StrictModes no",
                    "UsePAM no",
                    "PasswordAuthentication no",
                    "PermitRootLogin forced-commands-only",
                    "MaxStartups 50",
                    "",
                ]
            )
        )
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        argv = ["/usr/sbin/sshd", "-D", "-e", "-f", str(config)]
        with (self.directory / "log").open("ab") as log:
            self.process = subprocess.Popen(argv, stdout=log, stderr=log)
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError((self.directory / "log").read_text())

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(20)
            self.process = None


def _make_key(path: Path) -> None:
    for old in (path, path.with_suffix(".pub")):
        old.unlink(missing_ok=True)
    argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", str(path)]
    subprocess.run(argv, check=True)


@contextmanager
def sshd(directory: Path) -> Iterator[Server]:
    """Run a server whose authorized_keys allows nobody yet."""
    directory.mkdir(parents=True, exist_ok=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Server(directory, port)
    _make_key(directory / "host")
    _make_key(directory / "client")
    server.authorize("")
    server.start()
    try:
        yield server
    finally:
        server.stop()
