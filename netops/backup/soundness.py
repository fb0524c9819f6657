"""How sound each repository is, as far as anyone has looked: what was read back, what is broken."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING, Any

from netops.core.clock import parse_utc, utc_text
from netops.core.dataclass import dataclass, field, replace
from netops.store.database import Database

if TYPE_CHECKING:
    from netops.core.cadence import Cadence

#: A portion may come a little early, so that a daily timer never skips a day.
_EARLY = 0.1
#: A cadence may be overrun by this share before anyone is told.
_GRACE = 0.25
#: Nothing is late before its shortest turn is over.
_LEAST_TURNS = {"weekly": timedelta(days=7), "monthly": timedelta(days=28)}
_NO_TURN = timedelta(0)


@dataclass(frozen=True, slots=True)
class Reading:
    """One portion of a repository, read back completely; part 1 of 1 is all of it."""

    parts: int
    part: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Damage:
    """One broken thing in a repository."""

    #: pack, blob, tree, index, snapshot, or other.
    kind: str
    #: Its id in the repository, as far as known.
    object: str
    found_at: datetime
    #: `files`, `snapshots`, `backups`: what is hit, as far as known.
    detail: Mapping[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """Return it in two words."""
        return f"{self.kind} {self.object[:8]}".rstrip()


class Soundness:
    """The catalogue's memory of readings and damage."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def readings(self) -> dict[str, list[Reading]]:
        """Return what was read back, by location."""
        found: dict[str, list[Reading]] = {}
        for row in self.database.execute("readings"):
            reading = Reading(row["parts"], row["part"], parse_utc(row["at"]))
            found.setdefault(row["location"], []).append(reading)
        return found

    def damage(self, location: str | None = None) -> dict[str, list[Damage]]:
        """Return what is broken now, by location."""
        found: dict[str, list[Damage]] = {}
        for row in self.database.execute("open_damage", location=location):
            detail = json.loads(row["detail"])
            damage = Damage(row["kind"], row["object"], parse_utc(row["found_at"]), detail)
            found.setdefault(row["location"], []).append(damage)
        return found

    def put_reading(self, location: str, reading: Reading, run_id: str) -> None:
        """Remember that a portion was read and was whole."""
        self.database.execute(
            "put_reading",
            location=location,
            parts=reading.parts,
            part=reading.part,
            at=utc_text(reading.at),
            run_id=run_id,
        )

    def put_damage(self, location: str, damage: Damage, run_id: str) -> None:
        """Remember something broken."""
        from netops.backup.catalogue import printable

        self.database.execute(
            "put_damage",
            location=location,
            kind=damage.kind,
            object=damage.object,
            found_at=utc_text(damage.found_at),
            run_id=run_id,
            detail=printable(json.dumps(dict(damage.detail), ensure_ascii=False)),
        )

    def heal(self, location: str, healed: Iterable[Damage], at: datetime) -> None:
        """Remember that these are whole again, or gone with nothing missing."""
        for damage in healed:
            self.database.execute(
                "heal_damage",
                location=location,
                kind=damage.kind,
                object=damage.object,
                healed_at=utc_text(at),
            )


def fully_read_at(readings: Sequence[Reading]) -> datetime | None:
    """Return the moment before which everything stored has been read back since; None for never."""
    portions: dict[int, list[datetime]] = {}
    for reading in readings:
        portions.setdefault(reading.parts, []).append(reading.at)
    complete = [min(moments) for parts, moments in portions.items() if len(moments) == parts]
    return max(complete, default=None)


def next_part(readings: Sequence[Reading], parts: int) -> int:
    """Return the portion to read now: the first never read, else the one read longest ago."""
    done = {reading.part: reading.at for reading in readings if reading.parts == parts}
    missing = [part for part in range(1, parts + 1) if part not in done]
    return missing[0] if missing else min(done, key=lambda part: (done[part], part))


def is_part_due(readings: Sequence[Reading], cadence: str, parts: int, now: datetime) -> bool:
    """Tell whether it is time for the next portion, so that all are read once per cadence."""
    from netops.core.cadence import clock_went_back, parse_cadence

    turn = parse_cadence(cadence)
    if turn.rule is None:
        return False
    last = last_part_at(readings, parts)
    if last is None or clock_went_back(last, now):
        return True
    if parts == 1:
        return turn.is_due(last, now)
    return (now - last).total_seconds() >= turn.interval_s / parts * (1 - _EARLY)


def last_part_at(readings: Sequence[Reading], parts: int) -> datetime | None:
    """Return when the newest of `parts` portions was read, or all at once; None for never."""
    return max((reading.at for reading in readings if reading.parts in {1, parts}), default=None)


def part_cadence(cadence: str, parts: int) -> "Cadence":
    """Return how often a portion is read, in steps that a timer can keep."""
    from netops.core.cadence import parse_cadence

    turn = parse_cadence(cadence)
    if turn.rule is None or parts == 1:
        return turn
    part_s = ceil(turn.interval_s / parts)
    # Rounded down by half of what a portion may come early (the cadence forgives the rest), or a
    # look would find nothing due.
    step_s = next((step for step in (3600, 60) if part_s * _EARLY / 2 >= step), 1)
    return replace(parse_cadence(f"every {part_s // step_s * step_s}s"), text=f"{cadence}/{parts}")


def is_overdue(readings: Sequence[Reading], cadence: str, since: datetime, now: datetime) -> bool:
    """Tell whether not everything was read back within the cadence; `since` is the first backup."""
    age = now - (fully_read_at(readings) or since)
    if age < _LEAST_TURNS.get(cadence, _NO_TURN):
        return False  # monitoring asks every minute, and almost always it is so
    from netops.core.cadence import parse_cadence

    turn = parse_cadence(cadence)
    if turn.rule is None:
        return False
    return age > timedelta(seconds=turn.interval_s * (1 + _GRACE))
