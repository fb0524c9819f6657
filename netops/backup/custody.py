"""Who keeps which repository, backup or disk, where, and since when (R10.2c): steps in, holdings out."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from netops.backup.model import BackupPlan
from netops.core.clock import parse_utc, utc_text
from netops.core.dataclass import dataclass, field_names, replace
from netops.core.people import person, same_person

OFFERED, CONFIRMED, REFUSED, WITHDRAWN = STEPS = ("offered", "confirmed", "refused", "withdrawn")


@dataclass(frozen=True, slots=True, order=True)
class Item:
    """A thing that changes hands."""

    #: `location` (a repository), `backup` or `medium`.
    kind: str
    #: Name of the repository, id of the backup, or what is written on the medium.
    name: str

    @property
    def text(self) -> str:
        """Return it as a person would write it."""
        return self.name if self.kind == "location" else f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that one party said about a handover; never changed once it is written."""

    handover_id: str
    #: One of STEPS.
    step: str
    at: datetime
    #: The operating system's account that typed it, with the login behind sudo.
    account: str
    #: Who speaks: the giver offers and withdraws, the receiver confirms and refuses.
    party: str
    giver: str
    receiver: str
    items: tuple[Item, ...]
    method: str = ""
    place: str = ""
    note: str = ""

    def facts(self) -> dict[str, Any]:
        """Return the step as it stands in the journal, JSON types only."""
        plain = {name: getattr(self, name) for name in field_names(self)}
        plain["at"] = utc_text(self.at)
        plain["items"] = [{"kind": item.kind, "name": item.name} for item in self.items]
        return plain

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> "Step":
        """Return the step that `facts` wrote; raise ValueError, KeyError or TypeError."""
        values = {name: facts[name] for name in field_names(cls)}
        values["at"] = parse_utc(values["at"])
        values["items"] = tuple(Item(str(i["kind"]), str(i["name"])) for i in values["items"])
        return cls(**values)


@dataclass(frozen=True, slots=True)
class Handover:
    """A handover as its steps left it."""

    id: str
    giver: str
    receiver: str
    items: tuple[Item, ...]
    method: str
    place: str
    offered_at: datetime
    #: The last of its STEPS.
    state: str
    closed_at: datetime | None
    note: str
    offered_by: str
    closed_by: str

    @property
    def is_open(self) -> bool:
        """Tell whether the receiver has yet to answer."""
        return self.state == OFFERED

    @property
    def from_one_account(self) -> bool:
        """Tell whether one account spoke for both parties, which proves less."""
        return self.state == CONFIRMED and person(self.offered_by) == person(self.closed_by)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "id": self.id,
            "state": self.state,
            "items": [{"kind": item.kind, "name": item.name} for item in self.items],
            "from": self.giver,
            "to": self.receiver,
            "method": self.method,
            "place": self.place,
            "offered_at": utc_text(self.offered_at),
            "offered_by": self.offered_by,
            "closed_at": utc_text(self.closed_at) if self.closed_at else None,
            "closed_by": self.closed_by,
            "one_account": self.from_one_account,
            "note": self.note,
        }


@dataclass(frozen=True, slots=True)
class Holding:
    """Who holds an item where."""

    item: Item
    holder: str
    place: str
    #: When the holder confirmed it; None while only netops.yaml says so.
    since: datetime | None
    handover_id: str | None = None
    kind: str = ""
    address: str = ""
    protection: tuple[str, ...] = ()
    #: The custodian netops.yaml names, where that is somebody else.
    contradicts: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "kind": self.item.kind,
            "name": self.item.name,
            "holder": self.holder,
            "place": self.place,
            "since": utc_text(self.since) if self.since else None,
            "handover": self.handover_id,
            "place_kind": self.kind,
            "address": self.address,
            "protection": list(self.protection),
            "configured_custodian": self.contradicts or None,
        }


def handovers(steps: Iterable[Step]) -> list[Handover]:
    """Return the handovers that `steps` (in order) make, oldest first."""
    made: dict[str, Handover] = {}
    for step in steps:
        before = made.get(step.handover_id)
        if before is None:
            made[step.handover_id] = _opened(step)
        elif before.is_open:
            made[step.handover_id] = replace(
                before,
                state=step.step,
                closed_at=step.at,
                closed_by=step.account,
                place=step.place or before.place,
                note="; ".join(filter(None, (before.note, step.note))),
            )
    return list(made.values())


def _opened(step: Step) -> Handover:
    return Handover(
        id=step.handover_id,
        giver=step.giver,
        receiver=step.receiver,
        items=step.items,
        method=step.method,
        place=step.place,
        offered_at=step.at,
        state=step.step,
        closed_at=None,
        note=step.note,
        offered_by=step.account,
        closed_by="",
    )


def holdings(done: Sequence[Handover], plan: BackupPlan) -> list[Holding]:
    """Return who holds what: as configured, until a confirmed handover says otherwise."""
    held = {
        holding.item: holding
        for holding in (_configured(name, plan) for name in plan.repositories)
        if holding is not None
    }
    confirmed = [one for one in done if one.state == CONFIRMED]
    for handover in sorted(confirmed, key=lambda one: one.closed_at or one.offered_at):
        for item in handover.items:
            held[item] = _received(item, handover, held.get(item), plan)
    order = {"location": 0, "medium": 1, "backup": 2}
    return sorted(held.values(), key=lambda one: (order.get(one.item.kind, 3), one.item.name))


def _configured(name: str, plan: BackupPlan) -> Holding | None:
    keeping = plan.repositories[name].keeping
    if not (keeping.custodian or keeping.place):
        return None
    return Holding(
        Item("location", name),
        keeping.custodian,
        keeping.place,
        None,
        None,
        keeping.kind,
        keeping.address,
        keeping.protection,
    )


def _received(item: Item, handover: Handover, before: Holding | None, plan: BackupPlan) -> Holding:
    known = plan.repositories.get(item.name) if item.kind == "location" else None
    configured = known.keeping.custodian if known else ""
    stays = before is not None and handover.place in {"", before.place}
    return Holding(
        item,
        handover.receiver,
        handover.place or (before.place if before else ""),
        handover.closed_at,
        handover.id,
        # What protects a place says nothing about the next one.
        before.kind if before and stays else "",
        before.address if before and stays else "",
        before.protection if before and stays else (),
        "" if same_person(configured, handover.receiver) else configured,
    )


def holder_of(item: Item, held: Iterable[Holding]) -> Holding | None:
    """Return who holds an item, None when nobody is known."""
    return next((one for one in held if one.item == item), None)
