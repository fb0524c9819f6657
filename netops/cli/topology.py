"""netops topology: scan, show, diff, history, path, where, and what is registered below."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from netops.cli import topology_binding, topology_record, topology_report, topology_status
from netops.cli.options import DryRun, Json, Quiet, Timeout
from netops.cli.runs import View, open_site, perform
from netops.cli.table import print_json, print_table
from netops.core.clock import local_text, utc_text
from netops.core.errors import UsageError
from netops.core.results import Result
from netops.core.run import Options, Work
from netops.topology.naming import names_of

if TYPE_CHECKING:
    from netops.topology.history.keep import Topology
    from netops.topology.model import Endpoint, Event, Snapshot

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
app.add_typer(topology_binding.app, name="binding")
topology_record.register(app)

At = Annotated[str | None, typer.Argument(metavar="[SNAPSHOT]", help="An id from `history`.")]


@app.command()
def scan(
    context: typer.Context,
    selector: Annotated[
        list[str] | None, typer.Argument(metavar="[SELECTOR]...", help="Which listed devices.")
    ] = None,
    *,
    seed: Annotated[
        list[str] | None, typer.Option("--seed", metavar="HOST", help="Ask this one too.")
    ] = None,
    crawl: Annotated[
        bool, typer.Option("--crawl", help="Go on to neighbours within topology.allowed.")
    ] = False,
    snmp: Annotated[
        str | None,
        typer.Option("--snmp", metavar="AUTH", help="Access for seeds and found devices."),
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Read every table, though nothing seems changed.")
    ] = False,
    due: Annotated[
        bool, typer.Option("--due", help="Only if `topology.every` in netops.yaml says so.")
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
    dry_run: DryRun = False,
    timeout: Timeout = None,
) -> None:
    """Ask the network how it hangs together; record it, and what changed since the last scan."""
    from netops.topology.room import Ask
    from netops.topology.scan import NETWORK, TopologyScan

    site = open_site(context)
    room = site.discovery
    # A look that finds nothing due is no event; the journal is for what was done.
    if due and not room.is_due(site.clock.now()):
        if not quiet:
            typer.echo("nothing is due")
        site.close()
        raise typer.Exit
    words = " ".join(selector or [])
    asks = room.asks(words, seed or [], snmp or "")
    if crawl and not room.policy.allowed:
        raise UsageError(
            "a crawl needs to know how far it may go", hint="write networks under topology.allowed"
        )
    work: list[Work[Ask | None]] = [Work(ask.name, ask) for ask in asks]
    work.append(Work(NETWORK, None))
    perform(
        site,
        "topology scan",
        work,
        TopologyScan(room, asks, crawl=crawl, snmp=snmp or "", fresh=fresh),
        Options(timeout, dry_run=dry_run),
        View(as_json, quiet, ("TARGET", "STATUS", "PACKETS", "REMARK"), _scan_rows, ("PACKETS",)),
        {"selector": words, "seeds": seed or [], "crawl": crawl, "fresh": fresh},
    )


def _scan_rows(result: Result) -> list[Sequence[object]]:
    packets = result.facts.get("packets")
    rows: list[Sequence[object]] = [
        (f"+ {row['host']}", "OK" if row["answered"] else "-", None, f"found: {row['name']}")
        for row in result.facts.get("found", ())
    ]
    rows += [
        ("", None, None, f"{_kind(event['kind'])}: {event['subject']} {_values(event)}".rstrip())
        for event in result.facts.get("events", ())
    ]
    return [*rows, (result.target, result.status, packets, result.summary)]


def _values(event: dict[str, Any]) -> str:
    """Return what differs; what stayed is no news."""
    before, after = event["before"], event["after"]

    def text(values: dict[str, Any], others: dict[str, Any]) -> str:
        return " ".join(
            f"{key}={_plain(value)}"
            for key, value in values.items()
            if value not in (None, "", []) and others.get(key) != value
        )

    was, now = text(before, after), text(after, before)
    return f"({was} → {now})" if was and now else f"({was or now})" if was or now else ""


def _plain(value: Any) -> object:
    if not isinstance(value, list):
        return value
    # The ends of a link are device and port; anything else is a list such as VLANs.
    is_end = len(value) == 2 and all(isinstance(one, str) for one in value)
    return (":" if is_end else ",").join(map(str, value))


def _kind(kind: str) -> str:
    return kind.replace("_", " ")


@app.command()
def show(context: typer.Context, snapshot: At = None, *, as_json: Json = False) -> None:
    """Print devices, links and what hangs on the ports."""
    from netops.topology.canonical import as_dict

    site = open_site(context)
    try:
        seen = _snapshot(site.topology, snapshot)
        endpoints = {} if snapshot else site.topology.endpoints()
    finally:
        site.close()
    if as_json:
        hosts = [
            {"mac": one.mac, "device": one.device, "port": one.port, "name": one.name}
            | {"addresses": list(one.addresses), "vlan": one.vlan}
            for one in endpoints.values()
        ]
        print_json(as_dict(seen) | {"endpoints": hosts})
        return
    typer.echo(f"snapshot {seen.id[:12]} of {local_text(seen.taken_at)}")
    names = names_of(seen)
    _print_devices(seen, names)
    _print_links(seen, names)
    if endpoints:
        _print_endpoints(endpoints.values(), names)
    for name in seen.silent:
        typer.echo(f"silent: {name}")


def _print_devices(seen: "Snapshot", names: Mapping[str, str]) -> None:
    rows = []
    for uid, one in sorted(seen.devices.items(), key=lambda pair: names[pair[0]]):
        address, model = next(iter(one.addresses), ""), f"{one.maker} {one.model}".strip()
        rows.append(
            (names[uid], one.state.value, one.role, address, model, one.serial, one.location)
        )
    print_table(("DEVICE", "STATE", "ROLE", "ADDRESS", "MODEL", "SERIAL", "LOCATION"), rows)


def _print_links(seen: "Snapshot", names: Mapping[str, str]) -> None:
    rows = []
    for link in seen.links:
        ends = sorted((names[end.device], end.port) for end in (link.a, link.b))
        by = " ".join(dict.fromkeys(one.protocol for one in link.evidence))
        rows.append((*map(":".join, ends), link.state.value, by, link.reason))
    typer.echo("")
    print_table(("A", "B", "STATE", "SEEN BY", "REASON"), sorted(rows))


def _print_endpoints(endpoints: "Iterable[Endpoint]", names: Mapping[str, str]) -> None:
    rows = []
    for one in endpoints:
        port, seen_at = f"{names.get(one.device, one.device)}:{one.port}", _moment(one.last_seen_at)
        rows.append((one.mac, port, one.vlan, " ".join(one.addresses), one.name, seen_at))
    typer.echo("")
    print_table(("MAC", "PORT", "VLAN", "ADDRESSES", "NAME", "LAST SEEN"), rows)


def _snapshot(topology: "Topology", name: str | None) -> "Snapshot":
    found = topology.snapshot(name) if name else topology.latest()
    if found is None:
        raise UsageError("nothing was scanned yet", hint="run `netops topology scan`")
    return found


def _moment(moment: datetime | None) -> str:
    return local_text(moment) if moment else ""


@app.command()
def diff(
    context: typer.Context,
    before: Annotated[
        str | None, typer.Argument(metavar="[BEFORE]", help="Default: the state before the last.")
    ] = None,
    after: Annotated[
        str | None, typer.Argument(metavar="[AFTER]", help="Default: the last state.")
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Compare two snapshots; the exit code is 1 when they differ."""
    site = open_site(context)
    try:
        topology = site.topology
        new = _snapshot(topology, after)
        periods = topology.history(2)
        first = before or (periods[-1].snapshot_id if periods else None)
        events = topology.compare(_snapshot(topology, first), new)
    finally:
        site.close()
    _print_events(events, as_json=as_json)
    raise typer.Exit(1 if events else 0)


