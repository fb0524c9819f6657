"""One client of the benchmark in a process of its own: client.py NAME DEVICES PORT."""

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[3]))

from tests.benchmarks.snmp.work import (
    AUTH_PASSWORD,
    COLUMNS,
    PRIVACY_PASSWORD,
    RETRIES,
    SCALARS,
    TIMEOUT_S,
    USER,
    WINDOW,
    hosts,
    report,
)

#: Devices and bindings, and the CPU seconds where they are another process's.
Counted = tuple[int, int] | tuple[int, int, float]


#: What the last poll taught, by farm; all devices of a farm are of one model.
_known: dict[tuple[int, bool], Any] = {}


def own(devices: int, port: int, window: int = WINDOW, *, v3: bool = False) -> Counted:
    """Poll with netops: every value is decoded, with its type."""
    from netops.snmp import oid
    from netops.snmp.engines.own import OwnEngine
    from netops.snmp.model import Community, Talk, Target, User
    from netops.snmp.plan import Habits
    from netops.snmp.walk import walk

    columns, scalars = list(map(oid.encode, COLUMNS)), list(map(oid.encode, SCALARS))

    auth: User | Community = Community()
    if v3:
        auth = User(USER, "sha256", AUTH_PASSWORD, "aes256", PRIVACY_PASSWORD)

    def talk(host: str, habits: Habits) -> Talk:
        target = Target(host, port, "3" if v3 else "2c", auth, TIMEOUT_S, RETRIES)
        return Talk(target, walk(columns, scalars=scalars, habits=habits))

    known = _known.setdefault((port, v3), Habits())
    if not known.tables:  # the poll before, which warms every client up, teaches it
        list(OwnEngine().converse([talk("127.9.9.9", known)]))
    talks = (talk(host, Habits(tables=dict(known.tables))) for host in hosts(devices))
    done = bindings = 0
    for outcome in OwnEngine(window=window).converse(talks):
        if outcome.ok:
            done += 1
            bindings += len(outcome.value.scalars)
            bindings += sum(map(len, outcome.value.columns.values()))
    return done, bindings


def own_1000(devices: int, port: int) -> Counted:
    return own(devices, port, 1000)


def own_v3(devices: int, port: int) -> Counted:
    return own(devices, port, 20, v3=True)


async def _all(one: Callable[[str], Awaitable[int]], devices: int, window: int = WINDOW) -> Counted:
    limit = asyncio.Semaphore(window)

    async def limited(host: str) -> int:
        async with limit:
            try:
                return await one(host)
            except (TimeoutError, RuntimeError):
                return 0

    counts = await asyncio.gather(*map(limited, hosts(devices)))
    return sum(map(bool, counts)), sum(counts)


def _gufo(devices: int, port: int, window: int = WINDOW, *, v3: bool = False) -> Any:
    from gufo.snmp.aio import SnmpSession
    from gufo.snmp.user import Aes256Key, KeyType, Sha256Key, User

    more: dict[str, Any] = {}
    if v3:  # with its cheapest kind of key: made from the password once
        auth, privacy = (
            kind(Sha256Key.get_master_key(text.encode()), key_type=KeyType.Master)
            for kind, text in ((Sha256Key, AUTH_PASSWORD), (Aes256Key, PRIVACY_PASSWORD))
        )
        more["user"] = User(USER, auth_key=auth, priv_key=privacy)
    options = {"port": port, "timeout": TIMEOUT_S, "max_repetitions": 50, **more}

    async def one(host: str) -> int:
        async with SnmpSession(host, **options) as session:
            count = len(await session.get_many(SCALARS))
            for column in COLUMNS:
                async for _ in session.getbulk(column):
                    count += 1
            return count

    return _all(one, devices, window)


def gufo_v3(devices: int, port: int) -> Counted:
    found: Counted = asyncio.run(_gufo(devices, port, 20, v3=True))
    return found


