"""netops topology status: how well the network is known, for people, cron and monitoring."""

import sys
from collections.abc import Iterator
from typing import Annotated

import typer

from netops.cli.options import Json, Quiet
from netops.cli.plugin import Measure, plugin_line
from netops.cli.runs import open_site
from netops.cli.table import one_line, print_json, print_table
from netops.core.clock import local_text
from netops.core.status import Status
from netops.core.units import duration_text
from netops.topology.health import Health, health

_FORM = "topology_change"
#: So many problems stand in the line for monitoring.
_TOLD = 10
_COUNTS = ("silent", "down", "one_sided", "conflicts", "unapproved", "overdue")


def status(
    context: typer.Context,
    *,
    as_json: Json = False,
    plugin: Annotated[
        bool, typer.Option("--plugin", help="One line with perfdata for Nagios, Icinga, Zabbix.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Show how old the last scan is, who is silent, what is in doubt, not approved or overdue."""
    from netops.records.overdue import overdue

    site = open_site(context)
    try:
        book, now = site.record_book, site.clock.now()
        records = book.records(_FORM)
        late = overdue(records, book.policy, now)
        every = site.data["topology"]["every"]
        found = health(site.topology.latest(), every, records, late, now)
    finally:
        site.close()
    if plugin:
        worst_first = sorted(found.findings, key=lambda one: one.status is not Status.CRITICAL)
        problems = [one.text for one in worst_first[:_TOLD]]
        problems += [f"and {len(worst_first) - _TOLD} more"] * (len(worst_first) > _TOLD)
        line = plugin_line("TOPOLOGY", found.status, problems, _summary(found), _measures(found))
        sys.stdout.write(line + "\n")
    elif as_json:
        print_json(found.as_dict())
    elif not (quiet and found.status is Status.OK):
        _print(found)
    raise typer.Exit(int(found.status))


def _print(found: Health) -> None:
    if found.findings:
        rows = [(one.about, one.status, one.text) for one in found.findings]
        print_table(("ABOUT", "STATUS", "REMARK"), rows)
    sys.stdout.write(f"{found.status.name}: {one_line(_summary(found))}\n")


def _summary(found: Health) -> str:
    parts = [f"{found.counts['devices']} devices", f"{found.counts['links']} links"]
    if found.scanned_at is not None and found.age_s is not None:
        when = local_text(found.scanned_at)
        parts.append(f"scanned {when}, {duration_text(max(found.age_s, 0))} ago")
    parts += [f"{found.counts[name]} {name.replace('_', '-')}" for name in _COUNTS]
    return ", ".join(parts)


def _measures(found: Health) -> Iterator[Measure]:
    if found.age_s is not None:
        limits = found.warning_after_s, found.critical_after_s
        yield Measure("age", max(found.age_s, 0), "s", *limits)
    for name in ("devices", "links"):
        yield Measure(name, found.counts[name])
    for name in _COUNTS:
        yield Measure(name, found.counts[name])
