"""The drawn map: well-formed, harmless whatever devices call themselves, marked where it changed."""

import re
from xml.etree import ElementTree as ET

import pytest

from netops.reports.svg import escape, shortened, text_width
from netops.reports.words import Words
from netops.topology.drawing.chart import Mark, chart
from netops.topology.drawing.draw import draw
from netops.topology.drawing.tree import branches
from tests.campus import campus, endpoints, later
from tests.unit.topology.hostile import NAMES, hostile

_SVG = "{http://www.w3.org/2000/svg}"


def test_a_map_runs_nothing_and_fetches_nothing() -> None:
    before, now = hostile()
    root = ET.fromstring(draw(chart(now, before), Words("en"), NAMES[0], NAMES[8]))

    tags = {element.tag.removeprefix(_SVG) for element in root.iter()}
    assert tags <= {"svg", "g", "rect", "text", "title", "path", "circle", "style"}
    names = {name for element in root.iter() for name in element.attrib}
    assert not {name for name in names if name.startswith("on") or "href" in name}
    style = root.find(f"{_SVG}style")
    assert style is not None
    assert "url(" not in (style.text or "")


def test_no_hidden_character_reaches_the_map() -> None:
    before, now = hostile()
    svg = draw(chart(now, before), Words("en"), "x")

    assert not re.search("[\u202e\u2066\x00\x07\x1b\ufffe\ud800]", svg)


def test_changes_carry_signs_that_need_no_colour() -> None:
    before = campus(100)
    root = ET.fromstring(draw(chart(later(before), before), Words("en"), "x"))

    signs = [g.get("class", "") for g in root.iter(f"{_SVG}g") if "sign" in g.get("class", "")]
    assert {"sign added", "sign removed", "sign moved", "sign changed"} <= set(signs)


def test_a_map_without_a_comparison_shows_no_change() -> None:
    svg = draw(chart(campus(100)), Words("en"), "x")
    assert 'class="sign' not in svg


def test_a_shortened_name_is_whole_in_its_title() -> None:
    before, now = hostile()
    svg = draw(chart(now, before), Words("en"), "x")
    assert f"<title>{'w' * 255}</title>" in svg
    assert escape("網" * 85) in svg


def test_the_end_of_a_long_name_survives() -> None:
    shown = shortened("teaching-building-3-floor-2-switch-17", 90, 11)
    assert shown.endswith("17")
    assert "…" in shown
    assert text_width(shown, 11) <= 90


@pytest.mark.parametrize("name", NAMES)
def test_no_name_grows_beyond_its_room(name: str) -> None:
    assert text_width(shortened(name, 60, 11), 11) <= 60


def test_one_thousand_devices_are_drawn_small() -> None:
    before = campus(1000)
    now = later(before)
    assert len(draw(chart(now, before, endpoints(now)), Words("en"), "x")) < 400_000


def tree(*, before: bool = True) -> list[str]:
    old = campus(30)
    return [str(one) for one in branches(chart(later(old), old if before else None), Words("en"))]


def test_the_tree_names_ports_speed_and_second_uplinks() -> None:
    assert any("acc6  (ge5 – ge1, 2×1G)" in line and "⇄ dist1" in line for line in tree())


def test_the_tree_marks_what_changed() -> None:
    lines = "\n".join(tree())
    assert re.search(r"\+ acc-new ", lines)
    assert re.search(r"→ acc1 .*← dist1:ge3", lines)
    assert re.search(r"− acc1  link ge3 – ge1 → dist2:ge15", lines)
    assert re.search(r"− acc22 ", lines)
    assert re.search(r"~ acc21 .*\[silent\]", lines)


def test_the_tree_without_a_comparison_marks_nothing() -> None:
    assert not [line for line in tree(before=False) if re.search(r"[+−→~] \w", line)]


def test_every_device_is_in_the_tree_once() -> None:
    old = campus(300)
    now = later(old)
    made = chart(now, old)
    plain = [one for one in branches(made, Words("en")) if "link ge" not in one.remark]
    assert len(plain) == len(made.nodes)


def test_the_tree_of_hostile_names_has_one_line_for_each_branch() -> None:
    before, now = hostile()
    for one in branches(chart(now, before), Words("en")):
        assert "\n" not in str(one)
        assert "\x1b" not in str(one)


def test_marks_follow_a_replaced_device_and_its_cables() -> None:
    from dataclasses import replace

    before = campus(10)
    uid = next(uid for uid, device in before.devices.items() if device.name == "dist1")
    fresh = replace(before.devices[uid], uid="serial:NEW", serial="NEW")
    links = tuple(
        replace(
            link,
            a=link.a._replace(device="serial:NEW") if link.a.device == uid else link.a,
            b=link.b._replace(device="serial:NEW") if link.b.device == uid else link.b,
        )
        for link in before.links
    )
    devices = {
        ("serial:NEW" if k == uid else k): (fresh if k == uid else v)
        for k, v in before.devices.items()
    }
    made = chart(replace(before, devices=devices, links=links), before)

    assert made.nodes["serial:NEW"].mark is Mark.CHANGED
    assert len(made.nodes) == len(before.devices)
    assert {bond.mark for bond in made.bonds} == {Mark.SAME}
