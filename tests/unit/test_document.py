"""YAML is read strictly, with lines, and whatever is wrong is told where."""

import os
import re
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from netops.core import document as document_module
from netops.core.document import Document, read_document
from netops.core.errors import ConfigError


def read(directory: Path, text: str | bytes) -> Document:
    path = directory / "netops.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_document(path)


def mistakes(directory: Path, text: str | bytes) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(directory, text)
    return list(caught.value.mistakes) or [str(caught.value)]


def test_lines_are_those_of_keys_and_items(tmp_path: Path) -> None:
    document = read(tmp_path, "# first\na:\n  b: 1\n  c:\n    - x\n    - y: 2\nd: 3\n")
    assert document.data == {"a": {"b": 1, "c": ["x", {"y": 2}]}, "d": 3}
    assert document.line(("a", "c", 1, "y")) == 6
    assert document.line(("d",)) == 7
    assert document.where(("a", "b")) == "netops.yaml:3"


def test_line_of_what_is_absent_is_that_of_its_nearest_ancestor(tmp_path: Path) -> None:
    document = read(tmp_path, "a:\n  b: 1\n")
    assert document.line(("a", "x", "y")) == 1
    assert document.line(("a", "b", "c")) == 2
    assert document.line(("z",)) == 1
    assert document.line(()) == 1


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("False", False),
        ("no", "no"),
        ("NO", "NO"),
        ("off", "off"),
        ("y", "y"),
        ("~", None),
        ("", None),
        ("null", None),
        ("5", 5),
        ("-5", -5),
        ("0", 0),
        ("1.5", 1.5),
        ("1.10", "1.10"),
        ("1e5", "1e5"),
        ("12e4", "12e4"),
        ("007", "007"),
        ("0755", "0755"),
        ("0o755", "0o755"),
        ("0x1F", "0x1F"),
        ("1:30", "1:30"),
        ("02:30:00", "02:30:00"),
        ("2026-11-23", "2026-11-23"),
        ("1_000", "1_000"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("+8613900000000", "+8613900000000"),
        ("9" * 5000, "9" * 5000),
        ("'5'", "5"),
        ('"true"', "true"),
        ("!!str 5", "5"),
        ("=", "="),
    ],
)
def test_scalars_mean_what_they_look_like(tmp_path: Path, text: str, value: object) -> None:
    found = read(tmp_path, f"a: {text}\n").data["a"]
    assert found == value
    assert type(found) is type(value)


def test_keys_are_text_as_written(tmp_path: Path) -> None:
    assert read(tmp_path, "10: a\nno: b\ntrue: c\n").data == {"10": "a", "no": "b", "true": "c"}


def test_empty_file_is_an_empty_mapping(tmp_path: Path) -> None:
    assert read(tmp_path, "# nothing yet\n").data == {}


def test_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    assert read(tmp_path, b"\xef\xbb\xbfa: 1\n").data == {"a": 1}


def test_aliases_and_merge_keys_work_and_keep_their_lines(tmp_path: Path) -> None:
    document = read(tmp_path, "x: &x\n  a: 1\n  b: 2\ny:\n  <<: *x\n  b: 3\n")
    assert document.data["y"] == {"a": 1, "b": 3}
    assert document.line(("y", "a")) == 2
    assert document.line(("y", "b")) == 6


