"""Which days are here: by the real command, on this machine's own logs."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.backup_site import BackupSite, Outcome


def line(back: int) -> str:
    day = datetime.now().astimezone() - timedelta(days=back)
    return day.strftime("%Y-%m-%dT%H:%M:%S login ok\n")


def day_of(back: int) -> str:
    return (datetime.now().astimezone() - timedelta(days=back)).strftime("%Y-%m-%d")


@pytest.fixture
def site(tmp_path: Path) -> BackupSite:
    (tmp_path / "logs").mkdir()
    return BackupSite(
        tmp_path / "site",
        f"sources: [{{logs: {{name: here, path: {tmp_path}/logs}}}}]\n",
    )


def coverage(site: BackupSite, *options: str) -> Outcome:
    return site.netops("backup", "logs", "coverage", "--days", "6", *options)


def began(site: BackupSite, back: int) -> None:
    """Let collecting have begun some days ago."""
    path = site.state / "logs/here/ledger.json"
    ledger = json.loads(path.read_text())
    moment = datetime.fromisoformat(ledger["first_at"]) - timedelta(days=back)
    ledger["first_at"] = moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    path.write_text(json.dumps(ledger))


def test_server_never_collected_is_critical(site: BackupSite) -> None:
    done = coverage(site)
    assert done.code == 2, done
    assert "never collected" in done.out


@pytest.mark.parametrize(
    ("days", "code", "missing"), [([0, 1, 2, 3], 0, []), ([0, 1, 3], 1, [2]), ([0, 2, 3], 2, [1])]
)
def test_day_without_logs_is_flagged(
    site: BackupSite, tmp_path: Path, days: list[int], code: int, missing: list[int]
) -> None:
    text = "".join(line(back) for back in sorted(days, reverse=True))
    (tmp_path / "logs/auth.log").write_text(text)
    site.init()
    assert site.netops("backup", "logs", "collect").code == 0
    began(site, 3)
    assert site.backup().code == 0
    done = coverage(site, "--json")
    assert done.code == code, done
    (server,) = done.data["servers"]
    flagged = [day["day"] for day in server["days"] if day["remark"] == "no logs of this day"]
    assert flagged == [day_of(back) for back in missing]
    present = [day for day in server["days"] if day["lines"]]
    assert [day["day"] for day in present] == [day_of(back) for back in days]
    assert all(day["in_backup"] for day in present)
    before = [day for day in server["days"] if day["remark"] == "before collecting began"]
    assert len(before) == 2
    table = coverage(site)
    assert day_of(0) in table.out
    assert table.code == code


def test_day_that_is_in_no_backup_is_a_warning(site: BackupSite, tmp_path: Path) -> None:
    (tmp_path / "logs/auth.log").write_text("".join(line(back) for back in (3, 2, 1, 0)))
    assert site.netops("backup", "logs", "collect").code == 0
    done = coverage(site)
    assert done.code == 1, done
    assert "in no backup yet" in done.out


def test_missing_directory_is_told(site: BackupSite, tmp_path: Path) -> None:
    (tmp_path / "logs").rmdir()
    done = site.netops("backup", "logs", "collect", "--json")
    assert done.code == 1
    assert "No such file or directory" in done.result["summary"]


def test_unknown_server_is_a_usage_error(site: BackupSite) -> None:
    done = site.netops("backup", "logs", "collect", "web9")
    assert done.code == 64
    assert "in netops.yaml: here" in done.err


def test_dry_run_collects_nothing(site: BackupSite, tmp_path: Path) -> None:
    (tmp_path / "logs/auth.log").write_text(line(0))
    assert site.netops("backup", "logs", "collect", "--dry-run").code == 0
    assert not (site.state / "logs").exists()


def test_same_name_twice_is_refused(site: BackupSite, tmp_path: Path) -> None:
    entry = f"{{logs: {{name: here, path: {tmp_path}/logs}}}}"
    site.write(f"sources: [{entry}, {entry}]\n")
    done = site.netops("backup", "logs", "collect")
    assert done.code == 78
    assert "collected twice" in done.err
