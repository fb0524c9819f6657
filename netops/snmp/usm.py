"""Keys, signatures and ciphers of SNMPv3 (RFC 3414, 3826, 7860; draft-blumenthal-aes-usm-04, draft-reeder-snmpv3-usm-3desede-00)."""

import hashlib
import hmac
import os
import struct
from functools import lru_cache
from itertools import count
from typing import Any

from netops.core.dataclass import dataclass
from netops.snmp import ber, codec, message
from netops.snmp.ber import WireError
from netops.snmp.message import Header
from netops.snmp.model import User

#: Authentication → octets of the signature that are sent (RFC 3414 §6, RFC 7860 §4).
_SIGNATURE = {"md5": 12, "sha1": 12, "sha224": 16, "sha256": 24, "sha384": 32, "sha512": 48}
_KEY = {"des": 16, "aes128": 16, "aes192": 24, "aes256": 32}
_MEBIBYTE = 1_048_576
_BLOCK, _AES_BLOCK = 8, 16
#: Boots, time and salt (RFC 3826 §3.1.2.1).
_VECTOR, _CLOCK, _MASK = struct.Struct(">IIQ"), struct.Struct(">II"), ber.MASK_32
_WRONG_PADDING = "a cipher text of a wrong length"
_MIXES_QUICKLY = codec.mix is not codec.PYTHON.mix
#: No two messages of this process have the same salt (RFC 3826 §3.1.2.1).
_salts = count(int.from_bytes(os.urandom(8), "big"))


