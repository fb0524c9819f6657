"""A campus whose devices say of themselves what an attacker would."""

from dataclasses import replace

from netops.topology.model import Device, End, Endpoint, Link, LinkState, Snapshot
from tests.campus import campus, later

NAMES = (
    "<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    '＝HYPERLINK("http://x")',
    "@SUM(1+1)",
    "line\r\nbreak\ttab",
    "\u202egnp.exe\u2066",
    "nul\x00bell\x07esc\x1b[31m",
    "]]>--><!--&amp;",
    '"\'`\\N\\G" onload="x',
    "w" * 255,
    "網" * 85,
    "\ud800lone \ufffe",
    "",
    "שרת־א",
    "${jndi:ldap://x} {{7*7}} %(name)s %s",
)


def hostile() -> tuple[Snapshot, Snapshot]:
    """Return a campus before and after, with every text replaced by something hostile."""
    before = campus(40)
    return _spoiled(before), _spoiled(later(before))


def _spoiled(snapshot: Snapshot) -> Snapshot:
    devices = {uid: _device(device, n) for n, (uid, device) in enumerate(snapshot.devices.items())}
    links = tuple(
        Link(_end(link.a, n), _end(link.b, n), LinkState.ONE_SIDED, NAMES[n % len(NAMES)])
        for n, link in enumerate(snapshot.links)
    )
    return replace(snapshot, devices=devices, links=links, silent=NAMES)


def _device(device: Device, number: int) -> Device:
    bad = [NAMES[(number + n) % len(NAMES)] for n in range(9)]
    ports = {f"{name}{bad[0]}": replace(port, name=bad[0]) for name, port in device.ports.items()}
    return replace(
        device,
        name=bad[0],
        role="" if number % 3 else device.role,
        site=bad[1],
        location=bad[2],
        maker=bad[3],
        model=bad[4],
        serial=bad[5],
        software=bad[6],
        addresses=(bad[7],),
        description=bad[8],
        ports=ports,
    )


def _end(end: End, number: int) -> End:
    return End(end.device, f"{end.port}{NAMES[number % len(NAMES)]}")


def computers() -> list[Endpoint]:
    return [
        Endpoint("02:00:00:00:00:01", uid, name, name=name)
        for uid, name in zip("ab", NAMES, strict=False)
    ]
