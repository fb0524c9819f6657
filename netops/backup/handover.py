"""`backup handover`: the giver offers, the receiver confirms, and nobody confirms for himself."""

from typing import Any

from netops.backup.catalogue import Catalogue
from netops.backup.custody import (
    CONFIRMED,
    OFFERED,
    REFUSED,
    WITHDRAWN,
    Handover,
    Holding,
    Item,
    Step,
    handovers,
    holder_of,
    holdings,
)
from netops.backup.model import BackupPlan
from netops.backup.register import Register, account_now
from netops.core.clock import Clock
from netops.core.dataclass import dataclass, replace
from netops.core.errors import AccessError, UsageError
from netops.core.ids import new_id
from netops.core.people import folded, one_line, person, same_person
from netops.core.results import Result
from netops.core.run import Context
from netops.core.status import Status


@dataclass(frozen=True, slots=True)
class Offer:
    """What the giver says."""

    giver: str
    receiver: str
    items: tuple[Item, ...]
    method: str
    place: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What ends an offer: `confirmed` or `refused` by the receiver, `withdrawn` by the giver."""

    #: Empty for the only one that waits for the party.
    handover_id: str
    step: str
    party: str
    place: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Custody:
    """The custody of one site: who holds what, and every handover."""

    register: Register
    plan: BackupPlan
    catalogue: Catalogue
    clock: Clock

    def handovers(self) -> list[Handover]:
        """Return every handover, oldest first."""
        return handovers(self.register.steps())

    def holdings(self, done: list[Handover] | None = None) -> list[Holding]:
        """Return who holds what."""
        return holdings(self.handovers() if done is None else done, self.plan)

    def offer(self, offer: Offer, context: Context) -> Result:
        """Open a handover with the giver's word."""
        offer = _checked(offer)
        with self.register.alone():
            done = self.handovers()
            for item in offer.items:
                self._check_item(item, offer, done)
            return self._offer(offer, context)

    def _offer(self, offer: Offer, context: Context) -> Result:
        step = Step(
            new_id(),
            OFFERED,
            self.clock.now(),
            account_now(),
            offer.giver,
            offer.giver,
            offer.receiver,
            offer.items,
            offer.method,
            offer.place,
            offer.note,
        )
        text = f"{_things(step)} offered to {step.receiver}; `netops backup handover confirm"
        return self._write(step, context, f'{text} {step.handover_id} --as "{step.receiver}"`')

    def answer(self, answer: Answer, context: Context) -> Result:
        """End a handover with the word of the party whose turn it is."""
        with self.register.alone():
            handover = self._open(answer) if answer.handover_id else self._only_open(answer)
            return self._answer(handover, answer, self._speaker(handover, answer), context)

    def _answer(self, handover: Handover, answer: Answer, party: str, context: Context) -> Result:
        step = Step(
            handover.id,
            answer.step,
            self.clock.now(),
            account_now(),
            party,
            handover.giver,
            handover.receiver,
            handover.items,
            handover.method,
            one_line(answer.place, "--place", empty=True),
            one_line(answer.note, "--note", empty=True),
        )
        words = {
            CONFIRMED: f"{_things(step)} now held by {step.receiver}",
            REFUSED: f"{_things(step)} refused by {step.receiver}, still held by {step.giver}",
            WITHDRAWN: f"{_things(step)} withdrawn, still held by {step.giver}",
        }
        status = Status.WARNING if answer.step == REFUSED else Status.OK
        return self._write(step, context, words[answer.step], status)

    def _write(self, step: Step, context: Context, text: str, status: Status = Status.OK) -> Result:
        facts: dict[str, Any] = {"handover": step.handover_id, **step.facts()}
        if context.dry_run:
            return Result(context.target, Status.OK, f"would record: {step.step}", facts)
        entry = self.register.record(step, context.run_id)
        return Result(context.target, status, text, {**facts, "journal_seq": entry.seq})

    def _check_item(self, item: Item, offer: Offer, done: list[Handover]) -> None:
        """Refuse what does not exist, is on its way already, or is held by somebody else."""
        if item.kind == "location" and item.name not in self.plan.repositories:
            known = ", ".join(self.plan.repositories) or "none"
            raise UsageError(
                f"there is no repository {item.name!r}",
                hint=f"repositories in netops.yaml: {known}",
            )
        backup = self.catalogue.backup(item.name) if item.kind == "backup" else None
        if item.kind == "backup" and backup is None:
            raise UsageError(f"there is no backup {item.name}", hint="see `netops backup list`")
        waiting = next((one for one in done if one.is_open and item in one.items), None)
        if waiting:
            raise UsageError(
                f"{item.text} is on its way to {waiting.receiver} already (handover {waiting.id})",
                hint="confirm, refuse or withdraw that handover first",
            )
        held = holder_of(item, self.holdings(done))
        holder = held.holder if held else (backup.custodian if backup else "")
        if holder and not same_person(holder, offer.giver):
            raise UsageError(
                f"{item.text} is held by {holder}, not by {offer.giver}",
                hint=f'only the holder can hand it over: --from "{holder}"',
            )

    def _only_open(self, answer: Answer) -> Handover:
        """Return the one open handover on which the party has the word."""
        giving = answer.step == WITHDRAWN
        found = [
            one
            for one in self.handovers()
            if one.is_open and same_person(one.giver if giving else one.receiver, answer.party)
        ]
        if len(found) != 1:
            raise UsageError(
                f"{len(found) or 'no'} open handovers wait for {answer.party}",
                hint="name one; see `netops backup custody`",
            )
        return found[0]

    def _open(self, answer: Answer) -> Handover:
        handover_id = answer.handover_id
        wanted = handover_id.strip().upper()
        found = [one for one in self.handovers() if one.id == wanted]
        if not found:
            raise UsageError(
                f"there is no handover {handover_id!r}", hint="see `netops backup custody`"
            )
        if not found[0].is_open:
            raise UsageError(
                f"handover {wanted} is {found[0].state} already",
                hint="what changed hands once can be handed over again",
            )
        return found[0]

    def _speaker(self, handover: Handover, answer: Answer) -> str:
        """Return the party as the offer writes it; raise AccessError when it is not its turn."""
        party = handover.giver if answer.step == WITHDRAWN else handover.receiver
        if not same_person(answer.party, party):
            verb = {CONFIRMED: "confirm", REFUSED: "refuse", WITHDRAWN: "withdraw"}[answer.step]
            own = same_person(answer.party, handover.giver)
            reason = "nobody confirms a handover of his own: " if own else ""
            raise AccessError(
                f"{reason}only {party} can {verb} handover {handover.id}",
                hint=f'ask {party} to say so, with --as "{party}"',
            )
        one_account = person(account_now()) == person(handover.offered_by)
        if answer.step == CONFIRMED and self.plan.handover_needs_two_accounts and one_account:
            raise AccessError(
                f"handover {handover.id} was offered from this account ({handover.offered_by})",
                hint=f"{party} confirms from an account of their own (backup.handover.two_accounts)",
            )
        return party


def _checked(offer: Offer) -> Offer:
    if not offer.items:
        raise UsageError(
            "say what is handed over", hint="--location REPOSITORY, --backup RUN or --medium LABEL"
        )
    made = replace(
        offer,
        giver=one_line(offer.giver, "--from"),
        receiver=one_line(offer.receiver, "--to"),
        method=one_line(offer.method, "--method"),
        place=one_line(offer.place, "--place"),
        note=one_line(offer.note, "--note", empty=True),
        items=tuple(
            dict.fromkeys(
                Item(item.kind, one_line(item.name, "--" + item.kind)) for item in offer.items
            )
        ),
    )
    if folded(made.giver) == folded(made.receiver):
        raise UsageError("giver and receiver are the same", hint="a handover needs two people")
    return made


def _things(step: Step) -> str:
    return ", ".join(item.text for item in step.items)
