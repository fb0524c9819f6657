"""Signed notes and checkpoints as C2SP writes them, so that other tools can read ours.

Formats: c2sp.org/signed-note, c2sp.org/tlog-checkpoint. No cryptography happens here.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Sequence
from hashlib import sha256

from netops.core.dataclass import dataclass
from netops.core.errors import ConfigError

_ED25519 = b"\x01"
_SIGNATURE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})")
_SIZE = re.compile(r"0|[1-9][0-9]{0,17}")
_ROOT_BYTES = 32


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: who, by which key, the 64 bytes."""

    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class SignedNote:
    """A text and the signatures under it; nothing about them is checked yet."""

    text: str
    signatures: tuple[Signature, ...]


@dataclass(frozen=True, slots=True)
class Head:
    """The text of a checkpoint, taken apart."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def text(self) -> str:
        """Return the lines that get signed."""
        lines = (self.origin, str(self.size), b64encode(self.root).decode(), *self.extensions)
        return "".join(f"{line}\n" for line in lines)


def check_origin(origin: str) -> str:
    """Return `origin`, or raise ConfigError where a signed note could not carry it."""
    if not origin or "+" in origin or not origin.isprintable() or origin.split() != [origin]:
        raise ConfigError(
            f"{origin!r} cannot name a journal",
            hint="use a name without spaces and plus signs, such as nms1.campus.example/journal",
        )
    return origin


def key_id(name: str, public: bytes) -> bytes:
    """Return the four bytes that stand for a key in a signature line (signed-note, Ed25519)."""
    return sha256(name.encode() + b"\n" + _ED25519 + public).digest()[:4]


def public_key_text(name: str, public: bytes) -> str:
    """Return `name+id+key`, the verifier key that other signed-note tools accept."""
    return f"{name}+{key_id(name, public).hex()}+{b64encode(_ED25519 + public).decode()}"


def parse_public_key(text: str) -> tuple[str, bytes]:
    """Return name and public key out of `public_key_text`; raise ValueError otherwise."""
    try:
        name, identity, encoded = text.strip().split("+", 2)
    except ValueError:
        raise ValueError("a key is written as name+id+base64") from None
    raw = b64decode(encoded, validate=True)
    if len(raw) != 33 or raw[:1] != _ED25519:
        raise ValueError("not an Ed25519 key")
    if key_id(name, raw[1:]).hex() != identity:
        raise ValueError("the key does not match its own id")
    return name, raw[1:]


def compose(text: str, signatures: Sequence[Signature]) -> str:
    """Return the whole note: text, an empty line, one line per signature."""
    lines = (
        f"— {one.name} {b64encode(one.key_id + one.signature).decode()}\n" for one in signatures
    )
    return text + "\n" + "".join(lines)


def parse(note: str) -> SignedNote:
    """Take a note apart; raise ValueError when it is not one (signed-note, Format)."""
    text, separator, tail = note.rpartition("\n\n")
    if not separator or not tail.endswith("\n"):
        raise ValueError("no signature lines")
    if any(ord(char) < 0x20 and char != "\n" for char in note):
        raise ValueError("control characters")
    signatures = tuple(_parse_signature(line) for line in tail[:-1].split("\n"))
    return SignedNote(text + "\n", signatures)


def _parse_signature(line: str) -> Signature:
    match = _SIGNATURE.fullmatch(line)
    if match is None:
        raise ValueError("a signature line is malformed")
    raw = b64decode(match[2], validate=True)
    if len(raw) <= 4:
        raise ValueError("a signature is too short")
    return Signature(match[1], raw[:4], raw[4:])


def parse_head(text: str) -> Head:
    """Return the checkpoint in a note's text; raise ValueError when it is none."""
    lines = text.split("\n")
    if len(lines) < 4 or lines[-1] != "" or not all(lines[:-1]):
        raise ValueError("not a checkpoint: origin, size and root are needed, a line each")
    origin, size, root, *extensions = lines[:-1]
    if not _SIZE.fullmatch(size):
        raise ValueError("the size is not a number")
    return Head(origin, int(size), parse_root(root), tuple(extensions))


def parse_root(text: str) -> bytes:
    """Return the 32 bytes of a base64 tree head; raise ValueError otherwise."""
    root = b64decode(text, validate=True)
    if len(root) != _ROOT_BYTES:
        raise ValueError("a root has 32 bytes")
    return root
