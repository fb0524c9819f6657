"""What the guides to other places ask for: real servers, and the names that the guides give them."""

import getpass
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests import warm
from tests.servers import rclone
from tests.servers.server import Server, free_port
from tests.servers.sshd import start_sshd
from tests.sites import PASSWORD, lay_out

ROOT = Path(__file__).parents[2]
_BLOCK = re.compile(r"^```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PASTE = r"cat > {}(?= |\n|$)"


@dataclass
class Setting:
    """A machine as a guide expects it."""

    site: Path
    #: Patterns of what the guide says → what it is here, in this order.
    names: dict[str, str] = field(default_factory=dict)

    def here(self, text: str) -> str:
        """Return a piece of the guide with the names of this machine."""
        for pattern, name in self.names.items():
            text = re.sub(pattern, name.replace("\\", r"\\"), text)
        return text

    def paste(self, **contents: str) -> None:
        """What a person would paste into `cat > FILE`, by the name of the file (`_` for `.`)."""
        for name, content in contents.items():
            file = name.replace("_", ".")
            pattern = _PASTE.format(re.escape(file))
            self.names[pattern] = f"printf '%s\\n' {shlex.quote(content)} > {file}"


def block_with(text: str, words: str) -> str:
    """Return the text block of a guide that holds `words`."""
    return next(block for block in map(str, _BLOCK.findall(text)) if words in block)


def _machine(folder: Path) -> Setting:
    """A site with a repository `main`, and something that stands for /etc."""
    site, data = folder / "site", folder / "data"
    (site / "keys").mkdir(parents=True, mode=0o700)
    (site / "conf.d").mkdir()
    data.mkdir()
    (data / "hosts").write_text("127.0.0.1 localhost\n")
    (site / "keys/main.password").write_text(PASSWORD)
    (site / "keys/main.password").chmod(0o600)
    (site / "netops.yaml").write_text(
        "backup:\n  repositories:\n"
        "    main: {location: ./repositories/main, password: file:keys/main.password}\n"
    )
    lay_out("main", site / "repositories/main")
    return Setting(site, {r"/etc/netops": str(site), r"sources: \[/etc\]": f"sources: [{data}]"})


@contextmanager
def rest(folder: Path, text: str) -> Iterator[Setting]:
    """The server is what the guide starts with rclone, behind TLS with a CA of its own."""
    setting, port = _machine(folder), free_port()
    own, key = setting.site / "vault-ca.pem", folder / "vault.key"
    make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
    make += f" -subj /CN=vault -addext subjectAltName=IP:127.0.0.1 -keyout {key} -out {own}"
    subprocess.run(make.split(), check=True, capture_output=True)
    command = block_with(text, "rclone serve").replace("\\\n", " ")
    for word, name in {
        " :8000 ": f" 127.0.0.1:{port} ",
        "/etc/ssl/vault.pem": str(own),
        "/etc/ssl/private/vault.key": str(key),
        "/srv/netops": str(folder / "vault"),
    }.items():
        assert word in command, word
        command = command.replace(word, name)
    _, *arguments = shlex.split(command)
    given = {"RCLONE_USER": rclone.REST_USER, "RCLONE_PASS": rclone.REST_PASSWORD}
    env = {**given, "RCLONE_CONFIG": os.devnull}
    setting.names[r"vault\.example\.org:8000"] = f"127.0.0.1:{port}"
    setting.paste(vault_user=rclone.REST_USER, vault_rest=rclone.REST_PASSWORD)
    with _running(Server([rclone.program(), *arguments], port, folder / "log", env)):
        yield setting


@contextmanager
def s3(folder: Path, text: str) -> Iterator[Setting]:
    """A server with an empty bucket."""
    del text
    setting = _machine(folder)
    server = rclone.start_s3(folder / "s3")
    (folder / "s3/data/my-bucket").mkdir()
    setting.names[r"https://s3\.example\.org"] = f"http://127.0.0.1:{server.port}"
    setting.paste(s3_id=rclone.S3_ID, s3_secret=rclone.S3_SECRET)
    with _running(server, started=True):
        yield setting


@contextmanager
def sftp(folder: Path, text: str) -> Iterator[Setting]:
    """The server has the settings that the guide gives it, and the account of whoever tests."""
    setting, user = _machine(folder), getpass.getuser()
    more = block_with(text, "Match User").replace("netops-backup", user)
    let_in = setting.site / "keys/vault.ssh.pub"
    sshd = start_sshd(folder / "sshd", authorized=let_in, more=more)
    setting.names |= _ssh_names(sshd.server.port)
    setting.names[r"netops-backup@"] = f"{user}@"
    setting.names[r"vault\.example\.org:22"] = f"127.0.0.1:{sshd.server.port}"
    setting.names[r"//srv/netops"] = f"/{folder}/vault"
    with _running(sshd.server, started=True):
        yield setting


def _ssh_names(port: int) -> dict[str, str]:
    return {
        r"(?<=-t ed25519 )vault\.example\.org": f"-p {port} 127.0.0.1",
        r"vault\.example\.org \(ED": f"[127.0.0.1]:{port} (ED",
        r"# vault\.example\.org:22": f"# 127.0.0.1:{port}",
    }


@contextmanager
def elsewhere(folder: Path, text: str) -> Iterator[Setting]:
    """Nothing is left of the old site but its offsite repository, behind SSH."""
    del text
    old, data, vault = folder / "old", folder / "data", folder / "vault"
    _run_and_lose(old, data, vault)
    let_in = folder / "srv/rescue/keys/offsite.ssh.pub"
    sshd = start_sshd(folder / "sshd", authorized=let_in)
    names = _ssh_names(sshd.server.port)
    names[r"sftp:backup@vault\.example\.org:/srv/netops"] = sshd.location(vault)
    names[r"(?<![\w/])/srv/"] = f"{folder}/srv/"
    names |= {r"/etc/netops": str(old), r"\[/etc\]": f"[{data}]"}
    names[r"(?<= )/etc/hosts"] = str(data / "hosts")
    setting = Setting(folder / "nowhere", names)
    setting.paste(offsite_password=PASSWORD)
    with _running(sshd.server, started=True):
        yield setting
    assert (data / "hosts").read_text() == "127.0.0.1 localhost\n"


def _run_and_lose(old: Path, data: Path, vault: Path) -> None:
    """Back up with the sample configuration, then let everything but `vault` burn."""
    for folder in (old / "keys", old / "inventory", data):
        folder.mkdir(parents=True)
    (data / "hosts").write_text("127.0.0.1 localhost\n")
    (old / "inventory/devices.yaml").write_text("devices: {}\n")
    sample = (ROOT / "configs/netops.yaml").read_text(encoding="utf-8")
    sample = sample.replace("sources: [/etc]", f"sources: [{data}]")
    (old / "netops.yaml").write_text(sample.replace("./repositories/offsite", str(vault)))
    for name in ("main", "offsite"):
        (old / f"keys/{name}.password").write_text(PASSWORD)
        (old / f"keys/{name}.password").chmod(0o600)
    lay_out("main", old / "repositories/main")
    lay_out("offsite", vault)
    # One after the other: the second takes along what the first has signed.
    for job in ("etc", "netops"):
        words = ["--site", str(old), "backup", "run", job]
        done = warm.completed(words, env=dict(os.environ), cwd=old)
        assert done.returncode == 0, done
    for folder in (old, data):
        shutil.rmtree(folder)


@contextmanager
def _running(server: Server, *, started: bool = False) -> Iterator[None]:
    if not started:
        server.start()
    try:
        yield
    finally:
        server.kill()


GUIDES: Mapping[str, Callable[[Path, str], AbstractContextManager[Setting]]] = {
    "offsite-rest.md": rest,
    "offsite-s3.md": s3,
    "offsite-sftp.md": sftp,
    "restore-elsewhere.md": elsewhere,
}
