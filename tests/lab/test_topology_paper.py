"""The map, the report and the sheet of a cable that was really moved."""

import shutil
from pathlib import Path

from tests.lab import fixtures
from tests.lab.faults import Faults
from tests.lab.lab import Lab
from tests.lab.site import write_site
from tests.lab.waiting import await_neighbours
from tests.sites import Site

lab = fixtures.lab
faults = fixtures.faults


def test_a_moved_cable_is_on_the_map_in_the_report_and_on_a_sheet(
    lab: Lab, faults: Faults, tmp_path: Path
) -> None:
    write_site(lab, tmp_path)
    site = Site(tmp_path)
    for _ in range(3):  # a busy machine may miss an answer, and what comes later would be news
        if site.netops("topology", "scan").code == 0:
            break
        shutil.rmtree(site.state)
    first = site.netops("topology", "show", "--json").json()["id"]
    faults.move_cable("dist1", "ge3", "dist2", "ge7")
    await_neighbours(lab)
    site.netops("topology", "scan")

    drawn = site.netops("topology", "map", "--against", first[:12], "--format", "svg")
    assert 'class="sign moved"' in drawn.out
    assert "← dist1:ge3" in drawn.out
    for node in lab.topology.managed():
        assert f">{node.name}<" in drawn.out
    tree = site.netops("topology", "tree", "--against", first[:12], "--language", "en").out
    assert "→ acc1" in tree
    assert "unmanaged switch" in tree

    made = site.netops("topology", "report", "--format", "json").json()
    (group,) = [group for group in made["changes"] if group["record"]]
    assert "link_moved" in [event["kind"] for event in group["events"]]
    assert not group["approved"]
    page = site.netops("topology", "report", "--record", group["record"], "--language", "zh_Hans")
    assert "网络拓扑变更记录表" in page.out
    assert "dist2:ge7" in page.out
    assert "✓ 两端邻居信息一致" in page.out
