"""
Our engine beside other clients, as ratios of devices per CPU second. Prints, judges nothing.

NETOPS_SNMP_PEERS names the Python of a virtual environment with gufo-snmp, uvloop, ezsnmp,
puresnmp and pysnmp; a client that cannot run is named with its reason. NETOPS_SNMP_DEVICES
sets how many devices the fast clients poll (the slow ones a twentieth).
"""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.snmp.work import RETRIES, TIMEOUT_S, VARBINDS
from tests.contracts.snmp_daemon import free_port
from tests.require import need

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(1800)]
HERE = Path(__file__).parent
DEVICES = int(os.environ.get("NETOPS_SNMP_DEVICES", "200"))
ROUNDS = 3
FAST, SLOW = ("own", "gufo_uvloop", "gufo"), ("ezsnmp", "puresnmp", "pysnmp", "net_snmp")


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    need("cc", "taskset")
    built = tmp_path_factory.mktemp("agent") / "agent"
    subprocess.run(["cc", "-O2", "-o", str(built), str(HERE / "agent.c")], check=True)
    return built


@contextmanager
def farm(program: Path, *options: int) -> Iterator[int]:
    port, core = free_port(), str(max(0, (os.cpu_count() or 1) - 1))
    words = ["taskset", "-c", core, str(program), str(port), "48", *map(str, options)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield port
    finally:
        process.terminate()
        process.communicate()


def measure(client: str, devices: int, port: int) -> dict[str, Any] | str:
    """Return what a client reports, or why it cannot run."""
    ours = client.startswith("own")
    python = sys.executable if ours else os.environ.get("NETOPS_SNMP_PEERS", sys.executable)
    words = ["taskset", "-c", "0", python, str(HERE / "client.py"), client, str(devices), str(port)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode:
        return (done.stderr.strip().splitlines() or ["failed"])[-1]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_beside_other_clients(program: Path, capsys: pytest.CaptureFixture[str]) -> None:
    speeds: dict[str, list[float]] = {}
    reasons: dict[str, str] = {}
    with farm(program) as port:
        for _ in range(ROUNDS):
            for client in (*FAST, *SLOW):
                devices = DEVICES if client in FAST else max(2, DEVICES // 20)
                found = measure(client, devices, port)
                if isinstance(found, str):
                    reasons[client] = found
                elif found["varbinds"] != VARBINDS * devices:
                    reasons[client] = f"void: {found['varbinds']} bindings of {VARBINDS * devices}"
                else:
                    speeds.setdefault(client, []).append(devices / found["cpu_s"])
    assert "own" not in reasons, reasons["own"]
    with capsys.disabled():
        print(f"\n{'client':12} {'devices/CPU-s':>14} {'netops is':>10}")
        for client, rounds in speeds.items():
            ratio = statistics.median(
                ours / theirs for ours, theirs in zip(speeds["own"], rounds, strict=False)
            )
            print(f"{client:12} {statistics.median(rounds):14.0f} {ratio:9.2f}x")
        for client, reason in reasons.items():
            print(f"{client:12} {reason}")


def test_growth_with_the_number_of_devices(
    program: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with farm(program) as port:
        for devices in (10, 100, DEVICES, 5 * DEVICES):
            found = measure("own", devices, port)
            assert isinstance(found, dict), found
            assert found["varbinds"] == VARBINDS * devices
            each_us = 1e6 * found["cpu_s"] / devices
            with capsys.disabled():
                print(
                    f"\n{devices:6} devices: {each_us:6.0f} µs each, {found['rss_mib']:.0f} MiB",
                    end="",
                )


def test_dead_devices_and_loss(program: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with farm(program, 10) as port:
        found = measure("own_1000", DEVICES, port)
    assert isinstance(found, dict), found
    dead, limit_s = DEVICES - found["devices"], TIMEOUT_S * (1 + RETRIES)
    with capsys.disabled():
        print(f"\n{dead} dead: {found['wall_s']:.2f} s, the limit is {limit_s * 1.1:.1f} s")
    with farm(program, 0, 20) as port:
        found = measure("own_1000", DEVICES, port)
    assert isinstance(found, dict), found
    assert found["varbinds"] == VARBINDS * DEVICES  # nobody looks down
    with capsys.disabled():
        print(f"2 % loss: {found['devices']} of {DEVICES} up in {found['wall_s']:.2f} s")