@lru_cache(maxsize=512)
def password_key(algorithm: str, password: str) -> bytes:
    """Return the key of a password: a hash over one mebibyte, so it is kept (RFC 3414 §A.2)."""
    text = password.encode()
    whole = text * (_MEBIBYTE // len(text) + 1)
    return hashlib.new(algorithm, whole[:_MEBIBYTE], usedforsecurity=False).digest()


@lru_cache(maxsize=16_384)
def localized_key(algorithm: str, password: str, engine_id: bytes) -> bytes:
    """Return the key that holds for one agent only (RFC 3414 §2.6)."""
    return _localize(algorithm, password_key(algorithm, password), engine_id)


def _localize(algorithm: str, key: bytes, engine_id: bytes) -> bytes:
    return hashlib.new(algorithm, key + engine_id + key, usedforsecurity=False).digest()


@lru_cache(maxsize=16_384)
def privacy_key(algorithm: str, password: str, engine_id: bytes, privacy: str) -> bytes:
    """Return the privacy key, extended where the hash is shorter than the cipher asks."""
    key = localized_key(algorithm, password, engine_id)
    cipher, _, extension = privacy.partition("-")
    wanted = _KEY[cipher]
    while len(key) < wanted:
        key += _extend(algorithm, key, engine_id, reeder=extension == "reeder")
    return key[:wanted]


def _extend(algorithm: str, key: bytes, engine_id: bytes, *, reeder: bool) -> bytes:
    if not reeder:
        return hashlib.new(algorithm, key, usedforsecurity=False).digest()
    # Reeder: the last digest plays the password for the next one.
    size = hashlib.new(algorithm, usedforsecurity=False).digest_size
    last = key[-size:]
    whole = last * (_MEBIBYTE // size + 1)
    again = hashlib.new(algorithm, whole[:_MEBIBYTE], usedforsecurity=False).digest()
    return _localize(algorithm, again, engine_id)


@dataclass(slots=True)
class Keys:
    """
    What one user shares with one agent, for one thread.

    A poller seals and opens ten thousand messages in a second: whatever depends on the keys alone
    is made when it is first needed and used again for each message.
    """

    algorithm: str
    auth_key: bytes
    privacy: str | None
    privacy_key: bytes
    signature_bytes: int
    #: HMAC that has been fed with the key (RFC 2104 §4).
    keyed: Any = None
    #: A cipher in a chain, its last block, and the inverse of such a chain.
    chain: Any = None
    last: bytes = bytes(_AES_BLOCK)
    unchain: Any = None

    def sign(self, whole: bytes, at: int) -> bytes:
        """Return the message with its signature in place of the zeros at `at`."""
        return whole[:at] + self._digest(whole) + whole[at + self.signature_bytes :]

    def verify(self, whole: bytes, at: int, signature: bytes) -> None:
        """Raise WireError unless the signature at `at` was made with this key."""
        size = self.signature_bytes
        if len(signature) != size:
            raise WireError("a signature of a wrong length")
        blank = whole[:at] + bytes(size) + whole[at + size :]
        if not hmac.compare_digest(self._digest(blank), signature):
            raise WireError("a wrong signature")

    def _digest(self, whole: bytes) -> bytes:
        if self.keyed is None:
            self.keyed = _keyed(self.algorithm, self.auth_key)
        context = self.keyed.copy()
        context.update(whole)
        digest: bytes = context.finalize()[: self.signature_bytes]
        return digest

    def seal(  # one call for every message: no object is made for what it says
        self, ident: int, flags: int, engine_id: bytes, boots: int, time: int, user: bytes,
        scoped: bytes,
    ) -> bytes:  # fmt: skip
        """Return the message, encrypted and signed as the flags say."""
        salt = b""
        if flags & message.PRIVATE:
            scoped, salt = self.encrypt(scoped, boots, time)
        size = self.signature_bytes
        whole, at = codec.write_v3(ident, flags, engine_id, boots, time, user, size, salt, scoped)
        return whole[:at] + self._digest(whole) + whole[at + size :]

    def encrypt(self, text: bytes, boots: int, time: int) -> tuple[bytes, bytes]:
        """Return cipher text and salt."""
        if self.privacy == "des":
            salt = boots.to_bytes(4, "big") + (next(_salts) & 0xFFFFFFFF).to_bytes(4, "big")
            padded = text + bytes(-len(text) % _BLOCK)
            return _run(_des(self.privacy_key, salt).encryptor(), padded), salt
        vector = _VECTOR.pack(boots & _MASK, time & _MASK, next(_salts) & ber.MASK_64)
        return self._encrypt_cfb(text, vector), vector[_BLOCK:]

    def decrypt(self, text: bytes, boots: int, time: int, salt: bytes) -> bytes:
        """Return plain text, for DES with up to seven octets behind it; raise WireError."""
        if len(salt) != _BLOCK:
            raise WireError("a salt of a wrong length")
        if self.privacy == "des":
            if not text or len(text) % _BLOCK:
                raise WireError(_WRONG_PADDING)
            return _run(_des(self.privacy_key, salt).decryptor(), text)
        return self._decrypt_cfb(text, _CLOCK.pack(boots & _MASK, time & _MASK) + salt)

    def _encrypt_cfb(self, text: bytes, vector: bytes) -> bytes:
        """
        Do what the library's CFB does, quicker: no objects are made for each message.

        In CFB each block of keystream is the cipher of the last one mixed with text (SP 800-38A
        §6.3): what CBC makes of the vector followed by the text. A chain that goes on from message
        to message starts anew when its last block is mixed into the first of the next message.
        """
        if self.chain is None:
            cipher, modes, aes, _, _ = _library()
            self.chain = cipher(aes(self.privacy_key), modes.CBC(bytes(_AES_BLOCK))).encryptor()
        size = -(-len(text) // _AES_BLOCK) * _AES_BLOCK or _AES_BLOCK
        stream = self.chain.update((codec.mix(vector, self.last) + text)[:size])
        self.last = stream[-_AES_BLOCK:]
        return codec.mix(text, stream)

    def _decrypt_cfb(self, text: bytes, vector: bytes) -> bytes:
        """
        Do the inverse: a block of cipher text is all that the next one is decrypted with.

        So the blocks of keystream do not wait for each other: the library makes them all at once,
        three times as quick as in its CFB. Mixing takes that time again where it is done in Python.
        """
        size = len(text)
        if self.unchain is None:
            cipher, modes, aes, _, cfb = _library()
            key = aes(self.privacy_key)
            if _MIXES_QUICKLY:
                self.unchain = cipher(key, modes.ECB()).encryptor()
            else:
                self.unchain = cipher(key, cfb(bytes(_AES_BLOCK))).decryptor()
        if _MIXES_QUICKLY:
            stream = self.unchain.update((vector + text)[: -(-size // _AES_BLOCK) * _AES_BLOCK])
            return codec.mix(text, stream)
        padding = bytes(-size % _AES_BLOCK)
        plain: bytes = self.unchain.update(vector + text + padding)
        return plain[_AES_BLOCK : _AES_BLOCK + size]


def _keyed(algorithm: str, key: bytes) -> Any:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives import hmac as library

    return library.HMAC(key, getattr(hashes, algorithm.upper())())


def keys_of(user: User, engine_id: bytes) -> Keys:
    """Return what `user` shares with the agent; the user has an authentication."""
    algorithm = user.auth or ""
    return Keys(
        algorithm,
        localized_key(algorithm, user.auth_password, engine_id),
        user.privacy,
        privacy_key(algorithm, user.privacy_password, engine_id, user.privacy)
        if user.privacy
        else b"",
        _SIGNATURE[algorithm],
    )


def secured(header: Header, scoped: bytes, keys: Keys | None) -> bytes:
    """Return the message, encrypted and signed as the header's flags say."""
    if keys is None:
        return message.write_v3(header, scoped)
    return keys.seal(*header, scoped)


def _run(context: Any, text: bytes) -> bytes:
    return bytes(context.update(text) + context.finalize())


def _des(key: bytes, salt: bytes) -> Any:
    cipher, modes, _, triple_des, _ = _library()
    vector = bytes(one ^ two for one, two in zip(key[8:16], salt, strict=True))
    return cipher(triple_des(key[:8] * 3), modes.CBC(vector))  # 3DES of one key is DES


@lru_cache(maxsize=1)
def _library() -> tuple[Any, Any, Any, Any, Any]:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    try:  # cryptography moves what is old to `decrepit`; SNMPv3 has nothing newer (RFC 3414 §8)
        from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES

        triple_des: Any = TripleDES
    except ImportError:
        triple_des = algorithms.TripleDES
    try:
        from cryptography.hazmat.decrepit.ciphers.modes import CFB

        cfb: Any = CFB
    except ImportError:
        cfb = modes.CFB
    return Cipher, modes, algorithms.AES, triple_des, cfb