def gufo_uvloop_v3(devices: int, port: int) -> Counted:
    import uvloop

    found: Counted = uvloop.run(_gufo(devices, port, 20, v3=True))
    return found


def gufo(devices: int, port: int) -> Counted:
    found: Counted = asyncio.run(_gufo(devices, port))
    return found


def gufo_uvloop(devices: int, port: int) -> Counted:
    import uvloop

    found: Counted = uvloop.run(_gufo(devices, port))
    return found


def puresnmp(devices: int, port: int) -> Counted:
    from puresnmp import V2C, Client, PyWrapper

    async def one(host: str) -> int:
        client = PyWrapper(Client(host, V2C("public"), port=port))
        count = len(await client.multiget(SCALARS))
        for column in COLUMNS:
            async for _ in client.bulkwalk([column], bulk_size=50):
                count += 1
        return count

    return asyncio.run(_all(one, devices))


def pysnmp(devices: int, port: int) -> Counted:
    from pysnmp.hlapi.v3arch import asyncio as api

    engine = api.SnmpEngine()

    async def one(host: str) -> int:
        link = await api.UdpTransportTarget.create((host, port), timeout=10, retries=RETRIES)
        common = (engine, api.CommunityData("public"), link, api.ContextData())
        names = [api.ObjectType(api.ObjectIdentity(name)) for name in SCALARS]
        *_, found = await api.get_cmd(*common, *names, lookupMib=False)
        count = len(found)
        for column in COLUMNS:
            name = api.ObjectType(api.ObjectIdentity(column))
            options = {"lookupMib": False, "lexicographicMode": False}
            async for *_, rows in api.bulk_walk_cmd(*common, 0, 50, name, **options):
                count += len(rows)
        return count

    return asyncio.run(_all(one, devices))


def ezsnmp(devices: int, port: int) -> Counted:
    from ezsnmp import Session

    options = {"print_oids_numerically": True, "print_full_oids": True}
    bindings = 0
    for host in hosts(devices):
        with Session(
            hostname=host,
            port_number=port,
            version=2,
            community="public",
            set_max_repeaters_to_num=50,
            timeout=1,
            retries=RETRIES,
            **options,
        ) as session:
            bindings += len(session.get([f".{name}" for name in SCALARS]))
            bindings += sum(len(session.bulk_walk(f".{column}")) for column in COLUMNS)
    return devices, bindings


def net_snmp(devices: int, port: int) -> Counted:
    common = ["-v2c", "-cpublic", "-On", "-Oq", "-m", ""]
    bindings = 0
    for host in hosts(devices):
        place = f"{host}:{port}"
        commands = [["snmpget", *common, place, *SCALARS]]
        commands += [["snmpbulkwalk", "-Cr50", *common, place, column] for column in COLUMNS]
        for words in commands:
            done = subprocess.run(words, capture_output=True, check=True)
            bindings += done.stdout.count(b"\n")
    return devices, bindings


def snmp_exporter(devices: int, port: int) -> Counted:
    """Ask Prometheus's exporter; its CPU counts, not ours for asking it."""
    import tempfile

    from tests.benchmarks.snmp.exporter import Exporter

    with tempfile.TemporaryDirectory() as directory, Exporter(Path(directory)) as exporter:
        before = exporter.cpu_s()
        counts = [exporter.samples(host, port) for host in hosts(devices)]
        return sum(map(bool, counts)), sum(counts), exporter.cpu_s() - before


CLIENTS = {
    client.__name__: client
    for client in (
        own, own_1000, own_v3, gufo, gufo_uvloop, gufo_v3, gufo_uvloop_v3, snmp_exporter, ezsnmp,
        puresnmp, pysnmp, net_snmp,
    )
}  # fmt: skip

if __name__ == "__main__":
    name, count, at = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    CLIENTS[name](min(count, 10), at)  # imports and first answers are nobody's polling
    report(lambda: CLIENTS[name](count, at))
