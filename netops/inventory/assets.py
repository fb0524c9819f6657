"""What an asset is in the ledger, and what its values may be."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from netops.core.dataclass import dataclass, field_names, replace
from netops.core.errors import UsageError
from netops.core.people import one_line
from netops.inventory.days import parse_day, parse_warranty

#: Every state, and what asset sheets call it.
STATES: Mapping[str, tuple[str, ...]] = {
    "in_use": ("在用", "使用中", "使用", "正常", "active", "in use"),
    "in_store": (
        "闲置",
        "閒置",
        "库存",
        "庫存",
        "在库",
        "在庫",
        "备用",
        "備用",
        "stock",
        "in store",
    ),
    "in_repair": ("维修", "維修", "送修", "维修中", "維修中", "repair", "in repair"),
    "on_loan": ("借出", "外借", "on loan"),
    "lost": ("遗失", "遺失", "丢失", "盘亏", "盤虧"),
    "retired": ("报废", "報廢", "已报废", "已報廢", "disposed", "decommissioned"),
}
RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class Asset:
    """One thing the organisation owns, as one version of it says."""

    number: str
    version: int = 0
    state: str = "in_use"
    #: Its name in the inventory; several assets may make one device (a stack).
    device: str = ""
    kind: str = ""
    maker: str = ""
    model: str = ""
    specification: str = ""
    serial: str = ""
    supplier: str = ""
    #: Days are written 2024-03-05.
    purchased_on: str = ""
    warranty_until: str = ""
    location: str = ""
    department: str = ""
    #: Who answers for it.
    owner: str = ""
    #: Who has it.
    custodian: str = ""
    note: str = ""

    def facts(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)

    def changes_to(self, other: "Asset") -> dict[str, list[str]]:
        """Return field → [before, after] of what differs."""
        return {
            name: [getattr(self, name), getattr(other, name)]
            for name in FIELDS
            if getattr(self, name) != getattr(other, name)
        }


#: What people may set.
FIELDS = tuple(name for name in field_names(Asset) if name not in {"number", "version"})


@dataclass(frozen=True, slots=True)
class Version:
    """One change of an asset: how it stood afterwards, who said so, when and why."""

    asset: Asset
    at: datetime
    #: The operating system's account that typed it.
    account: str
    party: str
    action: str
    reason: str
    journal_seq: int
    digest: str

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        from netops.core.clock import utc_text

        plain = {name: getattr(self, name) for name in field_names(self)}
        return {**plain, "asset": self.asset.facts(), "at": utc_text(self.at)}


def asset_of(row: Mapping[str, Any]) -> Asset:
    """Return the asset that a row, or facts, hold."""
    return Asset(**{name: row[name] for name in field_names(Asset)})


def changed(asset: Asset, values: Mapping[str, str]) -> Asset:
    """Return the asset with new values; raise UsageError for a field or value that is none."""
    found: dict[str, Any] = {}
    for name, text in values.items():
        if name not in FIELDS:
            known = ", ".join(FIELDS)
            raise UsageError(f"assets have no field {name!r}", hint=f"known: {known}")
        found[name] = one_line(text, name, empty=True)
    try:
        if "state" in found:
            found["state"] = state_of(found["state"])
        if "purchased_on" in found:
            found["purchased_on"] = parse_day(found["purchased_on"])
        if "warranty_until" in found:
            bought = found.get("purchased_on", asset.purchased_on)
            found["warranty_until"] = parse_warranty(found["warranty_until"], bought)
    except ValueError as error:
        raise UsageError(str(error)) from None
    return replace(asset, **found)


def state_of(text: str) -> str:
    """Return the state of that name in any language; raise ValueError."""
    word = text.strip().casefold()
    for state, others in STATES.items():
        if word == state or word in others:
            return state
    raise ValueError(f"{text!r} is no state of an asset; known: {', '.join(STATES)}")


def number_of(text: str) -> str:
    """Return an asset number as it is kept; raise UsageError."""
    number = one_line(text, "asset number", longest=80)
    if number.startswith("-"):
        raise UsageError("an asset number does not begin with a dash")
    return number


def select_assets(assets: Iterable[Asset], words: str) -> list[Asset]:
    """Return the assets that a selector picks: `state=in_use !owner=* location=library*`."""
    from netops.inventory.select import pick

    def values(asset: Asset, field: str) -> tuple[str, ...]:
        if field == "":
            return (asset.number, asset.device)
        value = getattr(asset, field)
        return (value,) if value else ()

    return pick(assets, words, ("number", *FIELDS), values, "assets")
