"""Many devices asked at once, on behalf of a run that works on them one after the other."""

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from netops.core.cancel import Cancel
from netops.core.errors import NetopsError
from netops.snmp.engine import engine_of
from netops.snmp.memory import SnmpMemory
from netops.snmp.model import Outcome, Talk

#: The answer for one subject: a value, or why there is none.
Answer = tuple[Any, NetopsError | None]


class Survey:
    """Leads all conversations the first time an answer is asked for."""

    def __init__(
        self,
        rounds: Iterable[Callable[[Mapping[str, Answer]], Iterable[Talk]]],
        engine: str = "own",
        memory: SnmpMemory | None = None,
    ) -> None:
        """
        Take rounds of talks, each made in the light of the answers so far; subjects are names.

        `memory` lends what is known of SNMPv3 agents and keeps what was learnt.
        """
        self._rounds = list(rounds)
        self._engine, self._memory = engine, memory
        self._lock = threading.Lock()
        self._answers: dict[str, Answer] | None = None

    def answers(self, cancel: Cancel) -> Mapping[str, Answer]:
        """Return every answer by subject; raise when the run is to end."""
        with self._lock:
            if self._answers is None:
                self._answers = self._ask(cancel)
            return self._answers

    def _ask(self, cancel: Cancel) -> dict[str, Answer]:
        found: dict[str, Answer] = {}
        door = engine_of(self._engine, self._memory.book if self._memory else None)
        try:
            for make in self._rounds:
                for outcome in door.converse(list(make(found))):
                    cancel.check()
                    found[str(outcome.talk.subject)] = _answer(outcome)
        finally:
            door.close()
            if self._memory:
                self._memory.keep()
        return found


def _answer(outcome: Outcome) -> Answer:
    return outcome.value, outcome.error
