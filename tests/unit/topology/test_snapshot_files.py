"""A snapshot written as JSON comes back as it was, and nothing else is taken for one."""

from dataclasses import replace
from pathlib import Path

import pytest

from netops.core.errors import AccessError, UsageError
from netops.topology.exporters.plain import JsonExporter
from netops.topology.history.filed import read_file
from netops.topology.model import Endpoint
from tests.campus import AT, campus
from tests.unit.topology.hostile import hostile


def test_what_was_exported_is_read_back(tmp_path: Path) -> None:
    snapshot = replace(campus(40, "zh_Hant"), stp_root="serial:x", silent=("acc9",))
    computers = [
        Endpoint("02:00:00:00:00:01", "serial:x", "ge1", 10, ("10.1.1.1",), "pc", AT, None)
    ]
    (text,) = JsonExporter().files(snapshot, computers).values()
    path = tmp_path / "now.json"
    path.write_text(text, encoding="utf-8")

    filed = read_file(path)
    assert filed.snapshot == snapshot
    assert list(filed.endpoints) == computers


def test_a_hostile_campus_is_read_back(tmp_path: Path) -> None:
    _before, now = hostile()
    (text,) = JsonExporter().files(now, ()).values()
    path = tmp_path / "now.json"
    path.write_bytes(text.encode("utf-8", "backslashreplace"))

    assert len(read_file(path).snapshot.devices) == len(now.devices)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"id": "x"}',
        "null",
        '{"id":"x","taken_at":"soon","devices":[],"links":[]}',
        '{"id":"x","taken_at":"2026-11-23T09:00:00Z","devices":[{"uid":"a","state":"dead"}],"links":[]}',
        '{"id":"x","taken_at":"2026-11-23T09:00:00Z","devices":7,"links":[]}',
        '{"id":"x","taken_at":"2026-11-23T09:00:00Z","devices":[],"links":[{"a":1}]}',
        "[" * 100_000,
        "\ufeff{}",
    ],
)
def test_anything_else_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "odd.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match="is no snapshot"):
        read_file(path)


def test_a_missing_file_is_told() -> None:
    with pytest.raises(AccessError, match="cannot read"):
        read_file(Path("/nowhere/now.json"))