def _print_events(events: "Sequence[Event]", *, as_json: bool) -> None:
    from netops.topology.canonical import event_row

    rows = [event_row(event) for event in events]
    if as_json:
        print_json(rows)
        return
    told = [
        (_moment(e.at), _kind(e.kind.value), e.subject, _values(r))
        for e, r in zip(events, rows, strict=True)
    ]
    print_table(("AT", "CHANGE", "WHAT", "BEFORE AND AFTER"), told)


@app.command()
def history(
    context: typer.Context,
    *,
    events: Annotated[
        bool, typer.Option("--events", help="What happened, not the states.")
    ] = False,
    since: Annotated[
        datetime | None, typer.Option("--since", help="Local time; only events since then.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many lines.")] = 100,
    as_json: Json = False,
) -> None:
    """List the states the network was in, newest first; or with --events what happened."""
    site = open_site(context)
    try:
        topology = site.topology
        periods = topology.history(limit)
        moment = since.astimezone() if since else None
        stored = topology.changes_since(moment)[-limit:] if events else []
    finally:
        site.close()
    if events:
        _print_events([one.event for one in stored], as_json=as_json)
        return
    if as_json:
        rows = [
            {"snapshot": one.snapshot_id, "previous": one.previous_id, "scans": one.scans}
            | {"first_at": utc_text(one.first_at), "last_at": utc_text(one.last_at)}
            | {"devices": one.devices, "links": one.links, "silent": list(one.silent)}
            for one in periods
        ]
        print_json(rows)
        return
    table = []
    for one in periods:
        span = local_text(one.first_at), local_text(one.last_at)
        counts = one.scans, one.devices, one.links
        table.append((one.snapshot_id[:12], *span, *counts, " ".join(one.silent)))
    heads = ("SNAPSHOT", "FROM", "UNTIL", "SCANS", "DEVICES", "LINKS", "SILENT")
    print_table(heads, table, right=("SCANS", "DEVICES", "LINKS"))


