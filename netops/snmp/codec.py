"""Which decoder reads answers: the compiled one where it could be built, else the one in Python."""

import os
from collections.abc import Callable
from dataclasses import dataclass

from netops.snmp import decoder
from netops.snmp.ber import Varbind
from netops.snmp.decoder import Opened, Pdu

#: `python` leaves the compiled decoder alone.
VARIABLE = "NETOPS_SNMP_CODEC"
#: What `_codec.c` says of itself; one that was built from older source is not used.
_COMPILED_VERSION = 2


@dataclass(frozen=True, slots=True)
class Codec:
    """Four functions; tests/unit/snmp/test_codec.py holds every implementation to the same results."""

    name: str
    decode_varbinds: Callable[[bytes, int, int], list[Varbind]]
    read_pdu: Callable[[bytes, int, int], Pdu]
    open_envelope: Callable[[bytes], Opened]
    rises: Callable[[list[Varbind], list[bytes], list[bytes]], bool]


PYTHON = Codec(
    "python", decoder.decode_varbinds, decoder.read_pdu, decoder.open_envelope, decoder.rises
)


def compiled() -> Codec | None:
    """Return the compiled decoder, None where there is none."""
    try:
        from netops.snmp import _codec  # type: ignore[attr-defined,unused-ignore]
    except ImportError:
        return None
    if getattr(_codec, "VERSION", 0) != _COMPILED_VERSION:
        return None
    return Codec(
        "compiled", _codec.decode_varbinds, _codec.read_pdu, _codec.open_envelope, _codec.rises
    )


def _chosen() -> Codec:
    if os.environ.get(VARIABLE, "").lower() == "python":
        return PYTHON
    return compiled() or PYTHON


CODEC = _chosen()
decode_varbinds, read_pdu = CODEC.decode_varbinds, CODEC.read_pdu
open_envelope, rises = CODEC.open_envelope, CODEC.rises
