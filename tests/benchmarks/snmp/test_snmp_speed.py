"""
Our engine beside other clients, as ratios of devices per CPU second. Prints, judges nothing.

scripts/benchmark makes the peers' own Python environment and names it in NETOPS_SNMP_PEERS; a
client that cannot run is named with its reason. NETOPS_SNMP_DEVICES sets how many devices the
fast clients poll (the slow ones a twentieth). A row whose bindings are not 483 times its devices is
void. The rounds are interleaved, the poller is pinned to the first core, the agents to the last.
"""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from netops.snmp import codec
from tests.benchmarks.snmp.work import (
    AUTH_PASSWORD,
    PRIVACY_PASSWORD,
    RETRIES,
    TIMEOUT_S,
    USER,
    VARBINDS,
)
from tests.contracts.snmp_daemon import free_port
from tests.require import need, unavailable

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(1800)]
HERE = Path(__file__).parent
DEVICES = int(os.environ.get("NETOPS_SNMP_DEVICES", "200"))
ROUNDS = int(os.environ.get("NETOPS_BENCHMARK_ROUNDS", "3"))
CORE = str(max(0, (os.cpu_count() or 1) - 1))
PYTHON_CODEC = {codec.VARIABLE: "python"}


@dataclass(frozen=True)
class Row:
    """One client of the table."""

    title: str
    client: str
    #: Part of the devices that it polls.
    part: float = 1.0
    environment: Mapping[str, str] = field(default_factory=dict)
    ours: bool = False
    program: Path | None = None


def own_rows(client: str) -> list[Row]:
    rows = [Row("netops, pure Python", client, environment=PYTHON_CODEC, ours=True)]
    if codec.compiled() is not None:
        rows.append(Row("netops, compiled decoder", client, ours=True))
    return rows


def peers(limit: Path) -> list[Row]:
    return [
        Row("gufo + uvloop", "gufo_uvloop"),
        Row("gufo, default loop", "gufo"),
        Row("snmp_exporter", "snmp_exporter", 0.25),
        Row("ezsnmp", "ezsnmp", 0.05),
        Row("puresnmp", "puresnmp", 0.05),
        Row("pysnmp", "pysnmp", 0.05),
        Row("net-snmp CLI", "net_snmp", 0.05),
        Row("C limit", "limit", 5.0, program=limit),
    ]


def compiled(tmp_path_factory: pytest.TempPathFactory, name: str) -> Path:
    need("cc", "taskset")
    built = tmp_path_factory.mktemp(name) / name
    subprocess.run(["cc", "-O2", "-o", str(built), str(HERE / f"{name}.c")], check=True)
    return built


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled(tmp_path_factory, "agent")


