"""What was collected from one server, file by file and by day; it lies beside the files and is backed up with them."""

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from netops.core.clock import parse_utc, utc_text
from netops.core.dataclass import dataclass, field
from netops.core.errors import IntegrityError
from netops.core.files import write_atomic

NAME = "ledger.json"


@dataclass(slots=True)
class Piece:
    """One file there and its copy here."""

    #: Under which name it was last seen there.
    name: str
    #: The copy, relative to the server's directory here; empty when others hold its content.
    copy: str
    #: How much of it is here.
    size_bytes: int = 0
    modified_s: float = 0.0
    #: The day of its last line, for lines that carry no date.
    day: str | None = None
    #: How much of it has been counted by day.
    counted_bytes: int = 0
    #: Since when it is no longer written to: rotated away, truncated, deleted.
    closed_at: str | None = None


@dataclass(slots=True)
class Day:
    """What is here of one day."""

    lines: int = 0
    size_bytes: int = 0
    #: When the last of it was collected.
    touched_at: str = ""


@dataclass(slots=True)
class Ledger:
    """The record of one server."""

    directory: Path
    #: By directory and inode, the files that are there now.
    open: dict[str, Piece] = field(default_factory=dict)
    #: Those that are gone, newest last.
    closed: list[Piece] = field(default_factory=list)
    days: dict[str, Day] = field(default_factory=dict)
    first_at: str | None = None
    collected_at: str | None = None

    @classmethod
    def read(cls, directory: Path) -> "Ledger":
        """Return the ledger in `directory`, empty when there is none; raise IntegrityError."""
        path = directory / NAME
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            return cls(
                directory,
                {key: Piece(**row) for key, row in data["open"].items()},
                [Piece(**row) for row in data["closed"]],
                {day: Day(**row) for day, row in data["days"].items()},
                data["first_at"],
                data["collected_at"],
            )
        except FileNotFoundError:
            return cls(directory)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise IntegrityError(
                f"{path} is damaged: {error}",
                hint="restore it from a backup, or move it away: everything is collected anew then",
            ) from error

    def write(self) -> None:
        """Replace the file."""
        data: dict[str, Any] = {
            "open": {key: asdict(piece) for key, piece in self.open.items()},
            "closed": [asdict(piece) for piece in self.closed],
            "days": {day: asdict(row) for day, row in sorted(self.days.items())},
            "first_at": self.first_at,
            "collected_at": self.collected_at,
        }
        write_atomic(self.directory / NAME, json.dumps(data, indent=1) + "\n")

    def path(self, piece: Piece) -> Path:
        """Return where the copy lies."""
        return self.directory / piece.copy

    def enter(self, counts: dict[str, tuple[int, int]], now: datetime) -> None:
        """Add what was counted."""
        for name, (lines, size) in counts.items():
            day = self.days.setdefault(name, Day())
            day.lines += lines
            day.size_bytes += size
            day.touched_at = utc_text(now)

    def close(self, key: str, now: datetime) -> None:
        """Note that a file is no longer written to."""
        piece = self.open.pop(key)
        if piece.copy:
            piece.closed_at = utc_text(now)
            self.closed.append(piece)

    def last_collected(self) -> datetime | None:
        """Return when collecting last succeeded."""
        return parse_utc(self.collected_at) if self.collected_at else None
