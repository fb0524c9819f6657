"""Signed notes: our own round trip, and a note that another implementation signed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netops.core.errors import ConfigError
from netops.journal import keys, note
from netops.journal.note import Head

# The example in the documentation of Go's package golang.org/x/mod/sumdb/note.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6"
    "KE6RyyBwJnAM=\n"
)

names = st.from_regex(r"[a-z0-9][a-z0-9./-]{0,30}", fullmatch=True)
roots = st.binary(min_size=32, max_size=32)


def test_a_note_signed_by_go_is_accepted() -> None:
    name, public = note.parse_public_key(GO_KEY)
    assert keys.is_signed_by(note.parse(GO_NOTE), name, public)
    changed = note.parse(GO_NOTE.replace("answer", "Answer"))
    assert not keys.is_signed_by(changed, name, public)


def test_a_key_is_written_as_go_writes_it() -> None:
    assert note.public_key_text(*note.parse_public_key(GO_KEY)) == GO_KEY


@given(names, st.integers(0, 10**17), roots)
def test_what_is_signed_can_be_read_back(name: str, size: int, root: bytes) -> None:
    secret = keys.make_secret(name)
    head = Head(name, size, root)
    signed = note.parse(note.compose(head.text(), [secret.sign(head.text())]))
    assert note.parse_head(signed.text) == head
    assert keys.is_signed_by(signed, name, secret.public)
    assert not keys.is_signed_by(signed, name, keys.make_secret(name).public)


@given(st.text(max_size=200))
def test_any_text_is_a_note_or_a_value_error(text: str) -> None:
    try:
        note.parse_head(note.parse(text).text)
    except ValueError:
        return
    pytest.fail("no random text is a signed checkpoint")


def test_an_unknown_second_signature_does_no_harm() -> None:
    secret, witness = keys.make_secret("a"), keys.make_secret("witness")
    text = Head("a", 1, bytes(32)).text()
    signed = note.parse(note.compose(text, [witness.sign(text), secret.sign(text)]))
    assert keys.is_signed_by(signed, "a", secret.public)


@pytest.mark.parametrize(
    "text",
    [
        "a\n01\n" + "A" * 43 + "=\n",
        "a\n-1\n" + "A" * 43 + "=\n",
        "a\n1\nQUJD\n",
        "a\n1\n",
        "\n1\n" + "A" * 43 + "=\n",
        "a\n1\n" + "A" * 43 + "=\n\n",
    ],
)
def test_a_malformed_head_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        note.parse_head(text)


@pytest.mark.parametrize(
    "key", ["", "a+b", "a+00000000+AAAA", GO_KEY.replace("c74f20a3", "c74f20a4")]
)
def test_a_malformed_key_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        note.parse_public_key(key)


@pytest.mark.parametrize("origin", ["", "two words", "a+b", "tab\there", "line\n", "空 白"])
def test_an_origin_that_no_note_can_carry_is_a_configuration_error(origin: str) -> None:
    with pytest.raises(ConfigError, match="cannot name a journal"):
        note.check_origin(origin)
