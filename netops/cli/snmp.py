"""netops snmp: get, walk, table; and in other files set, listen, replay."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from netops.cli import snmp_agent, snmp_set
from netops.cli.options import Json
from netops.cli.snmp_target import Access, lead, memory_of
from netops.cli.table import print_json, print_table
from netops.core.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from netops.snmp.ber import Varbind

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Host = Annotated[
    str,
    typer.Argument(
        help="A device of the inventory (asked as netops.yaml says), or an address or name; "
        ":PORT or [IPV6]:PORT may follow."
    ),
]
Version = Annotated[
    str | None, typer.Option("--version", "-v", help="1, 2c or 3 (2c for an address).")
]
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
Wait = Annotated[float, typer.Option("--wait", min=0.01, help="Seconds to wait for an answer.")]
Retries = Annotated[int, typer.Option("--retries", min=0, max=10, help="How often to ask again.")]
EngineName = Annotated[str, typer.Option("--engine", help="own or pysnmp.")]


def _oids(texts: list[str], *, instance: bool = False) -> list[bytes]:
    from netops.snmp.names import place_of

    try:
        return [place_of(text, instance=instance) for text in texts]
    except ConfigError as error:
        raise UsageError(str(error), hint=error.hint) from None


def _print_bindings(bindings: "list[Varbind]", *, as_json: bool) -> None:
    from netops.snmp import oid
    from netops.snmp.names import object_of, value_of
    from netops.snmp.text import type_name

    rows = []
    for binding in bindings:
        name, meaning = object_of(binding[0])
        rows.append(
            {
                "oid": oid.text_of(binding[0]),
                "name": name,
                "type": type_name(binding[1]),
                "value": value_of(binding, meaning),
                "unit": meaning.unit if meaning else None,
            }
        )
    if as_json:
        print_json(rows)
    else:
        shown = [(row["name"], row["type"], _with_unit(row["value"], row["unit"])) for row in rows]
        print_table(("NAME", "TYPE", "VALUE"), shown)


def _with_unit(value: object, unit: object) -> object:
    return f"{value} {unit}" if unit and value is not None else value


@app.command()
def get(
    context: typer.Context,
    host: Host,
    oids: Annotated[
        list[str], typer.Argument(help="Objects, such as sysName.0 or 1.3.6.1.2.1.1.5.0.")
    ],
    version: Version = None,
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
    access = Access(version, community_ref, keys, wait_s, retries)
    target = access.target(context.obj, host)
    question = ask.get(_oids(oids, instance=True))
    _print_bindings(lead(target, question, engine, memory_of(context.obj)), as_json=as_json)


@app.command()
def walk(
    context: typer.Context,
    host: Host,
    oids: Annotated[
        list[str] | None, typer.Argument(help="Subtrees, such as ifTable (default: mib-2).")
    ] = None,
    version: Version = None,
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
    from netops.snmp.names import object_of
    from netops.snmp.recording import dump

    keys = (user, auth, auth_ref, privacy, privacy_ref)
    access = Access(version, community_ref, keys, wait_s, retries)
    target = access.target(context.obj, host)
    roots = _oids(oids or ["1.3.6.1.2.1"])
    memory = memory_of(context.obj)
    habits = memory.habits(target) if memory else None
    walked = walking.walk(roots, version=target.version, habits=habits)
    found = lead(target, walked, engine, memory)
    bindings = [binding for root in roots for binding in found.columns[root]]
    if snmprec:
        sys.stdout.writelines(dump(bindings))
    else:
        _print_bindings(bindings, as_json=as_json)
    _print_notes({object_of(root)[0]: note for root, note in found.notes.items()})


@app.command()
def table(
    context: typer.Context,
    host: Host,
    modules: Annotated[
        list[str] | None, typer.Argument(help="Modules (default: all that suit the device).")
    ] = None,
    version: Version = None,
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
    access = Access(version, community_ref, keys, wait_s, retries)
    target = access.target(context.obj, host)
    forms = [load(name) for name in modules or []]
    memory = memory_of(context.obj)
    habits = memory.habits(target, anew=True) if memory else None
    conversation = (
        read_modules(forms, version=target.version, habits=habits)
        if forms
        else read_device(target.version, habits=habits)
    )
    readings = lead(target, conversation, engine, memory)
    if as_json:
        print_json(readings.as_dict())
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


app.command("set")(snmp_set.set_)
app.command("listen")(snmp_agent.listen)
app.command("replay")(snmp_agent.replay)
