"""From the tables of one device to its facts: every value cleaned, nothing concluded."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from netops.topology import clean
from netops.topology.evidence.facts import (
    Announced,
    Facts,
    Heard,
    Interface,
    Learned,
    Resolved,
    StpPort,
)

Row = Mapping[str, Any]
_DEAD = {"invalid", "incomplete"}
_MOST_VLANS = 64


def facts_of(asked: str, address: str, scalars: Row, tables: Mapping[str, Sequence[Row]]) -> Facts:
    """Return the facts of one device from scalars and tables as SNMP modules name them."""
    interfaces = _interfaces(tables)
    second = not tables.get("lldpLocPortTable") and not tables.get("lldpRemTable")
    prefix = "lldpV2" if second and scalars.get("lldpV2LocChassisId") else "lldp"
    subtype = clean.text(scalars.get(f"{prefix}LocChassisIdSubtype"))
    part = _chassis_part(tables.get("entPhysicalTable", ()))
    base_ports = {
        port: index
        for row in tables.get("dot1dBasePortTable", ())
        if (port := _at(row, "dot1dBasePort")) and (index := _at(row, "dot1dBasePortIfIndex"))
    }
    return Facts(
        asked=asked,
        address=clean.address(address),
        name=clean.text(scalars.get("sysName")),
        description=clean.text(scalars.get("sysDescr")),
        location=clean.text(scalars.get("sysLocation")),
        object_id=clean.text(scalars.get("sysObjectID")),
        serial=part["serial"],
        maker=part["maker"],
        model=part["model"],
        software=part["software"],
        chassis_subtype=subtype,
        chassis=_id(subtype, scalars.get(f"{prefix}LocChassisId"), "macAddress"),
        bridge_mac=clean.mac(clean.text(scalars.get("dot1dBaseBridgeAddress"))),
        routes=scalars.get("ipForwarding") == "forwarding",
        numbers_are_indexes=prefix == "lldpV2",
        interfaces=interfaces,
        addresses=clean.addresses([*_own_addresses(tables), address]),
        announced=_announced(prefix, tables),
        heard=(*_lldp(prefix, tables), *_cdp(tables)),
        base_ports=base_ports,
        stp_root=_bridge_of(scalars.get("dot1dStpDesignatedRoot")),
        stp=_stp(tables),
        learned=tuple(_learned(tables)),
        resolved=tuple(_resolved(tables)),
        aggregates=_aggregates(tables, interfaces),
        vlans=_vlans(tables, base_ports),
    )


def _at(row: Row, column: str) -> int | None:
    return clean.whole(row.get(column))


def _id(subtype: str, value: object, mac_subtype: str) -> str:
    """Return an LLDP id; a MAC always in one form, whatever its subtype says it is."""
    shown = clean.text(value)
    return clean.mac(shown) or shown if subtype == mac_subtype or ":" in shown else shown


def _interfaces(tables: Mapping[str, Sequence[Row]]) -> dict[int, Interface]:
    more = {_at(row, "ifIndex"): row for row in tables.get("ifXTable", ())}
    rows = {_at(row, "ifIndex"): row for row in tables.get("ifTable", ())}
    found = {}
    for index in {**rows, **more}:
        if index is None:
            continue
        row = {**rows.get(index, {}), **more.get(index, {})}
        description = clean.text(row.get("ifDescr"))
        found[index] = Interface(
            index,
            clean.text(row.get("ifName")) or description,
            description,
            clean.text(row.get("ifAlias")),
            clean.mac(clean.text(row.get("ifPhysAddress"))),
            clean.text(row.get("ifType")),
            _is(row.get("ifOperStatus"), "up"),
            _is(row.get("ifAdminStatus"), "up"),
            _at(row, "ifHighSpeed") or None,
        )
    return found


def _is(value: object, wanted: str) -> bool | None:
    return None if value is None else value == wanted


def _chassis_part(rows: Sequence[Row]) -> dict[str, str]:
    """Return serial and maker of the chassis: the first part of that class, else the outermost."""
    parts = sorted(rows, key=lambda row: _at(row, "entPhysicalContainedIn") or 0)
    chassis = [row for row in parts if row.get("entPhysicalClass") in {"chassis", "stack"}]
    chosen = next(
        (row for row in chassis if clean.serial(row.get("entPhysicalSerialNum"))),
        next(iter(chassis or parts), {}),
    )
    return {
        "serial": clean.serial(chosen.get("entPhysicalSerialNum")),
        "maker": clean.text(chosen.get("entPhysicalMfgName")),
        "model": clean.text(chosen.get("entPhysicalModelName")),
        "software": clean.text(chosen.get("entPhysicalSoftwareRev")),
    }


def _own_addresses(tables: Mapping[str, Sequence[Row]]) -> Iterator[str]:
    for row in tables.get("ipAddrTable", ()):
        yield clean.text(row.get("ipAdEntAddr"))
    for row in tables.get("ipAddressTable", ()):
        if row.get("ipAddressType") in {None, "unicast"}:
            yield clean.text(row.get("ipAddressAddr"))


def _announced(prefix: str, tables: Mapping[str, Sequence[Row]]) -> dict[int, Announced]:
    number = "lldpV2LocPortIfIndex" if prefix == "lldpV2" else "lldpLocPortNum"
    found = {}
    for row in tables.get(f"{prefix}LocPortTable", ()):
        at = _at(row, number)
        subtype = clean.text(row.get(f"{prefix}LocPortIdSubtype"))
        if at is not None:
            found[at] = Announced(
                subtype,
                _id(subtype, row.get(f"{prefix}LocPortId"), "macAddress"),
                clean.text(row.get(f"{prefix}LocPortDesc")),
            )
    return found


def _lldp(prefix: str, tables: Mapping[str, Sequence[Row]]) -> Iterator[Heard]:
    local = "lldpV2RemLocalIfIndex" if prefix == "lldpV2" else "lldpRemLocalPortNum"
    named: dict[tuple[object, object], list[str]] = {}
    # Some agents number this table on their own, so the time mark must not be part of the key.
    for row in tables.get(f"{prefix}RemManAddrTable", ()):
        key = (row.get(local), row.get(f"{prefix}RemIndex"))
        named.setdefault(key, []).append(clean.text(row.get(f"{prefix}RemManAddr")))
    for row in tables.get(f"{prefix}RemTable", ()):
        at = _at(row, local)
        # Both are mandatory; where one is missing, the agent was just starting.
        if at is None or not (row.get(f"{prefix}RemChassisId") and row.get(f"{prefix}RemPortId")):
            continue
        chassis, port = (clean.text(row.get(f"{prefix}Rem{what}IdSubtype")) for what in _IDS)
        yield Heard(
            "lldp",
            at,
            chassis,
            _id(chassis, row.get(f"{prefix}RemChassisId"), "macAddress"),
            port,
            _id(port, row.get(f"{prefix}RemPortId"), "macAddress"),
            clean.text(row.get(f"{prefix}RemPortDesc")),
            clean.text(row.get(f"{prefix}RemSysName")),
            clean.text(row.get(f"{prefix}RemSysDesc")),
            clean.addresses(named.get((row.get(local), row.get(f"{prefix}RemIndex")), ())),
        )


_IDS = ("Chassis", "Port")


def _cdp(tables: Mapping[str, Sequence[Row]]) -> Iterator[Heard]:
    for row in tables.get("cdpCacheTable", ()):
        at = _at(row, "cdpCacheIfIndex")
        if at is None:
            continue
        yield Heard(
            "cdp",
            at,
            chassis=clean.text(row.get("cdpCacheDeviceId")),
            port_subtype="interfaceName",
            port=clean.text(row.get("cdpCacheDevicePort")),
            name=clean.text(row.get("cdpCacheSysName")) or clean.text(row.get("cdpCacheDeviceId")),
            description=clean.text(row.get("cdpCacheVersion")),
            addresses=clean.addresses([clean.text(row.get("cdpCacheAddress"))]),
        )


def _bridge_of(value: object) -> str:
    """Return the MAC of a bridge id: two octets of priority, then the address."""
    shown = clean.text(value).removeprefix("0x")
    return clean.mac(shown[4:]) if len(shown) == 16 else ""


def _stp(tables: Mapping[str, Sequence[Row]]) -> dict[int, StpPort]:
    found = {}
    for row in tables.get("dot1dStpPortTable", ()):
        port = _at(row, "dot1dStpPort")
        if port is None:
            continue
        shown = clean.text(row.get("dot1dStpPortDesignatedPort")).removeprefix("0x")
        try:
            number = int(shown, 16) & 0xFFF if len(shown) == 4 else 0
        except ValueError:
            number = 0
        found[port] = StpPort(
            clean.text(row.get("dot1dStpPortState")),
            _bridge_of(row.get("dot1dStpPortDesignatedBridge")),
            number,
        )
    return found


def _learned(tables: Mapping[str, Sequence[Row]]) -> Iterator[Learned]:
    seen = set()
    vlans = {
        _at(row, "dot1qVlanFdbId"): _at(row, "dot1qVlanIndex")
        for row in tables.get("dot1qVlanCurrentTable", ())
    }
    for row in tables.get("dot1qTpFdbTable", ()):
        own = clean.mac(clean.text(row.get("dot1qTpFdbAddress")))
        port = _at(row, "dot1qTpFdbPort")
        if own and port and row.get("dot1qTpFdbStatus") == "learned":
            number = _at(row, "dot1qFdbId")
            seen.add((own, port))
            yield Learned(own, port, vlans.get(number, number))
    for row in tables.get("dot1dTpFdbTable", ()):
        own = clean.mac(clean.text(row.get("dot1dTpFdbAddress")))
        port = _at(row, "dot1dTpFdbPort")
        if own and port and (own, port) not in seen and row.get("dot1dTpFdbStatus") == "learned":
            yield Learned(own, port)


def _resolved(tables: Mapping[str, Sequence[Row]]) -> Iterator[Resolved]:
    found: dict[Resolved, None] = {}
    for table, stem in (
        ("ipNetToMediaTable", "ipNetToMedia"),
        ("ipNetToPhysicalTable", "ipNetToPhysical"),
    ):
        for row in tables.get(table, ()):
            state = {row.get(f"{stem}Type"), row.get("ipNetToPhysicalState")}
            own = clean.mac(clean.text(row.get(f"{stem}PhysAddress")))
            where = clean.address(clean.text(row.get("ipAddress")))
            if own and where and not state & _DEAD and f"{stem}Type" in row:
                found[Resolved(where, own)] = None
    yield from found


def _aggregates(
    tables: Mapping[str, Sequence[Row]], interfaces: Mapping[int, Interface]
) -> dict[int, int]:
    found = {}
    for row in tables.get("ifStackTable", ()):
        upper, lower = _at(row, "ifStackHigherLayer"), _at(row, "ifStackLowerLayer")
        above = interfaces.get(upper or 0)
        if lower in interfaces and above is not None and above.kind == "ieee8023adLag":
            found[lower or 0] = above.index
    for row in tables.get("dot3adAggPortTable", ()):
        member, upper = _at(row, "dot3adAggPortIndex"), _at(row, "dot3adAggPortAttachedAggID")
        if member in interfaces and upper and upper != member and upper in interfaces:
            found[member or 0] = upper
    return found


def _vlans(
    tables: Mapping[str, Sequence[Row]], base_ports: Mapping[int, int]
) -> dict[int, tuple[int, ...]]:
    found: dict[int, set[int]] = {}
    for table, stem in (("dot1qVlanCurrentTable", "Current"), ("dot1qVlanStaticTable", "Static")):
        for row in tables.get(table, ()):
            vlan = _at(row, "dot1qVlanIndex")
            for word in clean.words(row.get(f"dot1qVlan{stem}EgressPorts")):
                index = base_ports.get(clean.whole(word) or 0)
                if index and vlan:
                    found.setdefault(index, set()).add(vlan)
    return {index: tuple(sorted(vlans)[:_MOST_VLANS]) for index, vlans in found.items()}
