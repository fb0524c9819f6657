"""Custody, labels, coverage and the report through the installed command."""

import csv
import hashlib
import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from netops.backup.model import Kind
from netops.core.clock import utc_text
from netops.core.ids import new_id
from tests import catalogue_site
from tests.catalogue_site import LI, RUN, WANG, add_backup, hand_over, netops
from tests.require import need


@pytest.fixture
def site(tmp_path: Path) -> Path:
    catalogue_site.make(tmp_path / "site").close()
    return tmp_path / "site"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site with a good chain, a failure, a restore and a handover; reports may be written."""
    directory = tmp_path_factory.mktemp("filled") / "site"
    made = catalogue_site.make(directory)
    now = datetime.now(UTC)
    base = add_backup(made, at=now - timedelta(days=3))
    at = now - timedelta(hours=5)
    add_backup(made, at=at, kind=Kind.DIFFERENTIAL, base=base)
    broken = '=HYPERLINK("http://evil") \u202e<b>main does not answer</b>'
    add_backup(made, at=now - timedelta(hours=1), status=2, places=(), message=broken)
    made.database.execute(
        "add_restore",
        id=new_id(),
        run_id=RUN,
        backup_id=base,
        job="registrar",
        location="offsite",
        snapshot_id="ab",
        at=utc_text(now),
        target="/srv/drill",
        status=0,
        files=1203,
        bytes=10**9,
        duration_s=75.0,
        message="",
    )
    made.database.execute(
        "finish_run", id=RUN, status=0, finished_at="2026-11-23T00:00:00.000Z", detail=None
    )
    made.close()
    hand_over(directory)
    return directory


def test_a_handover_from_offer_to_confirmation(site: Path) -> None:
    number = hand_over(site)
    code, out, _ = netops(site, "backup", "status")
    assert f"note: handover {number} from {WANG} to {LI}" in out
    assert "is not confirmed" in out

    code, _, err = netops(site, "backup", "handover", "confirm", number, "--as", WANG)
    assert code == 77
    code, out, err = netops(site, "backup", "handover", "confirm", number.lower(), "--as", LI)
    assert (code, err) == (0, "")
    assert f"offsite now held by {LI}" in out

    plain = json.loads(netops(site, "backup", "custody", "--json")[1])
    held = {one["name"]: one for one in plain["holdings"]}
    assert (held["offsite"]["holder"], held["offsite"]["place"]) == (LI, "Safe 2")
    assert held["offsite"]["handover"] == number
    (handover,) = plain["handovers"]
    assert (handover["state"], handover["method"]) == ("confirmed", "sealed bag")
    assert "handover" not in netops(site, "backup", "status")[1]
    assert netops(site, "backup", "custody", "verify")[0] == 0
    assert netops(site, "journal", "verify")[0] == 0


def test_an_attempt_to_confirm_for_somebody_else_is_on_record(site: Path) -> None:
    number = hand_over(site)
    netops(site, "backup", "handover", "confirm", number, "--as", "Mallory")

    _, out, _ = netops(site, "journal", "list", "--json", "--kind", "run.end")

    newest = max(json.loads(out), key=lambda entry: entry["seq"])
    assert newest["ok"] is False
    assert "only Li Wei can confirm" in json.dumps(newest["detail"])


def test_an_offer_that_waits_too_long_is_a_warning_for_monitoring(tmp_path: Path) -> None:
    values = catalogue_site.settings()
    values["backup"]["handover"] = {"confirm_within": "1s"}
    made = catalogue_site.make(tmp_path / "site", values)
    add_backup(made, at=datetime.now(UTC))
    made.database.execute(
        "finish_run", id=RUN, status=0, finished_at="2026-11-23T00:00:00.000Z", detail=None
    )
    made.close()
    assert netops(tmp_path / "site", "backup", "status")[0] == 0
    hand_over(tmp_path / "site")
    time.sleep(1.1)

    code, out, _ = netops(tmp_path / "site", "backup", "status", "--plugin")

    assert code == 1
    assert "is not confirmed" in out
    assert netops(tmp_path / "site", "backup", "custody")[0] == 1


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ((), 64, "say what is handed over"),
        (("--location", "offsite"), 64, "--from: a text expected"),
        (("--from", "A", "--to", "B", "--location", "moon"), 64, "--method: a text expected"),
        (("confirm", "01X", "--as", "B"), 64, "there is no handover '01X'"),
        (("confirm", "01X"), 64, "--as"),
        (("refuse", "01X", "--as", "B"), 64, "--reason"),
    ],
)
def test_wrong_use_ends_in_one_clear_message(
    site: Path, arguments: tuple[str, ...], code: int, message: str
) -> None:
    found, out, err = netops(site, "backup", "handover", *arguments)

    assert found == code
    assert message in out + err
    assert "Traceback" not in err


def test_coverage_exits_by_its_worst_and_names_it(filled: Path) -> None:
    code, out, _ = netops(filled, "backup", "coverage", "--json")
    plain = json.loads(out)
    assert (code, plain["status"]) == (0, "OK")
    assert {(c["subject"], c["name"]) for c in plain["coverage"]} == {
        *(("server", "db-1"), ("job", "registrar")),
        *(("repository", "main"), ("repository", "offsite")),
    }

    code, out, _ = netops(filled, "backup", "coverage", "role=server,access")
    assert code == 2
    assert "no job protects it" in out
    code, out, _ = netops(filled, "backup", "coverage", "role=none")
    assert code == 3
    assert netops(filled, "backup", "coverage", "--quiet")[1] == ""


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["Backup report", "Offsite copies", "Offered, not yet confirmed"]),
        ("zh_Hant", ["備份報告", "異地備份", "伺服器", "保管人", "差異備份", "還原演練"]),
        ("zh_Hans", ["备份报告", "异地备份", "服务器", "保管人", "差异备份", "恢复演练"]),
    ],
)
def test_the_report_speaks_three_languages(filled: Path, language: str, words: list[str]) -> None:
    out = filled / f"report-{language}.html"

    code, _, err = netops(filled, "backup", "report", "--language", language, "-o", str(out))

    assert (code, err) == (0, "")
    page = out.read_text(encoding="utf-8")
    assert [word for word in words if word not in page] == []
    assert "&lt;b&gt;main does not answer" in page
    assert "\u202e" not in page
    assert "<script" not in page
    digest = hashlib.sha256(out.read_bytes()).hexdigest()
    entries = netops(filled, "journal", "list", "--json", "--kind", "backup.report")[1]
    assert digest in {entry["detail"]["sha256"] for entry in json.loads(entries)}


def test_the_environment_and_the_site_choose_the_language(filled: Path, tmp_path: Path) -> None:
    assert "备份标签" in netops(filled, "backup", "label", LANG="zh_CN.UTF-8")[1]
    assert "備份標籤" in netops(filled, "backup", "label", LANG="zh_TW.UTF-8")[1]
    assert "Backup label" in netops(filled, "backup", "label", LANG="fr_FR.UTF-8")[1]
    values = catalogue_site.settings()
    values["site"]["language"] = "zh_Hans"
    made = catalogue_site.make(tmp_path / "site", values)
    add_backup(made)
    made.close()
    assert "备份标签" in netops(tmp_path / "site", "backup", "label", LANG="en_US.UTF-8")[1]
    code, _, err = netops(filled, "backup", "label", "--language", "fr")
    assert code == 64
    assert "does not speak 'fr'" in err


def test_the_report_as_json_and_csv(filled: Path) -> None:
    code, out, _ = netops(filled, "backup", "report", "--format", "json", "--since", "2d")
    plain = json.loads(out)
    assert code == 0
    assert plain["outcomes"][0]["job"] == "registrar"
    assert (plain["outcomes"][0]["good"], plain["outcomes"][0]["failed"]) == (1, 1)
    assert [one["location"] for one in plain["protections"]] == ["main", "offsite"]
    assert len(plain["restores"]) == len(plain["failures"]) == 1
    assert plain["custody_differences"] == []
    assert plain["journal_head"]

    rows = list(
        csv.DictReader(netops(filled, "backup", "report", "--format", "csv")[1].splitlines())
    )
    assert {row["section"].partition(".")[0] for row in rows} == {
        *("protection", "coverage", "outcomes", "failure", "restore", "custody", "handover"),
    }
    (failure,) = [row for row in rows if row["section"] == "failure"]
    assert failure["remark"].startswith("'=HYPERLINK")


@pytest.mark.parametrize("since", ["soon", "2999-01-01", "-3d", "1e9d", ""])
def test_a_period_that_is_none_is_refused(filled: Path, since: str) -> None:
    code, _, err = netops(filled, "backup", "report", "--since", since)

    assert code == 64
    assert "--since" in err


def test_a_page_that_cannot_be_written_is_one_message(filled: Path) -> None:
    code, _, err = netops(filled, "backup", "label", "-o", "/nowhere/label.html")

    assert code == 77
    assert "cannot write /nowhere/label.html" in err


def test_a_browser_prints_the_label_and_a_scanner_reads_it(filled: Path, tmp_path: Path) -> None:
    need("chromium", "zbarimg")
    page = tmp_path / "label.html"
    code, _, err = netops(
        filled, "backup", "label", "--language", "zh_Hant", "--paper", "label", "-o", str(page)
    )
    assert (code, err) == (0, "")
    number = json.loads(netops(filled, "backup", "list", "--json")[1])[1]["id"]
    shot = tmp_path / "label.png"
    browser = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--window-size=900,700"]
    browser += ["--force-device-scale-factor=2", f"--user-data-dir={tmp_path / 'profile'}"]
    subprocess.run(
        [*browser, f"--screenshot={shot}", page.as_uri()],
        capture_output=True,
        check=True,
        timeout=120,
    )

    seen = subprocess.run(
        ["zbarimg", "--quiet", "--nodbus", "--raw", str(shot)],
        capture_output=True,
        text=True,
        check=True,
    )

    assert seen.stdout.split() == [number]


def test_of_two_who_answer_at_once_one_is_heard(site: Path) -> None:
    number = hand_over(site)
    words = [sys.executable, "-m", "netops", "--site", str(site), "backup", "handover"]
    answers = (
        ["confirm", number, "--as", LI],
        ["refuse", number, "--as", LI, "--reason", "seal broken"],
        ["withdraw", number, "--as", WANG],
    )
    environment = {**os.environ, "PYTHONPATH": str(catalogue_site.ROOT)}

    running = [
        subprocess.Popen([*words, *answer], env=environment, stdout=subprocess.DEVNULL)
        for answer in answers
    ]
    codes = [process.wait(timeout=60) for process in running]

    assert codes.count(64) == 2
    (handover,) = json.loads(netops(site, "backup", "custody", "--json")[1])["handovers"]
    assert handover["state"] == ("confirmed", "refused", "withdrawn")[codes.index(min(codes))]
    plain = json.loads(netops(site, "backup", "custody", "verify", "--json")[1])
    assert (plain["status"], plain["compared"]) == ("OK", 2)
