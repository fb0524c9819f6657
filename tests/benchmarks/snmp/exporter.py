"""Prometheus's snmp_exporter with the benchmark's objects: Debian's package comes without any."""

import json
import os
import subprocess
import time
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.benchmarks.snmp.work import COLUMNS, SCALARS

PROGRAM = "prometheus-snmp-exporter"
_TEXTS = {"1.3.6.1.2.1.1.1.0", "1.3.6.1.2.1.1.5.0", "1.3.6.1.2.1.2.2.1.2"}
_TEXTS |= {"1.3.6.1.2.1.31.1.1.1.1", "1.3.6.1.2.1.31.1.1.1.18"}


def _module() -> dict[str, Any]:
    metrics = [
        {
            "name": f"sample{number}",
            "oid": name.removesuffix(".0"),
            "type": "DisplayString" if name in _TEXTS else "gauge",
            "help": "x",
            **({"indexes": [{"labelname": "ifIndex", "type": "gauge"}]} if name in COLUMNS else {}),
        }
        for number, name in enumerate([*SCALARS, *COLUMNS])
    ]
    settings = {"version": 2, "max_repetitions": 50, "retries": 2, "timeout": "1s"}
    return {"walk": COLUMNS, "get": SCALARS, "metrics": metrics, **settings}


class Exporter:
    """The exporter on one thread; the clock of /proc ticks a hundred times a second."""

    def __init__(self, directory: Path) -> None:
        module = {**_module(), "auth": {"community": "public"}}
        (directory / "snmp.yml").write_text(json.dumps({"bench": module}))
        self._words = [PROGRAM, f"--config.file={directory / 'snmp.yml'}", "--log.level=error"]
        self._words += ["--web.listen-address=127.0.0.1:9216"]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._words, env={**os.environ, "GOMAXPROCS": "1"})
        for _ in range(100):
            try:
                self._get("/")
            except OSError:
                time.sleep(0.05)
            else:
                return self
        raise AssertionError("the exporter does not start")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._process.wait(timeout=10)

    def _get(self, place: str) -> bytes:
        with urllib.request.urlopen(f"http://127.0.0.1:9216{place}", timeout=30) as answer:
            found: bytes = answer.read()
            return found

    def samples(self, host: str, port: int) -> int:
        """Return how many values the exporter got from one device."""
        lines = self._get(f"/snmp?module=bench&target={host}:{port}").splitlines()
        return sum(line.startswith(b"sample") for line in lines)

    def cpu_s(self) -> float:
        """Return what it has used."""
        text = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(text[11]) + int(text[12])) / os.sysconf("SC_CLK_TCK")
