"""
Serve a Linux bridge as BRIDGE-MIB and Q-BRIDGE-MIB, or a box's label as ENTITY-MIB, to snmpd.

net-snmp has neither. Speaks the pass_persist protocol and reads /sys, or the file with the parts of
the box, anew when asked; runs as a copy, without site packages.
"""

import json
import sys
import time
from bisect import bisect_right
from collections.abc import Callable
from pathlib import Path

Oid = tuple[int, ...]
Table = dict[Oid, tuple[str, str]]
BRIDGE, ENTITY = (1, 3, 6, 1, 2, 1, 17), (1, 3, 6, 1, 2, 1, 47)
#: What the kernel calls disabled, listening, learning, forwarding, blocking; RFC 4188's numbers.
_STP_STATES = {0: 1, 1: 3, 2: 4, 3: 5, 4: 2}
_KEPT_S = 0.2


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def _number(path: Path) -> int:
    try:
        return int(_text(path), 0)
    except ValueError:
        return 0


def _octets(digits: str) -> str:
    """Return hexadecimal digits as snmpd wants octets: in pairs."""
    plain = digits.replace(":", "").replace(".", "")
    return " ".join(plain[at : at + 2] for at in range(0, len(plain), 2))


def bridge(folder: Path) -> Table:
    """Return what the bridge in /sys says, by OID."""
    table: Table = {}
    own = folder / "bridge"
    ports = {_number(path / "port_no"): path for path in (folder / "brif").glob("*")}
    _scalars(table, folder, own, len(ports))
    for number, path in ports.items():
        _base_port(table, number, folder.parent / path.name)
        _stp_port(table, number, path)
    for address, port, status in _forwarding(folder / "brforward"):
        mac = tuple(address)
        table[*BRIDGE, 4, 3, 1, 1, *mac] = ("octet", _octets(address.hex()))
        for place in ((4, 3, 1), (7, 1, 2, 2, 1)):
            row = mac if place[0] == 4 else (1, *mac)
            table[*BRIDGE, *place, 2, *row] = ("integer", str(port))
            table[*BRIDGE, *place, 3, *row] = ("integer", str(status))
    return table


def _scalars(table: Table, folder: Path, own: Path, count: int) -> None:
    values: dict[Oid, tuple[str, str | int]] = {
        (1, 1): ("octet", _octets(_text(folder / "address"))),
        (1, 2): ("integer", count),
        (1, 3): ("integer", 2),
        (2, 1): ("integer", 3),
        (2, 2): ("integer", _number(own / "priority")),
        (2, 3): ("timeticks", _number(own / "topology_change_timer")),
        (2, 4): ("counter", _number(own / "topology_change")),
        (2, 5): ("octet", _octets(_text(own / "root_id"))),
        (2, 6): ("integer", _number(own / "root_path_cost")),
        (2, 7): ("integer", _number(own / "root_port")),
        (4, 1): ("counter", 0),
        (4, 2): ("integer", _number(own / "ageing_time") // 100),
        (7, 1, 1, 1): ("integer", 1),
        (7, 1, 1, 2): ("integer", 4094),
        (7, 1, 1, 3): ("gauge", 1),
        (7, 1, 1, 4): ("gauge", 1),
        (7, 1, 1, 5): ("integer", 2),
    }
    table.update({(*BRIDGE, *place, 0): (kind, str(v)) for place, (kind, v) in values.items()})


def _base_port(table: Table, number: int, interface: Path) -> None:
    row: dict[int, tuple[str, str | int]] = {
        1: ("integer", number),
        2: ("integer", _number(interface / "ifindex")),
        3: ("objectid", ".0.0"),
        4: ("counter", 0),
        5: ("counter", 0),
    }
    table.update({(*BRIDGE, 1, 4, 1, at, number): (kind, str(v)) for at, (kind, v) in row.items()})


def _stp_port(table: Table, number: int, path: Path) -> None:
    row: dict[int, tuple[str, str | int]] = {
        1: ("integer", number),
        2: ("integer", _number(path / "priority")),
        3: ("integer", _STP_STATES.get(_number(path / "state"), 1)),
        4: ("integer", 1),
        5: ("integer", _number(path / "path_cost")),
        6: ("octet", _octets(_text(path / "designated_root"))),
        7: ("integer", _number(path / "designated_cost")),
        8: ("octet", _octets(_text(path / "designated_bridge"))),
        9: ("octet", _octets(f"{_number(path / 'designated_port') & 0xFFFF:04x}")),
        10: ("counter", 0),
    }
    table.update({(*BRIDGE, 2, 15, 1, at, number): (kind, str(v)) for at, (kind, v) in row.items()})


def _forwarding(path: Path) -> list[tuple[bytes, int, int]]:
    """Return address, port and status (4 self, 3 learned) out of the kernel's 16-byte records."""
    try:
        raw = path.read_bytes()
    except OSError:
        return []
    records = [raw[at : at + 16] for at in range(0, len(raw) - 15, 16)]
    return [(r[:6], r[6] | r[12] << 8, 4 if r[7] else 3) for r in records]


def entity(file: Path) -> Table:
    """Return the parts of the box, by OID: the file has rows of column number → value."""
    table: Table = {}
    kinds = {2: "string", 3: "objectid", 4: "integer", 5: "integer", 6: "integer", 16: "integer"}
    for index, row in enumerate(json.loads(file.read_text(encoding="utf-8")), 1):
        for column, value in row.items():
            kind = kinds.get(int(column), "string")
            table[*ENTITY, 1, 1, 1, 1, int(column), index] = (kind, str(value))
    changed_s = file.stat().st_mtime - file.with_name("started").stat().st_mtime
    table[*ENTITY, 1, 4, 1, 0] = ("timeticks", str(max(0, int(changed_s * 100))))
    return table


def serve(build: Callable[[], Table]) -> None:
    """Answer snmpd until it hangs up."""
    built_at_s, table, order = 0.0, Table(), list[Oid]()
    while verb := sys.stdin.readline():
        answer = ["NONE"]
        if verb.strip() == "PING":
            answer = ["PONG"]
        elif verb.strip() in {"get", "getnext"}:
            if time.monotonic() - built_at_s > _KEPT_S:
                table = build()
                built_at_s, order = time.monotonic(), sorted(table)
            asked = sys.stdin.readline().strip().strip(".")
            wanted: Oid = tuple(int(part) for part in asked.split(".") if part)
            if verb.strip() == "getnext":
                place = bisect_right(order, wanted)
                wanted = order[place] if place < len(order) else ()
            if wanted in table:
                answer = ["." + ".".join(map(str, wanted)), *table[wanted]]
        elif verb.strip() == "set":
            sys.stdin.readline()
            sys.stdin.readline()
            answer = ["not-writable"]
        sys.stdout.write("\n".join(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    what, place = sys.argv[1], Path(sys.argv[2])
    serve(lambda: bridge(place) if what == "bridge" else entity(place))
