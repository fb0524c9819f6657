"""Simulated switches that speak SNMPv3, for every address on one port: v3_farm.py PORT."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))

from netops.snmp import ber, oid
from netops.snmp.ber import Value, Varbind
from netops.snmp.model import User
from netops.snmp.recording import Recording
from netops.snmp.replay import ReplayAgent
from tests.benchmarks.snmp.work import AUTH_PASSWORD, COLUMNS, PRIVACY_PASSWORD, SCALARS, USER

#: Column → tag and value for a port; errors are few, as on the other farm.
VALUES: list[tuple[int, Value]] = [
    (ber.OCTETS, b"GigabitEthernet1/0/%d"),
    (ber.INTEGER, 1),
    (ber.INTEGER, 2),
    (ber.COUNTER32, 0),
    (ber.COUNTER32, 1),
    (ber.OCTETS, b"Gi1/0/%d"),
    (ber.COUNTER64, 987_654_321_000),
    (ber.COUNTER64, 987_654_321_001),
    (ber.GAUGE32, 1000),
    (ber.OCTETS, b"Room %d desk A"),
]


def switch() -> Recording:
    found: list[Varbind] = [(oid.encode(name), ber.OCTETS, b"A switch") for name in SCALARS]
    for name, (tag, value) in zip(COLUMNS, VALUES, strict=True):
        for port in range(1, 49):
            shown = value % port if isinstance(value, bytes) else value
            if tag == ber.COUNTER64 and isinstance(shown, int):
                shown *= port
            found.append((oid.encode(f"{name}.{10_100 + port}"), tag, shown))
    return Recording(found)


if __name__ == "__main__":
    user = User(USER, "sha256", AUTH_PASSWORD, "aes256", PRIVACY_PASSWORD)
    agent = ReplayAgent(switch(), host="0.0.0.0", port=int(sys.argv[1]), user=user)
    print("ready", flush=True)
    agent.serve()
