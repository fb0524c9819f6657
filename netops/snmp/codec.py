"""Which decoder reads answers: the compiled one where it could be built, else the one in Python."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from netops.snmp import decoder
from netops.snmp.ber import Varbind
from netops.snmp.decoder import Opened, Pdu, Sealed

#: `python` leaves the compiled decoder alone.
VARIABLE = "NETOPS_SNMP_CODEC"
#: What `_codec.c` says of itself; one that was built from older source is not used.
_COMPILED_VERSION = 3


@dataclass(frozen=True, slots=True)
class Codec:
    """Five functions; tests/unit/snmp/test_codec.py holds every implementation to the same results."""

    name: str
    decode_varbinds: Callable[[bytes, int, int], list[Varbind]]
    read_pdu: Callable[[bytes, int, int], Pdu]
    open_envelope: Callable[[bytes], Opened]
    read_v3: Callable[[bytes, int, int], Sealed]
    rises: Callable[[list[Varbind], list[bytes], list[bytes]], bool]


def _codec_of(name: str, place: Any) -> Codec:
    return Codec(
        name,
        place.decode_varbinds,
        place.read_pdu,
        place.open_envelope,
        place.read_v3,
        place.rises,
    )


PYTHON = _codec_of("python", decoder)


def compiled() -> Codec | None:
    """Return the compiled decoder, None where there is none."""
    try:
        from netops.snmp import _codec  # type: ignore[attr-defined,unused-ignore]
    except ImportError:
        return None
    if getattr(_codec, "VERSION", 0) != _COMPILED_VERSION:
        return None
    return _codec_of("compiled", _codec)


def _chosen() -> Codec:
    if os.environ.get(VARIABLE, "").lower() == "python":
        return PYTHON
    return compiled() or PYTHON


CODEC = _chosen()
decode_varbinds, read_pdu = CODEC.decode_varbinds, CODEC.read_pdu
open_envelope, read_v3, rises = CODEC.open_envelope, CODEC.read_v3, CODEC.rises
