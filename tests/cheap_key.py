"""
A second key for a real restic repository that costs no time to derive.

restic spends half a second of processor time on every start to derive its key; that protects
passwords and slows tests tenfold. The key file made here opens the same master key with the
smallest scrypt parameters that restic accepts (restic's design document, "Keys, Encryption and MAC").
"""

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_PRIME = (1 << 130) - 5
_CLAMP = 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF


def put_before_restic(folder: Path) -> None:
    """Put a `restic` there that is the real one, and gives every new local repository a cheap key."""
    real, this = shutil.which("restic"), Path(__file__).resolve()
    script = folder / "restic"
    script.write_text(
        f"""#!/bin/sh
case " $* " in
    *" init "*) exec {sys.executable} {this} {real} "$@" ;;
    *) exec {real} "$@" ;;
esac
"""
    )
    script.chmod(0o755)


def init(command: Sequence[str]) -> int:
    """Run `restic init`, then exchange the key of what it made; return its code."""
    code = subprocess.run(command, check=False).returncode
    if code or "--repo" not in command:  # an address with a password comes by the environment
        return code
    repository = Path(command[command.index("--repo") + 1])
    if repository.is_absolute():
        password = Path(command[command.index("--password-file") + 1]).read_text()
        make_cheap(repository, password.removesuffix("\n"))
    return code


def make_cheap(repository: Path, password: str) -> None:
    """Replace every key of the repository by one cheap key with the same password."""
    master = subprocess.run(
        ["restic", "--repo", str(repository), "--no-cache", "cat", "masterkey"],
        env={**os.environ, "RESTIC_PASSWORD": password},
        capture_output=True,
        check=True,
    ).stdout
    salt = os.urandom(64)
    derived = hashlib.scrypt(password.encode(), salt=salt, n=2, r=1, p=1, dklen=64)
    key = {
        "created": "2026-01-01T00:00:00Z",
        "username": "test",
        "hostname": "test",
        "kdf": "scrypt",
        "N": 2,
        "r": 1,
        "p": 1,
        "salt": base64.b64encode(salt).decode(),
        "data": base64.b64encode(_sealed(derived, master.strip())).decode(),
    }
    content = json.dumps(key).encode()
    for old in (repository / "keys").iterdir():
        old.unlink()
    (repository / "keys" / hashlib.sha256(content).hexdigest()).write_bytes(content)


def _sealed(key: bytes, text: bytes) -> bytes:
    encrypt, mac_k, mac_r = key[:32], key[32:48], key[48:64]
    nonce = os.urandom(16)
    hidden = _aes("aes-256-ctr", encrypt, text, nonce)
    pad = _aes("aes-128-ecb", mac_k, nonce)
    return nonce + hidden + _poly1305(hidden, mac_r, pad)


def _aes(cipher: str, key: bytes, data: bytes, iv: bytes | None = None) -> bytes:
    # The key protects nothing: it guards a test's data, under a password in a test's file.
    arguments = ["openssl", "enc", f"-{cipher}", "-nopad", "-K", key.hex()]
    arguments += ["-iv", iv.hex()] if iv is not None else []
    return subprocess.run(arguments, input=data, capture_output=True, check=True).stdout


def _poly1305(message: bytes, r_bytes: bytes, s_bytes: bytes) -> bytes:
    r = int.from_bytes(r_bytes, "little") & _CLAMP
    total = 0
    for start in range(0, len(message), 16):
        block = message[start : start + 16] + b"\x01"
        total = (total + int.from_bytes(block, "little")) * r % _PRIME
    return ((total + int.from_bytes(s_bytes, "little")) % (1 << 128)).to_bytes(16, "little")


if __name__ == "__main__":
    sys.exit(init(sys.argv[1:]))
