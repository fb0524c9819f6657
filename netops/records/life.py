"""The life of a record: which step leads from which state to which, and who may take it."""

from collections.abc import Mapping

from netops.core.dataclass import dataclass, field
from netops.core.errors import AccessError, UsageError
from netops.core.people import same_person
from netops.records.model import Record, RecordState

DRAFT, SUBMITTED, APPROVED, REJECTED, CLOSED, VOID = RecordState


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that can be done to a record."""

    #: As it stands in the book: submitted, approved …
    action: str
    before: frozenset[RecordState]
    #: None: the state stays.
    after: RecordState | None
    #: Nobody does it without saying why.
    needs_note: bool = False


#: What is written in the book, by the verb that does it. There is no way to CLOSED but through
#: APPROVED, and none to APPROVED but through SUBMITTED.
STEPS: Mapping[str, Step] = {
    "fill": Step("filled", frozenset({DRAFT, APPROVED}), None),
    "attach": Step("attached", frozenset({DRAFT, APPROVED}), None),
    "submit": Step("submitted", frozenset({DRAFT}), SUBMITTED),
    "approve": Step("approved", frozenset({SUBMITTED}), APPROVED),
    "reject": Step("rejected", frozenset({SUBMITTED}), REJECTED, needs_note=True),
    "close": Step("closed", frozenset({APPROVED}), CLOSED),
    "amend": Step(
        "amended", frozenset({SUBMITTED, APPROVED, REJECTED, CLOSED}), DRAFT, needs_note=True
    ),
    "void": Step(
        "voided", frozenset({DRAFT, SUBMITTED, APPROVED, REJECTED}), VOID, needs_note=True
    ),
}
ACTIONS = ("opened", *(step.action for step in STEPS.values()))
_NEXT = {
    DRAFT: "fill and submit it",
    SUBMITTED: "approve, reject or amend it",
    APPROVED: "fill what is open and close it, or amend it",
    REJECTED: "amend it and submit it again, or void it",
    CLOSED: "amend it: that makes a new revision, to be approved again",
    VOID: "open a new record; this number stays void",
}


@dataclass(frozen=True, slots=True)
class Policy:
    """Who may do what."""

    #: Accounts that approve and reject, and whose they are.
    approvers: Mapping[str, str] = field(default_factory=dict)
    #: The account that submitted a record may not approve it.
    two_accounts: bool = True
    submit_within_s: float = 3 * 86_400.0
    approve_within_s: float = 3 * 86_400.0
    close_within_s: float = 14 * 86_400.0


def check_step(step: Step, record: Record, note: str) -> None:
    """Raise UsageError unless the record stands where the step begins, and says why if it must."""
    if record.state not in step.before:
        raise UsageError(
            f"{record.number} is {record.state}: it cannot be {step.action}",
            hint=f"{record.state}: {_NEXT[record.state]}",
        )
    if step.needs_note and not note:
        raise UsageError(f"say why {record.number} is {step.action}", hint="--reason TEXT")


def approver(policy: Policy, record: Record, account: str, named: str) -> str:
    """Return who decides; raise AccessError for an account that may not."""
    if account not in policy.approvers:
        known = ", ".join(sorted(policy.approvers)) or "nobody yet"
        raise AccessError(
            f"account {account} may not decide on {record.number}",
            hint=f"records.approvers of netops.yaml names who may: {known}",
        )
    person = policy.approvers[account]
    if named and not same_person(named, person):
        raise AccessError(
            f"account {account} is {person}, not {named}",
            hint="whoever decides uses the own account (records.approvers)",
        )
    submitted = [one.account for one in record.revisions if one.action == "submitted"]
    if policy.two_accounts and submitted and submitted[-1] == account:
        raise AccessError(
            f"{record.number} was submitted from this account ({account})",
            hint="another approver decides; records.two_accounts asks for that",
        )
    return person
