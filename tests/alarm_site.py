"""A small site with one job of documents, driven by the real command."""

import json
import os
import random
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
_YAML = """\
site: {{name: Test}}
backup:
  repositories:
    main: {{location: ./r/main, password: file:keys/main.password}}
    off: {{location: ./r/off, password: file:keys/main.password}}
  jobs:
    docs:
      sources: [{documents}]
      repository: main
      policy: {{full: monthly, log: hourly}}
      {more}
"""


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)

    @property
    def result(self) -> dict[str, Any]:
        (found,) = self.data["results"]
        return dict(found)


@dataclass(frozen=True)
class AlarmSite:
    home: Path
    env: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def make(cls, home: Path, *, more: str = "") -> "AlarmSite":
        home.mkdir(parents=True)
        site = cls(home)
        (home / "keys").mkdir(mode=0o700)
        password = home / "keys/main.password"
        password.write_text("a long password for tests")
        password.chmod(0o600)
        site.configure(more)
        site.documents.mkdir()
        return site

    @property
    def documents(self) -> Path:
        return self.home / "documents"

    def configure(self, more: str = "") -> None:
        text = _YAML.format(documents=self.documents, more=more)
        (self.home / "netops.yaml").write_text(text)

    def netops(self, *arguments: str) -> Answer:
        done = subprocess.run(
            [sys.executable, "-m", "netops", "--site", str(self.home), *arguments],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env={**os.environ, "PYTHONPATH": str(ROOT), **self.env},
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    def back_up(self, *arguments: str) -> Answer:
        return self.netops("backup", "run", "docs", "--json", *arguments)

    def files(self) -> list[Path]:
        return sorted(path for path in self.documents.rglob("*") if path.is_file())


def fill(folder: Path, count: int, seed: int = 1) -> None:
    """Write documents of several types, some of them compressed by nature, in folders of 20."""
    dice = random.Random(seed)
    for number in range(count):
        place = folder / f"d{number // 20}"
        place.mkdir(parents=True, exist_ok=True)
        text = "\n".join(f"line {dice.random()}" for _ in range(80))
        if number % 4 == 0:
            with zipfile.ZipFile(place / f"f{number}.docx", "w", zipfile.ZIP_DEFLATED) as packed:
                packed.writestr("word/document.xml", text)
        elif number % 4 == 1:
            (place / f"f{number}.jpg").write_bytes(b"\xff\xd8\xff\xe0" + dice.randbytes(3000))
        else:
            (place / f"f{number}.txt").write_text(text)


def work_on(files: list[Path], day: int) -> None:
    """Do a little ordinary work."""
    for file in [path for path in files if path.suffix == ".txt"][day::40]:
        file.write_text(f"{file.read_text()}\nday {day}")


def encrypt(files: list[Path], ending: str = ".locked") -> None:
    """Overwrite files in place with random bytes and rename them, as ransomware does."""
    for file in files:
        file.write_bytes(os.urandom(file.stat().st_size))
        file.rename(f"{file}{ending}")
