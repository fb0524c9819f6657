"""Real processes on one journal: side by side, and killed in the middle of it."""

import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from netops.journal import keys
from netops.journal.verify import verify
from tests.unit.journal.lab import open_book

WRITER = """
import sys
from pathlib import Path
from netops.journal.book import Book
directory, name, runs = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
for number in range(runs):
    with Book.open(directory, origin="nms1/journal") as book:
        run = f"{name}-{number}"
        book.begin(run, "poll", [name], {})
        for item in range(3):
            book.append("device.poll", f"sw-{item}", ok=True, run=run)
        book.end(run, "poll", status=0, detail={})
        book.checkpoint()
"""

# Every run falls into another month, so that the kill also hits the change of keys.
RUNAWAY = """
import sys
from pathlib import Path
from tests.unit.journal.lab import SetClock, open_book
from netops.core.clock import SystemClock
from netops.core.ids import new_id
clock = SetClock(SystemClock().now())
book = open_book(Path(sys.argv[1]), clock)
print("ready", flush=True)
while True:
    run = new_id()
    book.begin(run, "poll", ["core-1"], {})
    book.append("device.poll", "core-1", ok=True, run=run)
    book.end(run, "poll", status=0, detail={})
    book.checkpoint()
    clock.pass_days(31)
"""


def test_four_processes_append_at_once_without_a_broken_chain(tmp_path: Path) -> None:
    """They also make the journal and its first key at once: nothing is there when they start."""
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path / "j"), f"w{number}", "25"])
        for number in range(4)
    ]
    assert [writer.wait(timeout=120) for writer in writers] == [0, 0, 0, 0]
    result = verify(tmp_path / "j")
    assert result.ok, result.findings
    assert result.entries == 4 * 25 * 5 + 1  # and one entry for the key
    with open_book(tmp_path / "j") as book:
        counts = Counter(entry.kind for entry in book.entries())
        assert counts == {"device.poll": 300, "run.begin": 100, "run.end": 100, "journal.key": 1}
        assert book.open_runs() == []
        head = book.head()
        assert head is not None
        assert head.size == book.size
    assert head.note == (tmp_path / "j" / "checkpoint.note").read_text()
    assert len(keys.secret_paths(tmp_path / "j")) == 1


def test_a_writer_killed_at_any_moment_leaves_a_valid_journal(tmp_path: Path) -> None:
    chance = random.Random(9)
    lost = rounds = 0
    while rounds < 12 or not lost:  # on a busy machine a writer may be between two runs each time
        rounds += 1
        assert rounds < 60
        writer = subprocess.Popen(
            [sys.executable, "-c", RUNAWAY, str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        time.sleep(chance.uniform(0.0, 0.15))
        writer.kill()
        writer.wait()
        writer.stdout.close()
        result = verify(tmp_path)
        assert result.ok, result.findings
        with open_book(tmp_path) as book:
            for run in book.open_runs():
                assert not run.running
                assert run.verb == "poll"
                book.close_lost(run)
                lost += 1
            book.checkpoint()
            assert book.open_runs() == []
        assert len(keys.secret_paths(tmp_path)) == 1
    assert verify(tmp_path).ok
    assert not list(tmp_path.glob(".journal.db.*"))


def test_verify_is_right_while_others_write(tmp_path: Path) -> None:
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), "w", "40"])
    seen = set()
    while writer.poll() is None:
        if (tmp_path / "journal.db").exists():
            result = verify(tmp_path)
            assert result.ok, result.findings
            seen.add(result.entries)
    assert writer.returncode == 0
    assert len(seen) > 1
