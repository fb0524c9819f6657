"""netops snmp: get, walk, table, replay."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from netops.cli.options import Json
from netops.cli.table import print_table
from netops.core.errors import UsageError

if TYPE_CHECKING:
    from netops.snmp.ber import Varbind
    from netops.snmp.model import Conversation, Target

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Host = Annotated[str, typer.Argument(help="Address or name; :PORT or [IPV6]:PORT may follow.")]
Version = Annotated[str, typer.Option("--version", "-v", help="1, 2c or 3.")]
CommunityRef = Annotated[
    str | None,
    typer.Option(
        "--community-ref", metavar="REF", help="Where the community is, such as env:COMMUNITY."
    ),
]
UserName = Annotated[str | None, typer.Option("--user", "-u", help="The SNMPv3 user.")]
Auth = Annotated[str | None, typer.Option("--auth", help="md5, sha1, sha224, sha256 … sha512.")]
AuthRef = Annotated[
    str | None, typer.Option("--auth-ref", metavar="REF", help="Where its password is.")
]
Privacy = Annotated[
    str | None,
    typer.Option("--privacy", help="des, aes128, aes192, aes256, aes192-reeder, aes256-reeder."),
]
PrivacyRef = Annotated[
    str | None, typer.Option("--privacy-ref", metavar="REF", help="Where its password is.")
]
Wait = Annotated[float, typer.Option("--wait", help="Seconds to wait for an answer.")]
Retries = Annotated[int, typer.Option("--retries", min=0, max=10, help="How often to ask again.")]
EngineName = Annotated[str, typer.Option("--engine", help="own or pysnmp.")]


def _target(
    host: str,
    version: str,
    community_ref: str | None,
    user: tuple[str | None, str | None, str | None, str | None, str | None],
    wait_s: float,
    retries: int,
) -> "Target":
    from netops.snmp.model import Community, Target, User

    name, auth, auth_ref, privacy, privacy_ref = user
    if version not in {"1", "2c", "3"}:
        raise UsageError(f"no SNMP version is called {version!r}", hint="1, 2c or 3")
    if (version == "3") is not (name is not None):
        raise UsageError("--user goes with --version 3, and only with it")
    address, port = _split(host)
    security: Community | User = Community(_secret(community_ref) if community_ref else "public")
    if name is not None:
        security = User(
            name,
            auth,
            _secret(auth_ref) if auth_ref else "",
            privacy,
            _secret(privacy_ref) if privacy_ref else "",
        )
    return Target(address, port, version, security, wait_s, retries)  # type: ignore[arg-type]


def _split(host: str, *, lowest: int = 1) -> tuple[str, int]:
    if host.startswith("["):
        address, _, rest = host[1:].partition("]")
        port = rest.removeprefix(":")
    elif host.count(":") == 1:
        address, _, port = host.partition(":")
    else:
        address, port = host, ""
    if port and not (port.isascii() and port.isdigit() and lowest <= int(port) < 65_536):
        raise UsageError(f"{port!r} is no port")
    return address, int(port or 161)


def _secret(reference: str) -> str:
    from netops.core.secrets import resolve

    return resolve(reference, base=Path.cwd()).reveal()


def _led(target: "Target", conversation: "Conversation", engine: str) -> Any:
    from netops.snmp.engine import ENGINES
    from netops.snmp.model import Talk

    door = ENGINES.get(engine)()
    try:
        outcome = next(iter(door.converse([Talk(target, conversation)])))
    finally:
        door.close()
    if outcome.error:
        raise outcome.error
    return outcome.value


def _oids(texts: list[str]) -> list[bytes]:
    from netops.snmp import oid

    try:
        return [oid.encode(text) for text in texts]
    except ValueError as error:
        raise UsageError(str(error), hint="give numbers, such as 1.3.6.1.2.1.1.5.0") from None


def _print_bindings(bindings: "list[Varbind]", *, as_json: bool) -> None:
    from netops.snmp import oid
    from netops.snmp.text import plain, type_name

    rows = [
        {"oid": oid.text_of(name), "type": type_name(tag), "value": plain(tag, value)}
        for name, tag, value in bindings
    ]
    if as_json:
        _print_json(rows)
    else:
        print_table(("OID", "TYPE", "VALUE"), [tuple(row.values()) for row in rows])


def _print_json(value: object) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


@app.command()
def get(
    host: Host,
    oids: Annotated[list[str], typer.Argument(help="Objects, such as 1.3.6.1.2.1.1.5.0.")],
    version: Version = "2c",
    community_ref: CommunityRef = None,
    user: UserName = None,
    auth: Auth = None,
    auth_ref: AuthRef = None,
    privacy: Privacy = None,
    privacy_ref: PrivacyRef = None,
    wait_s: Wait = 2.0,
    retries: Retries = 2,
    engine: EngineName = "own",
    *,
    as_json: Json = False,
) -> None:
    """Ask a device for single objects."""
    from netops.snmp import ask

    keys = (user, auth, auth_ref, privacy, privacy_ref)
    target = _target(host, version, community_ref, keys, wait_s, retries)
    _print_bindings(_led(target, ask.get(_oids(oids)), engine), as_json=as_json)


@app.command()
def walk(
    host: Host,
    oids: Annotated[list[str] | None, typer.Argument(help="Subtrees (default: mib-2).")] = None,
    version: Version = "2c",
    community_ref: CommunityRef = None,
    user: UserName = None,
    auth: Auth = None,
    auth_ref: AuthRef = None,
    privacy: Privacy = None,
    privacy_ref: PrivacyRef = None,
    wait_s: Wait = 2.0,
    retries: Retries = 2,
    engine: EngineName = "own",
    *,
    snmprec: Annotated[
        bool, typer.Option("--snmprec", help="Print a recording that `snmp replay` serves.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List everything below some objects; ends also where the agent never would."""
    from netops.snmp import walk as walking
    from netops.snmp.recording import dump

    keys = (user, auth, auth_ref, privacy, privacy_ref)
    target = _target(host, version, community_ref, keys, wait_s, retries)
    roots = _oids(oids or ["1.3.6.1.2.1"])
    found = _led(target, walking.walk(roots, version=target.version), engine)
    bindings = [binding for root in roots for binding in found.columns[root]]
    if snmprec:
        sys.stdout.writelines(dump(bindings))
    else:
        _print_bindings(bindings, as_json=as_json)
    _print_notes({root.hex(): note for root, note in found.notes.items()})


