"""On the campus, reconcile finds what was swapped, what is missing, and what nobody wrote down."""

import json
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab.lab import Lab
from tests.lab.site import write_site
from tests.sites import Site

UNKNOWN = "acc4"


@pytest.fixture(scope="module")
def campus(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site of the lab whose ledger holds every node but one, from an asset sheet."""
    directory = tmp_path_factory.mktemp("reconcile")
    write_site(lab, directory)
    head = "资产编号,设备名称,厂商,型号,序列号,责任人,存放地点"
    rows = [
        f'A-{number:03},{node.name},{node.maker},"{node.model}",{node.serial},王芳,"{node.location}"'
        for number, node in enumerate(lab.topology.managed(), 1)
        if node.name != UNKNOWN
    ]
    sheet = directory / "assets.csv"
    sheet.write_bytes("\r\n".join([head, *rows, ""]).encode("gb18030"))
    made = Site(directory)
    done = made.netops("inventory", "ledger", "import", str(sheet), "--as", "Wang Fang")
    assert done.code == 0, done
    return made


def findings(site: Site, *words: str) -> tuple[int, dict[str, dict[str, Any]]]:
    done = site.netops("inventory", "reconcile", *words, "--json")
    return done.code, {result["target"]: result for result in done.results()}


def kinds(result: dict[str, Any]) -> list[str]:
    return [one["kind"] for one in result["findings"]]


@pytest.fixture
def swapped(lab: Lab) -> Iterator[None]:
    """Two switches of the same model have changed places."""
    files = [lab.directory / name / "entity.json" for name in ("acc1", "acc2")]
    kept = [file.read_bytes() for file in files]
    for file, content in zip(files, reversed(kept), strict=True):
        file.write_bytes(content)
    yield
    for file, content in zip(files, kept, strict=True):
        file.write_bytes(content)


@pytest.fixture
def missing(lab: Lab) -> Iterator[None]:
    """The agent of one switch says nothing any more."""
    pids = lab.processes("acc3", "snmpd")
    assert pids
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    yield
    for pid in pids:
        os.kill(pid, signal.SIGCONT)


def test_campus_agrees_with_its_ledger_but_for_the_switch_that_is_in_none(campus: Site) -> None:
    code, found = findings(campus)
    assert code == 1
    assert {name for name, result in found.items() if result["status"] == "OK"} == set(found) - {
        UNKNOWN
    }
    assert kinds(found[UNKNOWN]) == ["unknown", "no-owner"]


def test_swapped_missing_and_unknown_switches_are_found(
    campus: Site, swapped: None, missing: None
) -> None:
    code, found = findings(campus, "role=access")

    assert code == 2
    assert kinds(found["acc1"]) == kinds(found["acc2"]) == ["serial-moved"]
    assert "acc2" in found["acc1"]["findings"][0]["text"]
    assert (found["acc3"]["status"], kinds(found["acc3"])) == ("UNKNOWN", ["missing"])
    assert kinds(found[UNKNOWN]) == ["unknown", "no-owner"]
    numbers = {one["number"]: one for one in _ledger(campus)}
    moved = next(one for one in numbers.values() if one["device"] == "acc1")
    shown = campus.netops("inventory", "ledger", "show", moved["number"], "--json").json()
    assert [seen["device"] for seen in shown["last_seen"]] == ["acc2"]


def test_discover_proposes_the_switch_that_no_inventory_has(
    campus: Site, lab: Lab, tmp_path: Path
) -> None:
    directory = tmp_path / "copy"
    shutil.copytree(campus.directory, directory, ignore=shutil.ignore_patterns("state", ".cache"))
    file = directory / "inventory/campus.yaml"
    kept = list(_without(file.read_text(), UNKNOWN))
    file.write_text("".join(kept))
    site = Site(directory)

    done = site.netops(
        "inventory", "discover", f"{lab.network[:-4]}0/27", "--snmp", "campus", "--json",
        "--write", "new.yaml",
    )  # fmt: skip

    look, written = done.results()
    found = {one["name"]: one for one in look["devices"]}
    assert done.code == 1
    assert written["added"] == [UNKNOWN]
    assert found[UNKNOWN]["serials"] == [lab.topology.nodes[UNKNOWN].serial]
    assert {name for name, one in found.items() if one["fate"] == "known"} == {
        node.name for node in lab.topology.managed()
    } - {UNKNOWN}
    assert lab.address(UNKNOWN) in (directory / "new.yaml").read_text()


def test_discover_keeps_what_it_learnt_of_agents_that_speak_v3(
    campus: Site, lab: Lab, tmp_path: Path
) -> None:
    directory = tmp_path / "copy"
    shutil.copytree(campus.directory, directory, ignore=shutil.ignore_patterns("state", ".cache"))
    look = ("inventory", "discover", lab.address("core1"), "--snmp", "secure", "--json")
    kept = directory / "state/snmp/memory.json"

    assert Site(directory).netops(*look, "--dry-run").code == 0
    assert not kept.exists()
    assert Site(directory).netops(*look).code == 0
    assert list(json.loads(kept.read_text())["peers"]) == [f"{lab.address('core1')} 161"]


def _without(text: str, name: str) -> Iterator[str]:
    skipping = False
    for line in text.splitlines(keepends=True):
        if line.startswith("  ") and not line.startswith("   "):
            skipping = line.strip() == f"{name}:"
        if not skipping:
            yield line


def _ledger(site: Site) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(
        site.netops("inventory", "ledger", "list", "--json").out
    )
    return found
