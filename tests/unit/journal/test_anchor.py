"""Anchors as people hand them in: a file, a log line, a line copied from a report."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from netops.core.errors import UsageError
from netops.journal.anchor import parse_anchors
from netops.journal.book import Book
from netops.journal.verify import verify
from tests.require import need, unavailable
from tests.unit.journal.lab import live

ROOT = "A" * 43 + "="


def test_heads_are_found_wherever_they_stand() -> None:
    log = (
        f"Nov 23 15:38:31 nms1 netops[77]: journal head nms1/journal 41:{ROOT}\n"
        f"Nov 24 15:38:31 nms1 netops[78]: journal head nms1/journal 52:{ROOT}\n"
    )
    assert [one.size for one in parse_anchors(log)] == [41, 52]
    assert [one.size for one in parse_anchors(f"head: 7:{ROOT}")] == [7]


@pytest.mark.parametrize("text", ["", "hello", "7:AAAA", f"x:{ROOT}", "a\n1\nb\n\n— c d\n"])
def test_what_is_no_anchor_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError, match="anchor"):
        parse_anchors(text)


def test_a_note_file_and_a_printed_head_both_anchor(tmp_path: Path) -> None:
    with live(tmp_path) as book:
        head = book.head()
        assert head is not None
        book.append("note", "after the anchor")
    note = (tmp_path / "checkpoint.note").read_text()
    for text in (note, note.replace("\n", "\r\n"), head.head, f"  {head.head}\n"):
        result = verify(tmp_path, anchors=[text])
        assert (result.ok, result.anchored_to) == (True, head.size)
        assert "newer than the last anchor: 1" in result.remarks


def test_without_an_anchor_verify_says_what_it_cannot_see(tmp_path: Path) -> None:
    live(tmp_path).close()
    result = verify(tmp_path)
    assert result.ok
    assert any("no outside anchor" in remark for remark in result.remarks)


def test_an_anchor_of_another_journal_is_a_finding(tmp_path: Path) -> None:
    live(tmp_path / "a").close()
    other = Book.open(tmp_path / "b", origin="other/journal")
    other.append("note", "x")
    note = other.checkpoint().note
    other.close()
    (finding,) = verify(tmp_path / "a", anchors=[note]).findings
    assert "another journal, other/journal" in finding.problem


def test_a_checkpoint_reaches_the_system_log(tmp_path: Path) -> None:
    """A real datagram on a real /dev/log, in a mount namespace of our own."""
    need("unshare", "mount")
    if os.geteuid() != 0:
        unavailable("root", "a mount namespace of our own needs root")
    devices = tmp_path / "dev"
    devices.mkdir()
    (devices / "null").touch()
    code = f"""
import socket
from pathlib import Path
server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
server.bind("/dev/log")
server.settimeout(10)
from netops.journal.book import Book
with Book.open(Path({str(tmp_path / "journal")!r}), origin="nms1/journal", syslog=True) as book:
    book.append("note", "x")
    print(book.checkpoint().head)
print(server.recv(4096).decode())
"""
    script = f'mount --bind /dev/null {devices}/null && mount --rbind {devices} /dev && exec "$0" -c "$1"'
    sh = shutil.which("sh") or "/bin/sh"
    done = subprocess.run(
        ["unshare", "-m", sh, "-c", script, sys.executable, code],
        capture_output=True,
        text=True,
        check=False,
    )
    if "unshare: " in done.stderr or "permission denied" in done.stderr:
        unavailable("unshare", done.stderr)
    assert done.returncode == 0, done.stderr
    head, line = done.stdout.splitlines()[:2]
    assert line.rstrip("\0").endswith(f"journal head nms1/journal {head}")
    assert "netops[" in line
    assert verify(tmp_path / "journal", anchors=[line]).anchored_to == 2
