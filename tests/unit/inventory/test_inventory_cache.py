"""What was read of the inventory is used again only while nothing changed."""

import time
import zlib
from pathlib import Path

import pytest

from netops.inventory.load import load_devices
from netops.inventory.model import Device

TEXT = """\
defaults: {site: campus, tags: [all]}
groups: {access: {role: access, kind: switch}}
devices:
  sw-1: {host: 10.0.0.1, groups: [access], tags: [old], data: {rack: B2, vlans: [1, 2], deep: {a: 1.5}}}
"""


def load(directory: Path) -> list[Device]:
    return load_devices(["*.yaml"], directory=directory, cache=directory / ".cache/inventory.json")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory with an inventory old enough to be cached."""
    write(tmp_path / "a.yaml", TEXT)
    return tmp_path


def write(file: Path, text: str) -> None:
    file.write_text(text)
    time.sleep(0.06)  # the age from which a file is trusted not to change within its time stamp


def test_devices_out_of_the_cache_are_the_same(place: Path) -> None:
    first = load(place)
    assert (place / ".cache/inventory.json").exists()
    second = load(place)
    assert second == first == load_devices(["*.yaml"], directory=place)
    assert second[0].origins == first[0].origins
    assert second[0].tags == {"all", "old"}
    assert isinstance(second[0].groups, tuple)


def test_changed_new_and_gone_files_are_seen(place: Path) -> None:
    load(place)
    write(place / "a.yaml", TEXT.replace("10.0.0.1", "10.0.0.2"))
    assert load(place)[0].host == "10.0.0.2"
    write(place / "b.yaml", "devices: {sw-2: {}}\n")
    assert [one.name for one in load(place)] == ["sw-1", "sw-2"]
    (place / "b.yaml").unlink()
    assert [one.name for one in load(place)] == ["sw-1"]


def test_damaged_or_foreign_cache_is_not_believed(place: Path) -> None:
    load(place)
    cache = place / ".cache/inventory.json"
    good = cache.read_text()
    check_sum, _, state = good.partition("\n")
    forged = state.replace("10.0.0.1", "10.6.6.6")
    for text in (good[:-20], f"{check_sum}\n{forged}", "[]", "5", ""):
        cache.write_text(text)
        assert load(place)[0].host == "10.0.0.1"
    # Whoever can write here could also make the check sum fit.
    cache.write_text(f"{zlib.crc32(forged.encode())}\n{forged}")
    cache.chmod(0o666)
    assert load(place)[0].host == "10.0.0.1"


def test_ten_thousand_devices_load_in_a_second(tmp_path: Path) -> None:
    rows = "".join(
        f"  sw-{n}: {{host: 10.{n >> 8 & 255}.{n & 255}.1, groups: [access], site: library, data: {{rack: B{n % 40}}}}}\n"
        for n in range(10_000)
    )
    write(tmp_path / "a.yaml", f"groups: {{access: {{role: access}}}}\ndevices:\n{rows}")
    started = time.process_time()
    first = load(tmp_path)
    # About 0.4 s on a quiet machine; the tests of others may share the cores.
    assert time.process_time() - started < 2
    started = time.process_time()
    assert load(tmp_path) == first
    assert len(first) == 10_000
    assert time.process_time() - started < 1
