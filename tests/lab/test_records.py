"""The story of a moved cable on a running campus: asked for, approved, done, seen, closed – or not asked for."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from netops.journal.actor import account
from tests.lab import fixtures
from tests.lab.faults import Faults
from tests.lab.lab import Lab
from tests.lab.site import write_site
from tests.lab.waiting import await_neighbours
from tests.sites import Site

lab = fixtures.lab
faults = fixtures.faults
MOVE = "move link acc1:ge24 - dist1:ge3 to dist2:ge7"


@pytest.fixture(scope="module")
def scanned(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a site that has scanned the campus once."""
    folder = tmp_path_factory.mktemp("scanned")
    file = write_site(lab, folder)
    settings = yaml.safe_load(file.read_text())
    settings["records"] = {"approvers": {account(): "Wang Fang"}, "two_accounts": False}
    file.write_text(yaml.safe_dump(settings))
    site = Site(folder)
    for _ in range(3):  # a busy machine may miss an answer, and what comes later would be news
        if site.netops("topology", "scan").code == 0:
            break
        shutil.rmtree(site.state)
    assert records(site) == []
    return folder


@pytest.fixture
def campus(lab: Lab, scanned: Path, tmp_path: Path) -> Site:
    """A site of its own for each test; what is still healing would be news, so it is awaited."""
    await_neighbours(lab)
    shutil.copytree(scanned, tmp_path / "site")
    return Site(tmp_path / "site")


def record(site: Site, *words: str) -> Any:
    done = site.netops("topology", "record", *words, "--json")
    assert done.code == 0, done
    return done.json()


def records(site: Site) -> Any:
    return record(site, "list")


def move(lab: Lab, faults: Faults, site: Site) -> None:
    """Move the cable and scan."""
    faults.move_cable("dist1", "ge3", "dist2", "ge7")
    await_neighbours(lab)
    site.netops("topology", "scan")


def planned(site: Site) -> str:
    words = ("--set", "reason=second riser", "--set", "applicant=Chen Li", "--set", "class=normal")
    plan = ("--expect", MOVE, "--set", "rollback_plan=back to dist1:ge3", "--as", "Chen Li")
    number = str(record(site, "open", "--planned", *plan, *words)["results"][0]["number"])
    record(site, "submit", number, "--as", "Chen Li")
    record(site, "approve", number)
    return number


def test_a_cable_that_somebody_moved_is_exactly_one_draft_and_flagged(
    lab: Lab, faults: Faults, campus: Site
) -> None:
    move(lab, faults, campus)
    campus.netops("topology", "scan")  # what is missing once may come back

    (found,) = records(campus)
    fields = found["fields"]
    assert (found["state"], fields["type"], fields["unapproved"]) == ("draft", "move", True)
    ends = [
        [(end["device"], end["port"]) for end in fields[side][0]["ends"]]
        for side in ("before", "after")
    ]
    assert [sorted(side) for side in ends] == [
        [("acc1", "ge24"), ("dist1", "ge3")],
        [("acc1", "ge24"), ("dist2", "ge7")],
    ]
    serials = {end["serial"] for end in fields["after"][0]["ends"]}
    assert serials == {"G1PH40A000301", "219801A0YB9198Q00202"}
    assert fields["impact"]["downstream_switches"] == ["acc1"]
    assert fields["verification"] == "passed"


def test_a_planned_move_is_verified_by_the_scan_and_closed(
    lab: Lab, faults: Faults, campus: Site
) -> None:
    number = planned(campus)
    move(lab, faults, campus)

    (found,) = records(campus)
    fields = found["fields"]
    assert (found["number"], found["state"]) == (number, "approved")
    assert (fields["verification"], fields["unapproved"], fields["plan"]["extra"]) == (
        "passed",
        False,
        [],
    ), fields["checks"]
    closing = ("operator=Li Wei", "second_person=Zhao Min", "notification=by e-mail")
    record(
        campus, "close", number, "--as", "Li Wei", *(w for one in closing for w in ("--set", one))
    )
    assert records(campus)[0]["state"] == "closed"
    assert record(campus, "verify")["status"] == "OK"


def test_a_switch_without_power_is_one_record(lab: Lab, faults: Faults, campus: Site) -> None:
    faults.power_off("acc3")
    await_neighbours(lab)
    for _ in range(2):
        campus.netops("topology", "scan")

    told = [
        (one["number"], one["fields"]["type"], one["fields"]["content"]) for one in records(campus)
    ]
    assert [(number, kind) for number, kind, _ in told] == [("TC-2026-0001", "outage")], told
