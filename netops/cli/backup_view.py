"""How backups look as tables and JSON."""

import sys
from collections.abc import Sequence
from typing import Any

from netops.backup.catalogue import Catalogue
from netops.backup.records import Backup, Placement
from netops.cli.runs import View
from netops.cli.table import one_line, print_json, print_table
from netops.core.clock import local_text
from netops.core.errors import UsageError
from netops.core.results import Result
from netops.core.status import Status
from netops.core.units import duration_text, size_text

_RUN_HEADS = (
    *("JOB", "TYPE", "LOCATION", "STATUS", "SNAPSHOT", "NEW", "CHANGED", "SAME"),
    *("READ", "ADDED", "TIME", "REMARK"),
)
_NUMBERS = ("NEW", "CHANGED", "SAME", "READ", "ADDED", "TIME")


def run_view(*, as_json: bool, quiet: bool) -> View:
    """Return how `backup run` shows its results: one row per job × location."""
    return View(as_json, quiet, _RUN_HEADS, _run_rows, _NUMBERS)


def _run_rows(result: Result) -> list[Sequence[object]]:
    facts = result.facts
    took = duration_text(result.duration_s)
    if not facts.get("locations"):
        kind = facts.get("type")
        return [(result.target, kind, None, result.status, *[None] * 6, took, result.summary)]
    numbers: tuple[object, ...] = (None,) * 5
    if "files_new" in facts:
        numbers = (
            *(facts["files_new"], facts["files_changed"], facts["files_unmodified"]),
            size_text(facts["bytes_processed"]),
            size_text(facts["bytes_added"]),
        )
    rows: list[Sequence[object]] = []
    for place in facts["locations"]:
        first = not rows
        rows.append(
            (
                result.target,
                facts.get("type"),
                place["location"],
                place["status"],
                (place["snapshot"] or "")[:8],
                *(numbers if first else (None,) * 5),
                took if first else None,
                place["message"] or (facts.get("reason") if first else ""),
            )
        )
    if alarm := facts.get("alarm"):
        status = "CRITICAL" if alarm["is_new"] else "WARNING"
        rows.append((result.target, None, None, status, *[None] * 7, alarm["text"]))
    return rows


def print_list(catalogue: Catalogue, job: str | None, limit: int, *, as_json: bool) -> None:
    """Print the newest backups, one row each with every place it was seen in."""
    backups = catalogue.backups(job=job, limit=limit)
    if as_json:
        print_json([_plain(backup, catalogue.placements(backup.id)) for backup in backups])
        return
    rows = [
        (
            *(backup.id, backup.job, backup.kind, local_text(backup.started_at)),
            Status(backup.status) if backup.status is not None else "no outcome",
            ", ".join(_seen(place) for place in catalogue.placements(backup.id)),
            *_measured(backup),
        )
        for backup in backups
    ]
    heads = ("RUN", "JOB", "TYPE", "STARTED", "STATUS", "LIES IN", "READ", "ADDED", "TIME")
    print_table(heads, rows, right=("READ", "ADDED", "TIME"))


def _measured(backup: Backup) -> tuple[str | None, ...]:
    """Return what was read, added and how long it took; nothing where only tags tell of it."""
    if not backup.duration_s:
        return None, None, None
    sizes = size_text(backup.bytes_processed), size_text(backup.bytes_added)
    return *sizes, duration_text(backup.duration_s)


def _seen(place: Placement) -> str:
    if place.is_good:
        return place.location
    if place.forgotten_at:
        return f"{place.location} (dropped)"
    return f"{place.location} ({'damaged' if place.listed_at else 'missing'})"


def print_backup(catalogue: Catalogue, backup_id: str, *, as_json: bool) -> None:
    """Print one backup whole."""
    key = backup_id.upper()
    backup = catalogue.backup(key) or next(iter(catalogue.backups_of_run(key)), None)
    if backup is None:
        raise UsageError(f"there is no backup {backup_id}", hint="see `netops backup list`")
    places = catalogue.placements(backup.id)
    if as_json:
        print_json(_plain(backup, places))
        return
    for name, value in _plain(backup, []).items():
        if name not in {"sources", "placements"}:
            sys.stdout.write(f"{name:<18}{one_line(value)}\n")
    for part in backup.sources:
        sys.stdout.write(f"{'source':<18}{one_line(part['path'])} ({part['engine']})\n")
    rows = [
        (
            *(place.location, place.role),
            Status(place.status) if place.status is not None else "no outcome",
            place.snapshot_id,
            local_text(place.listed_at) if place.listed_at else "never seen",
            place.message,
        )
        for place in places
    ]
    print_table(("LOCATION", "ROLE", "STATUS", "SNAPSHOT", "LISTED", "REMARK"), rows)


def _plain(backup: Backup, places: Sequence[Placement]) -> dict[str, Any]:
    from dataclasses import asdict

    plain = {**asdict(backup), "placements": [asdict(place) for place in places]}
    plain["sources"] = [dict(part) for part in backup.sources]
    return plain
