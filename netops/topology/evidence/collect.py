"""One conversation with one agent: a single question when nothing changed, else its tables."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from netops.core.dataclass import dataclass, field, replace
from netops.snmp import oid
from netops.snmp.ask import Asking
from netops.snmp.model import Version
from netops.snmp.module import Module, load
from netops.snmp.plan import Habits
from netops.snmp.table import Readings, read_modules

#: Module → what of it is read; an empty set means all of its tables.
_TABLES: Mapping[str, frozenset[str]] = {
    "system": frozenset(),
    "if": frozenset({
        "ifDescr", "ifType", "ifPhysAddress", "ifAdminStatus", "ifOperStatus", "ifName",
        "ifHighSpeed", "ifAlias",
    }),
    "ip": frozenset({"ipAdEntIfIndex", "ipAddressIfIndex", "ipAddressType"}),
    "entity": frozenset({
        "entPhysicalContainedIn", "entPhysicalClass", "entPhysicalSoftwareRev",
        "entPhysicalSerialNum", "entPhysicalMfgName", "entPhysicalModelName",
    }),
    "lldp": frozenset({
        "lldpLocPortIdSubtype", "lldpLocPortId", "lldpLocPortDesc", "lldpRemChassisIdSubtype",
        "lldpRemChassisId", "lldpRemPortIdSubtype", "lldpRemPortId", "lldpRemPortDesc",
        "lldpRemSysName", "lldpRemSysDesc", "lldpRemManAddrIfSubtype",
    }),
    "lldp-v2": frozenset({
        "lldpV2LocPortIdSubtype", "lldpV2LocPortId", "lldpV2LocPortDesc",
        "lldpV2RemChassisIdSubtype", "lldpV2RemChassisId", "lldpV2RemPortIdSubtype",
        "lldpV2RemPortId", "lldpV2RemPortDesc", "lldpV2RemSysName", "lldpV2RemSysDesc",
        "lldpV2RemManAddrIfSubtype",
    }),
    "cdp": frozenset(),
    "bridge": frozenset({
        "dot1dBasePortIfIndex", "dot1qVlanFdbId", "dot1qVlanCurrentEgressPorts",
        "dot1qVlanStaticEgressPorts",
    }),
    "stp": frozenset({
        "dot1dStpPortState", "dot1dStpPortDesignatedBridge", "dot1dStpPortDesignatedPort",
    }),
    "lag": frozenset({"dot3adAggPortAttachedAggID", "ifStackStatus"}),
}  # fmt: skip
_ENDPOINTS: Mapping[str, frozenset[str]] = {
    "bridge": frozenset({"dot1qTpFdbPort", "dot1qTpFdbStatus"}),
    "arp": frozenset({
        "ipNetToMediaPhysAddress", "ipNetToMediaType", "ipNetToPhysicalPhysAddress",
        "ipNetToPhysicalType", "ipNetToPhysicalState",
    }),
}  # fmt: skip
_PLAIN_BRIDGE = {"bridge": frozenset({"dot1dTpFdbPort", "dot1dTpFdbStatus"})}
#: What is asked first. While all of it is as it was, so are the tables.
_GATE: Mapping[str, frozenset[str]] = {
    "system": frozenset({"sysObjectID", "sysUpTime", "sysName", "sysLocation"}),
    "if": frozenset({"ifTableLastChange"}),
    "lldp": frozenset({"lldpStatsRemTablesLastChangeTime"}),
    "lldp-v2": frozenset({"lldpV2StatsRemTablesLastChangeTime"}),
    "entity": frozenset({"entLastChangeTime"}),
    "stp": frozenset({"dot1dStpTopChanges", "dot1dStpDesignatedRoot", "dot1dStpRootPort"}),
}
_NEIGHBOURS_CHANGED = ("lldpStatsRemTablesLastChangeTime", "lldpV2StatsRemTablesLastChangeTime")
_CLOCK_SLACK_S = 30.0
_CLOCK_DRIFT = 0.01


@dataclass(frozen=True, slots=True)
class Known:
    """What an agent said before."""

    address: str
    at: datetime
    #: When all tables were read, and when those of endpoints were.
    read_at: datetime
    endpoints_at: datetime
    gate: Mapping[str, Any]
    scalars: Mapping[str, Any]
    tables: Mapping[str, Sequence[Mapping[str, Any]]]
    habits: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Limits:
    """How old what is known may be; None for as old as it likes."""

    now: datetime
    endpoints_every_s: float
    tables_every_s: float
    fresh: bool = False
    denied: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Collected:
    """What a conversation brought: everything that is known of the agent now."""

    known: Known
    #: tables, endpoints, nothing or denied: what was read.
    read: str


def collect(
    address: str, known: Known | None, limits: Limits, version: Version = "2c"
) -> Asking[Collected]:
    """Ask one agent for what may have changed; raise UnreachableError when it is silent."""
    habits = Habits.from_dict(known.habits) if known and not limits.fresh else Habits()
    asked = yield from read_modules(
        _chosen(_GATE, scalars_only=True), version=version, habits=habits
    )
    gate = dict(asked.scalars)
    kind = str(gate.get("sysObjectID") or "")
    if any(f"{kind}.".startswith(f"{prefix}.") for prefix in limits.denied):
        return Collected(Known(address, limits.now, limits.now, limits.now, gate, {}, {}), "denied")
    if known is None or limits.fresh or not _is_same(known, gate, limits):
        if known is not None and _restarted(known, gate, limits):
            habits = Habits()  # another software may have other tables
        habits.missing.clear()  # somebody may have switched LLDP on
        read = yield from read_modules(_suited(_TABLES, kind), version=version, habits=habits)
        ends = yield from _endpoints(version, habits)
        tables = {**read.tables, **ends}
        scalars = {**gate, **read.scalars}
        now = limits.now
        made = Known(address, now, now, now, gate, scalars, tables, habits.as_dict())
        return Collected(made, "tables")
    again = replace(known, at=limits.now, gate=gate)
    if (limits.now - known.endpoints_at).total_seconds() < limits.endpoints_every_s:
        return Collected(again, "nothing")
    ends = yield from _endpoints(version, habits)
    rest = {name: rows for name, rows in known.tables.items() if name not in _ENDPOINT_TABLES}
    again = replace(
        again, endpoints_at=limits.now, tables={**rest, **ends}, habits=habits.as_dict()
    )
    return Collected(again, "endpoints")


_ENDPOINT_TABLES = frozenset(
    {"dot1qTpFdbTable", "dot1dTpFdbTable", "ipNetToMediaTable", "ipNetToPhysicalTable"}
)


def _endpoints(version: Version, habits: Habits) -> Asking[dict[str, Any]]:
    """Read learned addresses by VLAN, or without where the bridge knows none, and ARP tables."""
    found: Readings = yield from read_modules(_chosen(_ENDPOINTS), version=version, habits=habits)
    if "dot1qTpFdbTable" not in found.tables:
        more = yield from read_modules(_chosen(_PLAIN_BRIDGE), version=version, habits=habits)
        return {**found.tables, **more.tables}
    return found.tables


def _is_same(known: Known, gate: Mapping[str, Any], limits: Limits) -> bool:
    """Only an agent that tells when its neighbours changed can be believed that they did not."""
    if not any(name in gate for name in _NEIGHBOURS_CHANGED):
        return False
    if (limits.now - known.read_at).total_seconds() >= limits.tables_every_s:
        return False
    was = {name: value for name, value in known.gate.items() if name != "sysUpTime"}
    now = {name: value for name, value in gate.items() if name != "sysUpTime"}
    return was == now and not _restarted(known, gate, limits)


def _restarted(known: Known, gate: Mapping[str, Any], limits: Limits) -> bool:
    """Tell whether the agent's clock is not where it would be had it run on."""
    was, now = known.gate.get("sysUpTime"), gate.get("sysUpTime")
    if not isinstance(was, int | float) or not isinstance(now, int | float):
        return True
    passed_s = (limits.now - known.at).total_seconds()
    return abs(now - was - passed_s) > _CLOCK_SLACK_S + _CLOCK_DRIFT * abs(passed_s)


