"""Facts of devices as they would say them, for tests of what is concluded from them."""

from datetime import UTC, datetime
from typing import Any

from netops.topology.evidence.facts import Announced, Facts, Heard, Interface, Learned

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def mac(device: int, port: int = 0) -> str:
    """Return a MAC of a device, or of one of its ports."""
    return f"02:00:00:{device >> 8:02x}:{device & 255:02x}:{port:02x}"


def box(number: int, ports: int = 4, **more: Any) -> Facts:
    """Return switch number N with ports ge1, ge2, … whose ifIndex is 100 more; it hears nobody."""
    interfaces = {
        100 + n: Interface(100 + n, f"ge{n}", mac=mac(number, n), is_up=True, is_enabled=True)
        for n in range(1, ports + 1)
    }
    facts: dict[str, Any] = {
        "address": f"10.0.{number >> 8}.{number & 255}",
        "addresses": (f"10.0.{number >> 8}.{number & 255}",),
        "name": f"sw{number}",
        "chassis_subtype": "macAddress",
        "chassis": mac(number),
        "bridge_mac": mac(number),
        "interfaces": interfaces,
        "announced": {100 + n: Announced("interfaceName", f"ge{n}") for n in range(1, ports + 1)},
        "base_ports": {n: 100 + n for n in range(1, ports + 1)},
    }
    return Facts(f"sw{number}", **{**facts, **more})


def hears(on: int, neighbour: int, its_port: int, **more: Any) -> Heard:
    """Return that switch `neighbour` is heard on port ge`on`."""
    facts: dict[str, Any] = {
        "chassis_subtype": "macAddress",
        "chassis": mac(neighbour),
        "port_subtype": "interfaceName",
        "port": f"ge{its_port}",
        "name": f"sw{neighbour}",
    }
    return Heard("lldp", 100 + on, **{**facts, **more})


def learns(*pairs: tuple[str, int]) -> tuple[Learned, ...]:
    """Return learned addresses: MAC and bridge port."""
    return tuple(Learned(address, port, 1) for address, port in pairs)
