"""A proposal adds what is new, leaves every other letter of the file alone, and can be read back."""

from pathlib import Path

import pytest

from netops.core.errors import ConfigError
from netops.inventory.importers.base import Draft
from netops.inventory.load import load_devices
from netops.inventory.model import Device
from netops.inventory.proposal import propose, write_proposal

EXISTING = """\
# Ours, with comments that must stay.
defaults: {site: campus}
devices:
  # the oldest
  core-1:
    host: 10.1.0.1   # do not touch
groups:
  access: {role: access}
"""


def draft(**devices: dict[str, object]) -> Draft:
    made = Draft()
    for name, entry in devices.items():
        made.add(name, "sheet.csv:2", entry)
    return made


def test_entries_are_added_and_every_other_line_stays(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(EXISTING)
    made = draft(sw1={"host": "10.1.0.11", "groups": ["new"]})
    made.groups["new"] = {"platform": "vrp"}
    proposal = propose(made, load_devices(["a.yaml"], directory=tmp_path), file)
    assert not [line for line in proposal.diff("a.yaml").splitlines()[2:] if line.startswith("-")]
    write_proposal(proposal, file, lambda: load_devices(["a.yaml"], directory=tmp_path))
    devices = {one.name: one for one in load_devices(["a.yaml"], directory=tmp_path)}
    assert devices["sw1"].platform == "vrp"
    assert devices["core-1"].host == "10.1.0.1"
    assert "# do not touch" in file.read_text()


def test_what_is_known_stays_as_it_is_and_the_difference_is_told() -> None:
    known = [Device("sw1", "10.1.0.11", site="library", data={"serial": "1"})]
    made = draft(sw1={"host": "10.1.0.99", "site": "library", "data": {"serial": "2"}})
    proposal = propose(made, known, None)
    (line,) = proposal.lines
    assert (line.fate, proposal.after) == ("differs", "")
    assert "host '10.1.0.11' stays, not '10.1.0.99'" in line.remark
    assert "data.serial '1' stays, not '2'" in line.remark


def test_a_device_is_known_by_its_address_too() -> None:
    proposal = propose(draft(other={"host": "10.1.0.11"}), [Device("sw1", "10.1.0.11")], None)
    assert [(line.fate, line.remark) for line in proposal.lines] == [
        ("same", "is there already (as sw1)")
    ]


@pytest.mark.parametrize(
    "text", ["devices: {a: {host: b}}\n", "devices: &x\n  a:\n", '"devices":\n  a:\n']
)
def test_file_of_another_form_is_not_extended(tmp_path: Path, text: str) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError):
        propose(draft(sw1={"host": "10.1.0.11"}), [], file)
    assert file.read_text() == text


@pytest.mark.parametrize("text", ["devices: {}\n", "devices:\n", "devices:", "# empty\n", ""])
def test_empty_file_takes_the_first_entries(tmp_path: Path, text: str) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(text)
    file.write_text(propose(draft(sw1={"host": "10.1.0.11"}), [], file).after)
    assert [one.name for one in load_devices(["a.yaml"], directory=tmp_path)] == ["sw1"]


def test_values_that_yaml_would_read_as_something_else_are_quoted(tmp_path: Path) -> None:
    odd = {
        "serial": "0012",
        "a": "true",
        "b": "1e5",
        "c": "~",
        "d": "no: yes #x",
        "e": "- x",
        "f": "1.10",
    }
    file = tmp_path / "a.yaml"
    file.write_text(propose(draft(sw1={"host": "h", "data": dict(odd)}), [], None).after)
    (device,) = load_devices(["a.yaml"], directory=tmp_path)
    assert device.data == odd


def test_file_is_put_back_when_the_inventory_does_not_load_with_it(tmp_path: Path) -> None:
    file, other = tmp_path / "a.yaml", tmp_path / "b.yaml"
    file.write_text(EXISTING)
    proposal = propose(draft(sw1={"host": "10.1.0.11"}), [], file)
    other.write_text("devices: {sw1: {}}\n")
    with pytest.raises(ConfigError):
        write_proposal(proposal, file, lambda: load_devices(["*.yaml"], directory=tmp_path))
    assert file.read_text() == EXISTING


def test_draft_with_mistakes_is_refused_as_a_whole() -> None:
    made = draft(sw1={"host": "10.1.0.11"})
    made.mistakes.append("line 3: nonsense")
    with pytest.raises(ConfigError) as caught:
        propose(made, [], None)
    assert list(caught.value.mistakes) == ["line 3: nonsense"]
