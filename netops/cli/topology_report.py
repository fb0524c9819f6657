"""netops topology map, tree, report, export: the network as people and other programs look at it."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from netops.cli.paper import Language, deliver, form_of, language_of, moment_of
from netops.cli.runs import open_site
from netops.cli.table import is_colourful
from netops.core.dataclass import dataclass
from netops.core.errors import AccessError, UsageError

if TYPE_CHECKING:
    from netops.app import Site
    from netops.topology.drawing.chart import Chart
    from netops.topology.drawing.tree import Branch
    from netops.topology.model import Endpoint, Snapshot
    from netops.topology.paper.report import TopologyReport

To = Annotated[
    Path | None,
    typer.Option("--to", "--out", "-o", metavar="FILE", help="Write to this file, and journal it."),
]
Source = Annotated[
    str | None,
    typer.Option(
        "--from", metavar="SNAPSHOT|FILE", help="Not the newest: an id, or exported JSON."
    ),
]
Against = Annotated[
    str | None,
    typer.Option("--against", metavar="SNAPSHOT|FILE", help="Mark the changes since this one."),
]
_COLOURS = {"added": "32", "removed": "31", "moved": "33", "changed": "33"}


@dataclass(frozen=True, slots=True)
class _View:
    """What a command looks at."""

    now: "Snapshot"
    before: "Snapshot | None"
    endpoints: "tuple[Endpoint, ...]"

    def chart(self) -> "Chart":
        """Return the network with its changes and the number of endpoints on each device."""
        from collections import Counter

        from netops.topology.drawing.chart import chart

        return chart(self.now, self.before, Counter(one.device for one in self.endpoints))


def _view(site: "Site", source: str | None, against: str | None) -> _View:
    """Return the network as asked for: stored snapshots by id, others from files."""
    now, endpoints = _snapshot(site, source)
    return _View(now, _snapshot(site, against)[0] if against else None, endpoints)


def _snapshot(site: "Site", name: str | None) -> "tuple[Snapshot, tuple[Endpoint, ...]]":
    if name is not None and (Path(name).is_file() or name.endswith(".json")):
        from netops.topology.history.filed import read_file

        filed = read_file(Path(name))
        return filed.snapshot, filed.endpoints
    found = site.topology.snapshot(name) if name else site.topology.latest()
    if found is None:
        raise UsageError("nothing was scanned yet", hint="run `netops topology scan`")
    return found, tuple(site.topology.endpoints().values())


def map_(
    context: typer.Context,
    *,
    source: Source = None,
    against: Against = None,
    form: Annotated[
        str | None,
        typer.Option("--format", metavar="html|svg", help="Default: as FILE ends, else html."),
    ] = None,
    language: Language = None,
    to: To = None,
) -> None:
    """Draw the campus map: layers, sites, redundancy, and what changed; ready to print and hang up."""
    chosen = form_of(form, to, ("html", "svg"))
    site = open_site(context)
    try:
        tongue = language_of(site, language)
        view = _view(site, source, against)
        from netops.topology.paper.poster import as_page, as_svg

        name = site.data["site"]["name"]
        made = as_svg(view.chart(), name, tongue)
        text = made if chosen == "svg" else as_page(made, name, tongue)
        detail = {"snapshot": view.now.id, "language": tongue, "format": chosen}
        deliver(site, text, to, "topology.map", detail)
    finally:
        site.close()


def tree(
    context: typer.Context,
    *,
    source: Source = None,
    against: Against = None,
    language: Language = None,
) -> None:
    """Print the network as a tree, with + for added, − for removed, → for moved, ~ for changed."""
    site = open_site(context)
    try:
        tongue = language_of(site, language)
        view = _view(site, source, against)
        from netops.reports.words import Words
        from netops.topology.drawing.tree import branches

        colour = is_colourful(sys.stdout)
        for branch in branches(view.chart(), Words(tongue)):
            sys.stdout.write(_coloured(branch) if colour else f"{branch}\n")
    finally:
        site.close()


def _coloured(branch: "Branch") -> str:
    """Return a line for a terminal: the remark dim, the sign and the name as they changed."""
    code = _COLOURS.get(branch.mark.value)
    name = f"{branch.sign} {branch.name}" if branch.sign else branch.name
    shown = f"\x1b[{code}m{name}\x1b[0m" if code else f"\x1b[1m{name}\x1b[0m"
    remark = f"  \x1b[2m{branch.remark}\x1b[0m" if branch.remark else ""
    return f"{branch.stem}{shown}{remark}\n"


def report(
    context: typer.Context,
    *,
    source: Source = None,
    against: Against = None,
    since: Annotated[
        str, typer.Option(metavar="DURATION|DATE", help="Begin of the period: 30d, 2026-11-01.")
    ] = "30d",
    records: Annotated[
        list[str] | None,
        typer.Option("--record", metavar="NUMBER", help="The sheet of this record; repeatable."),
    ] = None,
    form: Annotated[
        str | None,
        typer.Option("--format", metavar="html|json|csv", help="Default: as FILE ends, else html."),
    ] = None,
    language: Language = None,
    to: To = None,
) -> None:
    """Write the topology report of a period, or the sheets of change records to sign and file."""
    chosen = form_of(form, to, ("html", "json", "csv"))
    site = open_site(context)
    try:
        tongue = language_of(site, language)
        if records:
            text = _sheets(site, records, chosen, tongue)
            detail: dict[str, Any] = {"records": records}
        else:
            made = _gathered(site, source, against, since)
            text = _written(made, chosen, tongue)
            detail = {"since": made.since, "snapshot": made.now.id}
        deliver(site, text, to, "topology.report", {**detail, "language": tongue, "format": chosen})
    finally:
        site.close()


def _written(made: "TopologyReport", form: str, language: str) -> str:
    from netops.topology.paper.report import as_csv, as_page

    if form == "json":
        return json.dumps(made.as_dict(), ensure_ascii=False, indent=1) + "\n"
    return as_csv(made) if form == "csv" else as_page(made, language)


def _gathered(
    site: "Site", source: str | None, against: str | None, since: str
) -> "TopologyReport":
    """
    Return the report: what the scans of the period saw, and the records of it.

    Between two snapshots that were named, it is what differs between them.
    """
    from netops.records.overdue import overdue
    from netops.topology.history.diff import diff
    from netops.topology.paper.report import TopologyReport

    now = site.clock.now()
    view = _view(site, source, against)
    if view.before is not None:
        begin, before = view.before.taken_at, view.before
        events = diff(before, view.now)
    else:
        begin = moment_of(since, now)
        stored = site.topology.changes_since(begin)
        events = [one.event for one in stored]
        # A site that is younger than the period begins with what its first scan saw.
        first = stored[0].snapshot_before if stored else None
        old = site.topology.at(begin)
        before = old or (site.topology.snapshot(first) if first else view.now)
    book = site.record_book
    records = book.records("topology_change")
    head = site.journal.head()
    return TopologyReport(
        site.data["site"]["name"],
        site.data["site"]["origin"],
        now,
        begin,
        view.now,
        before,
        events,
        [one for one in records if one.opened_at >= begin or one.is_open],
        view.endpoints,
        frozenset(one.record.number for one in overdue(records, book.policy, now)),
        _owners(site),
        head.head if head else "",
    )


def _owners(site: "Site") -> dict[str, str] | None:
    """Return who owns what, by name and by serial number; None where no ledger is kept."""
    assets = site.ledger.assets()
    owners = {one.serial: one.owner for one in assets if one.serial}
    owners |= {one.device: one.owner for one in assets if one.device}
    return owners if assets else None


def _sheets(site: "Site", numbers: list[str], form: str, language: str) -> str:
    from netops.topology.paper.sheet import as_page

    if form != "html":
        raise UsageError("a sheet is a page", hint="`netops topology record show` has --json")
    found = [site.record_book.record(number) for number in numbers]
    head = site.journal.head()
    said = site.data["site"]
    names = (said["name"], said["origin"])
    return as_page(found, names, language, site.clock.now(), head.head if head else "")


def export(
    context: typer.Context,
    *,
    form: Annotated[
        str,
        typer.Option("--format", metavar="FORMAT", help="drawio, graphml, dot, netbox or json."),
    ],
    source: Source = None,
    to: To = None,
) -> None:
    """Write the network for another program; formats of several files (netbox) into a directory."""
    from netops.topology.exporters.base import EXPORTERS

    exporter = EXPORTERS.get(form)()
    site = open_site(context)
    try:
        view = _view(site, source, None)
        files = exporter.files(view.now, view.endpoints)
        detail = {"snapshot": view.now.id, "format": form}
        if not exporter.traits.is_set:
            (text,) = files.values()
            deliver(site, text, to, "topology.export", detail)
            return
        if to is None:
            names = ", ".join(files)
            raise UsageError(
                f"{form} has several files: {names}", hint="name a directory with --to"
            )
        try:
            to.mkdir(exist_ok=True)
        except OSError as error:
            raise AccessError(f"cannot make {to}: {error.strerror}") from error
        for name, text in files.items():
            deliver(site, text, to / name, "topology.export", detail)
    finally:
        site.close()


def register(app: typer.Typer) -> None:
    """Add the commands to `netops topology`."""
    app.command("map")(map_)
    app.command()(tree)
    app.command()(report)
    app.command()(export)
