"""netops snmp set: one value on one device, read back, and on record where there is a site."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from netops.cli.options import DryRun, Json, Yes, confirm
from netops.cli.runs import View, perform
from netops.cli.snmp_target import Access, lead, site_of
from netops.cli.table import one_line, print_json
from netops.core.errors import ConfigError, UsageError
from netops.core.results import Result
from netops.core.run import Context, Options, Work
from netops.core.status import Status

if TYPE_CHECKING:
    from netops.snmp.change import Change
    from netops.snmp.model import Target


def set_(
    context: typer.Context,
    host: Annotated[str, typer.Argument(help="A device of the inventory, or an address.")],
    name: Annotated[str, typer.Argument(metavar="OBJECT", help="Such as sysContact.0.")],
    kind: Annotated[
        str,
        typer.Argument(
            metavar="TYPE",
            help="integer, gauge, counter32, counter64, ticks, text, hex, address or oid.",
        ),
    ],
    value: Annotated[str, typer.Argument(help="A state may be given by name, such as down.")],
    version: Annotated[str | None, typer.Option("--version", "-v", help="1, 2c or 3.")] = None,
    community_ref: Annotated[
        str | None,
        typer.Option("--community-ref", metavar="REF", help="Where the community is."),
    ] = None,
    user: Annotated[str | None, typer.Option("--user", "-u", help="The SNMPv3 user.")] = None,
    auth: Annotated[str | None, typer.Option("--auth", help="md5, sha1, sha224 … sha512.")] = None,
    auth_ref: Annotated[
        str | None, typer.Option("--auth-ref", metavar="REF", help="Where its password is.")
    ] = None,
    privacy: Annotated[str | None, typer.Option("--privacy", help="des, aes128 … aes256.")] = None,
    privacy_ref: Annotated[
        str | None, typer.Option("--privacy-ref", metavar="REF", help="Where its password is.")
    ] = None,
    wait_s: Annotated[float, typer.Option("--wait", min=0.01, help="Seconds to wait.")] = 2.0,
    retries: Annotated[int, typer.Option("--retries", min=0, max=10)] = 2,
    engine: Annotated[str, typer.Option("--engine", help="own or pysnmp.")] = "own",
    *,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Set one value, read it back and record it in the journal of the site, where there is one."""
    from netops.snmp.change import change_of

    keys = (user, auth, auth_ref, privacy, privacy_ref)
    access = Access(version, community_ref, keys, wait_s, retries)
    target = access.target(context.obj, host)
    try:
        change = change_of(name, kind, value)
    except ConfigError as error:
        raise UsageError(str(error), hint=error.hint) from None
    if not (yes or dry_run):
        said = _said(target, change, engine)
        confirm(f"{host}: {change.name} is {said}. Set it to {one_line(value)}?")
    site = site_of(context.obj)
    if site is None:
        _unrecorded(_done(host, target, change, engine, dry_run=dry_run), as_json=as_json)
        return

    def act(_subject: str, run: Context) -> Result:
        return _done(host, target, change, engine, dry_run=run.dry_run)

    view = View(as_json, heads=("TARGET", "STATUS", "TIME", "REMARK"))
    detail = {"object": change.name, "type": kind, "value": value}
    perform(site, "snmp set", [Work(host, host)], act, Options(dry_run=dry_run), view, detail)


def _said(target: "Target", change: "Change", engine: str) -> Any:
    from netops.snmp.change import look
    from netops.snmp.names import object_of, value_of

    binding = lead(target, look(change), engine)
    return one_line(value_of(binding, object_of(change.oid)[1]))


def _done(host: str, target: "Target", change: "Change", engine: str, *, dry_run: bool) -> Result:
    from netops.snmp.change import make
    from netops.snmp.names import object_of, value_of

    if dry_run:
        said = _said(target, change, engine)
        return Result(host, Status.OK, f"{change.name} is {said} and would be set")
    changed = lead(target, make(change), engine)
    meaning = object_of(change.oid)[1]
    before, after = (value_of(one, meaning) for one in (changed.before, changed.after))
    facts = {"object": change.name, "before": before, "after": after}
    if changed.proven:
        text = f"{change.name}: {one_line(before)} → {one_line(after)}, read back"
        return Result(host, Status.OK, text, facts)
    text = f"{change.name}: the device accepted the value, but says {one_line(after)}"
    return Result(host, Status.WARNING, text, facts)


def _unrecorded(result: Result, *, as_json: bool) -> None:
    if as_json:
        print_json(result.as_dict())
    else:
        sys.stdout.write(f"{result.status.name}: {one_line(result.summary)}\n")
    sys.stderr.write("netops: not on record: there is no site (netops init makes one)\n")
    raise typer.Exit(int(result.status))
