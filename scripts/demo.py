"""The live database of the quickstart: a small library's loans, written to while it is backed up."""

import os
import sqlite3
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

_FIRST_LOANS = 2000
_PAUSE_S = 0.02
_LONGEST_S = 1800


def create(path: Path) -> None:
    """Make the database with its first loans, unless it is there."""
    with closing(sqlite3.connect(path)) as link, link:
        link.execute("PRAGMA journal_mode=WAL")
        link.execute(
            "CREATE TABLE IF NOT EXISTS loan"
            " (id INTEGER PRIMARY KEY, book INTEGER NOT NULL, reader TEXT NOT NULL, at TEXT NOT NULL)"
        )
        if not count(path):
            link.executemany(_ADD, (_loan(number) for number in range(_FIRST_LOANS)))


def write(path: Path) -> None:
    """Lend a book now and again until the quickstart ends (or half an hour has passed)."""
    parent, ends_at = os.getppid(), time.monotonic() + _LONGEST_S
    with closing(sqlite3.connect(path, timeout=30)) as link:
        number = count(path)
        while os.getppid() == parent and time.monotonic() < ends_at:
            with link:
                link.execute(_ADD, _loan(number))
            number += 1
            time.sleep(_PAUSE_S)


def count(path: Path) -> int:
    """Return how many loans there are."""
    with closing(sqlite3.connect(path, timeout=30)) as link:
        return int(link.execute("SELECT COUNT(*) FROM loan").fetchone()[0])


_ADD = "INSERT INTO loan (book, reader, at) VALUES (?, ?, ?)"


def _loan(number: int) -> tuple[int, str, str]:
    return number * 7919 % 4096, f"reader-{number % 311}", datetime.now(UTC).isoformat()


def main(verb: str, path: Path) -> None:
    """Do what the command line says: create, write or count."""
    if verb == "count":
        print(count(path))
    else:
        {"create": create, "write": write}[verb](path)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
