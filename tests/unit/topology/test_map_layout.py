"""The map of any network: nothing lies on anything else, every word stays in its box, no line crosses one."""

from collections.abc import Iterator
from itertools import combinations, pairwise

import pytest

from netops.reports.svg import text_width
from netops.reports.words import Words
from netops.topology.drawing.chart import Chart, chart
from netops.topology.drawing.layout import layout
from netops.topology.drawing.plan import Box, Label, Line, Plan
from netops.topology.model import LinkState, Snapshot
from tests.campus import Campus, campus, endpoints, later


def ring(count: int) -> Snapshot:
    made = Campus()
    switches = [made.add(f"sw{n}", "access", f"Site {n % 5}") for n in range(count)]
    for a, b in pairwise([*switches, switches[0]]):
        made.link(a, b, 1_000)
    return made.snapshot()


def chain(count: int) -> Snapshot:
    made = Campus()
    switches = [made.add(f"sw{n}", "access", told=False) for n in range(count)]
    for a, b in pairwise(switches):
        made.link(a, b, 1_000)
    return made.snapshot()


def star(count: int) -> Snapshot:
    """A collapsed core: every access switch on one device."""
    made = Campus()
    core = made.add("core", "core")
    for n in range(count):
        made.link(core, made.add(f"acc{n}", "access", f"Building {n % 7}"), 10_000)
    return made.snapshot()


def fabric() -> Snapshot:
    """Six spines, twelve leaves, all joined; three ways out in two rows; islands."""
    made = Campus()
    isp = made.add("isp", "exit")
    walls = [made.add(f"fw{n}", "firewall") for n in range(2)]
    spines = [made.add(f"spine{n}", "core") for n in range(6)]
    for wall in walls:
        made.link(isp, wall, 1_000)
        for spine in spines:
            made.link(wall, spine, 10_000)
    made.link(isp, spines[3], 1_000)
    for a, b in combinations(spines, 2):
        made.link(a, b, 100_000)
    for n in range(12):
        leaf = made.add(f"leaf-switch-with-a-long-name-{n}", "distribution", f"Rack row {n // 4}")
        for spine in spines:
            made.link(spine, leaf, 40_000, LinkState.CONFLICT if n == 3 else LinkState.CONFIRMED)
        made.link(leaf, made.add(f"host{n}", "server", f"Rack row {n // 4}"), 25_000)
    lonely = made.add("lonely", "access", "Cabin")
    made.link(lonely, made.add("", "unmanaged", "Cabin"), 100, LinkState.STALE)
    made.add("alone", "", told=False)
    return made.snapshot()


def named(snapshot: Snapshot, name: str) -> Chart:
    from dataclasses import replace

    devices = {
        uid: replace(device, name=name, site=name, location=name)
        for uid, device in snapshot.devices.items()
    }
    return chart(replace(snapshot, devices=devices))


def charts() -> Iterator[tuple[str, Chart]]:
    for count in (10, 100, 300, 1000):
        before = campus(count)
        now = later(before)
        yield f"{count} devices", chart(now, before, endpoints(now))
    for told in (campus(60, "zh_Hant", told=False), campus(300, told=False)):
        yield f"{len(told.devices)} without roles", chart(told)
    yield "ring", chart(ring(40))
    yield "chain", chart(chain(150))
    yield "star", chart(star(60))
    yield "fabric", chart(fabric())
    yield "nothing", chart(Campus().snapshot())
    yield "long names", named(campus(40), "W" * 255)
    yield "long Chinese names", named(campus(40), "網路中心" * 60)


CHARTS = dict(charts())


@pytest.fixture(scope="module", params=CHARTS, name="plan")
def placed(request: pytest.FixtureRequest) -> Plan:
    return layout(CHARTS[request.param], Words("en"), "A campus", "2026-11-23")


def overlapping(boxes: list[Box]) -> list[tuple[str, str]]:
    ordered = sorted(boxes, key=lambda box: box.y)
    found = []
    for place, box in enumerate(ordered):
        for other in ordered[place + 1 :]:
            if other.y >= box.y + box.height:
                break
            if box.covers(other):
                found.append((box.title or box.uid, other.title or other.uid))
    return found


def right(label: Label) -> float:
    return label.x + text_width(label.text, label.size)


def test_no_box_lies_on_another(plan: Plan) -> None:
    assert not overlapping([*plan.boxes, *plan.squares])
    assert not overlapping(plan.frames)


def test_every_word_stays_in_its_box_and_off_the_next_word(plan: Plan) -> None:
    for box in [*plan.boxes, *plan.frames]:
        for label in box.labels:
            assert box.x <= label.x
            assert right(label) <= box.x + box.width + 0.5, (label.text, box.title)
            assert box.y < label.y <= box.y + box.height
        for one, other in combinations(box.labels, 2):
            if abs(one.y - other.y) < 8:
                assert right(one) <= other.x, (one.text, other.text)


def test_everything_is_on_the_sheet(plan: Plan) -> None:
    for box in [*plan.boxes, *plan.frames, *plan.squares]:
        assert box.x >= 0
        assert box.x + box.width <= plan.width
        assert box.y + box.height <= plan.height
    for label in plan.labels:
        assert right(label) <= plan.width
    for line in plan.lines:
        for x, y in line.points:
            assert 0 <= x <= plan.width
            assert 0 <= y <= plan.height


def crossed(line: Line, boxes: list[Box]) -> list[str]:
    found = []
    for (x1, y1), (x2, y2) in pairwise(line.points):
        assert abs(x1 - x2) < 0.01 or abs(y1 - y2) < 0.01, "not square"
        left, top, wide, high = min(x1, x2), min(y1, y2), abs(x1 - x2), abs(y1 - y2)
        for box in boxes:
            inner = Box(box.x + 1, box.y + 1, box.width - 2, box.height - 2, "")
            if inner.covers(Box(left, top, wide + 0.01, high + 0.01, "")):
                found.append(box.title)
    return found


def test_no_line_crosses_a_box(plan: Plan) -> None:
    for line in plan.lines:
        assert not crossed(line, plan.boxes), line.title


def test_no_line_runs_through_a_word(plan: Plan) -> None:
    words = [label for frame in plan.frames for label in frame.labels]
    boxes = [
        Box(one.x, one.y - one.size * 0.8, right(one) - one.x, one.size, "", title=one.text)
        for one in [*words, *(label for label in plan.labels if label.style in {"h", "f"})]
    ]
    for line in plan.lines:
        assert not crossed(line, boxes), line.title


def test_every_device_stands_on_the_map_once() -> None:
    for made in CHARTS.values():
        plan = layout(made, Words("en"), overview=False)
        uids = [box.uid for box in plan.boxes if box.uid]
        assert sorted(uids) == sorted(made.nodes)


def test_the_map_of_a_large_campus_counts_what_did_not_change() -> None:
    made = CHARTS["1000 devices"]
    plan = layout(made, Words("en"))

    assert len(plan.squares) > 850
    names = {label.text for box in plan.boxes for label in box.labels}
    assert {"acc-new", "acc1", "acc2", "acc4"} <= names
    assert "acc50" not in names


@pytest.mark.parametrize("count", [40, 100, 300, 1000])
def test_the_map_has_about_the_form_of_a_sheet(count: int) -> None:
    plan = layout(CHARTS.get(f"{count} devices") or chart(campus(count)), Words("en"), "A campus")
    assert 1.15 < plan.width / plan.height < 2.0
