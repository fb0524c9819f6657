"""Retiring an asset takes two people: one who approves it on record, and one who asks and does it."""

from datetime import datetime
from typing import Any

from netops.core.clock import parse_utc, utc_text
from netops.core.dataclass import dataclass, replace
from netops.core.errors import AccessError, IntegrityError, UsageError
from netops.core.ids import new_id
from netops.core.people import one_line, person, same_person
from netops.inventory.assets import RETIRED, Asset
from netops.inventory.ledger import APPROVED, Ledger, Saying
from netops.store.connection import Row

#: A yes to another machine is none: these may not have changed since it was said.
_IDENTITY = ("maker", "model", "serial")


@dataclass(frozen=True, slots=True)
class Approval:
    """A yes on record."""

    id: str
    number: str
    version: int
    at: datetime
    account: str
    approver: str
    applicant: str
    reason: str
    journal_seq: int

    def detail(self) -> dict[str, object]:
        """Return it as the journal has it."""
        return {
            "approval": self.id,
            "number": self.number,
            "version": self.version,
            "account": self.account,
            "approver": self.approver,
            "applicant": self.applicant,
            "reason": self.reason,
        }


def approve(ledger: Ledger, number: str, applicant: str, saying: Saying) -> Approval:
    """Put on record that `saying.party` lets `applicant` retire an asset; within `alone`."""
    saying = saying.checked()
    applicant = one_line(applicant, "--for")
    if same_person(applicant, saying.party):
        raise AccessError(
            "nobody approves what he asks for himself", hint="a second person approves it: --as"
        )
    asset = ledger.get(number)
    if asset.state == RETIRED:
        raise UsageError(f"{number} is retired already")
    made = Approval(
        new_id(),
        number,
        asset.version,
        ledger.clock.now(),
        ledger.account(),
        saying.party,
        applicant,
        saying.reason,
        0,
    )
    with ledger.database.transaction():
        entry = ledger.diary.append(
            APPROVED, number, ok=True, run=saying.run_id, detail=made.detail()
        )
        made = replace(made, journal_seq=entry.seq)
        ledger.database.execute(
            "add_asset_approval",
            **{key: value for key, value in made.detail().items() if key != "approval"},
            id=made.id,
            at=utc_text(made.at),
            run_id=saying.run_id,
            journal_seq=entry.seq,
        )
    return made


def retire(
    ledger: Ledger, number: str, approver: str, saying: Saying, *, two_accounts: bool = False
) -> tuple[Asset, Approval]:
    """
    Retire an asset for which `approver` said yes to `saying.party`; within `alone`.

    Raises AccessError without such an approval, IntegrityError when the journal does not know it.
    """
    saying = saying.checked()
    approval = find_approval(ledger, number, approver, saying)
    if two_accounts and person(approval.account) == person(ledger.account()):
        raise AccessError(
            f"{number} was approved from this account ({approval.account})",
            hint="retire it from an account of your own (inventory.two_accounts)",
        )
    made = replace(ledger.get(number), state=RETIRED)
    with ledger.database.transaction():
        ledger.record([(made, RETIRED)], saying, approval=approval.id, approver=approval.approver)
        used = saying.run_id or approval.id
        if not ledger.database.execute("use_asset_approval", id=approval.id, run_id=used):
            raise AccessError(f"the approval {approval.id} was used already")
    return ledger.get(number), approval


def find_approval(ledger: Ledger, number: str, approver: str, saying: Saying) -> Approval:
    """Return the approval that lets `saying.party` retire an asset, or raise as `retire` does."""
    asset = ledger.get(number)
    if asset.state == RETIRED:
        raise UsageError(f"{number} is retired already")
    approver = one_line(approver, "--approved-by")
    if same_person(approver, saying.party):
        raise AccessError(
            "nobody approves what he asks for himself", hint="name who approved: --approved-by"
        )
    rows = ledger.database.execute("open_asset_approvals", number=asset.number)
    known = [_from_row(row) for row in rows]
    fitting = [
        one
        for one in known
        if same_person(one.approver, approver) and same_person(one.applicant, saying.party)
    ]
    if not fitting:
        raise AccessError(
            f"no approval by {approver} to retire {asset.number} for {saying.party} is on record",
            hint=f'{approver} says so first: netops inventory ledger approve "{asset.number}" '
            f'--as "{approver}" --for "{saying.party}" --reason …',
        )
    approval = fitting[0]
    _require_entry(ledger, approval)
    then = next(
        one.asset for one in ledger.history(asset.number) if one.asset.version == approval.version
    )
    if gone := [name for name in _IDENTITY if getattr(then, name) != getattr(asset, name)]:
        raise AccessError(
            f"{asset.number} has another {' and '.join(gone)} than when it was approved",
            hint="have it approved as it is now",
        )
    return approval


def _require_entry(ledger: Ledger, approval: Approval) -> None:
    """A row alone is no approval: the journal must have heard it."""
    for entry in ledger.diary.entries(kind=APPROVED):
        if entry.seq == approval.journal_seq and dict(entry.detail) == approval.detail():
            return
    raise IntegrityError(
        f"the journal does not know the approval {approval.id} of {approval.number}",
        hint="see `netops inventory ledger verify`; have it approved again",
    )


def _from_row(row: Row) -> Approval:
    plain: dict[str, Any] = {name: row[name] for name in Approval.__slots__}
    return Approval(**{**plain, "at": parse_utc(plain["at"])})
