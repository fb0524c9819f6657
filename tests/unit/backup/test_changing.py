"""A file counts as changed when it is not as restic found it, and for no other reason."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from netops.backup.changing import _differs, changed
from netops.backup.model import Job, Source
from netops.backup.reading import Reading
from netops.backup.restic import client, nodes
from netops.backup.restic.access import Access
from netops.backup.tree import Entry
from netops.core.cancel import Cancel
from netops.core.secrets import Secret
from netops.core.status import Status
from tests.sites import PASSWORD, lay_out


def test_only_what_changed_after_restic_opened_it_is_told(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for number in range(600):  # more than a command line takes by name
        (source / f"file-{number}").write_text(f"{number}")
    (source / "left.tmp").write_text("left out")
    lay_out("main", tmp_path / "repository")
    access = Access(
        "main", str(tmp_path / "repository"), Secret(PASSWORD), cache_directory=tmp_path / "c"
    )
    call = client.Call(60, Cancel())
    summary = client.backup(access, client.Tree([str(source)], ["*.tmp"], host="here"), call)
    job = Job("data", (Source("files", {"path": str(source)}),), "main")
    since_ever = Reading([str(source)], [], one_file_system=False, own=0, began_s=0)
    assert changed(since_ever, job, summary.snapshot_id, access, call) == []

    for name in ("file-7", "left.tmp", "later"):  # two of them are not in the snapshot
        (source / name).write_text("new")
    os.utime(source / "file-7", ns=(0, 0))
    (told,) = changed(since_ever, job, summary.snapshot_id, access, call)
    assert told.status is Status.OK
    assert told.facts == {"changing_count": 1, "changing": [str(source / "file-7")]}
    assert told.text.startswith("1 changed while being backed up")

    late = replace(since_ever, began_s=(source / "file-7").lstat().st_ctime + 60)
    assert changed(late, job, summary.snapshot_id, access, call) == []

    gone = replace(access, location=str(tmp_path / "nowhere"))
    strict = replace(job, on_changing="warn")
    recent = replace(since_ever, began_s=(source / "file-7").lstat().st_ctime)
    (doubt,) = changed(recent, strict, summary.snapshot_id, gone, call)
    assert doubt.status is Status.WARNING
    assert doubt.facts["changing_unproven"] is True
    assert str(source / "file-7") in doubt.facts["changing"]
    assert "could not look" in doubt.text


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("2026-12-01T03:16:41.817046944Z", 1796095001_817046944),
        ("2026-12-01T11:16:41.8+08:00", 1796095001_800000000),
        ("2026-12-01T03:16:41Z", 1796095001_000000000),
        ("1969-12-31T23:59:59.5Z", -500000000),
        ("", 0),
    ],
)
def test_times_of_restic_are_read_to_the_nanosecond(text: str, ns: int) -> None:
    assert nodes._nanoseconds(text) == ns


def test_a_file_that_took_the_name_of_another_leaves_what_was_read_whole(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("new")
    facts, path = file.lstat(), str(file)
    entry = Entry(os.fsencode(path), facts)
    for inode, told in ((0, True), (facts.st_ino, True), (facts.st_ino + 1, False)):
        known = {path: nodes.Node(3, facts.st_ctime_ns - 1, inode)}
        assert _differs(entry, path, known) is told