def test_quoted_merge_key_is_an_ordinary_key(tmp_path: Path) -> None:
    assert read(tmp_path, "'<<': {a: 1}\n").data == {"<<": {"a": 1}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: 2\na: 3\n", "netops.yaml:3: a: given twice, first in line 1"),
        ("a:\n  b: 1\n  'b': 2\n", "netops.yaml:3: a.b: given twice, first in line 2"),
        ("- a\n", "netops.yaml:1: the file must be a mapping (found a list)"),
        ("text\n", "netops.yaml:1: the file must be a mapping (found text)"),
        ("a:\n\tb: 1\n", "netops.yaml:2: a tab indents this line; YAML wants spaces"),
        ("a: 1\n---\nb: 1\n", "netops.yaml:2: a second document (---) starts here; one file"),
        ("a: b: c\n", "netops.yaml:1: a colon where none may be"),
        ("a: 1\nb: @x\n", "netops.yaml:2: text that starts with this character must stand in"),
        ("a: 1\nb: 'x\n\n", "netops.yaml:2: while scanning a quoted scalar"),
        ("a: !x 1\n", "netops.yaml:1: a: tags (!name) are not allowed"),
        ("a:\n- !!python/object/apply:os.system [id]\n", "netops.yaml:2: a.0: tags (!name)"),
        ("a: !!binary aGk=\n", "netops.yaml:1: a: tags"),
        ("!x a: 1\n? [k]\n: 2\n", "netops.yaml:2: a key must be text, not a list or mapping"),
        ("a: *x\n", "netops.yaml:1: an alias (*name) without its anchor (&name)"),
        ("a: &a\n  b: *a\n", "netops.yaml:1: a.b: an alias (*name) stands inside its own anchor"),
        ("a: 1\nb:\n  <<: 5\n", "netops.yaml:3: b: << takes mappings only"),
        ('a: "\\0"\n', "netops.yaml:1: a: a NUL character is not allowed"),
        ("a: 1\nb: \x00\n", "netops.yaml:2: a control character (U+0000) is not allowed"),
        ("a: 1\nb: \x1b[0m\n", "netops.yaml:2: a control character (U+001B) is not allowed"),
        (b"a: 1\nb: 2\nc: \xff\n", "netops.yaml:3: the text is not UTF-8"),
        ("a: 1\n".encode("utf-16"), "netops.yaml:1: the text is not UTF-8"),
    ],
)
def test_mistake_is_told_with_file_line_and_path(
    tmp_path: Path, text: str | bytes, expected: str
) -> None:
    assert any(line.startswith(expected) for line in mistakes(tmp_path, text))


def test_all_mistakes_come_at_once(tmp_path: Path) -> None:
    assert len(mistakes(tmp_path, "a: 1\na: 2\nb: !x 1\nc: {d: 1, d: 2}\n")) == 3


@pytest.mark.parametrize(
    "text", ["p: *hunter2\n", "p: !hunter2\n", "p: !hunter2! x\n", "p: %hunter2"]
)
def test_syntax_mistake_never_shows_the_text(tmp_path: Path, text: str) -> None:
    assert "hunter2" not in "".join(mistakes(tmp_path, text))


@pytest.mark.parametrize("text", ["[ " * 50_000, "- " * 50_000, "{a: " * 50_000, "? " * 50_000])
def test_deep_nesting_is_refused_at_once(tmp_path: Path, text: str) -> None:
    started = time.process_time()
    assert "nested deeper than" in mistakes(tmp_path, text)[0]
    assert time.process_time() - started < 5


def test_alias_bomb_is_refused_without_unfolding(tmp_path: Path) -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    for level in range(1, 9):
        bomb += f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]\n"
    assert "unfold to too much" in mistakes(tmp_path, bomb)[0]


def test_alias_chain_deeper_than_the_limit_is_refused(tmp_path: Path) -> None:
    chain = "a0: &a0 [x]\n" + "".join(
        f"a{level}: &a{level} [*a{level - 1}]\n" for level in range(1, 200)
    )
    assert "unfold to too much" in mistakes(tmp_path, chain)[0]


def test_merge_bomb_is_refused_in_time(tmp_path: Path) -> None:
    wide = "x: &x {" + ", ".join(f"k{number}: 1" for number in range(20_000)) + "}\n"
    bomb = wide + "".join(f"m{number}: {{<<: *x}}\n" for number in range(5_000))
    started = time.process_time()
    assert "unfold to too much" in mistakes(tmp_path, bomb)[0]
    assert time.process_time() - started < 10


def test_too_many_values_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document_module, "MAX_NODES", 100)
    assert "more than 100 values" in mistakes(tmp_path, "a: [" + "1, " * 200 + "1]")[0]


