"""The signing key: made once a month, vouched for by the one before, which is then destroyed.

Each key has a *handover note*: a checkpoint at the size where the key takes over, extended by the
line `key <public key>`, signed by the key before and by the new key itself. So a key stolen today
can neither sign nor replace what earlier keys have closed.
"""

import os
from base64 import b64decode, b64encode
from contextlib import suppress
from pathlib import Path

from netops.core.dataclass import dataclass
from netops.core.errors import IntegrityError
from netops.core.files import write_atomic
from netops.journal import note
from netops.journal.note import Head, Signature, SignedNote

_PREFIX = "PRIVATE+KEY"
_EXTENSION = "key "


@dataclass(frozen=True, slots=True)
class Secret:
    """A signing key in memory."""

    name: str
    public: bytes
    #: Seed and public key, as Ed25519 in libsodium wants them.
    secret: bytes

    @property
    def identity(self) -> str:
        """Return the key's id in hexadecimal."""
        return note.key_id(self.name, self.public).hex()

    def sign(self, text: str) -> Signature:
        """Return the signature line over a note's text."""
        from nacl.bindings import crypto_sign

        signature = crypto_sign(text.encode(), self.secret)[:64]
        return Signature(self.name, note.key_id(self.name, self.public), signature)


@dataclass(frozen=True, slots=True)
class Handover:
    """A key out of its handover note, with what is known of its authority."""

    public: bytes
    #: The key signs checkpoints larger than this.
    size: int
    root: bytes
    note: SignedNote


def make_secret(name: str) -> Secret:
    """Return a new key."""
    return _from_seed(name, os.urandom(32))


def _from_seed(name: str, seed: bytes) -> Secret:
    from nacl.bindings import crypto_sign_seed_keypair

    public, secret = crypto_sign_seed_keypair(seed)
    return Secret(name, public, secret)


def secret_path(directory: Path, identity: str) -> Path:
    """Return where the key with this id lives."""
    return directory / f"signing-{identity}.key"


def secret_paths(directory: Path) -> list[Path]:
    """Return all signing keys in the directory."""
    return sorted(directory.glob("signing-*.key"))


def save_secret(directory: Path, secret: Secret) -> None:
    """Write the key for our eyes only (the private form that Go's note package uses)."""
    seed = b64encode(b"\x01" + secret.secret[:32]).decode()
    text = f"{_PREFIX}+{secret.name}+{secret.identity}+{seed}\n"
    write_atomic(secret_path(directory, secret.identity), text, mode=0o600)


def load_secret(directory: Path, name: str, public: bytes) -> Secret:
    """Return the secret of `public`; raise IntegrityError when it is lost or another's."""
    path = secret_path(directory, note.key_id(name, public).hex())
    try:
        encoded = path.read_text(encoding="ascii").strip().split("+", 4)[4]
        secret = _from_seed(name, b64decode(encoded, validate=True)[1:])
    except (OSError, ValueError, TypeError, IndexError) as error:
        raise _lost(path) from error
    if secret.public != public:
        raise _lost(path)
    return secret


def _lost(path: Path) -> IntegrityError:
    return IntegrityError(
        f"the journal's signing key {path} is missing or damaged",
        hint="put the file back from a backup of this machine, or start a new key, which every"
        " later `netops journal verify` reports until it is told to trust that key",
    )


def destroy_other_secrets(directory: Path, current: Secret) -> None:
    """Overwrite and remove every signing key but `current`."""
    for path in secret_paths(directory):
        if path != secret_path(directory, current.identity):
            with suppress(FileNotFoundError):
                _destroy(path)


def _destroy(path: Path) -> None:
    size = path.stat().st_size
    with path.open("r+b", buffering=0) as file:
        file.write(bytes(size))
        os.fsync(file.fileno())
    path.unlink()


def compose_handover(head: Head, new: Secret, old: Secret | None) -> str:
    """Return the note by which `new` takes over at `head`; without `old` nobody vouches for it."""
    key_line = _EXTENSION + note.public_key_text(new.name, new.public)
    text = Head(head.origin, head.size, head.root, (key_line,)).text()
    signers = (new,) if old is None else (old, new)
    return note.compose(text, [signer.sign(text) for signer in signers])


def parse_handover(text: str) -> Handover:
    """Return the key in a handover note; raise ValueError when it does not sign for itself."""
    signed = note.parse(text)
    head = note.parse_head(signed.text)
    if len(head.extensions) != 1 or not head.extensions[0].startswith(_EXTENSION):
        raise ValueError("no key line")
    name, public = note.parse_public_key(head.extensions[0].removeprefix(_EXTENSION))
    if name != head.origin or not is_signed_by(signed, name, public):
        raise ValueError("the key does not sign its own handover")
    return Handover(public, head.size, head.root, signed)


def is_signed_by(signed: SignedNote, name: str, public: bytes) -> bool:
    """Tell whether one of the note's signatures is by this key, and right."""
    from nacl.bindings import crypto_sign_open
    from nacl.exceptions import CryptoError

    identity = note.key_id(name, public)
    for one in signed.signatures:
        if (one.name, one.key_id) == (name, identity) and len(one.signature) == 64:
            with suppress(CryptoError, ValueError):
                crypto_sign_open(one.signature + signed.text.encode(), public)
                return True
    return False
