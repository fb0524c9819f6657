"""Maps, sheets and exports from the command line, and how a real browser shows and prints them."""

import json
import re
import shutil
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from netops.app import Site as AppSite
from netops.cli.topology import app
from netops.core.errors import NetopsError, UsageError
from netops.records.book import Hand
from netops.reports.words import Words
from netops.topology.canonical import event_row
from netops.topology.drawing.chart import chart
from netops.topology.drawing.draw import to_svg
from netops.topology.drawing.layout import layout
from netops.topology.exporters.plain import JsonExporter
from netops.topology.history.diff import diff
from netops.topology.model import Endpoint
from netops.topology.paper import sheet
from netops.topology.paper.report import as_page
from tests.campus import campus, later
from tests.campus_records import report_of
from tests.require import need
from tests.sites import Site


class Place:
    """A site, and two snapshots of a campus as files."""

    def __init__(self, directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.directory, self.capsys = directory, capsys
        self.site = Site(directory / "site")
        self.site.directory.mkdir()
        self.site.write()
        before = campus(40, "zh_Hant")
        for name, snapshot in (("old", before), ("new", later(before))):
            (text,) = JsonExporter().files(snapshot, ()).values()
            (directory / f"{name}.json").write_text(text, encoding="utf-8")

    def store(self) -> None:
        """Keep the two snapshots as two scans would have done."""
        site = AppSite(self.site.directory / "netops.yaml")
        before = campus(40, "zh_Hant")
        now = later(before)
        computers = {
            "02:aa:00:00:00:01": Endpoint("02:aa:00:00:00:01", next(iter(now.devices)), "ge7")
        }
        site.topology.save(before, computers, [], {}, set(), "first")
        stored = site.topology.save(now, computers, diff(before, now), {}, set(), "second")
        site.record_book.open(
            "topology_change",
            {"events": [event_row(stored[0].event)]},
            Hand(automatic=True),
            sources=[stored[0].id],
        )
        site.journal.checkpoint()
        site.close()

    def run(self, *words: str) -> str:
        """Run a command on the two files."""
        return self.stored(*words, "--from", str(self.directory / "new.json"))

    def stored(self, *words: str) -> str:
        """Run a command on what the site stores."""
        self.capsys.readouterr()
        app(list(words), obj=str(self.site.directory), standalone_mode=False)
        return self.capsys.readouterr().out


@pytest.fixture(name="place")
def a_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Place:
    return Place(tmp_path, capsys)


def test_a_map_is_written_and_journalled(place: Place) -> None:
    path = place.directory / "map.svg"
    out = place.run("map", "--against", str(place.directory / "old.json"), "--to", str(path))

    assert re.match(r"OK: .*map.svg written, journal entry \d+", out)
    svg = path.read_text(encoding="utf-8")
    assert svg.startswith("<svg")
    assert "sign moved" in svg
    assert "圖書館" in svg


def test_a_map_is_a_page_when_nothing_else_is_asked(place: Place) -> None:
    page = place.run("map", "--language", "zh_Hant")
    assert '<html lang="zh-Hant">' in page
    assert "sign moved" not in page


def test_the_tree_is_plain_where_nobody_looks(place: Place) -> None:
    out = place.run("tree", "--against", str(place.directory / "old.json"), "--language", "en")
    assert "\x1b" not in out
    assert re.search(r"→ acc1 .*← dist1:ge3", out)


def test_a_report_takes_the_changes_between_two_snapshots(place: Place) -> None:
    old = str(place.directory / "old.json")
    made = json.loads(place.run("report", "--against", old, "--format", "json"))
    kinds = {event["kind"] for group in made["changes"] for event in group["events"]}
    assert {"link_moved", "device_added", "device_removed", "device_down"} <= kinds
    page = place.run("report", "--against", old, "--language", "zh_Hans")
    assert "dist1:ge3" in page


def test_a_set_of_files_goes_into_a_directory(place: Place) -> None:
    target = place.directory / "netbox"
    with pytest.raises(UsageError, match="several files"):
        place.run("export", "--format", "netbox")
    place.run("export", "--format", "netbox", "--to", str(target))
    assert len(list(target.glob("*.csv"))) == 7


def test_an_unknown_format_is_told_with_the_known_ones(place: Place) -> None:
    with pytest.raises(NetopsError, match="visio"):
        place.run("export", "--format", "visio")


def test_the_sheet_of_a_record_that_is_not_there_is_refused(place: Place) -> None:
    with pytest.raises(UsageError, match="TC-2026-0099"):
        place.run("report", "--record", "TC-2026-0099")


def test_before_the_first_scan_there_is_nothing_to_draw(place: Place) -> None:
    with pytest.raises(UsageError, match="nothing was scanned"):
        place.stored("map")


def test_the_report_of_a_period_reads_scans_and_records(place: Place) -> None:
    place.store()
    made = json.loads(place.stored("report", "--since", "2026-11-01", "--format", "json"))

    assert len(made["devices"]) > 40
    by_record = {group["record"]: group for group in made["changes"]}
    assert set(by_record) == {made["open_records"][0]["number"], None}
    assert len(by_record[None]["events"]) >= 4
    assert made["snapshot_before"] != made["snapshot"]
    assert made["journal_head"]


def test_the_sheet_of_a_record_is_printed_by_its_number(place: Place) -> None:
    place.store()
    made = json.loads(place.stored("report", "--since", "2026-11-01", "--format", "json"))
    number = made["open_records"][0]["number"]
    page = place.stored("report", "--record", number, "--language", "zh_Hant")

    assert number in page
    assert '<svg xmlns="http://www.w3.org/2000/svg" class="code128"' in page


def test_stored_snapshots_are_named_by_the_begin_of_their_ids(place: Place) -> None:
    place.store()
    old = json.loads((place.directory / "old.json").read_text("utf-8"))["id"]
    assert "→ acc1" in place.stored("tree", "--against", old[:10], "--language", "en")
    assert "acc-new" not in place.stored("tree", "--from", old[:10])


def browser(*arguments: str) -> None:
    """Run a real browser that is kept from the network."""
    need("chromium")
    program = shutil.which("chromium") or "chromium"
    quiet = (
        "--disable-gpu --disable-background-networking --disable-component-update --disable-sync"
    )
    with tempfile.TemporaryDirectory() as profile:
        subprocess.run(
            [
                program,
                "--headless",
                "--no-sandbox",
                *quiet.split(),
                f"--user-data-dir={profile}",
                *arguments,
            ],
            check=True,
            capture_output=True,
            timeout=120,
        )


def printed(page: str, directory: Path) -> list[str]:
    """Print a page and return the text of each sheet."""
    need("pdftotext")
    source, made = directory / "page.html", directory / "page.pdf"
    source.write_text(page, encoding="utf-8")
    browser("--no-pdf-header-footer", f"--print-to-pdf={made}", str(source))
    done = subprocess.run(["pdftotext", "-layout", made, "-"], capture_output=True, check=True)
    return done.stdout.decode().split("\f")[:-1]


def test_the_report_prints_the_map_on_its_first_sheet(tmp_path: Path) -> None:
    sheets = printed(as_page(report_of(100, "zh_Hant"), "zh_Hant"), tmp_path)

    assert 5 <= len(sheets) <= 14
    first = sheets[0].replace(" ", "")
    for name in ("圖書館", "教學樓B", "acc-new", "core1", "dist7"):
        assert name in first
    assert "TC-2026-0041" in sheets[1]


def test_a_record_prints_on_one_sheet(tmp_path: Path) -> None:
    report = report_of(40, "zh_Hans")
    names = ("示例大学", "netops.example.edu")
    page = sheet.as_page(report.records, names, "zh_Hans", report.made_at, "1042:3f2a9c")
    sheets = printed(page, tmp_path)

    assert len(sheets) == 2
    for name in ("示例大学", "王芳", "信息中心", "张伟", "TC-2026-0041", "dist2"):
        assert name in sheets[0].replace(" ", "")


def test_words_are_as_wide_as_the_layout_believes(tmp_path: Path) -> None:
    """The browser measures every word of a map; none is wider than its box."""
    before = campus(100, "zh_Hans")
    names = (
        "Teaching-Building-{}-MWQ-West",
        "教学楼{}接入交换机甲乙丙丁",
        "ACCESS.SWITCH.{}.EXAMPLE.EDU",
    )
    devices = {
        uid: replace(device, name=names[n % 3].format(n), location="WWW-机房-M Q@%&")
        for n, (uid, device) in enumerate(before.devices.items())
    }
    plan = layout(chart(replace(before, devices=devices)), Words("zh_Hans"), "校园网")

    script = (
        "<script>document.title=JSON.stringify([...document.querySelectorAll('.campus g')].filter("
        "g=>g.querySelector(':scope>rect')).flatMap(g=>{const r=g.querySelector('rect').getBBox();"
        "return [...g.querySelectorAll(':scope>text')].filter(t=>{const b=t.getBBox();"
        "return b.x<r.x||b.x+b.width>r.x+r.width}).map(t=>t.textContent)}))</script>"
    )
    page = tmp_path / "map.html"
    page.write_text(
        f'<meta charset="utf-8"><title></title>{to_svg(plan, "zh-Hans")}{script}', "utf-8"
    )
    need("chromium")
    with tempfile.TemporaryDirectory() as profile:
        done = subprocess.run(
            [
                "chromium",
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                f"--user-data-dir={profile}",
                "--dump-dom",
                str(page),
            ],
            check=True,
            capture_output=True,
            timeout=120,
        )
    title = re.search(r"<title>(\[.*?\])</title>", done.stdout.decode())
    assert title is not None
    assert json.loads(title[1]) == []
