"""netops inventory discover and reconcile: what answers in the network, and does the ledger agree."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from netops.cli.options import DryRun, Json, Quiet, Timeout, Yes, confirm
from netops.cli.runs import View, open_site, perform
from netops.core.dataclass import replace
from netops.core.errors import NetopsError, UsageError
from netops.core.results import Result
from netops.core.run import Context, Options, Work
from netops.core.status import Status
from netops.core.units import parse_duration

if TYPE_CHECKING:
    from netops.app import Site
    from netops.inventory.discover import Discovery, Network
    from netops.snmp.model import Target

Engine = Annotated[str, typer.Option("--engine", help="own or pysnmp.")]
_DAY_S = 86_400
#: The least and most seconds to wait for an answer.
_WAIT_S = (0.05, 60.0)
#: Addresses of one device that a line has room for.
_SHOWN = 4


def discover(
    context: typer.Context,
    networks: Annotated[
        list[str] | None,
        typer.Argument(metavar="[CIDR]...", help="Networks (default: inventory.discover)."),
    ] = None,
    access: Annotated[
        list[str] | None,
        typer.Option("--snmp", metavar="NAME", help="SNMP access to try (default: every one)."),
    ] = None,
    write: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write entries for what is new to FILE.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Addresses to ask at most.")] = 4096,
    wait_s: Annotated[float, typer.Option("--wait", help="Seconds to wait for an answer.")] = 1.0,
    engine: Engine = "own",
    *,
    yes: Yes = False,
    timeout_s: Timeout = None,
    as_json: Json = False,
    quiet: Quiet = False,
    dry_run: DryRun = False,
) -> None:
    """Find what answers SNMP, tell what of it is known, and propose entries; never adds by itself."""
    from netops.inventory.discover import Discovery, Ground, networks_of

    site = open_site(context)
    _check_engine(engine)
    if not _WAIT_S[0] <= wait_s <= _WAIT_S[1]:  # NaN is not either
        raise UsageError(
            f"--wait {wait_s:g} is no time to wait for an answer",
            hint="{:g} to {:g} seconds".format(*_WAIT_S),
        )
    wanted = networks_of(networks or site.data["inventory"]["discover"], limit)
    ground = Ground(wanted, _accesses(site, access or [], wait_s), site.devices)
    if write is not None:
        _check_place(site, write, yes=yes)
    discovery = Discovery(ground, engine, None if dry_run else site.snmp_memory)
    work: list[Work[Any]] = [*discovery.work()]
    if write is not None:
        work.append(Work(f"write {write}", write))

    def act(subject: "Network | Path", run: Context) -> Result:
        if isinstance(subject, Path):
            return _written(site, discovery, subject, run)
        return discovery.act(subject, run)

    perform(
        site,
        "inventory discover",
        work,
        act,
        Options(timeout_s=timeout_s, dry_run=dry_run),
        View(as_json, quiet, ("WHERE", "STATUS", "WHAT", "NAME", "REMARK"), _found_rows, ()),
        {"snmp": list(ground.accesses)},
    )


def _check_engine(name: str) -> None:
    from netops.snmp.engine import ENGINES

    ENGINES.get(name)  # or raise, once and before anything is recorded


def _accesses(
    site: "Site", names: Sequence[str], wait_s: float
) -> "dict[str, Callable[[str], Target]]":
    from netops.inventory.model import Device

    known = list(site.data["inventory"]["snmp"])
    if not known:
        raise UsageError(
            "no SNMP access is described", hint="describe one under inventory.snmp in netops.yaml"
        )
    found: dict[str, Callable[[str], Target]] = {}
    for name in names or known:
        base = replace(
            site.snmp_target(Device("discover", "192.0.2.1", snmp=name)),
            timeout_s=wait_s,
            retries=1,
        )
        found[name] = lambda address, base=base: replace(base, host=address)  # type: ignore[misc]
    return found


def _check_place(site: "Site", file: Path, *, yes: bool) -> None:
    if file.exists():
        raise UsageError(
            f"{file} is there already", hint="name a new file; proposals overwrite nothing"
        )
    if not file.parent.is_dir():
        raise UsageError(f"there is no directory {file.parent}")
    patterns = site.data["inventory"]["files"]
    if any(file.absolute().match(pattern) for pattern in patterns) and not yes:
        confirm(
            f"{file} is loaded as inventory: what is found becomes part of it at once. Write it?"
        )


def _written(site: "Site", discovery: "Discovery", file: Path, run: Context) -> Result:
    from netops.inventory.proposal import propose, write_proposal

    proposal = propose(discovery.draft(), site.devices, file)
    new = proposal.fate("new")
    if not new:
        return Result(run.target, Status.OK, "nothing is new; no file was written", {"added": []})
    if not run.dry_run:
        write_proposal(proposal, file, site.reload_devices)
    would = "would be proposed" if run.dry_run else "proposed"
    return Result(run.target, Status.OK, f"{len(new)} entries {would}", {"added": new})


def _found_rows(result: Result) -> list[Sequence[object]]:
    rows: list[Sequence[object]] = [(result.target, result.status, "", "", result.summary)]
    for one in result.facts.get("devices", ()):
        parts = (one["maker"], one["model"], one["platform"], one["kind"])
        what = " ".join(part for part in parts if part) or one["object_id"]
        remark = f"serial {', '.join(one['serials'])}" if one["serials"] else ""
        if one["fate"] == "elsewhere":
            remark = f"the inventory knows {one['name']} under another address; {remark}"
        shown = ", ".join(one["addresses"][:_SHOWN])
        if len(one["addresses"]) > _SHOWN:
            shown += f" and {len(one['addresses']) - _SHOWN} more"
        rows.append((shown, one["fate"], what, one["name"], remark))
    return rows


def reconcile(
    context: typer.Context,
    selector: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SELECTOR]...", help="Which devices (default: all, and all assets)."
        ),
    ] = None,
    warranty: Annotated[
        str, typer.Option(metavar="DURATION", help="Tell of a warranty that ends within this.")
    ] = "90d",
    engine: Engine = "own",
    *,
    timeout_s: Timeout = None,
    as_json: Json = False,
    quiet: Quiet = False,
    dry_run: DryRun = False,
) -> None:
    """Hold ledger and inventory against what the devices say: serials, models, names, owners, warranty."""
    from netops.inventory.reconcile import Question, Reconciliation
    from netops.inventory.select import select

    try:
        days = parse_duration(warranty) // _DAY_S
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--warranty") from None
    site = open_site(context)
    _check_engine(engine)
    devices = select(site.devices, " ".join(selector or []))
    question = Question(
        devices,
        not selector,
        {one.name: one for one in site.devices},
        {one.name: _target(site, one) for one in devices if one.snmp},
        days,
    )
    comparison = Reconciliation(
        site.ledger, question, engine, None if dry_run else site.snmp_memory
    )
    work = comparison.work()
    if not work:
        raise UsageError("there is nothing to compare", hint="see `netops inventory list`")
    if question.everything and not dry_run:
        comparison.forget_others(one.name for one in work)
    perform(
        site,
        "inventory reconcile",
        work,
        comparison.act,
        Options(timeout_s=timeout_s, dry_run=dry_run),
        View(as_json, quiet, ("TARGET", "STATUS", "REMARK"), _finding_rows, ()),
    )


def _target(site: "Site", device: Any) -> "Target | NetopsError":
    try:
        return site.snmp_target(device)
    except NetopsError as error:
        return error


def _finding_rows(result: Result) -> list[Sequence[object]]:
    findings = result.facts.get("findings", ())
    if not findings:
        return [(result.target, result.status, result.summary)]
    return [(result.target, one["status"], f"{one['kind']}: {one['text']}") for one in findings]


def register(app: typer.Typer) -> None:
    """Add the commands to `netops inventory`."""
    app.command()(discover)
    app.command()(reconcile)
