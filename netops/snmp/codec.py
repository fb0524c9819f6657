"""Which decoder reads answers: the compiled one where it could be built, else the one in Python."""

import os
from collections.abc import Callable
from typing import Any

from netops.core.dataclass import dataclass
from netops.snmp import decoder, secure
from netops.snmp.ber import Varbind
from netops.snmp.decoder import Opened, Pdu
from netops.snmp.secure import Parts

#: `python` leaves the compiled decoder alone.
VARIABLE = "NETOPS_SNMP_CODEC"
#: What `_codec.c` says of itself; one that was built from older source is not used.
_COMPILED_VERSION = 5


@dataclass(frozen=True, slots=True)
class Codec:
    """What has two implementations; tests/unit/snmp/test_codec.py holds both to the same results."""

    name: str
    decode_varbinds: Callable[[bytes, int, int], list[Varbind]]
    read_pdu: Callable[[bytes, int, int], Pdu]
    open_envelope: Callable[[bytes], Opened]
    rises: Callable[[list[Varbind], list[bytes], list[bytes]], bool]
    read_v3: Callable[[bytes, int, int], Parts]
    read_scoped: Callable[[bytes], Pdu]
    write_v3: Callable[[int, int, bytes, int, int, bytes, int, bytes, bytes], tuple[bytes, int]]
    mix: Callable[[bytes, bytes], bytes]


def _codec_of(name: str, plain: Any, secured: Any) -> Codec:
    return Codec(
        name,
        plain.decode_varbinds,
        plain.read_pdu,
        plain.open_envelope,
        plain.rises,
        secured.read_v3,
        secured.read_scoped,
        secured.write_v3,
        secured.mix,
    )


PYTHON = _codec_of("python", decoder, secure)


def compiled() -> Codec | None:
    """Return the compiled decoder, None where there is none."""
    try:
        from netops.snmp import _codec  # type: ignore[attr-defined,unused-ignore]
    except ImportError:
        return None
    if getattr(_codec, "VERSION", 0) != _COMPILED_VERSION:
        return None
    return _codec_of("compiled", _codec, _codec)


def _chosen() -> Codec:
    if os.environ.get(VARIABLE, "").lower() == "python":
        return PYTHON
    return compiled() or PYTHON


CODEC = _chosen()
decode_varbinds, read_pdu = CODEC.decode_varbinds, CODEC.read_pdu
open_envelope, rises = CODEC.open_envelope, CODEC.rises
read_v3, read_scoped = CODEC.read_v3, CODEC.read_scoped
write_v3, mix = CODEC.write_v3, CODEC.mix
