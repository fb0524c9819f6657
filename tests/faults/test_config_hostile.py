"""Whatever stands in netops.yaml, the answer is a configuration or one clear ConfigError."""

import copy
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from netops.config import load, validate
from netops.core.errors import ConfigError

EXAMPLE = Path(__file__).parents[2] / "configs/netops.yaml"
CANARY = "hunter2-canary"


def outcome(path: Path) -> ConfigError | None:
    try:
        values = load(path)
    except ConfigError as error:
        return error
    json.dumps(values)
    return None


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found = [path] if path else []
    if isinstance(value, dict):
        for key, item in value.items():
            found += places(item, (*path, key))
    if isinstance(value, list):
        for index, item in enumerate(value):
            found += places(item, (*path, index))
    return found


DATA: dict[str, Any] = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
PLACES = places(DATA)
STRANGE: list[Any] = [
    None,
    True,
    0,
    -1,
    10**30,
    1.5,
    "",
    " ",
    "x" * 10_000,
    "../../etc/passwd",
    "/dev/zero",
    "-rf",
    "a\nb",
    "\u202e\u200b",
    "名字",
    "{{ x }}",
    "$(id)",
    "file:",
    "0s",
    "99999999999d",
    [],
    [[]],
    [None],
    {},
    {"": ""},
    {"a": {"b": {"c": []}}},
    [{"files": None}],
    [{"files": {"path": []}}],
    [{"": {}}],
]


def replaced(place: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    data = copy.deepcopy(DATA)
    target: Any = data
    for step in place[:-1]:
        target = target[step]
    target[place[-1]] = value
    return data


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(PLACES), st.sampled_from(STRANGE))
def test_any_value_anywhere_is_taken_or_told(
    tmp_path_factory: pytest.TempPathFactory, place: tuple[str | int, ...], value: Any
) -> None:
    path = tmp_path_factory.mktemp("hostile") / "netops.yaml"
    path.write_text(yaml.safe_dump(replaced(place, value)), encoding="utf-8")
    error = outcome(path)
    if error is not None:
        assert error.mistakes
        assert all(line.startswith("netops.yaml:") for line in error.mistakes)
        assert error.exit_code == 78
        assert error.hint


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("backup", "repositories", "main", "password"), CANARY),
        (("backup", "repositories", "main", "password"), [CANARY]),
        (("backup", "repositories", "main", "password"), {"file": CANARY}),
        (("backup", "repositories", "main", "environment"), CANARY),
        (("backup", "repositories", "main", "environment"), {"AWS_KEY": CANARY}),
        (("backup", "repositories", "main", "environment"), {"AWS_KEY": [CANARY]}),
        (("backup", "repositories", "main", "passwd"), CANARY),
        (("backup", "repositories", "main", "location"), f"rest:https://u:{CANARY}@h/"),
        (("backup", "repositories", "main", "location"), f"ftp://u:{CANARY}@h/"),
        (("backup", "jobs", "etc", "sources"), [{"postgresql": {"password": CANARY}}]),
        (("backup", "jobs", "etc", "sources"), [{"postgresql": {"a": {"api_key": CANARY}}}]),
        (("store",), {"postgresql": f"postgresql://u:{CANARY}@h/d"}),
        (("store",), {"postgresql": {"dsn": CANARY}}),
        (("store",), {"password": CANARY}),
        (("state_dir",), {"password": CANARY}),
    ],
)
def test_literal_secret_is_refused_and_never_shown(
    tmp_path: Path, place: tuple[str | int, ...], value: Any
) -> None:
    path = tmp_path / "netops.yaml"
    path.write_text(yaml.safe_dump(replaced(place, value)), encoding="utf-8")
    error = outcome(path)
    assert error is not None
    assert CANARY not in json.dumps(error.as_dict())
    assert not (tmp_path / ".cache").exists()


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_damage_to_the_example_is_taken_or_told(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    raw = bytearray(EXAMPLE.read_bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 40))] = data.draw(st.binary(max_size=8))
    path = tmp_path_factory.mktemp("damage") / "netops.yaml"
    path.write_bytes(bytes(raw))
    error = outcome(path)
    assert error is None or error.mistakes


def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "loop.yaml").symlink_to(tmp_path / "loop.yaml")
    for path in (tmp_path, tmp_path / "pipe.yaml", tmp_path / "loop.yaml", Path("/dev/zero")):
        with pytest.raises(ConfigError) as caught:
            load(path)
        assert caught.value.exit_code == 78
    for path in (Path("a\0b"), tmp_path / ("x" * 300)):
        with pytest.raises(ConfigError):
            load(path)


@pytest.mark.parametrize("kind", ["directory", "pipe", "dangling", "binary"])
def test_conf_d_entry_that_cannot_be_read_is_named(tmp_path: Path, kind: str) -> None:
    (tmp_path / "netops.yaml").write_text("site: {name: x}\n")
    entry = tmp_path / "conf.d/x.yaml"
    entry.parent.mkdir()
    if kind == "directory":
        entry.mkdir()
    elif kind == "pipe":
        os.mkfifo(entry)
    elif kind == "dangling":
        entry.symlink_to("nowhere")
    else:
        entry.write_bytes(b"\x7fELF\0\0")
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "netops.yaml")
    assert [line.split(": ")[0] for line in caught.value.mistakes] == ["conf.d/x.yaml:1"]


def test_conf_d_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "netops.yaml").write_text("site: {name: x}\n")
    (tmp_path / "conf.d").write_text("")
    with pytest.raises(ConfigError, match="cannot be listed"):
        load(tmp_path / "netops.yaml")


def test_thousands_of_mistakes_are_told_in_time(tmp_path: Path) -> None:
    rows = "".join(f"    j{number}: {{surces: [/x], repository: q}}\n" for number in range(3000))
    path = tmp_path / "netops.yaml"
    path.write_text(f"backup:\n  repositories: {{}}\n  jobs:\n{rows}", encoding="utf-8")
    started = time.process_time()
    with pytest.raises(ConfigError) as caught:
        validate(path)
    assert len(caught.value.mistakes) == 9000
    assert time.process_time() - started < 20
