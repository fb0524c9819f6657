"""netops snmp listen and replay: what waits for datagrams instead of sending them."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from netops.cli.errors import printable
from netops.cli.options import Json
from netops.cli.snmp_target import Access, split

if TYPE_CHECKING:
    from netops.snmp.notification import Notification
    from netops.snmp.traps import TrapListener


def listen(
    listen: Annotated[
        str, typer.Option("--listen", help="ADDRESS:PORT; 0.0.0.0 is every address.")
    ] = "0.0.0.0:162",
    community_ref: Annotated[
        list[str] | None,
        typer.Option(
            "--community-ref",
            metavar="REF",
            help="Where a community is; several may be given (default: any is taken).",
        ),
    ] = None,
    user: Annotated[str | None, typer.Option("--user", "-u", help="The SNMPv3 user.")] = None,
    auth: Annotated[str | None, typer.Option("--auth", help="md5, sha1, sha224 … sha512.")] = None,
    auth_ref: Annotated[
        str | None, typer.Option("--auth-ref", metavar="REF", help="Where its password is.")
    ] = None,
    privacy: Annotated[
        str | None, typer.Option("--privacy", help="des, aes128, aes192, aes256 …")
    ] = None,
    privacy_ref: Annotated[
        str | None, typer.Option("--privacy-ref", metavar="REF", help="Where its password is.")
    ] = None,
    count: Annotated[
        int | None, typer.Option("--count", min=1, help="End after so many notifications.")
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Print traps and informs as they come (JSON: one a line), until interrupted."""
    from netops.snmp.model import Community, User
    from netops.snmp.traps import TrapListener

    host, port = split(listen, lowest=0, default=162)
    keys = (user, auth, auth_ref, privacy, privacy_ref)
    security = Access(None, None, keys, 0, 0).security() if user else None
    communities = [
        Access(None, reference, (None,) * 5, 0, 0).security() for reference in community_ref or []
    ]
    listener = TrapListener(
        host=host,
        port=port,
        communities=[one for one in communities if isinstance(one, Community)] or None,
        users=[security] if isinstance(security, User) else [],
    )
    sys.stderr.write(f"listening on {host} port {listener.port}\n")
    with listener.running():
        try:
            _print_all(listener, count, as_json=as_json)
        finally:
            counts = ", ".join(f"{n} {name}" for name, n in listener.counts.as_dict().items() if n)
            sys.stderr.write(f"netops: {counts or 'nothing came'}\n")


def _print_all(listener: "TrapListener", count: int | None, *, as_json: bool) -> None:
    while count is None or count > 0:
        found = listener.take(0.5)
        if found is None:
            continue
        count = count - 1 if count is not None else None
        if as_json:
            sys.stdout.write(json.dumps(found.as_dict(), ensure_ascii=False) + "\n")
        else:
            sys.stdout.write(printable(_line(found)) + "\n")
        sys.stdout.flush()


def _line(found: "Notification") -> str:
    moment = datetime.fromtimestamp(found.received_at_s, UTC).astimezone()
    values = "  ".join(f"{name}={value}" for name, value in found.values().items())
    user = f" {found.user}" if found.user else ""
    when = moment.strftime("%Y-%m-%d %H:%M:%S")
    line = f"{when}  {found.host}  v{found.version}{user}  {found.kind}  {found.name}  {values}"
    return " ".join(line.split("\n"))


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
    from netops.snmp.names import place_of
    from netops.snmp.recording import load
    from netops.snmp.replay import Faults, ReplayAgent, every_nth

    host, port = split(listen, lowest=0)
    found = load(recording)
    faults = Faults(
        loss=loss,
        delay_s=delay_s,
        loop_at=place_of(loop_at) if loop_at else None,
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
