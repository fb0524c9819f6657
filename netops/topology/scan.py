"""The work of `topology scan`: ask everybody at once, and let each have its result."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from datetime import datetime
from typing import Any

from netops.core import lock
from netops.core.dataclass import replace
from netops.core.errors import NetopsError, UnreachableError
from netops.core.results import Result
from netops.core.run import Context, Progress
from netops.core.status import Status
from netops.snmp.engine import engine_of
from netops.snmp.engines.address import resolve
from netops.snmp.model import Outcome, Talk
from netops.topology import clean
from netops.topology.conclude import Look, Spoken, conclude
from netops.topology.evidence.collect import Collected, Known, Limits, collect
from netops.topology.evidence.facts import Facts
from netops.topology.evidence.reading import facts_of
from netops.topology.room import Ask, TopologyRoom

#: The last target of a scan: the network as a whole.
NETWORK = "network"
_INTERFACES = "ifTable"
_SNMP = 161


class TopologyScan:
    """One scan: call it for every ask, and with None for the network at the end."""

    def __init__(
        self,
        room: TopologyRoom,
        asks: Sequence[Ask],
        *,
        crawl: bool = False,
        snmp: str = "",
        fresh: bool = False,
    ) -> None:
        """Prepare to ask; `crawl` goes on to neighbours, `fresh` reads all tables anew."""
        self._room, self._asks, self._crawl = room, asks, crawl
        self._snmp, self._fresh = snmp, fresh
        self._outcomes: dict[str, Outcome] = {}
        self._known: dict[str, Known] = {}
        self._found: list[Ask] = []
        self._held = ExitStack()
        self._asked_at: datetime | None = None

    def __call__(self, subject: Ask | None, context: Context) -> Result:
        """Return how one agent fared; for None, what became of the network."""
        if context.dry_run:
            return self._would(subject)
        if self._asked_at is None:
            self._gather(context)
        if subject is None:
            with self._held:
                return self._conclude(context)
        return self._result(subject)

    def _would(self, subject: Ask | None) -> Result:
        if subject is None:
            more = ", and what they hear of" if self._crawl else ""
            return Result(NETWORK, Status.OK, f"would ask {len(self._asks)} agent(s){more}")
        if subject.error is not None:
            raise subject.error
        return Result(subject.name, Status.OK, f"would ask {subject.host}", {"host": subject.host})

    # -- Asking

    def _gather(self, context: Context) -> None:
        file = self._room.locks / "topology.lock"
        self._held.enter_context(lock.hold(file, "the topology scan"))
        self._known = self._room.agents.all()
        self._asked_at = context.clock.now()
        policy = self._room.policy
        limits = Limits(
            self._asked_at,
            policy.endpoints_every_s,
            policy.tables_every_s,
            self._fresh,
        )
        wave: Sequence[Ask] = self._asks
        while wave:
            self._ask_all(wave, limits, context)
            wave = list(self._next(wave)) if self._crawl else []
            self._found += wave
            limits = replace(limits, denied=policy.denied_devices)

    def _ask_all(self, wave: Sequence[Ask], limits: Limits, context: Context) -> None:
        memory = self._room.snmp_memory()
        engine = engine_of("own", memory.book)
        talks = (
            Talk(ask.target, collect(ask.host, self._before(ask), limits, ask.target.version), ask)
            for ask in wave
            if ask.target is not None
        )
        try:
            for outcome in engine.converse(talks):
                context.remaining_s()
                ask = outcome.talk.subject
                if isinstance(ask, Ask):
                    self._outcomes[ask.name] = outcome
                context.progress(Progress(step=f"{len(self._outcomes)} asked"))
        finally:
            engine.close()
            memory.keep()

    def _before(self, ask: Ask) -> Known | None:
        """What another box said at the same name is of no use."""
        known = self._known.get(ask.name)
        return known if known is not None and known.address == ask.host else None

    def _next(self, wave: Sequence[Ask]) -> Iterator[Ask]:
        """Yield the neighbours that nobody asked yet, as far as that is allowed."""
        policy = self._room.policy
        answered = {ask.name: facts for ask in self._everybody() if (facts := self._facts(ask))}
        known = {ask.host for ask in self._everybody()}
        known |= {address for facts in answered.values() for address in facts.addresses}
        chassis = {facts.chassis for facts in answered.values()}
        room = policy.max_devices - len(self._asks) - len(self._found)
        for ask in wave:
            facts = answered.get(ask.name)
            if facts is None or ask.hop >= policy.hops:
                continue
            for heard in facts.heard:
                new = [one for one in heard.addresses if policy.may_ask(one) and one not in known]
                if (heard.chassis and heard.chassis in chassis) or not new or room <= 0:
                    continue
                known |= set(heard.addresses)
                room -= 1
                yield self._room.stranger(new[0], ask.hop + 1, self._snmp)

    def _everybody(self) -> list[Ask]:
        return [*self._asks, *self._found]

    # -- What came of it

    def _collected(self, ask: Ask) -> Collected | None:
        outcome = self._outcomes.get(ask.name)
        value = outcome.value if outcome is not None and outcome.ok else None
        if not isinstance(value, Collected) or value.read == "denied" or self._is_torn(ask, value):
            return None
        return value

    def _is_torn(self, ask: Ask, collected: Collected) -> bool:
        """An agent that just starts may answer before it knows its interfaces."""
        known = self._before(ask)
        return (
            known is not None
            and _INTERFACES in known.tables
            and _INTERFACES not in collected.known.tables
        )

    def _facts(self, ask: Ask) -> Facts | None:
        collected = self._collected(ask)
        return spoken_facts(ask, collected.known) if collected else None

    def _result(self, ask: Ask) -> Result:
        outcome = self._outcomes.get(ask.name)
        if ask.error is not None or outcome is None:
            raise ask.error or UnreachableError(f"{ask.name} was not asked")
        facts: dict[str, Any] = {"host": ask.host, "packets": outcome.sent}
        collected = self._collected(ask)
        if collected is not None:
            return Result(
                ask.name, Status.OK, _READ[collected.read], facts | {"read": collected.read}
            )
        if (
            outcome.ok
            and isinstance(outcome.value, Collected)
            and self._is_torn(ask, outcome.value)
        ):
            told = "it answers, but not about its interfaces; what it said last still stands"
            return Result(ask.name, Status.UNKNOWN, told, facts)
        if outcome.ok:
            return Result(ask.name, Status.OK, "is of a denied kind: left alone", facts)
        error = outcome.error or NetopsError("no answer")
        last = self._known.get(ask.name)
        rest = "what it said last still stands" if last else "nothing is known of it"
        return Result(ask.name, Status.UNKNOWN, f"{error}; {rest}", facts, error=None)

    def _conclude(self, context: Context) -> Result:
        found = self._everybody()
        collected = {ask.name: one for ask in found if (one := self._collected(ask))}
        spoken = [
            Spoken(spoken_facts(ask, collected[ask.name].known), collected[ask.name].known)
            for ask in found
            if ask.name in collected
        ]
        silent = [ask for ask in found if ask.name not in collected]
        spoken += [
            Spoken(spoken_facts(ask, known, is_fresh=False), known)
            for ask in silent
            if (known := self._known.get(ask.name)) and known.tables
        ]
        before = self._room.memory.latest()
        for name, device in self._room.others(found).items():
            if known := self._known.get(name):
                ask = Ask(name, known.address, device=device)
                fresh = before is None or name not in before.silent
                spoken.append(Spoken(spoken_facts(ask, known, is_fresh=fresh), known))
        kept = {one.facts.asked for one in spoken}
        look = Look(
            tuple(spoken),
            tuple(ask.name for ask in silent if ask.device is not None or ask.name in self._known),
            collected,
            {name for name in self._known if name not in kept},
            self._asked_at or context.clock.now(),
            context.run_id,
        )
        packets = sum(outcome.sent for outcome in self._outcomes.values())
        facts = {
            "asked": len(found),
            "packets": packets,
            "found": [self._row(ask) for ask in self._found],
        }
        return conclude(self._room, before, look, facts)

    def _row(self, ask: Ask) -> dict[str, Any]:
        facts = self._facts(ask)
        outcome = self._outcomes.get(ask.name)
        row = {"host": ask.host, "hop": ask.hop, "name": facts.name if facts else ""}
        return row | {"answered": bool(outcome and outcome.ok)}


_READ = {
    "tables": "answered",
    "endpoints": "unchanged; learned addresses read again",
    "nothing": "unchanged",
}


def spoken_facts(ask: Ask, known: Known, *, is_fresh: bool = True) -> Facts:
    """Return the facts of an agent, with what the inventory says of it."""
    facts = facts_of(ask.name, ask.host, known.scalars, known.tables)
    device = ask.device
    asked = facts.address or _looked_up(ask)
    return replace(
        facts,
        # A name may lead to an address that is not the device's own: a relay, a load balancer.
        address=asked if asked in facts.addresses else facts.address,
        is_fresh=is_fresh,
        listed_as=device.name if device else "",
        role=clean.text(device.role) if device else "",
        site=clean.text(device.site) if device else "",
    )


def _looked_up(ask: Ask) -> str:
    """Return the address to which a device's name led when it was asked; nothing where it fails."""
    with suppress(NetopsError):
        port = ask.target.port if ask.target else _SNMP
        return clean.address(str(resolve(ask.host, port)[1][0]))
    return ""