@pytest.fixture(scope="module")
def program_with_users(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The farm with SNMPv3, which takes OpenSSL's headers."""
    need("cc", "taskset")
    built = tmp_path_factory.mktemp("agent") / "agent"
    words = ["cc", "-O2", "-DUSM", "-o", str(built), str(HERE / "agent.c"), "-lcrypto"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        if "openssl/" in done.stderr or "-lcrypto" in done.stderr:
            unavailable("libssl-dev", "no SNMPv3 row: libssl-dev, OpenSSL's headers, is missing")
        raise AssertionError(done.stderr)
    return built


@pytest.fixture(scope="module")
def limit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled(tmp_path_factory, "limit")


@contextmanager
def farm(*words: str | Path) -> Iterator[int]:
    """Run a farm of agents on the last core; `{port}` in its words becomes its port."""
    port = free_port()
    asked = ["taskset", "-c", CORE, *(str(word).format(port=port) for word in words)]
    process = subprocess.Popen(asked, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield port
    finally:
        process.terminate()
        process.communicate()


def switches(program: Path, *options: int | str) -> Any:
    return farm(program, "{port}", "48", *map(str, options))


def measure(row: Row, devices: int, port: int) -> dict[str, Any] | str:
    """Return what a client reports, or why it cannot run."""
    if row.program:
        words = [str(row.program), str(devices), str(port)]
    else:
        mine = sys.executable
        python = mine if row.ours else os.environ.get("NETOPS_SNMP_PEERS", mine)
        words = [python, str(HERE / "client.py"), row.client, str(devices), str(port)]
    done = subprocess.run(
        ["taskset", "-c", "0", *words],
        env={**os.environ, **row.environment},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    if done.returncode:
        return (done.stderr.strip().splitlines() or ["failed"])[-1]
    found: dict[str, Any] = json.loads(done.stdout)
    if found["varbinds"] != VARBINDS * devices:
        return f"void: {found['varbinds']} bindings of {VARBINDS * devices}"
    return found


def compare(rows: Sequence[Row], devices: int, port: int) -> str:
    """Measure all rows in turn, several rounds, and return the table of medians and ratios."""
    speeds: dict[str, list[float]] = {row.title: [] for row in rows}
    memory: dict[str, float] = {}
    reasons: dict[str, str] = {}
    for _ in range(ROUNDS):
        for row in rows:
            count = max(2, int(devices * row.part))
            found = measure(row, count, port)
            if isinstance(found, str):
                reasons[row.title] = found
                continue
            speeds[row.title].append(count / max(found["cpu_s"], 0.01))
            memory[row.title] = max(memory.get(row.title, 0), found.get("rss_mib", 0))
    ours = [row.title for row in rows if row.ours and len(speeds[row.title]) == ROUNDS]
    assert ours, reasons
    heads = "".join(f"{title.removeprefix('netops, '):>18}" for title in ours)
    lines = [f"{'client':26}{'devices/CPU-s':>14}{'MiB':>6}{heads}"]
    for title, rounds in speeds.items():
        if len(rounds) < ROUNDS:
            continue
        ratios = [statistics.median(map(lambda a, b: a / b, speeds[mine], rounds)) for mine in ours]
        shown = "".join(f"{ratio:17.2f}x" for ratio in ratios)
        lines.append(f"{title:26}{statistics.median(rounds):14.0f}{memory[title]:6.0f}{shown}")
    lines += [f"{title:26}{reason}" for title, reason in reasons.items()]
    return "\n".join(lines)


def show(capsys: pytest.CaptureFixture[str], text: str) -> None:
    with capsys.disabled():
        print(f"\n{text}")


def test_beside_other_clients(
    program: Path, limit: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with switches(program) as port:
        show(capsys, compare([*own_rows("own"), *peers(limit)], DEVICES, port))


def test_v3_with_sha_256_and_aes_256(
    program_with_users: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        *own_rows("own_v3"),
        Row("gufo + uvloop", "gufo_uvloop_v3"),
        Row("gufo, default loop", "gufo_v3"),
    ]
    with switches(program_with_users, 0, 0, USER, AUTH_PASSWORD, PRIVACY_PASSWORD) as port:
        show(capsys, "SNMPv3\n" + compare(rows, DEVICES, port))


@pytest.mark.parametrize("row", own_rows("own"), ids=lambda row: row.title)
def test_growth_with_the_number_of_devices(
    program: Path, row: Row, capsys: pytest.CaptureFixture[str]
) -> None:
    each_us: dict[int, list[float]] = {10: [], 100: [], DEVICES: [], 5000: []}
    memory: dict[int, float] = {}
    with switches(program) as port:
        for _ in range(ROUNDS):
            for devices, found_us in each_us.items():
                found = measure(row, devices, port)
                assert isinstance(found, dict), found
                found_us.append(1e6 * found["cpu_s"] / devices)
                memory[devices] = found["rss_mib"]
    lines = [row.title]
    for devices, found_us in each_us.items():
        middle = statistics.median(found_us)
        lines.append(f"{devices:6} devices: {middle:6.0f} µs each, {memory[devices]:.0f} MiB")
    show(capsys, "\n".join(lines))


@pytest.mark.parametrize("row", own_rows("own_1000"), ids=lambda row: row.title)
def test_dead_devices_and_loss(program: Path, row: Row, capsys: pytest.CaptureFixture[str]) -> None:
    devices = max(DEVICES, 1000)
    lines = [row.title]
    words = [sys.executable, str(HERE / "client.py"), row.client, str(devices)]
    with switches(program, 10) as port:
        done = subprocess.run(
            ["taskset", "-c", "0", *words, str(port)],
            env={**os.environ, **row.environment},
            capture_output=True,
            check=True,
        )
        found = json.loads(done.stdout)
        dead, limit_s = devices - found["devices"], TIMEOUT_S * (1 + RETRIES)
        lines.append(f"{dead} dead: {found['wall_s']:.2f} s, the limit is {limit_s * 1.1:.1f} s")
    with switches(program, 0, 20) as port:
        lossy = measure(row, devices, port)  # void unless every binding came
    assert isinstance(lossy, dict), lossy
    lines.append(f"2 % loss: {lossy['devices']} of {devices} up in {lossy['wall_s']:.2f} s")
    show(capsys, "\n".join(lines))