def _suited(wanted: Mapping[str, frozenset[str]], kind: str) -> list[Module]:
    try:
        object_id = oid.encode(kind) if kind else b""
    except ValueError:
        object_id = b""
    return [module for module in _chosen(wanted) if module.suits(object_id)]


def _chosen(wanted: Mapping[str, frozenset[str]], *, scalars_only: bool = False) -> list[Module]:
    return list(_modules(tuple(wanted.items()), scalars_only))


@cache
def _modules(
    wanted: Iterable[tuple[str, frozenset[str]]], scalars_only: bool
) -> tuple[Module, ...]:
    return tuple(_reduced(load(name), parts, scalars_only) for name, parts in wanted)


def _reduced(module: Module, parts: frozenset[str], scalars_only: bool) -> Module:
    """Return the module with the parts that are wanted, on demand or not."""
    if scalars_only:
        scalars = tuple(one for one in module.scalars if one.name in parts)
        return replace(module, scalars=scalars, tables=(), prefixes=())
    if not parts:
        return module
    tables = (
        replace(table, columns=tuple(one for one in table.columns if one.name in parts))
        for table in module.tables
    )
    kept = tuple(table for table in tables if table.columns)
    ends = not parts & {"dot1dBasePortIfIndex", "ifDescr"} and module.name in {"bridge", "arp"}
    return replace(module, tables=kept, scalars=() if ends else module.scalars)
