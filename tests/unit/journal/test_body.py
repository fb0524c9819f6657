"""Entries as bytes: whatever people and devices write must come back unchanged."""

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netops.core.errors import IntegrityError, UsageError
from netops.journal import body
from netops.journal.model import Entry

NOW = datetime(2026, 11, 23, 15, 38, 31, 123_456, tzinfo=UTC)
# Lone surrogates are what Python makes of file names that are not UTF-8.
any_text = st.text(st.characters(exclude_categories=()))
scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | any_text
details = st.dictionaries(
    any_text,
    st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_text, inner, max_size=3),
        max_leaves=6,
    ),
    max_size=3,
)


def encode(subject: str = "", detail: object = None, *, at: datetime = NOW, seq: int = 7) -> bytes:
    assert detail is None or isinstance(detail, dict)
    return body.encode(
        seq,
        at,
        clock_back=False,
        host="nms1",
        actor="zhang",
        run=None,
        kind="note",
        subject=subject,
        ok=None,
        detail=detail or {},
    )


def decode(data: bytes, seq: int = 7) -> Entry:
    return body.decode(seq, data, b"\x01")


@given(any_text, details)
def test_any_text_survives(subject: str, detail: dict[str, object]) -> None:
    data = encode(subject, detail)
    entry = decode(data)
    assert (entry.subject, entry.detail) == (subject, detail)
    assert data.isascii()
    assert not any(byte < 0x20 for byte in data)


@given(any_text, details)
def test_kind_is_the_first_kind_in_the_bytes(subject: str, detail: dict[str, object]) -> None:
    data = encode(subject, detail | {"kind": "run.begin", 'a"kind":"run.begin"': 1})
    assert data[data.index(b'"kind":') :].startswith(b'"kind":"note"')
    assert body.needle("subject", subject) in data


@given(st.integers(1, 10**15), st.datetimes(datetime(1970, 1, 1), datetime(9000, 1, 1)))  # noqa: DTZ001
def test_number_and_moment_stand_at_fixed_places(seq: int, at: datetime) -> None:
    at = at.replace(tzinfo=UTC)
    data = encode(at=at, seq=seq)
    start = len(f'{{"seq":{seq},"at":"')
    assert data[start : start + 24] == body.moment_bytes(at)
    assert abs(decode(data, seq).at - at) < timedelta(milliseconds=1)


def test_a_moment_is_written_in_utc() -> None:
    local = NOW.astimezone(timezone(timedelta(hours=8)))
    assert encode(at=local) == encode(at=NOW)


def test_values_that_json_does_not_know_are_written_as_text() -> None:
    detail = {
        "path": Path("/x"),
        "at": NOW,
        "inf": float("inf"),
        "set": {2, 1},
        "raw": b"\xff",
        5: 6,
    }
    assert decode(encode(detail=detail)).detail == {
        "path": "/x",
        "at": "2026-11-23T15:38:31.123Z",
        "inf": "inf",
        "set": [1, 2],
        "raw": "\udcff",
        "5": 6,
    }


def test_an_entry_as_large_as_a_file_is_refused() -> None:
    with pytest.raises(UsageError, match="too large"):
        encode("x" * 1_000_001)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"seq":7}',
        encode().replace(b'"at":"2026', b'"at":"soon'),
        encode().replace(b'"detail":{}', b'"detail":7'),
        encode().replace(b'"host":"nms1"', b'"host":7'),
        encode(seq=8),
    ],
)
def test_what_is_no_entry_is_an_integrity_error(data: bytes) -> None:
    with pytest.raises(IntegrityError, match="journal entry 7"):
        decode(data)


def test_keys_are_sorted_so_that_equal_details_are_equal_bytes() -> None:
    assert encode(detail={"b": 1, "a": {"d": 1, "c": 2}}) == encode(
        detail={"a": {"c": 2, "d": 1}, "b": 1}
    )
    assert list(json.loads(encode()))[:2] == ["seq", "at"]
