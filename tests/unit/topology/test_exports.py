"""Exports: what other programs read is well-formed, complete, and cannot act there."""

import csv
import io
import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from xml.etree import ElementTree as ET

import pytest

from netops.topology.exporters.base import EXPORTERS
from netops.topology.model import Endpoint, Snapshot
from tests.campus import campus
from tests.require import need
from tests.unit.topology.hostile import computers, hostile

NETBOX = ["site", "manufacturer", "device-type", "device-role", "device", "interface", "cable"]


def export(
    name: str, snapshot: Snapshot, endpoints: list[Endpoint] | None = None
) -> Mapping[str, str]:
    return EXPORTERS.get(name)().files(snapshot, endpoints or [])


def one(name: str, snapshot: Snapshot) -> str:
    (text,) = export(name, snapshot).values()
    return text


def tables(snapshot: Snapshot) -> dict[str, list[dict[str, str]]]:
    files = export("netbox", snapshot)
    return {
        name.split("-", 1)[1][:-5]: list(csv.DictReader(io.StringIO(text, newline="")))
        for name, text in files.items()
    }


@pytest.mark.parametrize("name", EXPORTERS.names())
def test_hostile_names_break_no_format(name: str) -> None:
    _before, now = hostile()
    for file, text in export(name, now, computers()).items():
        text.encode("utf-8", "backslashreplace")
        if file.endswith((".drawio", ".graphml")):
            ET.fromstring(text.encode())
        if file.endswith(".csv"):
            heads, *rows = list(csv.reader(io.StringIO(text, newline="")))
            assert all(len(row) == len(heads) for row in rows)
            assert not [c for row in rows for c in row if c.startswith(("=", "+", "-", "@", "＝"))]
            assert not re.search("[\x00\x07\x1b\u202e\u2066]", text)


@pytest.mark.parametrize("name", ["graphml", "drawio", "json"])
def test_every_device_and_every_cable_is_exported(name: str) -> None:
    snapshot = campus(100)
    text = one(name, snapshot)
    if name == "json":
        made = json.loads(text)
        assert len(made["devices"]) == 100
        assert len(made["links"]) == len(snapshot.links)
        return
    root = ET.fromstring(text)
    ids = [element.get("id", "") for element in root.iter()]
    assert len([one for one in ids if re.fullmatch(r"n\d+", one)]) == 100
    assert len([one for one in ids if re.fullmatch(r"e\d+", one)]) == len(snapshot.links)


def test_labels_of_a_diagram_are_never_markup() -> None:
    _before, now = hostile()
    for cell in ET.fromstring(one("drawio", now).encode()).iter("mxCell"):
        assert "html=1" not in cell.get("style", "")


def test_cables_of_a_diagram_hang_on_their_devices() -> None:
    root = ET.fromstring(one("drawio", campus(40)))
    cells = {cell.get("id"): cell for cell in root.iter("mxCell")}
    edges = [cell for cell in cells.values() if cell.get("edge")]
    assert edges
    assert all(edge.get("source") in cells and edge.get("target") in cells for edge in edges)


def test_graphviz_reads_the_graph() -> None:
    need("dot")
    dot = shutil.which("dot") or "dot"
    for snapshot in (campus(60), hostile()[1]):
        text = one("dot", snapshot).encode("utf-8", "backslashreplace")
        done = subprocess.run([dot, "-Tplain"], input=text, capture_output=True, check=True)
        assert done.stdout.count(b"\nnode ") == len(snapshot.devices)


def test_netbox_finds_everything_a_file_names_in_an_earlier_one() -> None:
    made = tables(campus(100))
    assert list(made) == NETBOX

    names = {row["name"] for row in made["site"]}
    assert {row["site"] for row in made["device"]} <= names
    types = {(row["manufacturer"], row["model"]) for row in made["device-type"]}
    assert {(row["manufacturer"], row["device_type"]) for row in made["device"]} <= types
    assert {row["role"] for row in made["device"]} <= {row["name"] for row in made["device-role"]}
    devices = {row["name"] for row in made["device"]}
    interfaces = {(row["device"], row["name"]) for row in made["interface"]}
    assert {device for device, _name in interfaces} <= devices
    for row in made["cable"]:
        for side in "ab":
            assert (row[f"side_{side}_device"], row[f"side_{side}_name"]) in interfaces


def test_netbox_gets_names_that_are_unique_and_short_enough() -> None:
    made = tables(hostile()[1])

    names = [row["name"] for row in made["device"]]
    assert len({name.casefold() for name in names}) == len(names)
    assert all(0 < len(name) <= 65 for name in names)
    for table in ("site", "manufacturer", "device-type", "device-role"):
        slugs = [row["slug"] for row in made[table]]
        assert all(re.fullmatch(r"[a-z0-9][a-z0-9-]{0,99}", slug) for slug in slugs), slugs
        assert len(set(slugs)) == len(slugs)


def test_netbox_gets_one_cable_for_each_port() -> None:
    made = tables(hostile()[1])
    ends = [
        (row[f"side_{side}_device"], row[f"side_{side}_name"])
        for row in made["cable"]
        for side in "ab"
    ]
    assert len(set(ends)) == len(ends)
