"""Collecting: no line lost, none twice, whatever rotation does between two visits."""

import bz2
import gzip
import lzma
import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netops.backup.logs import content
from netops.backup.logs.collect import Collected, collect
from netops.backup.logs.ledger import Ledger
from netops.backup.logs.source import LogSource, parse_source
from netops.core.cancel import Cancel
from netops.core.errors import ConfigError, IntegrityError


class StillClock:
    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def monotonic_s(self) -> float:
        return self.moment.timestamp()

    def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


class Place:
    """A directory of logs, and where they are collected."""

    def __init__(self, root: Path) -> None:
        self.logs, self.state, self.clock = root / "logs", root / "state", StillClock()
        self.logs.mkdir(parents=True)
        self.count = 0

    def source(self, **more: object) -> LogSource:
        return parse_source({"name": "here", "path": str(self.logs), **more})

    def collect(self, **more: object) -> Collected:
        self.clock.sleep(300)
        return collect(self.source(**more), self.state, self.clock, Cancel())

    def write(self, lines: int, name: str = "access.log") -> None:
        with (self.logs / name).open("a") as file:
            for _ in range(lines):
                file.write(f"[23/Nov/2026:10:00:00 +0800] line {self.count}\n")
                self.count += 1

    def lines(self) -> list[int]:
        found = []
        for path in (self.state / "logs/here").rglob("*"):
            if path.is_file() and path.name != "ledger.json":
                found += [int(line.split()[-1]) for line in content.lines(path)]
        return sorted(found)

    def counted(self) -> int:
        return sum(day.lines for day in Ledger.read(self.state / "logs/here").days.values())

    def check(self) -> None:
        assert self.lines() == list(range(self.count))
        assert self.counted() == self.count

    # What logrotate does.

    def shift(self) -> None:
        """Rename access.log.N to N+1, compressed ones too."""
        for number in range(8, 0, -1):
            for ending in ("", ".gz"):
                old = self.logs / f"access.log.{number}{ending}"
                if old.exists():
                    old.rename(self.logs / f"access.log.{number + 1}{ending}")

    def rotate(self) -> None:
        self.shift()
        if (self.logs / "access.log").exists():
            (self.logs / "access.log").rename(self.logs / "access.log.1")
        (self.logs / "access.log").touch()

    def copytruncate(self) -> None:
        self.shift()
        if (self.logs / "access.log").exists():
            shutil.copyfile(self.logs / "access.log", self.logs / "access.log.1")
            os.truncate(self.logs / "access.log", 0)

    def compress(self) -> None:
        for path in sorted(self.logs.glob("access.log.?")):
            path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes()))
            path.unlink()

    def delete_oldest(self) -> None:
        for path in sorted(self.logs.glob("access.log.*"))[-1:]:
            path.unlink()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


ACTS = ["write", "rotate", "copytruncate", "compress", "delete_oldest", "rotate+compress"]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(acts=st.lists(st.sampled_from(ACTS), max_size=12))
def test_visited_between_every_two_events_no_line_is_lost_or_doubled(
    tmp_path_factory: pytest.TempPathFactory, acts: list[str]
) -> None:
    place = Place(tmp_path_factory.mktemp("rotation"))
    place.write(3)
    place.collect()
    for act in acts:
        if act == "write":
            place.write(2)
        else:
            for step in act.split("+"):
                getattr(place, step)()
        place.collect()
        place.check()


@pytest.mark.parametrize("rotation", ["rotate", "copytruncate"])
def test_lines_written_just_before_a_rotation_are_not_lost(place: Place, rotation: str) -> None:
    place.write(5)
    place.collect()
    place.write(3)  # not visited before the rotation
    getattr(place, rotation)()
    place.write(1)
    place.collect()
    place.check()


def test_log_that_grew_past_its_old_size_after_truncation_is_noticed(place: Place) -> None:
    place.write(5)
    place.collect()
    place.copytruncate()
    place.write(9)
    place.collect()
    place.check()


def test_log_rotated_and_compressed_at_once_is_recognised_and_completed(place: Place) -> None:
    place.write(5)
    place.collect()
    place.write(2)
    place.rotate()
    place.compress()
    place.write(1)
    place.collect()
    place.check()


