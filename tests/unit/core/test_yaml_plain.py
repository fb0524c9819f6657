"""What is read line by line is what the parser reads, and what is usual is read line by line."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from netops.core import document
from netops.core.errors import ConfigError
from netops.core.yaml_plain import read_plainly

NODES = 10_000

USUAL = """\
# The library.
defaults: {site: campus, owner: Network Centre, snmp: campus}   # for all

groups:
  access: {kind: switch, role: access, tags: [edge, "floor 2"], groups: []}
  core:
    role: core
    tags:
      - backbone
      - 'no. 1'
    groups:
    - access
devices:
  sw-1: {host: 10.1.0.11, groups: [access], data: {rack: B2, units: [1, -2, 1.5]}}
  sw-2:
    host: fe80::1   # link-local
    owner: 王芳
    data:
      机柜: B-3
      serial: "0021"
      firmware: 1.10
      since: 2024-05-01
      nothing: ~
      url: https://10.0.0.1:8443/a#b
      remark: a, b and (c); 50% - done!
    tags: []
  sw-3:
  sw-4: {}
"""
VALUES: dict[str, Any] = {
    "defaults": {"site": "campus", "owner": "Network Centre", "snmp": "campus"},
    "groups": {
        "access": {"kind": "switch", "role": "access", "tags": ["edge", "floor 2"], "groups": []},
        "core": {"role": "core", "tags": ["backbone", "no. 1"], "groups": ["access"]},
    },
    "devices": {
        "sw-1": {
            "host": "10.1.0.11",
            "groups": ["access"],
            "data": {"rack": "B2", "units": [1, -2, 1.5]},
        },
        "sw-2": {
            "host": "fe80::1",
            "owner": "王芳",
            "data": {
                "机柜": "B-3",
                "serial": "0021",
                "firmware": "1.10",
                "since": "2024-05-01",
                "nothing": None,
                "url": "https://10.0.0.1:8443/a#b",
                "remark": "a, b and (c); 50% - done!",
            },
            "tags": [],
        },
        "sw-3": None,
        "sw-4": {},
    },
}


def parsed(text: str) -> Any:
    try:
        return document._parsed(text, Path("a.yaml"), "a.yaml")[0]
    except ConfigError as error:
        return error


def test_usual_files_are_read_without_the_parser() -> None:
    assert read_plainly(USUAL, max_nodes=NODES) == VALUES == parsed(USUAL)


def test_equal_texts_do_not_share_their_values() -> None:
    text = "a: [1]\nb: [1]\nc: {x: [1]}\nd: {x: [1]}\n"
    found = read_plainly(text, max_nodes=NODES)
    assert found is not None
    assert found["a"] is not found["b"]
    assert found["c"]["x"] is not found["d"]["x"]


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\na: 2\n",
        "a: {b: 1, b: 2}\n",
        "a: &x 1\n",
        "a: *x\n",
        "a: !t 1\n",
        "<<: {a: 1}\n",
        "a: |\n  text\n",
        "a: text\n  goes on\n",
        "a:\n  b: 1\n c: 2\n",
        "- a\n",
        " a: 1\n  b: 2\n",
        "a:\n  - x\n  b: 1\n",
        "a:\n  - x: 1\n",
        "a: b: c\n",
        "a: [1, 2\n",
        "a: [1, [2, [3, [4, [5]]]]]\n",
        'a: "\\x41"\n',
        "a: 'it''s'\n",
        "a:\tb\n",
        "a: 1\r\nb: 2\r\n",
        "---\na: 1\n",
        "text\n",
        *(f"a:{mark}b: 1\n" for mark in "\x85\u2028\u2029\ufeff"),
        "".join(f"{'  ' * depth}a:\n" for depth in range(20)),
    ],
)
def test_what_is_unusual_or_wrong_is_left_to_the_parser(text: str) -> None:
    assert read_plainly(text, max_nodes=NODES) is None


def test_what_may_be_too_much_is_left_to_the_parser() -> None:
    assert read_plainly("a: 1\n" * 10, max_nodes=10) is None
    assert read_plainly("a: [1, 2, 3, 4, 5, 6, 7, 8]\n", max_nodes=10) is None


_PIECES = st.sampled_from(
    [
        *"ab1-?:,[]{}#&*!|>'\"%@`~=<. \n\\/(é\t",
        ": ",
        "- ",
        " #",
        "  ",
        "\n  ",
        "\n- ",
        "null",
        "0.5",
    ]
)
_GOOD = st.sampled_from(
    [
        "x",
        "a b",
        "10.0.0.1",
        "-1",
        "1.50",
        "~",
        "'q #'",
        '"d: "',
        "a#b",
        "a #c",
        "b:c",
        "é, è",
        "(z)",
        "",
        "['a', -b ,c]",
        "{k: v, l: 2}",
        "[ ]",
        "{}",
        '{a: [b, {c: d}], e: "f"} # g',
        "null ",
        "# c",
    ]
)
_ODD = st.sampled_from(
    [
        "a: b",
        "a:",
        "::1",
        "[a b,]",
        "- a",
        "[[]]",
        "{a: 1, a: 2}",
        "=",
        "<<",
        "*a",
        "&a x",
        "{a:1}",
        "[a: b]",
        "'a''b'",
    ]
)
_WRITTEN = st.one_of(*[_GOOD] * 20, _ODD, st.lists(_PIECES, max_size=4).map("".join))
_GAP = st.sampled_from([*[" "] * 15, "  ", ""])
_Block = list[str]


def _indented(lines: _Block, by: int) -> _Block:
    return [" " * by + line for line in lines]


def _mapping(entries: list[tuple[str, _Block, int]]) -> _Block:
    return [
        line
        for number, (text, below, by) in enumerate(entries)
        for line in (f"{'ab键1'[number : number + 1]}{number}:{text}", *_indented(below, by))
    ]


_INLINE = st.builds(lambda gap, text: gap + text, _GAP, _WRITTEN)
_ITEMS = st.lists(_INLINE.map(lambda text: f"-{text}"), min_size=1, max_size=3)
_NOTHING = st.sampled_from([[""], ["# c"], ["  "], ["   # d: e"]])
_ENTRY = st.tuples(_INLINE, st.just([]) | st.just([]) | _NOTHING, st.just(0))
_BLOCKS: st.SearchStrategy[_Block] = st.recursive(
    st.lists(_ENTRY, min_size=1, max_size=3).map(_mapping),
    lambda inner: st.lists(
        _ENTRY
        | st.tuples(
            st.sampled_from([*[""] * 9, " # c", " x"]),
            inner | _ITEMS,
            st.sampled_from([*[2] * 9, 4, 1, 0]),
        ),
        min_size=1,
        max_size=4,
    ).map(_mapping),
    max_leaves=4,
)


@settings(max_examples=5 * settings().max_examples)  # most have something unusual in them
@given(_BLOCKS.map("\n".join))
@example("a: [b #c]\n")
@example("a:\n- \nb: 1\n")
@example("a: [x , y]  #\n")
@example("a:\n\n# c\n  - x\n\n  - y\nb: -x")
def test_what_is_read_line_by_line_is_what_the_parser_reads(text: str) -> None:
    found = read_plainly(text, max_nodes=NODES)
    if found is not None:
        assert repr(found) == repr(parsed(text))
