"""A scan of the campus finds exactly the truth, and an unchanged campus costs a question each."""

from pathlib import Path

import pytest
import yaml

from netops.app import Site
from netops.core.status import Status
from netops.topology.model import Endpoint, LinkState
from tests.lab.build import up
from tests.lab.fixtures import need_lab
from tests.lab.generate import generate
from tests.lab.lab import Lab
from tests.lab.scanning import Scanner, told
from tests.lab.waiting import await_neighbours


def expect_truth(scanner: Scanner) -> None:
    """Precision and recall are 1: nothing is missing, and nothing is invented."""
    assert scanner.links() == scanner.lab.topology.managed_links()
    seen = scanner.snapshot()
    assert {one.listed_as for one in seen.devices.values() if one.listed_as} == {
        node.name for node in scanner.lab.topology.managed()
    }


def test_the_campus_is_found_as_it_is(lab: Lab, tmp_path: Path) -> None:
    scanner = Scanner(lab, tmp_path)
    assert told(scanner.scan()) == []
    expect_truth(scanner)
    links = scanner.snapshot().links
    assert sum(link.state is LinkState.CONFIRMED for link in links) == 12
    found = {(one.mac, one.port, one.addresses) for one in endpoints(scanner)}
    truth = {(one.mac, one.port.name, (one.address,)) for one in lab.topology.endpoints()}
    assert found == truth
    unmanaged = [uid for uid, one in scanner.snapshot().devices.items() if one.role == "unmanaged"]
    assert len(unmanaged) == len(lab.topology.unmanaged())


def endpoints(scanner: Scanner) -> list[Endpoint]:
    site = Site(scanner.file)
    try:
        return list(site.topology.endpoints().values())
    finally:
        site.close()


def test_an_unchanged_campus_costs_one_question_each(lab: Lab, tmp_path: Path) -> None:
    scanner = Scanner(lab, tmp_path)
    scanner.scan(fresh=False)
    first = scanner.result().facts["packets"]
    # A campus that has just come up still settles: light, spanning tree. Then nothing changes.
    before, events, asked = scanner.snapshot(), [("", "not asked again yet")], {first}
    for _ in range(8):
        if asked <= {1, 2}:  # with SNMPv3 the first question of a process asks for the engine's id
            break
        before, events = scanner.snapshot(), told(scanner.scan(fresh=False))
        asked = {scanner.result(node.name).facts["packets"] for node in lab.topology.managed()}
    assert asked <= {1, 2}
    assert events == []
    assert first >= 5 * scanner.result().facts["packets"]
    assert scanner.snapshot().id == before.id


def test_numbers_that_mislead_and_macs_for_names_change_nothing(
    adverse_lab: Lab, tmp_path: Path
) -> None:
    scanner = Scanner(adverse_lab, tmp_path)
    scanner.scan()
    expect_truth(scanner)


def test_sixty_nodes_are_found_as_they_are(tmp_path: Path) -> None:
    need_lab()
    lab = up(generate(60))
    try:
        await_neighbours(lab, 60)
        scanner = Scanner(lab, tmp_path)
        scanner.scan()
        assert scanner.result().status is Status.OK
        expect_truth(scanner)
    finally:
        lab.down()


@pytest.mark.parametrize("selector", ["role=access", "name=core1"])
def test_a_scan_of_some_devices_removes_nothing_of_the_others(
    lab: Lab, tmp_path: Path, selector: str
) -> None:
    scanner = Scanner(lab, tmp_path)
    scanner.scan()
    assert told(scanner.scan(selector=selector)) == []
    expect_truth(scanner)


def test_a_crawl_from_one_seed_finds_everybody_who_is_announced(lab: Lab, tmp_path: Path) -> None:
    scanner = Scanner(lab, tmp_path)
    (tmp_path / "inventory/campus.yaml").write_text("devices: {}\n")
    config = yaml.safe_load(scanner.file.read_text())
    config["topology"] = {"allowed": [lab.network], "snmp": "campus"}
    scanner.file.write_text(yaml.safe_dump(config))
    scanner.scan(seeds=[lab.address("core1")], crawl=True)
    assert scanner.links() == lab.topology.managed_links()
    found = scanner.result().facts["found"]
    assert len(found) == len(lab.topology.managed()) - 1
    assert told(scanner.scan()) == []  # what was found once is asked again
    assert scanner.links() == lab.topology.managed_links()