@pytest.mark.parametrize(
    ("ending", "pack"),
    [("gz", gzip.compress), ("bz2", bz2.compress), ("xz", lzma.compress)],
)
def test_compressed_logs_of_before_are_collected_and_counted(
    place: Place, ending: str, pack: object
) -> None:
    assert callable(pack)
    text = b"[01/Oct/2026:10:00:00 +0800] line 0\n[02/Oct/2026:10:00:00 +0800] line 1\n"
    (place.logs / f"access.log.2.{ending}").write_bytes(pack(text))
    place.collect()
    days = Ledger.read(place.state / "logs/here").days
    assert {day: row.lines for day, row in days.items()} == {"2026-10-01": 1, "2026-10-02": 1}


def test_half_written_archive_is_counted_when_it_is_whole(place: Place) -> None:
    packed = gzip.compress(os.urandom(20_000).hex().encode() + b"\n[23/Nov/2026:10:00:00] x\n")
    (place.logs / "access.log.1.gz").write_bytes(packed[:5000])
    assert place.collect().lines == 0
    (place.logs / "access.log.1.gz").write_bytes(packed)
    assert place.collect().lines == 2
    (copy,) = (place.state / "logs/here").rglob("*.gz")
    assert copy.read_bytes() == packed


def test_what_a_killed_run_left_half_done_is_made_good(place: Place) -> None:
    place.write(5)
    place.collect()
    (copy,) = (place.state / "logs/here").rglob("access~*")
    with copy.open("a") as file:
        file.write("torn")
    place.write(1)
    place.collect()
    place.check()


def test_lost_copy_is_brought_again(place: Place) -> None:
    place.write(5)
    place.collect()
    (copy,) = (place.state / "logs/here").rglob("access~*")
    copy.unlink()
    place.collect()
    assert place.lines() == list(range(5))


def test_damaged_ledger_is_told_and_nothing_is_overwritten(place: Place) -> None:
    place.write(5)
    place.collect()
    (place.state / "logs/here/ledger.json").write_text("{")
    with pytest.raises(IntegrityError, match="is damaged"):
        place.collect()
    assert place.lines() == list(range(5))


def test_links_and_pipes_are_left_alone(place: Place, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (place.logs / "link.log").symlink_to(tmp_path / "secret")
    (place.logs / "folder").symlink_to(tmp_path)
    os.mkfifo(place.logs / "pipe.log")
    place.write(1)
    assert place.collect().files == 1
    place.check()


def test_files_rewritten_in_place_are_no_logs(place: Place) -> None:
    (place.logs / "lastlog").write_bytes(b"\0" * 1000)
    place.write(1)
    assert place.collect().files == 1


def test_one_run_brings_no_more_than_allowed_and_says_so(place: Place) -> None:
    place.write(100)
    done = place.collect(max_per_run="1kB")
    assert done.size_bytes == 1000
    assert "left for the next run" in done.summary()
    while place.collect(max_per_run="1kB").problems:
        pass
    place.check()


def test_copies_past_their_time_go_and_the_count_stays(place: Place) -> None:
    place.write(5)
    place.collect()
    (place.logs / "access.log").unlink()
    place.clock.sleep(190 * 86_400)
    place.collect(keep="365d")
    assert place.lines() == list(range(5))
    place.collect(keep="181d")
    assert place.lines() == []
    assert place.counted() == 5


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"path": "var/log"}, "absolute"),
        ({"path": "/var/log", "keep": "30d"}, "shorter than 180d"),
        ({"path": "/var/log", "host": "web1"}, "private_key is missing"),
        ({"path": "/x", "name": "x", "host": "-oProxyCommand=x", "private_key": "file:k"}, "host"),
        ({"path": "/var/log", "name": "../up"}, "name"),
        ({"path": "/var/log/it's"}, "absolute"),
        ({"path": "/var/log", "prot": 22}, "unknown key prot"),
        ({"path": "/var/log", "port": 0}, "port"),
        ({"path": "/var/log", "deadline": 5}, "deadline"),
    ],
)
def test_wrong_source_is_refused(options: dict[str, object], complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        parse_source(options)
