"""An entry as bytes: canonical JSON that survives any text and can be read back.

The number comes first, the moment second, `detail` last: so order can be checked and time be
filtered without parsing, and the first `"kind":"` in the bytes is always the entry's own (quotes
inside a value are escaped).
"""

import json
import math
from collections.abc import Mapping
from datetime import datetime

from netops.core.clock import parse_utc, utc_text
from netops.core.errors import IntegrityError, UsageError
from netops.journal.model import Entry

#: SQL for the moment in a body: it follows `{"seq":N,"at":"` and is 24 bytes long.
AT = "substr(body, 15 + length(CAST(seq AS TEXT)), 24)"
_LIMIT_BYTES = 1_000_000


def encode(
    seq: int,
    at: datetime,
    *,
    clock_back: bool,
    host: str,
    actor: str,
    run: str | None,
    kind: str,
    subject: str,
    ok: bool | None,
    detail: Mapping[str, object],
) -> bytes:
    """Return the body of entry `seq`; raise UsageError when it is too large to keep."""
    flag = {"clock": "back"} if clock_back else {}
    record = {
        "seq": seq,
        "at": utc_text(at),
        **flag,
        "host": host,
        "actor": actor,
        "run": run,
        "kind": kind,
        "subject": subject,
        "ok": ok,
        "detail": plain(detail),
    }
    body = json.dumps(record, separators=(",", ":"), allow_nan=False).encode("ascii")
    if len(body) > _LIMIT_BYTES:
        raise UsageError(
            f"an entry of {len(body)} bytes is too large for the journal",
            hint="keep the data in a file and journal its SHA-256",
        )
    return body


def decode(seq: int, body: bytes, digest: bytes) -> Entry:
    """Return the entry that `body` holds; raise IntegrityError when it holds none."""
    try:
        record = json.loads(body)
        entry = Entry(
            seq=record["seq"],
            at=parse_utc(record["at"]),
            host=_text(record["host"]),
            actor=_text(record["actor"]),
            run=None if record["run"] is None else _text(record["run"]),
            kind=_text(record["kind"]),
            subject=_text(record["subject"]),
            ok=record["ok"],
            detail=dict(record["detail"]),
            body=bytes(body),
            hash=bytes(digest).hex(),
            clock_back=record.get("clock") == "back",
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise IntegrityError(
            f"journal entry {seq} is not readable", hint="run `netops journal verify`"
        ) from None
    if entry.seq != seq:
        raise IntegrityError(
            f"journal entry {seq} says it is entry {entry.seq}", hint="run `netops journal verify`"
        )
    return entry


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("text expected")
    return value


def plain(value: object) -> object:
    """Return `value` as JSON can hold it: an entry must never fail for the sake of a type."""
    if isinstance(value, Mapping):
        return {_key(key): plain(value[key]) for key in sorted(value, key=_key)}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, set | frozenset):
        return [plain(item) for item in sorted(value, key=str)]
    return _scalar(value)


def _scalar(value: object) -> object:
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, bytes):
        return value.decode(errors="surrogateescape")
    return utc_text(value) if isinstance(value, datetime) else str(value)


def _key(key: object) -> str:
    return key if isinstance(key, str) else str(plain(key))


def needle(field: str, value: str) -> bytes:
    """Return the bytes that every body holds whose `field` is `value`; others may hold them too."""
    return f'"{field}":{json.dumps(value)}'.encode("ascii")


def moment_bytes(moment: datetime) -> bytes:
    """Return a moment as the bytes that stand in a body, for comparison."""
    return utc_text(moment).encode("ascii")
