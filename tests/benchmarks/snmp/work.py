"""The work every client does, and how it reports: one JSON line."""

import json
import resource
import time
from collections.abc import Callable
from pathlib import Path

SCALARS = [f"1.3.6.1.2.1.1.{leaf}.0" for leaf in (1, 3, 5)]
COLUMNS = [f"1.3.6.1.2.1.2.2.1.{column}" for column in (2, 7, 8, 14, 20)]
COLUMNS += [f"1.3.6.1.2.1.31.1.1.1.{column}" for column in (1, 6, 10, 15, 18)]
VARBINDS = len(SCALARS) + 48 * len(COLUMNS)
TIMEOUT_S, RETRIES, WINDOW = 1.0, 3, 100
USER, AUTH_PASSWORD, PRIVACY_PASSWORD = "netops", "authpass12345", "privpass12345"


def hosts(count: int) -> list[str]:
    return [f"127.{1 + n // 60_000}.{n // 250 % 240}.{n % 250 + 1}" for n in range(count)]


def report(poll: Callable[[], tuple[int, int] | tuple[int, int, float]]) -> None:
    """Run `poll`, which returns devices and bindings; print what it cost with all its children."""
    before, started = _cpu_s(), time.perf_counter()
    devices, varbinds, *others_cpu_s = poll()
    wall_s = time.perf_counter() - started
    status = Path("/proc/self/status").read_text()  # ru_maxrss counts what forked us, too
    peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    cpu_s = others_cpu_s[0] if others_cpu_s else _cpu_s() - before
    line = {"devices": devices, "varbinds": varbinds, "cpu_s": cpu_s}
    print(json.dumps({**line, "wall_s": wall_s, "rss_mib": peak / 1024}))


def _usages() -> list[resource.struct_rusage]:
    return [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]


def _cpu_s() -> float:
    return sum(usage.ru_utime + usage.ru_stime for usage in _usages())
