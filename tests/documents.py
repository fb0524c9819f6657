"""Folders of documents that are worked on, and what ransomware does to them."""

import os
import random
import zipfile
from collections.abc import Sequence
from pathlib import Path


def files_of(folder: Path) -> list[Path]:
    """Return every file below a folder."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


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


def work_on(files: Sequence[Path], day: int) -> None:
    """Do a little ordinary work."""
    for file in [path for path in files if path.suffix == ".txt"][day::40]:
        file.write_text(f"{file.read_text()}\nday {day}")


def encrypt(files: Sequence[Path], ending: str = ".locked") -> None:
    """Overwrite files in place with random bytes and rename them, as ransomware does."""
    for file in files:
        file.write_bytes(os.urandom(file.stat().st_size))
        file.rename(f"{file}{ending}")
