"""The handover list: everything one person answers for or keeps, on its way to another."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from netops.core.clock import utc_text
from netops.core.dataclass import dataclass, replace
from netops.core.errors import UsageError
from netops.core.ids import new_id
from netops.core.people import one_line, same_person
from netops.inventory.assets import RETIRED, Asset
from netops.inventory.ledger import Ledger, Saying
from netops.inventory.model import Device


@dataclass(frozen=True, slots=True)
class Parties:
    """Who gives, who receives, and who stands by."""

    giver: str
    receiver: str
    witness: str = ""
    reason: str = ""

    def checked(self) -> "Parties":
        """Return them cleaned; raise UsageError where they are not people who can hand over."""
        made = Parties(
            one_line(self.giver, "--from"),
            one_line(self.receiver, "--to"),
            one_line(self.witness, "--witness", empty=True),
            one_line(self.reason, "--reason", empty=True),
        )
        if same_person(made.giver, made.receiver):
            raise UsageError("giver and receiver are the same", hint="a handover needs two people")
        if made.witness and any(
            same_person(made.witness, one) for one in (made.giver, made.receiver)
        ):
            raise UsageError("the witness is one of the two parties")
        return made


@dataclass(frozen=True, slots=True)
class HandoverList:
    """What is handed over, as it stands now."""

    id: str
    parties: Parties
    made_at: datetime
    account: str
    assets: tuple[Asset, ...]
    #: Devices the giver answers for by the inventory, of which the ledger has no asset.
    devices: tuple[Device, ...]

    def owned(self, asset: Asset) -> bool:
        """Tell whether the giver answers for it."""
        return same_person(asset.owner, self.parties.giver)

    def kept(self, asset: Asset) -> bool:
        """Tell whether the giver has it."""
        return same_person(asset.custodian, self.parties.giver)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "handover": self.id,
            "from": self.parties.giver,
            "to": self.parties.receiver,
            "witness": self.parties.witness,
            "reason": self.parties.reason,
            "made_at": utc_text(self.made_at),
            "account": self.account,
            "assets": [
                {**one.facts(), "owned": self.owned(one), "kept": self.kept(one)}
                for one in self.assets
            ],
            "devices": [one.as_dict() for one in self.devices],
        }

    def detail(self) -> dict[str, object]:
        """Return what the journal keeps of it."""
        return {
            "handover": self.id,
            "from": self.parties.giver,
            "to": self.parties.receiver,
            "witness": self.parties.witness,
            "reason": self.parties.reason,
            "count": len(self.assets),
            "assets": [one.number for one in self.assets[:500]],
            "devices": [one.name for one in self.devices[:500]],
        }


def handover_list(ledger: Ledger, devices: Iterable[Device], parties: Parties) -> HandoverList:
    """Return what the giver hands over; raise UsageError when that is nothing."""
    parties = parties.checked()
    assets = [one for one in ledger.assets() if one.state != RETIRED]
    named = {one.device for one in assets}
    mine = [
        one
        for one in assets
        if any(same_person(name, parties.giver) for name in (one.owner, one.custodian) if name)
    ]
    alone = [
        one
        for one in devices
        if one.owner and same_person(one.owner, parties.giver) and one.name not in named
    ]
    if not (mine or alone):
        raise UsageError(
            f"{parties.giver} neither answers for nor keeps anything",
            hint="see `netops inventory ledger list 'owner=*'` for how names are written",
        )
    return HandoverList(
        new_id(), parties, ledger.clock.now(), ledger.account(), tuple(mine), tuple(alone)
    )


def apply_handover(ledger: Ledger, made: HandoverList, run_id: str | None) -> list[int]:
    """Let the receiver take the giver's place on every asset of the list; within `alone`."""
    receiver = made.parties.receiver
    changes = []
    for asset in made.assets:
        if ledger.find(asset.number) != asset:
            raise UsageError(
                f"{asset.number} was changed while the list was made", hint="make the list again"
            )
        taken = replace(
            asset,
            owner=receiver if made.owned(asset) else asset.owner,
            custodian=receiver if made.kept(asset) else asset.custodian,
        )
        changes.append((taken, "handed-over"))
    reason = made.parties.reason or f"handed over by {made.parties.giver}"
    saying = Saying(made.parties.giver, reason, run_id)
    return ledger.record(changes, saying, handover=made.id, to=receiver)
