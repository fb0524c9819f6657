"""A tree that lives through days of change, and the backups restic would count of it."""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from netops.backup.anomaly import Past, Rates, Sign, judge
from netops.backup.content import Reading
from netops.backup.measure import compare, is_quiet
from netops.backup.model import AlarmLimits, Kind
from netops.backup.records import Backup
from netops.backup.sample import FILES

_START = datetime(2026, 11, 2, tzinfo=UTC)
_SIZE_BYTES = 10_000


@dataclass(frozen=True, slots=True)
class File:
    content: int
    changed_at: int
    reading: Reading = Reading.PLAIN
    size_bytes: int = _SIZE_BYTES


@dataclass(slots=True)
class World:
    """Files by number; what changes them moves the clock of their inode, as on a real disk."""

    seed: int
    limits: AlarmLimits = field(default_factory=AlarmLimits)
    files: dict[int, File] = field(default_factory=dict)
    step: int = 0
    serial: int = 0
    stored: set[int] = field(default_factory=set)
    snapshots: dict[str, dict[int, File]] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    past: list[Past] = field(default_factory=list)
    last_full: str | None = None
    last: Rates | None = None
    dice: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)

    def _next(self) -> int:
        self.serial += 1
        return self.serial

    def some(self, share: float) -> list[int]:
        """Return a random share of the files, a little more or less than asked for."""
        count = round(len(self.files) * share * self.dice.uniform(0.7, 1.3))
        return self.dice.sample(sorted(self.files), min(count, len(self.files)))

    def add(self, count: int, reading: Reading = Reading.PLAIN) -> None:
        for _ in range(count):
            self.files[self._next()] = File(self._next(), self.step, reading)

    def change(self, names: Iterable[int], reading: Reading | None = None) -> None:
        for name in names:
            old = self.files[name]
            self.files[name] = replace(
                old, content=self._next(), changed_at=self.step, reading=reading or old.reading
            )

    def blank(self, names: Iterable[int]) -> None:
        for name in names:
            self.files[name] = File(0, self.step, Reading.BROKEN)

    def empty(self, names: Iterable[int]) -> None:
        """Cut files to nothing; an empty file has no content to read or store."""
        for name in names:
            self.files[name] = File(-1, self.step, Reading.PLAIN, 0)

    def touch(self, names: Iterable[int]) -> None:
        for name in names:
            self.files[name] = replace(self.files[name], changed_at=self.step)

    def rename(self, names: Iterable[int], *, folder: bool = False) -> None:
        """Give new names; files inside a renamed folder keep their inode's time."""
        for name in list(names):
            old = self.files.pop(name)
            self.files[self._next()] = old if folder else replace(old, changed_at=self.step)

    def remove(self, names: Iterable[int]) -> None:
        for name in list(names):
            del self.files[name]

    def encrypt(self, names: Iterable[int], *, renamed: bool, strange: bool = False) -> None:
        chosen = list(names)
        self.change(chosen, Reading.OPAQUE if strange else Reading.BROKEN)
        if renamed:
            self.rename(chosen)

    def back_up(self, kind: Kind) -> tuple[Sign, ...]:
        """Make a backup of the tree as it is and return the signs found in it."""
        if self.last_full is None:
            kind = Kind.FULL
        parent = {Kind.FULL: None, Kind.DIFFERENTIAL: self.last_full}.get(
            kind, self.rows[0]["backup_id"] if self.rows else None
        )
        backup, blobs = self._counted(kind, parent)
        before = self.rows[0] if self.rows else None
        rates = compare(backup, blobs, before)
        if before is None or not is_quiet(rates, self.limits.min_files):
            rates = self._looked(rates, backup, before)
        signs = judge(rates, self.past, self.limits)
        if not signs:
            self.past.insert(0, Past(rates))
        self._remember(backup, rates)
        return signs

    def _counted(self, kind: Kind, parent: str | None) -> tuple[Backup, int]:
        base = self.snapshots[parent] if parent else {}
        new = sum(name not in base for name in self.files)
        changed = sum(name in base and base[name] != file for name, file in self.files.items())
        contents = {file.content for file in self.files.values() if file.size_bytes}
        blobs = len(contents - self.stored)
        self.stored |= contents
        backup = Backup(
            *(f"b{self.step}", "run", self.step, "job", "main", kind, self.last_full, parent),
            *(_START + timedelta(hours=self.step), None, 0, None),
            files_new=new,
            files_changed=changed,
            files_unmodified=len(self.files) - new - changed,
            bytes_processed=sum(file.size_bytes for file in self.files.values()),
        )
        return backup, blobs

    def _looked(self, rates: Rates, backup: Backup, before: dict[str, Any] | None) -> Rates:
        touched = [
            f for f in self.files.values() if before is None or f.changed_at > before["step"]
        ]
        readings = Counter(
            file.reading
            for file in self.dice.sample(touched, min(FILES, len(touched)))
            if file.size_bytes
        )
        rates = replace(
            rates,
            sampled=readings.total(),
            broken=readings[Reading.BROKEN],
            opaque=readings[Reading.OPAQUE],
        )
        if before is None:
            return rates
        most = backup.files_new + backup.files_changed
        return replace(rates, touched=min(len(touched), most))

    def _remember(self, backup: Backup, rates: Rates) -> None:
        self.last = rates
        self.snapshots[backup.id] = dict(self.files)
        if backup.kind is Kind.FULL:
            self.last_full = backup.id
        keep = {self.last_full, backup.id}
        self.snapshots = {key: value for key, value in self.snapshots.items() if key in keep}
        self.rows.insert(
            0,
            {
                "backup_id": backup.id,
                "parent_id": backup.parent_id,
                "files": rates.files,
                "bytes": rates.bytes,
                "files_new": backup.files_new,
                "files_changed": backup.files_changed,
                "files_unmodified": backup.files_unmodified,
                "step": self.step,
            },
        )
        self.step += 1


Day = Callable[[World, int], None]


def live(world: World, day: Day, days: Sequence[int], full_every: int) -> dict[int, list[str]]:
    """Let the days pass with a backup after each; return the names of the signs by day."""
    found = {}
    for number in days:
        day(world, number)
        if signs := world.back_up(Kind.FULL if number % full_every == 0 else Kind.DIFFERENTIAL):
            found[number] = [sign.name for sign in signs]
    return found
