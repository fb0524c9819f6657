"""`backup verify` as installed: a rotation that reads everything, cadences, and what status says."""

import sqlite3
from pathlib import Path

import pytest

from tests.servers.places import SmallSite, have_restic

PARTS = 3


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> SmallSite:
    have_restic()
    made = SmallSite(tmp_path_factory.mktemp("verify") / "site")
    made.repositories["main"]["verify"] = {"structure": "daily", "data": "monthly", "parts": PARTS}
    made.write()
    made.fill()
    made.init()
    made.result("backup", "run")
    return made


def clear(site: SmallSite) -> None:
    """Let nobody have looked at anything yet."""
    with sqlite3.connect(site.directory / "state/netops.db") as link:
        link.execute("DELETE FROM reading")
        link.execute("DELETE FROM verification")


def entries(site: SmallSite) -> int:
    return len(site.json("journal", "list", "--limit", "1000"))


def test_as_many_runs_as_parts_read_everything(site: SmallSite) -> None:
    clear(site)
    seen = []
    for _ in range(PARTS):
        assert site.status()["main"]["fully_read_at"] is None
        result = site.result("backup", "verify")
        assert (result["check"], result["parts"]) == ("data", PARTS)
        seen.append(result["part"])
    assert seen == [1, 2, 3]
    assert site.status()["main"]["fully_read_at"] is not None
    assert site.result("backup", "verify")["part"] == 1


def test_everything_at_once_counts_as_fully_read(site: SmallSite) -> None:
    clear(site)
    assert "all data read back" in site.result("backup", "verify", "--read-data")["summary"]
    assert site.status()["main"]["fully_read_at"] is not None


def test_structure_alone_reads_no_data(site: SmallSite) -> None:
    clear(site)
    assert site.result("backup", "verify", "--structure")["check"] == "structure"
    assert site.status()["main"]["fully_read_at"] is None


def test_due_does_what_is_due_and_leaves_no_entry_otherwise(site: SmallSite) -> None:
    clear(site)
    assert site.result("backup", "verify", "--due")["part"] == 1
    before = entries(site)
    assert site.result("backup", "verify", "--due")["summary"] == "nothing is due"
    assert entries(site) == before


def test_a_backup_checks_the_structure_once_a_day(site: SmallSite) -> None:
    clear(site)
    (site.source / "new.txt").write_text("new")
    site.result("backup", "run")
    with sqlite3.connect(site.directory / "state/netops.db") as link:
        assert link.execute("SELECT kind, status FROM verification").fetchall() == [
            ("structure", 0)
        ]
    site.result("backup", "run")
    with sqlite3.connect(site.directory / "state/netops.db") as link:
        assert link.execute("SELECT COUNT(*) FROM verification").fetchone() == (1,)


def test_status_warns_when_the_data_was_not_read_in_time(site: SmallSite) -> None:
    clear(site)
    with sqlite3.connect(site.directory / "state/netops.db") as link:
        (run,) = link.execute("SELECT id FROM run LIMIT 1").fetchone()
        link.execute(
            "INSERT INTO reading (location, parts, part, at, run_id) VALUES "
            "('main', 1, 1, '2026-01-01T00:00:00.000Z', ?)",
            (run,),
        )
    row = site.status()["main"]
    assert row["status"] == "WARNING"
    assert "not all data read back since 2026-01-01" in row["remark"]
    site.result("backup", "verify", "--read-data")
    assert site.status()["main"]["status"] == "OK"


def test_a_snapshot_that_is_gone_is_not_counted_any_more(site: SmallSite, tmp_path: Path) -> None:
    newest = max((site.main / "snapshots").iterdir(), key=lambda path: path.stat().st_mtime_ns)
    newest.rename(tmp_path / newest.name)
    result = site.result("backup", "verify", "--structure", code=2)
    assert len(result["missing"]) == 1
    assert site.status()["main"]["status"] == "CRITICAL"
    (tmp_path / newest.name).rename(newest)
    assert site.result("backup", "run")["status"] == "OK"
    assert site.result("backup", "verify", "--structure")["status"] == "OK"
    assert site.status()["main"]["status"] == "OK"


def test_full_and_structure_exclude_each_other(site: SmallSite) -> None:
    done = site.netops("backup", "verify", "--read-data", "--structure")
    assert done.returncode == 64
