"""A real snmpd with its own configuration and port, for the SNMP contract suite."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from netops.snmp.model import AUTHENTICATIONS, Target, User
from tests.require import need

PORT_NAMES = {"md5": "MD5", "sha1": "SHA"}
PRIVACY_NAMES = {"des": "DES", "aes128": "AES", "aes192": "AES-192", "aes256": "AES-256"}
AUTH_PASSWORD, PRIVACY_PASSWORD = "authpass12345", "privpass12345"


def users() -> list[User]:
    """Return one user per combination that net-snmp 5.9 offers."""
    found = [User("plain")]
    for auth in AUTHENTICATIONS:
        found.append(User(auth, auth, AUTH_PASSWORD))
        found += [
            User(f"{auth}{privacy}", auth, AUTH_PASSWORD, privacy, PRIVACY_PASSWORD)
            for privacy in PRIVACY_NAMES
        ]
    return found


def _configuration(port: int, ipv6: bool) -> str:
    lines = [f"agentaddress udp:127.0.0.1:{port}" + (f",udp6:[::1]:{port}" if ipv6 else "")]
    lines += ["rocommunity public", "rwcommunity private", "rocommunity6 public"]
    for user in users():
        auth = PORT_NAMES.get(user.auth or "", (user.auth or "").upper().replace("SHA", "SHA-"))
        words = [f"createUser {user.name}"]
        if user.auth:
            words += [auth, AUTH_PASSWORD]
        if user.privacy:
            words += [PRIVACY_NAMES[user.privacy], PRIVACY_PASSWORD]
        level = "priv" if user.privacy else "auth" if user.auth else "noauth"
        lines += [" ".join(words), f"rouser {user.name} {level}"]
    return "\n".join([*lines, "sysLocation Room 1", "sysName lab", ""])


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.bind(("127.0.0.1", 0))
        return int(link.getsockname()[1])


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as link:
            link.bind(("::1", 0))
    except OSError:
        return False
    return True


@contextmanager
def snmpd(directory: Path) -> Iterator[Target]:
    """Run snmpd while the block runs; yield its v2c target."""
    sbin = os.environ["PATH"] + ":/usr/sbin"
    need("snmpd", path=sbin)
    port = free_port()
    configuration = directory / "snmpd.conf"
    configuration.write_text(_configuration(port, has_ipv6()))
    process = subprocess.Popen(
        ["snmpd", "-f", "-Lf", str(directory / "log"), "-C", "-c", str(configuration)],
        env={"PATH": sbin, "SNMP_PERSISTENT_DIR": str(directory), "MIBS": ""},
    )
    try:
        _wait(directory / "log", process)
        yield Target("127.0.0.1", port, timeout_s=2.0, retries=2)
    finally:
        process.terminate()
        process.wait(timeout=10)


def _wait(log: Path, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(200):
        if log.exists() and "NET-SNMP version" in log.read_text(errors="replace"):
            return
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise AssertionError(f"snmpd did not start: {log.read_text(errors='replace')}")
