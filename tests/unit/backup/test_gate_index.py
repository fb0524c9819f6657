"""What the gate remembers: unchanged and clean files only, in one order, whatever their names."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netops.backup.scan_index import (
    CLEAN,
    OPEN,
    Row,
    compared,
    differing,
    read_rows,
    scratch,
    settled,
    written,
)
from netops.backup.scanners.base import Identity
from netops.backup.tree import LeftOut, literal, order, regular_files, touched_files

names = st.binary(min_size=1, max_size=6).filter(lambda name: not {0, 47} & set(name))
paths = st.lists(names, min_size=1, max_size=3).map(lambda parts: b"/" + b"/".join(parts))
numbers = st.integers(0, 2**63)
rows = st.builds(
    Row,
    paths,
    st.builds(Identity, numbers, numbers, numbers, numbers),
    st.sampled_from([CLEAN, OPEN, "Evil.Name 1", "Évil"]),
)
sorted_rows = st.lists(rows, unique_by=lambda row: row.path).map(
    lambda found: sorted(found, key=lambda row: order(row.path))
)


@given(sorted_rows)
def test_rows_are_read_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, found: list[Row]
) -> None:
    path = tmp_path_factory.mktemp("rows") / "index"
    with written(path) as index:
        for row in found:
            index.add(row)
    back = list(read_rows(path))
    assert [(row.path, row.identity) for row in back] == [(r.path, r.identity) for r in found]
    assert [row.verdict == CLEAN for row in back] == [row.verdict == CLEAN for row in found]


@given(sorted_rows, st.integers(0, 400))
def test_torn_file_yields_only_whole_rows(
    tmp_path_factory: pytest.TempPathFactory, found: list[Row], cut: int
) -> None:
    path = tmp_path_factory.mktemp("rows") / "index"
    with scratch(path) as index:
        for row in found:
            index.add(row._replace(verdict=CLEAN))
    os.truncate(path, min(cut, path.stat().st_size))
    back = list(read_rows(path))
    assert back == [row._replace(verdict=CLEAN) for row in found[: len(back)]]


@given(sorted_rows, sorted_rows)
def test_only_verdicts_and_what_was_clean_stay(before: list[Row], done: list[Row]) -> None:
    kept = {row.path: row for row in settled(before, done, {})}
    fresh = {row.path: row for row in done}
    assert kept == {**{r.path: r for r in before if r.verdict == CLEAN}, **fresh}
    assert list(kept) == sorted(kept, key=order)


def test_failed_writing_leaves_the_old_index(tmp_path: Path) -> None:
    path = tmp_path / "index"
    row = Row(b"/a", Identity(1, 2, 3, 4), CLEAN)
    with written(path) as index:
        index.add(row)
    with pytest.raises(KeyError), written(path):
        raise KeyError
    assert list(read_rows(path)) == [row]
    assert [found.name for found in tmp_path.iterdir()] == ["index"]


@given(st.lists(st.lists(names, min_size=1, max_size=3), max_size=12))
def test_walk_is_sorted_and_complete(
    tmp_path_factory: pytest.TempPathFactory, trees: list[list[bytes]]
) -> None:
    root = os.fsencode(tmp_path_factory.mktemp("walk"))
    wanted = set()
    for parts in trees:
        if {b".", b".."} & set(parts):
            continue
        path = root + b"/" + b"/".join(parts)
        try:
            Path(os.fsdecode(path)).parent.mkdir(parents=True, exist_ok=True)
            Path(os.fsdecode(path)).write_bytes(b"x")
        except OSError:
            continue  # a file stands where a folder would
        wanted.add(path)
    found = [entry.path for entry in regular_files([os.fsdecode(root)], LeftOut())]
    assert found == sorted(wanted, key=order)
    quickly = [entry.path for entry in touched_files([os.fsdecode(root)], LeftOut(), 0)]
    assert sorted(quickly, key=order) == found


def test_roots_within_roots_are_walked_once(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/file").write_text("x")
    (tmp_path / "a.b").write_text("x")
    roots = [str(tmp_path / part) for part in ("a/b", "a", "a.b", "a")]
    found = [os.fsdecode(entry.path) for entry in regular_files(roots, LeftOut())]
    assert found == [str(tmp_path / "a/b/file"), str(tmp_path / "a.b")]
    assert len(list(touched_files(roots, LeftOut(), 0))) == 2


def test_links_are_not_followed_and_special_files_not_visited(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "link").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "pipe")
    roots = [str(tmp_path), str(tmp_path / "link")]
    assert list(regular_files(roots, LeftOut())) == []
    assert list(touched_files(roots, LeftOut(), 0)) == []


def test_only_what_changed_since_then_is_touched(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("x")
    since_ns = (tmp_path / "old").stat().st_ctime_ns + 1
    assert list(touched_files([str(tmp_path), str(tmp_path / "old")], LeftOut(), since_ns)) == []
    while (tmp_path / "new").exists() is False or (tmp_path / "new").stat().st_ctime_ns < since_ns:
        (tmp_path / "new").write_text("x")
    (found,) = touched_files([str(tmp_path)], LeftOut(), since_ns)
    assert found.path.endswith(b"/new")


@pytest.mark.parametrize(
    ("pattern", "left_out"),
    [
        ("*.tmp", {"x.tmp"}),
        ("cache", {"cache/x"}),
        ("ca*", {"cache/x"}),
        ("?ache", set()),  # more than plain: visited all the same
        ("cache/x", set()),
        ("!*.tmp", set()),
    ],
)
def test_only_plain_patterns_spare_the_walk(
    tmp_path: Path, pattern: str, left_out: set[str]
) -> None:
    (tmp_path / "cache").mkdir()
    everything = {"x.tmp", "cache/x", "keep"}
    for name in everything:
        (tmp_path / name).write_text("x")
    patterns, roots = LeftOut.of([pattern]), [str(tmp_path)]
    found = {
        str(Path(os.fsdecode(entry.path)).relative_to(tmp_path))
        for entry in regular_files(roots, patterns)
    }
    assert {entry.path for entry in touched_files(roots, patterns, 0)} == {
        entry.path for entry in regular_files(roots, patterns)
    }
    assert found == everything - left_out


def test_every_kind_of_change_opens_a_file_again(tmp_path: Path) -> None:
    for name in "abcd":
        (tmp_path / name).write_text("content")
    walk = [str(tmp_path)]
    seen = [row._replace(verdict=CLEAN) for row in compared(regular_files(walk, LeftOut()), ())]
    facts = (tmp_path / "a").stat()
    (tmp_path / "a").write_text("CONTENT")  # same size, and its time put back
    os.utime(tmp_path / "a", ns=(facts.st_atime_ns, facts.st_mtime_ns))
    (tmp_path / "new").write_text("content")
    (tmp_path / "b").replace(tmp_path / "c")
    rows = {row.path: row.verdict for row in compared(regular_files(walk, LeftOut()), seen)}
    opened = {Path(os.fsdecode(path)).name for path, verdict in rows.items() if verdict == OPEN}
    assert opened == {"a", "c", "new"}
    again = {
        Path(os.fsdecode(e.path)).name for e in differing(regular_files(walk, LeftOut()), seen)
    }
    assert again == opened


@given(names)
def test_literal_pattern_escapes_what_has_a_meaning(name: bytes) -> None:
    text = os.fsdecode(name)
    pattern = literal(text)
    assert pattern.replace("\\\\", "\0").replace("\\", "").replace("\0", "\\") == text