def test_file_over_the_size_limit_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document_module, "MAX_SIZE_BYTES", 1_000_000)
    assert "larger than 1 MB" in mistakes(tmp_path, "a: 1\n" * 200_001)[0]


def test_what_is_no_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, Path("/dev/zero")):
        with pytest.raises(ConfigError, match=r"not a regular file|is a directory"):
            read_document(path)
    with pytest.raises(ConfigError, match="no such file"):
        read_document(tmp_path / "absent.yaml")
    with pytest.raises(ConfigError, match="not the name of a file"):
        read_document(Path("a\0b"))


def test_a_thousand_devices_are_read_within_a_second(tmp_path: Path) -> None:
    text = "devices:\n" + "".join(
        f"  sw-{number}:\n    host: 10.0.{number // 250}.{number % 250}\n    role: access\n"
        "    site: library\n    groups: [a, b]\n"
        for number in range(1000)
    )
    started = time.process_time()
    assert len(read(tmp_path, text).data["devices"]) == 1000
    assert time.process_time() - started < 1


@pytest.mark.parametrize("parser", ["C", "Python"])
def test_both_parsers_refuse_and_accept_the_same(tmp_path: Path, parser: str) -> None:
    import subprocess
    import sys

    (tmp_path / "good.yaml").write_text("a: {b: [1, no, '2']}\nc: !!str 5\n")
    (tmp_path / "deep.yaml").write_text("[ " * 5000)
    (tmp_path / "alias.yaml").write_text("a: *hunter2\n")
    code = (
        "import sys, yaml\n"
        f"if {parser!r} == 'Python': yaml.__with_libyaml__ = False\n"
        "from pathlib import Path\n"
        "from netops.core.document import read_document\n"
        "from netops.core.errors import ConfigError\n"
        "print(read_document(Path('good.yaml')).data)\n"
        "for name in ('deep.yaml', 'alias.yaml'):\n"
        "    try: read_document(Path(name))\n"
        "    except ConfigError as error: print(error.mistakes)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(document_module.__file__).parents[2])},
        capture_output=True,
        text=True,
        check=True,
    )
    lines = run.stdout.splitlines()
    assert lines[0] == "{'a': {'b': [1, 'no', '2']}, 'c': '5'}"
    assert lines[1] == "('deep.yaml:1: nested deeper than 32 levels',)"
    assert "without its anchor" in lines[2]
    assert "hunter2" not in run.stdout


def _text(max_size: int) -> st.SearchStrategy[str]:
    return st.text(
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=max_size
    )


_SCALARS = st.none() | st.booleans() | st.integers(-(10**17), 10**17) | _text(20)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_text(8), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(_text(8), _VALUES, max_size=5), st.booleans())
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, data: dict[str, Any], flow: bool
) -> None:
    text = yaml.safe_dump(data, default_flow_style=flow)
    assert read(tmp_path_factory.mktemp("law"), text).data == data


_FRAGMENTS = st.sampled_from(
    [
        *[
            "a",
            "b:",
            ": ",
            "- ",
            "  ",
            "{",
            "}",
            "[",
            "]",
            "&x ",
            "*x",
            "!t ",
            "'",
            '"',
            ">",
            "%",
            "---",
            "<<: ",
            "? ",
            "#",
            "1",
            ",",
            "é",
        ],
        *"|\\\n\t\0\x85\u2028\r",
    ]
)


@given(
    st.binary(max_size=200) | st.lists(_FRAGMENTS, max_size=30).map(lambda x: "".join(x).encode())
)
def test_any_bytes_are_a_document_or_one_clear_error(
    tmp_path_factory: pytest.TempPathFactory, raw: bytes
) -> None:
    outcome = attempt(tmp_path_factory.mktemp("fuzz"), raw)
    if isinstance(outcome, ConfigError):
        assert outcome.mistakes
        assert all(re.match(r"netops\.yaml:\d+: .", line) for line in outcome.mistakes)
    else:
        assert isinstance(outcome.data, dict)


def attempt(directory: Path, raw: bytes) -> Document | ConfigError:
    try:
        return read(directory, raw)
    except ConfigError as error:
        return error