@app.command()
def table(
    host: Host,
    modules: Annotated[
        list[str] | None, typer.Argument(help="Modules (default: all that suit the device).")
    ] = None,
    version: Version = "2c",
    community_ref: CommunityRef = None,
    user: UserName = None,
    auth: Auth = None,
    auth_ref: AuthRef = None,
    privacy: Privacy = None,
    privacy_ref: PrivacyRef = None,
    wait_s: Wait = 2.0,
    retries: Retries = 2,
    engine: EngineName = "own",
    *,
    as_json: Json = False,
) -> None:
    """Print what a device says as tables with names, units and states."""
    from netops.snmp.module import load
    from netops.snmp.table import read_device, read_modules

    keys = (user, auth, auth_ref, privacy, privacy_ref)
    target = _target(host, version, community_ref, keys, wait_s, retries)
    forms = [load(name) for name in modules or []]
    conversation = (
        read_modules(forms, version=target.version) if forms else read_device(target.version)
    )
    readings = _led(target, conversation, engine)
    if as_json:
        _print_json(readings.as_dict())
        return
    if readings.scalars:
        print_table(("OBJECT", "VALUE"), list(readings.scalars.items()))
    for name, rows in readings.tables.items():
        sys.stdout.write(f"\n{name}\n")
        print_table(list(rows[0]), [list(row.values()) for row in rows])
    _print_notes(readings.notes)


def _print_notes(notes: dict[str, str]) -> None:
    for name, note in notes.items():
        sys.stderr.write(f"netops: {name}: {note}\n")


@app.command()
def replay(
    recording: Annotated[Path, typer.Argument(help="A file in the snmprec format.")],
    listen: Annotated[
        str, typer.Option("--listen", help="ADDRESS:PORT; 0.0.0.0 answers on every address.")
    ] = "127.0.0.1:1161",
    loss: Annotated[float, typer.Option("--loss", min=0, max=1, help="Part to lose.")] = 0.0,
    delay_s: Annotated[float, typer.Option("--delay", min=0, help="Seconds to wait.")] = 0.0,
    loop_at: Annotated[
        str | None, typer.Option("--loop-at", metavar="OID", help="Never get past this object.")
    ] = None,
    too_big: Annotated[
        int | None, typer.Option("--too-big", metavar="BYTES", help="Answer tooBig above this.")
    ] = None,
    dead: Annotated[
        int | None, typer.Option("--dead", metavar="N", min=2, help="Every Nth address is dead.")
    ] = None,
) -> None:
    """Be the device of a recording until interrupted, with the faults of a real one on demand."""
    from netops.snmp.recording import load
    from netops.snmp.replay import Faults, ReplayAgent, every_nth

    host, port = _split(listen, lowest=0)
    found = load(recording)
    faults = Faults(
        loss=loss,
        delay_s=delay_s,
        loop_at=_oids([loop_at])[0] if loop_at else None,
        too_big_bytes=too_big,
        **({"dead": every_nth(dead)} if dead else {}),  # type: ignore[arg-type]
    )
    agent = ReplayAgent(found, host=host, port=port, faults=faults)
    skipped = f", {found.skipped} lines skipped" if found.skipped else ""
    sys.stderr.write(f"{len(found)} objects on {host} port {agent.port}{skipped}\n")
    try:
        agent.serve()
    finally:
        agent.close()
