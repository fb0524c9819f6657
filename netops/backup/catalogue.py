"""What was backed up, where it lies and what was seen of it: the store's backup tables."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from netops.backup.chain import History
from netops.backup.model import Kind
from netops.backup.records import Backup, Placement
from netops.core.clock import parse_utc, utc_text
from netops.core.dataclass import field_names, replace
from netops.store.connection import Row
from netops.store.database import Database


class Catalogue:
    """The memory of the backup room."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def start(self, backup: Backup, placements: Sequence[Placement]) -> Backup:
        """Enter a backup before it starts, under the next number of the site's own sequence."""
        with self.database.transaction():
            (row,) = self.database.execute("next_backup_seq")
            numbered = replace(backup, seq=int(row["seq"]))
            self.database.execute("start_backup", **_plain(numbered, _START))
            for placement in placements:
                self.place(placement)
        return numbered

    def enter(self, backup: Backup) -> None:
        """Enter a finished backup under the number it already has."""
        with self.database.transaction():
            self.database.execute("start_backup", **_plain(backup, _START))
            self.finish(backup)

    def finish(self, backup: Backup) -> None:
        """Enter the outcome of a backup."""
        self.database.execute("finish_backup", **_plain(backup, _FINISH))

    def place(self, placement: Placement) -> None:
        """Enter or correct what is known of one backup in one repository."""
        self.database.execute("put_placement", **_plain(placement, _PLACE))

    def backup(self, backup_id: str) -> Backup | None:
        """Return one backup by id."""
        rows = self.database.execute("backup_by_id", id=backup_id)
        return _backup(rows[0]) if rows else None

    def backups(self, *, job: str | None = None, limit: int = 20) -> list[Backup]:
        """Return the newest backups first."""
        return [_backup(row) for row in self.database.execute("backups", job=job, limit=limit)]

    def backups_of_run(self, run_id: str) -> list[Backup]:
        """Return what one run of netops backed up."""
        return [_backup(row) for row in self.database.execute("backups_of_run", run_id=run_id)]

    def placements(self, backup_id: str) -> list[Placement]:
        """Return where a backup lies."""
        rows = self.database.execute("placements_of", backup_id=backup_id)
        return [_placement(row) for row in rows]

    def history(self, job: str, repository: str) -> History:
        """Return the backups a new one may stand on."""
        full = self.database.execute("last_good_full", job=job, repository=repository)
        newest = self.database.execute("last_good_backup", job=job, repository=repository)
        kinds = self.database.execute("last_good_per_kind")
        return History(
            _backup(full[0]) if full else None,
            _backup(newest[0]) if newest else None,
            {
                Kind(row["kind"]): (int(row["seq"]), parse_utc(row["started_at"]))
                for row in kinds
                if (row["job"], row["repository"]) == (job, repository)
            },
        )

    def unfinished(self) -> list[Backup]:
        """Return backups without an outcome: running now, or killed."""
        return [_backup(row) for row in self.database.execute("unfinished_backups")]

    def failures_since(self, since: datetime, limit: int) -> list[Backup]:
        """Return the backups begun since then that are not good, newest first."""
        rows = self.database.execute("failures_since", since=utc_text(since), limit=limit)
        return [_backup(row) for row in rows]

    def missing_at(self, job: str, repository: str, location: str, limit: int) -> list[Backup]:
        """Return good backups in `repository` not yet seen at `location`, oldest first."""
        rows = self.database.execute(
            "missing_at", job=job, repository=repository, location=location, limit=limit
        )
        return sorted((_backup(row) for row in rows), key=lambda backup: backup.seq)

    def open_copies(self, location: str) -> int:
        """Return how many copies to `location` were begun and never seen there."""
        return len(self.database.execute("open_copies", location=location))

    def is_upload_broken_off(self, job: str, location: str) -> bool:
        """Tell whether the job's last attempt at `location` may have left data that no index has."""
        return bool(self.database.execute("broken_off_uploads", job=job, location=location))

    def good_at(self, location: str) -> dict[str, str]:
        """Return snapshot id → backup id of everything that should lie at `location`."""
        rows = self.database.execute("good_at", location=location)
        return {row["snapshot_id"]: row["backup_id"] for row in rows}

    def forget(self, backup_id: str, location: str, at: datetime, message: str) -> None:
        """Note that retention dropped a backup at `location`: nothing counts it there any more."""
        self.database.execute(
            "forget_placement",
            backup_id=backup_id,
            location=location,
            forgotten_at=utc_text(at),
            message=printable(message),
        )

    def listed_at(self, location: str) -> list[Placement]:
        """Return everything that was seen at `location`, whole or damaged."""
        rows = self.database.execute("listed_at_location", location=location)
        return [_placement(row) for row in rows]

    def gone_at(self, location: str) -> list[Placement]:
        """Return what was once seen at `location` and is not listed there any more."""
        return [_placement(row) for row in self.database.execute("gone_at", location=location)]

    def move(self, backup_id: str, snapshot_id: str) -> None:
        """Enter the id that a backup's snapshot has since it was healed."""
        self.database.execute("move_backup", id=backup_id, snapshot_id=snapshot_id)


_START = (
    *("id", "run_id", "seq", "job", "repository", "kind", "base_id", "parent_id", "started_at"),
    *("sources", "owner", "department", "custodian", "data_class"),
)
_FINISH = (
    *("id", "finished_at", "status", "snapshot_id", "files_new", "files_changed"),
    *("files_unmodified", "bytes_processed", "bytes_added", "duration_s", "message"),
)
_PLACE = (
    *("backup_id", "location", "role", "status", "snapshot_id", "started_at", "listed_at"),
    *("duration_s", "message"),
)


def _plain(item: Backup | Placement, names: Sequence[str]) -> dict[str, Any]:
    values = {name: getattr(item, name) for name in names}
    for name, value in values.items():
        if isinstance(value, datetime):
            values[name] = utc_text(value)
        elif isinstance(value, Kind):
            values[name] = value.value
        elif isinstance(value, tuple):
            values[name] = json.dumps([dict(entry) for entry in value], ensure_ascii=False)
        elif isinstance(value, str):
            values[name] = printable(value)
    return values


def printable(text: str) -> str:
    """Return text that every database stores: file names may hold bytes that are no UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")


_TIMES = ("started_at", "finished_at", "listed_at", "forgotten_at")


def _moments(row: Row) -> dict[str, Any]:
    values: dict[str, Any] = dict(row)
    for name in _TIMES:
        if isinstance(values.get(name), str):
            values[name] = parse_utc(values[name])
    return values


def _backup(row: Row) -> Backup:
    values = _moments(row)
    values["kind"] = Kind(values["kind"])
    values["sources"] = tuple(json.loads(values["sources"] or "[]"))
    empty: Mapping[str, Any] = {"message": "", "duration_s": 0.0}
    counts = [name for name in _FINISH if name.startswith(("files_", "bytes_"))]
    for name in (*empty, *counts):
        if values.get(name) is None:
            values[name] = empty.get(name, 0)
    return Backup(**{name: values[name] for name in field_names(Backup)})


def _placement(row: Row) -> Placement:
    values = _moments(row)
    return Placement(**{name: values[name] for name in field_names(Placement)})
