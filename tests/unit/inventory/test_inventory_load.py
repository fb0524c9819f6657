"""Devices inherit visibly, and every mistake in every file is told at once."""

import shutil
import time
from pathlib import Path

import pytest

from netops.core.errors import ConfigError
from netops.inventory.load import load_devices
from netops.inventory.model import Device

ROOT = Path(__file__).parents[3]
CAMPUS = """\
defaults: {site: campus, owner: NC, tags: [all], data: {rack: "?", vlan: 1}}
groups:
  switches: {platform: ios, tags: [sw], data: {vlan: 2}}
  access: {role: access, groups: [switches]}
  lab: {role: lab, platform: vrp}
devices:
  b: {groups: [access, lab], tags: [old], data: {rack: B2}}
  a: {host: 192.0.2.1, site: library}
  c:
"""


def load(directory: Path, **files: str) -> list[Device]:
    for name, text in files.items():
        (directory / f"{name}.yaml").write_text(text)
    return load_devices(["*.yaml"], directory=directory)


def mistakes(directory: Path, **files: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(directory, **files)
    return list(caught.value.mistakes)


def test_devices_come_by_name(tmp_path: Path) -> None:
    assert [device.name for device in load(tmp_path, x=CAMPUS)] == ["a", "b", "c"]


def test_nearest_layer_decides_and_tells_its_name(tmp_path: Path) -> None:
    device = load(tmp_path, x=CAMPUS)[1]
    assert device == Device(
        name="b",
        host="b",
        role="access",
        site="campus",
        platform="ios",
        groups=("access", "switches", "lab"),
        owner="NC",
        tags=frozenset({"all", "sw", "old"}),
        data={"rack": "B2", "vlan": 2},
    )
    assert device.origins == {
        "host": "name",
        "role": "group access",
        "platform": "group switches",
        "site": "defaults",
        "owner": "defaults",
        "data.rack": "device",
        "data.vlan": "group switches",
    }


def test_device_says_more_than_defaults(tmp_path: Path) -> None:
    device = load(tmp_path, x=CAMPUS)[0]
    assert (device.host, device.site, device.origins["site"]) == ("192.0.2.1", "library", "device")
    assert device.as_dict()["tags"] == ["all"]


def test_files_add_up(tmp_path: Path) -> None:
    devices = load(
        tmp_path,
        a="devices: {x: {groups: [g]}}",
        b="groups: {g: {role: r}}",
        c="defaults: {site: s}",
    )
    assert [(device.role, device.site) for device in devices] == [("r", "s")]


def test_no_file_is_an_empty_inventory(tmp_path: Path) -> None:
    assert load(tmp_path) == []
    assert load(tmp_path, empty="") == []


def test_example_file_loads(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "configs/inventory", tmp_path / "inventory")
    assert load_devices(["inventory/*.yaml"], directory=tmp_path) == []


def test_example_in_the_comments_loads_too(tmp_path: Path) -> None:
    text = (ROOT / "configs/inventory/devices.yaml").read_text()
    head, _, tail = text.partition("devices: {}\n")
    rows = [row.removeprefix("#") for row in tail.splitlines() if row.startswith("#   ")]
    devices = load(tmp_path, x=f"{head}devices:\n" + "\n".join(rows))
    assert [device.name for device in devices] == ["core-1", "sw-library-1"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("device: {}", "x.yaml:1: device: unknown key (did you mean 'devices'?)"),
        (
            "devices:\n  a: {hots: b}",
            "x.yaml:2: devices.a.hots: unknown key (did you mean 'host'?)",
        ),
        ("devices:\n  a: b", "x.yaml:2: devices.a: a mapping expected, one `key: value` per line"),
        ("devices:\n  a b: {}", "x.yaml:2: devices.a b: letters, digits"),
        ("devices:\n  a: {role: 5}", "x.yaml:2: devices.a.role: text expected; put it in quotes"),
        (
            "groups: {access: {}}\ndevices:\n  a:\n    groups: [acess]",
            "x.yaml:4: devices.a.groups.0: no group is called 'acess' (did you mean 'access'?)",
        ),
        ("groups:\n  g: {groups: [h]}", "x.yaml:2: groups.g.groups.0: no group is called 'h'"),
        (
            "groups:\n  g: {groups: [g]}",
            "x.yaml:2: groups.g.groups: the group 'g' builds on itself",
        ),
        (
            "devices:\n  a:\n    data:\n      community: hunter2",
            "x.yaml:4: devices.a.data.community: a secret is given by reference",
        ),
        (
            "defaults: {data: {snmp: {auth_key: hunter2}}}",
            "x.yaml:1: defaults.data.snmp.auth_key: a secret is given by reference",
        ),
    ],
)
def test_mistake_is_told_with_file_line_and_path(tmp_path: Path, text: str, expected: str) -> None:
    (found,) = mistakes(tmp_path, x=text)
    assert found.startswith(expected)
    assert "hunter2" not in found


def test_groups_in_a_circle_are_told_for_each(tmp_path: Path) -> None:
    found = mistakes(tmp_path, x="groups:\n  g: {groups: [h]}\n  h: {groups: [g]}\n")
    assert found == [
        "x.yaml:2: groups.g.groups: the group 'g' builds on itself",
        "x.yaml:3: groups.h.groups: the group 'h' builds on itself",
    ]


def test_mistakes_of_all_files_come_at_once(tmp_path: Path) -> None:
    found = mistakes(
        tmp_path,
        a="devices: {x: {}}\ndefaults: {}",
        b="defaults: {}\ndevices:\n  x: {}",
        c="a: b: c",
        d="device: 1",
    )
    assert [line.split(": ")[0] for line in found] == [
        "c.yaml:1",
        "b.yaml:3",
        "b.yaml:1",
        "d.yaml:1",
    ]
    assert "b.yaml:3: devices.x: given twice, first in a.yaml:1" in found


def test_secret_by_reference_may_stand_in_data(tmp_path: Path) -> None:
    (device,) = load(tmp_path, x="devices: {a: {data: {community: 'env:COMMUNITY'}}}")
    assert device.data == {"community": "env:COMMUNITY"}


def test_a_thousand_devices_load_in_a_fraction_of_a_second(tmp_path: Path) -> None:
    rows = "".join(
        f"  sw-{number}: {{host: 10.0.{number // 250}.{number % 250}, groups: [access]}}\n"
        for number in range(1000)
    )
    started = time.process_time()
    devices = load(tmp_path, x=f"groups: {{access: {{role: access}}}}\ndevices:\n{rows}")
    assert len(devices) == 1000
    assert time.process_time() - started < 1
