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
import subprocess
from pathlib import Path

_PRIME = (1 << 130) - 5
_CLAMP = 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF


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
