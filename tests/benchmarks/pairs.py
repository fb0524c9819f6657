"""Commands measured side by side: interleaved, so that a busy machine is busy for all of them."""

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Measured:
    """What one command took, round by round."""

    wall_s: list[float] = field(default_factory=list)
    #: Of the command and everything it started.
    cpu_s: list[float] = field(default_factory=list)

    @property
    def wall(self) -> float:
        return statistics.median(self.wall_s)

    @property
    def cpu(self) -> float:
        return statistics.median(self.cpu_s)


def measure(
    commands: Mapping[str, Sequence[str]],
    *,
    rounds: int,
    env: Mapping[str, str],
    cwd: Path,
    before: Callable[[str], None] = lambda _: None,
) -> dict[str, Measured]:
    """Run every command once a round, after `before`; each must succeed."""
    found = {name: Measured() for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            before(name)
            wall_s, cpu_s = once(command, env=env, cwd=cwd)
            found[name].wall_s.append(wall_s)
            found[name].cpu_s.append(cpu_s)
    return found


def once(command: Sequence[str], *, env: Mapping[str, str], cwd: Path) -> tuple[float, float]:
    """Return wall and processor seconds of one command."""
    started = time.perf_counter()
    process = subprocess.Popen(
        command,
        env=env,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stderr.close()
    assert process.returncode == 0, (command, process.returncode, said)
    return wall_s, usage.ru_utime + usage.ru_stime


def table(found: Mapping[str, Measured], base: str) -> list[str]:
    """Return lines with medians, their ratio to `base`, and the median of the ratios of each round."""
    lines = [f"{'':<34}{'wall s':>9}{'x':>7}{'pairs':>7}{'cpu s':>9}{'x':>7}{'pairs':>7}"]
    other = found[base]
    for name, item in found.items():
        wall = (
            f"{item.wall:>9.3f}{item.wall / other.wall:>7.2f}{_paired(item.wall_s, other.wall_s)}"
        )
        cpu = f"{item.cpu:>9.3f}{item.cpu / other.cpu:>7.2f}{_paired(item.cpu_s, other.cpu_s)}"
        lines.append(f"{name:<34}{wall}{cpu}")
    return lines


def _paired(mine: Sequence[float], others: Sequence[float]) -> str:
    """What is busy in one round only weighs less here; a peer may have taken part in fewer rounds."""
    return f"{statistics.median(a / b for a, b in zip(mine, others, strict=False)):>7.2f}"


def peak_bytes(process: subprocess.Popen[bytes]) -> int:
    """Return the most memory the process itself held, asked until it ends."""
    peak = 0
    while process.poll() is None:
        try:
            for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
                if line.startswith("VmHWM:"):
                    peak = max(peak, int(line.split()[1]) * 1024)
        except (OSError, ValueError, IndexError):
            break
        time.sleep(0.005)
    process.wait()
    return peak
