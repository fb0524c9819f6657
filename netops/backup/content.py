"""What the bytes of a file say about it: plain, packed in a known format, or random where its name promises a type."""

import math
from collections.abc import Sequence
from enum import StrEnum

#: Fewer bytes cannot be told from random.
LEAST_BYTES = 128
BLOCK_BYTES = 4096
#: Standard deviations of chi-square around its mean within which bytes pass as random. Random data
#: stays below 5, base64 starts at 12 with 128 bytes, text above 100.
_SPREAD = 6.0


class Reading(StrEnum):
    """What a sampled file looks like."""

    #: Text, or anything else that is not random.
    PLAIN = "plain"
    #: Random-looking and begins as its format does.
    PACKED = "packed"
    #: The name promises a type; the content is random or blank.
    BROKEN = "broken"
    #: Random, of no known type, and nothing was promised.
    OPAQUE = "opaque"


Magic = tuple[int, bytes]
_ZIP: tuple[Magic, ...] = ((0, b"PK\x03\x04"), (0, b"PK\x05\x06"), (0, b"PK\x07\x08"))
_OLE: tuple[Magic, ...] = ((0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),)
_RIFF: tuple[Magic, ...] = ((0, b"RIFF"),)
_MP4: tuple[Magic, ...] = tuple(
    (4, atom) for atom in (b"ftyp", b"moov", b"mdat", b"free", b"wide", b"skip")
)
_TIFF: tuple[Magic, ...] = ((0, b"II*\0"), (0, b"MM\0*"))