@app.command()
def path(
    context: typer.Context,
    start: Annotated[str, typer.Argument(metavar="A", help="A device.")],
    goal: Annotated[str, typer.Argument(metavar="B", help="Another one.")],
    *,
    as_json: Json = False,
) -> None:
    """Show the cables from one device to another; the exit code is 1 when there is no way."""
    from netops.topology.path import find_device, shortest

    site = open_site(context)
    try:
        seen = _snapshot(site.topology, None)
    finally:
        site.close()
    steps = shortest(seen, find_device(seen, start).uid, find_device(seen, goal).uid)
    names = names_of(seen)
    rows = [
        (f"{names[a.device]}:{a.port}", f"{names[b.device]}:{b.port}", link.state.value)
        for a, b, link in steps
    ]
    if as_json:
        print_json([{"from": a, "to": b, "state": state} for a, b, state in rows])
    else:
        print_table(("FROM", "TO", "STATE"), rows)
    raise typer.Exit(0 if steps or start == goal else 1)


@app.command()
def where(
    context: typer.Context,
    what: Annotated[str, typer.Argument(metavar="MAC|IP|NAME")],
    *,
    as_json: Json = False,
) -> None:
    """Show on which port something is, since when, and where it was before."""
    from netops.topology.where import where as places_of

    site = open_site(context)
    try:
        seen = _snapshot(site.topology, None)
        places = places_of(site.topology, site.discovery.bindings.all(), seen, what)
    finally:
        site.close()
    if as_json:
        print_json([place.as_dict() for place in places])
        return
    rows: list[Sequence[object]] = []
    for place in places:
        facts = " ".join(place.addresses), place.name
        at = f"{place.device}:{place.port}"
        rows.append((place.mac, at, _moment(place.since), _moment(place.last_seen_at), *facts))
        for since, until, device, port in place.before:
            rows.append(("", f"{device}:{port}", local_text(since), local_text(until), "", ""))
    print_table(("MAC", "PORT", "SINCE", "LAST SEEN", "ADDRESSES", "NAME"), rows)


topology_report.register(app)
app.command("status")(topology_status.status)
