"""What bytes say about a file: encryption is told from compression by how a format begins and ends."""

import base64
import bz2
import gzip
import io
import lzma
import os
import random
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netops.backup.content import BLOCK_BYTES, Reading, promise_of, random_like, read_as

DICE = random.Random(1)
TEXT = "\n".join(f"line {DICE.random()} of the minutes" for _ in range(4000)).encode()


def blocks(data: bytes) -> list[bytes]:
    return [data[i : i + BLOCK_BYTES] for i in range(0, len(data), BLOCK_BYTES)]


def office() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("word/document.xml", TEXT)
    return file.getvalue()


HEALTHY = {
    "minutes.txt": TEXT,
    "minutes.docx": office(),
    "with-password.docx": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + DICE.randbytes(9000),
    "web-page.xls": b"<html><table>" + TEXT,
    "photo.jpg": b"\xff\xd8\xff\xe0" + DICE.randbytes(9000) + b"\xff\xd9",
    "really-a-webp.jpg": b"RIFF\0\0\0\0WEBP" + DICE.randbytes(9000),
    "scan.pdf": b"%PDF-1.7\n" + zlib.compress(TEXT) + b"\n%%EOF\n",
    "film.mp4": b"\0\0\0\x20ftypisom" + DICE.randbytes(9000),
    "log.gz": gzip.compress(TEXT),
    "log.1.bz2": bz2.compress(TEXT),
    "log.xz": lzma.compress(TEXT),
    "minutes.docx.gpg": DICE.randbytes(9000),  # read as of no type: nothing is promised
    "4f/3a9c": zlib.compress(TEXT),
    "mail.eml": base64.encodebytes(DICE.randbytes(9000)),
    "utf-16.txt": TEXT.decode().encode("utf-16"),
    "latin.txt": ("Grüße äöü ß é " * 300).encode("latin-1"),
    "table.bin": bytes(range(256)) * 40,
    "sparse.img": bytes(9000),
}


@pytest.mark.parametrize("name", HEALTHY)
def test_healthy_files_keep_their_promise(name: str) -> None:
    assert read_as(name, blocks(HEALTHY[name])) in (
        {Reading.OPAQUE} if name.endswith(".gpg") else {Reading.PLAIN, Reading.PACKED}
    )


@pytest.mark.parametrize("appended", ["", ".locked", ".id-4711.crypt"])
@pytest.mark.parametrize(
    "name", [n for n in HEALTHY if promise_of(n) and not n.startswith(("web", "really"))]
)
def test_random_bytes_under_a_name_that_promises_a_type_are_broken(
    name: str, appended: str
) -> None:
    for size in (300, 5000, 60_000):
        # Thrown once: one in 2500 begins with the two bytes of some known type.
        noise = random.Random(size).randbytes(size)
        assert read_as(name + appended, blocks(noise)) is Reading.BROKEN


def test_random_bytes_under_a_name_that_promises_nothing_are_opaque() -> None:
    for name in ("a3f9", "data.bin", "x.unknown", "minutes.docx.gpg"):
        assert read_as(name, blocks(random.Random(1).randbytes(60_000))) is Reading.OPAQUE


def test_a_text_encrypted_only_in_its_middle_is_broken() -> None:
    middle = BLOCK_BYTES * 4
    data = TEXT[:middle] + os.urandom(BLOCK_BYTES) + TEXT[middle + BLOCK_BYTES :]
    assert read_as("minutes.txt", blocks(data)) is Reading.BROKEN


@pytest.mark.parametrize("name", ["minutes.docx", "scan.pdf"])
def test_a_file_whose_head_was_spared_is_broken_by_its_tail(name: str) -> None:
    data = HEALTHY[name][:BLOCK_BYTES] + os.urandom(20_000)
    assert read_as(name, blocks(data)) is Reading.BROKEN


def test_a_file_overwritten_with_nothing_is_broken() -> None:
    assert read_as("minutes.docx", blocks(bytes(9000))) is Reading.BROKEN
    assert read_as("minutes.txt", blocks(b"\xff" * 9000)) is Reading.BROKEN


def test_too_little_says_nothing() -> None:
    assert read_as("minutes.docx", []) is None
    assert read_as("minutes.docx", [os.urandom(127)]) is None


@pytest.mark.parametrize("size", [128, 512, 4096, 65_536])
def test_random_bytes_pass_and_text_fails_at_every_size(size: int) -> None:
    assert all(random_like(DICE.randbytes(size)) for _ in range(50))
    assert not any(random_like(TEXT[i * size :][:size]) for i in range(3))
    encoded = base64.b64encode(DICE.randbytes(size * 3))
    assert not any(random_like(encoded[i * size :][:size]) for i in range(3))


@given(st.text(max_size=40), st.lists(st.binary(max_size=600), max_size=4))
def test_any_name_and_any_bytes_can_be_read(name: str, data: list[bytes]) -> None:
    read_as(name, data)


def test_an_ending_appended_by_an_attacker_hides_no_promise() -> None:
    assert promise_of("a.docx") == "docx"
    assert promise_of("A.DOCX.Locked") == "docx"
    assert promise_of("a.docx.gpg") == ""
    assert promise_of("a.tar.gz") == "gz"
    assert promise_of("docx") == ""
    assert promise_of(".txt") == "txt"
