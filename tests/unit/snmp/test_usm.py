"""The key examples of the RFCs, and what a cipher must give back."""

import hmac

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from hypothesis import given, settings
from hypothesis import strategies as st

from netops.core.errors import ConfigError
from netops.snmp import usm
from netops.snmp.ber import WireError
from netops.snmp.model import AUTHENTICATIONS, PRIVACIES, User

try:
    from cryptography.hazmat.decrepit.ciphers.modes import CFB
except ImportError:
    from cryptography.hazmat.primitives.ciphers.modes import CFB

ENGINE = bytes.fromhex("000000000000000000000002")


@pytest.mark.parametrize(
    ("algorithm", "key", "localized"),
    [  # RFC 3414 §A.3
        ("md5", "9faf3283884e92834ebc9847d8edd963", "526f5eed9fcce26f8964c2930787d82b"),
        (
            "sha1",
            "9fb5cc0381497b3793528939ff788d5d79145211",
            "6695febc9288e36282235fc7151f128497b38f3f",
        ),
    ],
)
def test_the_keys_of_the_rfc_come_out(algorithm: str, key: str, localized: str) -> None:
    assert usm.password_key(algorithm, "maplesyrup").hex() == key
    assert usm.localized_key(algorithm, "maplesyrup", ENGINE).hex() == localized


def test_a_key_is_extended_as_both_drafts_say() -> None:
    # draft-reeder-snmpv3-usm-3desede-00 §5.1 (SHA-1, “maplesyrup”) gives the first 32 octets
    long = usm.privacy_key("sha1", "maplesyrup", ENGINE, "aes256-reeder")
    assert long.hex().startswith("6695febc9288e36282235fc7151f128497b38f3f9b8b6d78936ba6e7d19dfd9c")
    blumenthal = usm.privacy_key("sha1", "maplesyrup", ENGINE, "aes256")
    assert blumenthal[:20] == long[:20]
    assert blumenthal[20:] != long[20:]


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(PRIVACIES), st.sampled_from(AUTHENTICATIONS), st.binary(min_size=1))
def test_what_was_encrypted_is_decrypted(privacy: str, auth: str, text: bytes) -> None:
    keys = usm.keys_of(User("u", auth, "maplesyrup", privacy, "maplesyrup"), ENGINE)
    cipher, salt = keys.encrypt(text, 3, 77)
    plain = keys.decrypt(cipher, 3, 77, salt)
    assert plain[: len(text)] == text
    assert not plain[len(text) :].strip(b"\0")


@settings(max_examples=20, deadline=None)
@given(st.lists(st.binary(max_size=70), min_size=1, max_size=4))
def test_message_after_message_is_encrypted_as_the_library_does_it(texts: list[bytes]) -> None:
    keys = usm.keys_of(User("u", "sha256", "maplesyrup", "aes256", "maplesyrup"), ENGINE)
    for text in texts:
        found, salt = keys.encrypt(text, 3, 77)
        vector = (3).to_bytes(4, "big") + (77).to_bytes(4, "big") + salt
        theirs = Cipher(AES(keys.privacy_key), CFB(vector)).encryptor()
        assert found == theirs.update(text) + theirs.finalize()


def test_no_salt_comes_twice() -> None:
    keys = [
        usm.keys_of(User("u", "sha256", "maplesyrup", privacy, "maplesyrup"), ENGINE)
        for privacy in ("des", "aes256", "aes256")
    ]
    salts = [one.encrypt(b"text", 3, 77)[1] for _ in range(50) for one in keys]
    assert len(set(salts)) == len(salts)


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(AUTHENTICATIONS), st.binary(max_size=300))
def test_a_signature_is_the_hmac_of_the_message(auth: str, text: bytes) -> None:
    keys = usm.keys_of(User("u", auth, "maplesyrup"), ENGINE)
    size = keys.signature_bytes
    for whole in (text + bytes(size), bytes(size) + text):  # one key signs many messages
        mac = hmac.digest(keys.auth_key, whole, auth)[:size]
        assert mac in keys.sign(whole, whole.find(bytes(size)))


@pytest.mark.parametrize("auth", AUTHENTICATIONS)
def test_a_changed_message_has_a_wrong_signature(auth: str) -> None:
    keys = usm.keys_of(User("u", auth, "maplesyrup"), ENGINE)
    size = keys.signature_bytes
    message = keys.sign(b"head" + bytes(size) + b"tail", 4)
    keys.verify(message, 4, message[4 : 4 + size])
    with pytest.raises(WireError):
        keys.verify(message[:-1] + b"L", 4, message[4 : 4 + size])
    with pytest.raises(WireError):
        keys.verify(message, 4, message[4:6])


@pytest.mark.parametrize("salt", [b"", b"1234567", b"123456789"])
def test_a_salt_of_a_wrong_length_is_refused(salt: bytes) -> None:
    for privacy in ("des", "aes128"):
        keys = usm.keys_of(User("u", "sha1", "maplesyrup", privacy, "maplesyrup"), ENGINE)
        with pytest.raises(WireError):
            keys.decrypt(b"12345678", 1, 1, salt)


@pytest.mark.parametrize(
    "wrong",
    [
        {"auth": "sha3", "auth_password": "maplesyrup"},
        {"auth": "sha1", "auth_password": "short"},
        {"privacy": "aes128", "privacy_password": "maplesyrup"},
        {
            "auth": "md5",
            "auth_password": "maplesyrup",
            "privacy": "rot13",
            "privacy_password": "maplesyrup",
        },
    ],
)
def test_a_user_that_cannot_work_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ConfigError) as caught:
        User("u", **wrong)
    assert "maplesyrup" not in str(caught.value)


def test_a_user_shows_no_password() -> None:
    shown = repr(User("u", "sha1", "maplesyrup", "aes128", "othersyrup"))
    assert "syrup" not in shown
