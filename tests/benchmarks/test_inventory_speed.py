"""How long 10,000 devices take to load: out of YAML the first time, then out of the cache."""

import subprocess
import sys
from pathlib import Path

import pytest

COUNT = 10_000
HEAD = """\
defaults: {snmp: campus, ssh: admin}
groups:
  access: {role: access, kind: switch, platform: cisco_ios, tags: [edge]}
devices:
"""
DEVICE = """\
  sw-{n:05d}:
    host: 10.{a}.{b}.{c}
    groups: [access]
    site: building-{building:02d}
    tags: [floor-{floor}]
    data: {{rack: R{rack}, unit: {unit}}}
"""
#: Everything counts but the interpreter's own start: imports, reading, and writing the cache.
LOAD = """\
import resource, time
start = time.process_time()
from pathlib import Path
from netops.inventory.load import load_devices
here = Path.cwd()
found = load_devices(["*.yaml"], directory=here, cache=here / ".cache" / "inventory.json")
mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(len(found), time.process_time() - start, mb)
"""


def write_campus(file: Path) -> None:
    rows = (
        DEVICE.format(
            n=n, a=n >> 16, b=n >> 8 & 255, c=n & 255,
            building=n % 50, floor=n % 9, rack=n % 40, unit=n % 42 + 1,
        )
        for n in range(COUNT)
    )  # fmt: skip
    file.write_text(HEAD + "".join(rows))


def load(directory: Path) -> tuple[float, float]:
    command = [sys.executable, "-c", LOAD]
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=True)
    count, cpu_s, mb = done.stdout.split()
    assert int(count) == COUNT
    return float(cpu_s), float(mb)


@pytest.mark.benchmark
def test_ten_thousand_devices(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_campus(tmp_path / "campus.yaml")
    cache = tmp_path / ".cache" / "inventory.json"
    first = []
    for _ in range(3):
        cache.unlink(missing_ok=True)
        first.append(load(tmp_path))
    again = [load(tmp_path) for _ in range(3)]
    with capsys.disabled():
        print(
            f"\nfirst {min(first)[0]:.2f} s CPU and {min(first)[1]:.0f} MB,"
            f" from the cache {min(again)[0]:.2f} s and {min(again)[1]:.0f} MB"
        )
