"""How `backup status` looks: a table, JSON, or one line for monitoring."""

import sys
from collections.abc import Sequence

from netops.app import Site, find_site
from netops.backup.status import Protection
from netops.cli.plugin import Measure, plugin_line
from netops.cli.table import one_line, print_json, print_table
from netops.core.clock import local_text, parse_utc
from netops.core.lock import is_held
from netops.core.status import Status
from netops.core.units import duration_text

_HEADS = (
    *("JOB", "LOCATION", "STATUS", "LAST GOOD", "TYPE", "RPO", "ALLOWED", "VERIFIED", "READ"),
    "REMARK",
)


def show_status(
    named: str | None, jobs: list[str], *, as_json: bool, as_plugin: bool, quiet: bool
) -> int:
    """Print one line per job × location and return the worst status."""
    site = Site(find_site(named))
    try:
        rows = site.protections(jobs)
        lost = _lost_runs(site)
        waiting = _open_handovers(site)
    finally:
        site.close()
    late = [line for line, is_late in waiting if is_late]
    worst = Status.worst([row.status for row in rows] + [Status.WARNING] * bool(lost or late))
    if as_plugin:
        sys.stdout.write(_line(rows, worst, [*lost, *late]) + "\n")
    elif as_json:
        plain = {
            "status": worst.name,
            "lost_runs": lost,
            "open_handovers": [line for line, _ in waiting],
            "protections": [row.as_dict() for row in rows],
        }
        print_json(plain)
    elif not (quiet and worst is Status.OK):
        _print(rows, lost)
        for line, is_late in waiting:
            sys.stdout.write(f"{'WARNING' if is_late else 'note'}: {one_line(line)}\n")
    return int(worst)


def _lost_runs(site: Site) -> list[str]:
    """Return the runs whose intent has no outcome and no living process."""
    return [
        f"run {row['id']} ({row['verb']}) of {local_text(parse_utc(row['started_at']))} "
        "left no outcome"
        for row in site.database.execute("unfinished_runs")
        if not is_held(site.locks / "runs" / f"{row['id']}.lock")
    ]


def _open_handovers(site: Site) -> list[tuple[str, bool]]:
    """Return the handovers nobody has answered, and whether they have waited too long."""
    found = []
    for row in site.database.execute("open_handovers"):
        try:
            offered = parse_utc(row["at"])
        except ValueError:
            text = (
                f"handover {row['handover_id']} is not readable; see `netops backup custody verify`"
            )
            found.append((text, True))
            continue
        text = (
            f"handover {row['handover_id']} from {row['giver']} to {row['receiver']} of "
            f"{local_text(offered)} is not confirmed"
        )
        age_s = (site.clock.now() - offered).total_seconds()
        found.append((text, age_s > site.backup_plan.handover_within_s))
    return found


def _print(rows: Sequence[Protection], lost: Sequence[str]) -> None:
    if not rows:
        sys.stdout.write("UNKNOWN: there are no backup jobs in netops.yaml\n")
        return
    table = [
        (
            *(row.job, row.location, row.status),
            local_text(row.restorable_at) if row.restorable_at else "never",
            row.kind,
            duration_text(row.rpo_s) if row.rpo_s is not None else None,
            duration_text(row.warning_after_s) if row.warning_after_s else "any",
            local_text(row.verified_at) if row.verified_at else "never",
            local_text(row.fully_read_at) if row.fully_read_at else "never",
            row.remark,
        )
        for row in rows
    ]
    print_table(_HEADS, table)
    for line in lost:
        sys.stdout.write(f"WARNING: {one_line(line)}\n")


def _line(rows: Sequence[Protection], worst: Status, lost: Sequence[str]) -> str:
    bad = [f"{r.job}@{r.location} {r.remark}" for r in rows if r.status is not Status.OK]
    measures = [
        Measure(f"{r.job}@{r.location}", r.rpo_s, "s", r.warning_after_s, r.critical_after_s)
        for r in rows
        if r.rpo_s is not None
    ]
    well = f"{len(rows)} copies of {len({r.job for r in rows})} jobs"
    return plugin_line("BACKUP", worst, [*bad, *lost], well, measures)