#: Endings (separated by spaces) → how such files begin.
_FORMATS: dict[str, tuple[Magic, ...]] = {
    # An Office document with a password is an OLE container, whatever its ending.
    "docx docm dotx xlsx xlsm xltx pptx pptm ppsx odt ods odp odg": _ZIP + _OLE,
    "zip jar war apk epub vsdx kmz npz whl": _ZIP,
    "doc xls ppt msi msg vsd pub": _OLE,
    "pdf": ((0, b"%PDF"), (1, b"%PDF")),
    "jpg jpeg jpe": ((0, b"\xff\xd8\xff"),),
    "png": ((0, b"\x89PNG"),),
    "gif": ((0, b"GIF8"),),
    "bmp": ((0, b"BM"),),
    "tif tiff": _TIFF,
    "psd": ((0, b"8BPS"),),
    "webp wav avi": _RIFF,
    "mp4 m4v m4a mov heic heif": _MP4,
    "mkv webm": ((0, b"\x1a\x45\xdf\xa3"),),
    "flac": ((0, b"fLaC"),),
    "ogg ogv opus": ((0, b"OggS"),),
    "gz tgz": ((0, b"\x1f\x8b"),),
    "bz2": ((0, b"BZh"),),
    "xz": ((0, b"\xfd7zXZ"),),
    "zst": ((0, b"\x28\xb5\x2f\xfd"),),
    "lz4": ((0, b"\x04\x22\x4d\x18"),),
    "7z": ((0, b"7z\xbc\xaf\x27\x1c"),),
    "rar": ((0, b"Rar!"),),
    "sqlite sqlite3 db3": ((0, b"SQLite format 3"),),
    "pst ost": ((0, b"!BDN"),),
    "exe dll": ((0, b"MZ"),),
    "dwg": ((0, b"AC10"),),
    "mdb accdb": ((4, b"Standard "),),
    "rtf": ((0, b"{\\rtf"),),
}
PROMISES: dict[str, tuple[Magic, ...]] = {
    ending: magic for endings, magic in _FORMATS.items() for ending in endings.split()
}
#: Formats without a name to check, or beside their own ending.
_OTHERS: tuple[Magic, ...] = (
    *((0, head) for head in (b"\x7fELF", b"!<arch>\n", b"\xed\xab\xee\xdb", b"\xca\xfe\xba\xbe")),
    *((0, head) for head in (b"wOF2", b"wOFF", b"hsqs", b"PAR1", b"ID3", b"QFI\xfb", b"KDMV")),
    *((0, head) for head in (b"LUKS\xba\xbe", b"\x03\xd9\xa2\x9a", b"age-encryption", b"\x1f\x9d")),
    *((0, head) for head in (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda", b"conectix")),
    *((0, head) for head in (b"\xff\xfb", b"\xff\xfa", b"\xff\xf3", b"\xff\xf2", b"\xff\xf1")),
    *((128, head) for head in (b"DICM",)),
    *((0, head) for head in (b"MSCF", b"LZIP", b"\x89HDF", b"\0asm", b"-----BEGIN")),
)
_KNOWN = tuple({magic for magics in _FORMATS.values() for magic in magics} | set(_OTHERS))
#: How whole files of a type end, somewhere in the last block; what is cut or overwritten lacks it.
_TAILS = {
    **dict.fromkeys(("docx", "xlsx", "pptx", "odt", "ods", "odp", "zip", "jar"), b"PK\x05\x06"),
    "pdf": b"%%EOF",
    "png": b"IEND",
}
_TEXTS = """
    txt csv tsv log md rst html htm xml json yaml yml ini conf cfg toml properties sql tex bib
    py c h cpp hpp java js css php rb go rs sh bat ps1 eml ics vcf svg ldif srt
"""
TEXTS = frozenset(_TEXTS.split())
_WRAPPERS = """
    gz bz2 xz zst lz4 lzma z br zip 7z gpg pgp age asc p7m p7s torrent sig md5 sha256
    bak old orig tmp part swp new save crdownload ok done
"""
#: Endings that lawfully stand after another one and change what is inside.
WRAPPERS = frozenset(_WRAPPERS.split())


def random_like(block: bytes) -> bool:
    """Tell whether the bytes are evenly spread (Pearson's chi-square with 255 degrees of freedom)."""
    size = len(block)
    if size < LEAST_BYTES:
        return False
    counts = [0] * 256
    for byte in block:
        counts[byte] += 1
    chi_square = 256 / size * sum(count * count for count in counts) - size
    return abs(chi_square - 255) < _SPREAD * math.sqrt(510)


def promise_of(name: str) -> str:
    """
    Return the ending that promises a type, empty when none does.

    The two before the last count too, because an attacker's are appended (`.id-4711.crypt`), unless
    a wrapper's stands after them.
    """
    endings = name.lower().split(".")[1:]
    for ending in endings[:-4:-1]:
        if ending in PROMISES or ending in TEXTS:
            return ending
        if ending in WRAPPERS:
            return ""
    return ""


def read_as(name: str, blocks: Sequence[bytes]) -> Reading | None:
    """Judge a file by its blocks, the head first and the tail last; None for too little of it."""
    if not blocks or sum(map(len, blocks)) < LEAST_BYTES:
        return None
    promise, head = promise_of(name), blocks[0]
    if _begins(head, PROMISES.get(promise, ())):
        return Reading.BROKEN if _is_cut(promise, head, blocks[-1]) else Reading.PACKED
    if _begins(head, _KNOWN):
        return Reading.PACKED
    return _unformed(promise, blocks)


def _is_cut(promise: str, head: bytes, last: bytes) -> bool:
    """Tell whether a file begins as it should and ends in random bytes."""
    tail = _TAILS.get(promise)
    if tail is None or tail in last or not _begins(head, PROMISES[promise][:1]):
        return False
    return random_like(last)


def _unformed(promise: str, blocks: Sequence[bytes]) -> Reading:
    """Judge a file that begins like no known format."""
    share = _random_share(blocks)
    if not promise:
        return Reading.OPAQUE if share >= 0.5 else Reading.PLAIN
    is_blank = all(len(set(block)) == 1 for block in blocks)
    is_random = share > 0 if promise in TEXTS else share >= 0.25
    return Reading.BROKEN if is_blank or is_random else Reading.PLAIN


def _random_share(blocks: Sequence[bytes]) -> float:
    judged = [block for block in blocks if len(block) >= LEAST_BYTES]
    return sum(map(random_like, judged)) / len(judged) if judged else 0.0


def _begins(head: bytes, magics: Sequence[Magic]) -> bool:
    return any(head.startswith(text, offset) for offset, text in magics)
