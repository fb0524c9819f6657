"""One client of the benchmark in a process of its own: client.py NAME DEVICES PORT."""

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[3]))

from tests.benchmarks.snmp.work import COLUMNS, RETRIES, SCALARS, TIMEOUT_S, WINDOW, hosts, report

Counted = tuple[int, int]


def own(devices: int, port: int, window: int = WINDOW) -> Counted:
    """Poll with netops: every value is decoded, with its type."""
    from netops.snmp import oid
    from netops.snmp.engines.own import OwnEngine
    from netops.snmp.model import Talk, Target
    from netops.snmp.plan import Habits
    from netops.snmp.walk import walk

    columns, scalars = list(map(oid.encode, COLUMNS)), list(map(oid.encode, SCALARS))

    def talk(host: str, habits: Habits) -> Talk:
        target = Target(host, port, timeout_s=TIMEOUT_S, retries=RETRIES)
        return Talk(target, walk(columns, scalars=scalars, habits=habits))

    known = Habits()  # what the last poll taught; all devices of the farm are of one model
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


async def _all(one: Callable[[str], Awaitable[int]], devices: int) -> Counted:
    limit = asyncio.Semaphore(WINDOW)

    async def limited(host: str) -> int:
        async with limit:
            try:
                return await one(host)
            except (TimeoutError, RuntimeError):
                return 0

    counts = await asyncio.gather(*map(limited, hosts(devices)))
    return sum(map(bool, counts)), sum(counts)


def _gufo(devices: int, port: int) -> Any:
    from gufo.snmp.aio import SnmpSession

    async def one(host: str) -> int:
        async with SnmpSession(host, port=port, timeout=TIMEOUT_S, max_repetitions=50) as session:
            count = len(await session.get_many(SCALARS))
            for column in COLUMNS:
                async for _ in session.getbulk(column):
                    count += 1
            return count

    return _all(one, devices)


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

    bindings = 0
    for host in hosts(devices):
        session = Session(hostname=host, port_number=str(port), community="public", version="2")
        bindings += len(session.get(SCALARS))
        bindings += sum(len(session.bulk_walk([column])) for column in COLUMNS)
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


CLIENTS = {
    client.__name__: client
    for client in (own, own_1000, gufo, gufo_uvloop, ezsnmp, puresnmp, pysnmp, net_snmp)
}

if __name__ == "__main__":
    name, count, at = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    CLIENTS[name](1, at)  # imports and first answers are nobody's polling
    report(lambda: CLIENTS[name](count, at))
