"""An SSH server of our own on loopback: own host key, own client key, sftp and nothing else."""

import getpass
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.require import need
from tests.servers.server import Server, free_port

_SBIN = "/usr/sbin:/usr/local/sbin:/sbin"
_CONFIG = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host
PidFile none
AuthorizedKeysFile {folder}/client.pub {authorized}
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
Subsystem sftp internal-sftp
{more}
"""


@dataclass(frozen=True)
class Sshd:
    """A running server and what a client needs to know of it."""

    server: Server
    folder: Path

    @property
    def user(self) -> str:
        return getpass.getuser()

    @property
    def identity(self) -> Path:
        return self.folder / "client"

    @property
    def known_hosts(self) -> Path:
        return self.folder / "known_hosts"

    def location(self, path: Path) -> str:
        return f"sftp://{self.user}@127.0.0.1:{self.server.port}/{path}"


def start_sshd(
    folder: Path, *, authorized: Path | None = None, more: str = "ForceCommand internal-sftp"
) -> Sshd:
    """
    Start a server with fresh keys, with `more` at the end of its configuration.

    Keys in `authorized` are let in as well. Skip the test where there is no sshd.
    """
    need("ssh", "ssh-keygen")
    need("sshd", path=_SBIN)
    folder.mkdir(parents=True)
    for name in ("host", "client", "stranger"):
        make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(make, check=True)
    port = free_port()
    config = _CONFIG.format(port=port, folder=folder, authorized=authorized or "", more=more)
    (folder / "config").write_text(config)
    for name, key in (("known_hosts", "host"), ("wrong_known_hosts", "stranger")):
        public = (folder / f"{key}.pub").read_text().split()
        (folder / name).write_text(f"[127.0.0.1]:{port} {public[0]} {public[1]}\n")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    program = shutil.which("sshd", path=_SBIN)
    assert program is not None
    argv = [program, "-D", "-e", "-f", str(folder / "config")]
    server = Server(argv, port, folder / "log", greeting=b"")
    server.start()
    return Sshd(server, folder)
