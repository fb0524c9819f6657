"""The journal as the book of runs: intent before the work, outcome after it, a signed head at the end."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from netops.core.clock import local_text, utc_text
from netops.core.errors import UsageError
from netops.core.results import Report
from netops.core.status import Status
from netops.journal.body import plain
from netops.journal.book import Book
from netops.journal.model import OpenRun
from netops.store.database import Database

#: Results that did not fit into the outcome's own entry.
RESULTS = "run.results"
#: Targets that did not fit into the intent's own entry.
TARGETS = "run.targets"
#: Names that an intent holds itself, and that a line about a lost run has room for.
_FIRST_TARGETS = 1_000
_SHOWN_TARGETS = 10
#: Well below what an entry may have.
_PORTION_BYTES = 500_000
_KEPT = ("target", "status", "summary", "duration_s")
_LONGEST = 10_000


class RunBook:
    """Writes what runs do into the journal; the `Book` that core.run asks for."""

    def __init__(self, journal: Book, database: Database) -> None:
        self.journal = journal
        self.database = database

    def begin(
        self, run_id: str, verb: str, targets: Sequence[str], detail: Mapping[str, Any]
    ) -> None:
        """Write the intent; names of a large run go on in entries that follow it."""
        first, rest = _first(targets)
        if rest:
            detail = {**detail, "targets_in_all": len(targets)}
        entry = self.journal.begin(run_id, verb, first, detail)
        for portion in _portions([{"target": name} for name in rest]) if rest else ():
            names = [one["target"] for one in portion]
            self.journal.append(TARGETS, verb, run=run_id, detail={"targets": names})
        self.database.execute(
            "start_run", id=run_id, verb=verb, started_at=utc_text(entry.at), detail=None
        )

    def prepare(self) -> None:
        """Load the signing code, which would otherwise lengthen the end of every run."""

        import nacl.bindings  # noqa: F401  loading is all that is wanted

        import netops.journal.signing  # noqa: F401  here too

    def end(self, report: Report) -> str:
        """Write the outcome, sign the book and return its head as `size:root`."""
        detail: dict[str, Any] = {
            "exit_code": report.exit_code,
            "signal": report.signal_number,
            "seconds": round((report.finished_at - report.started_at).total_seconds(), 3),
        }
        portions = _portions([result.as_dict() for result in report.results])
        if len(portions) > 1:
            entries = [
                self.journal.append(
                    RESULTS, report.verb, run=report.run_id, detail={"results": portion}
                )
                for portion in portions[:-1]
            ]
            detail["earlier_results"] = [entry.seq for entry in entries]
        detail["results"] = portions[-1]
        self._finish(report.run_id, report.status, report.finished_at)
        self.journal.end(report.run_id, report.verb, status=int(report.status), detail=detail)
        return self.journal.checkpoint().head

    def lost(self, alive: Callable[[str], bool]) -> Sequence[str]:
        """Close the intents of dead runs and say which they were."""
        lines = []
        for run in self.journal.open_runs():
            if alive(run.run):
                continue
            try:
                self.journal.close_lost(run)
            except UsageError:  # another run was faster
                continue
            self._finish(run.run, Status.CRITICAL, self.journal.clock.now())
            lines.append(
                f"run {run.run} ({run.verb} {_named(run)}) of {local_text(run.at)} "
                "left no outcome: it was killed, or the machine went down"
            )
        return lines

    def _finish(self, run_id: str, status: Status, at: datetime) -> None:
        self.database.execute(
            "finish_run", id=run_id, status=int(status), finished_at=utc_text(at), detail=None
        )


def _first(targets: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Return the names that the intent holds, and the others."""
    if len(targets) <= _FIRST_TARGETS and _size({"targets": list(targets)}) <= _PORTION_BYTES:
        return targets, ()
    portion = _portions([{"target": name} for name in targets[:_FIRST_TARGETS]])[0]
    return targets[: len(portion)], targets[len(portion) :]


def _named(run: OpenRun) -> str:
    more = run.count - _SHOWN_TARGETS
    names = ", ".join(run.targets[:_SHOWN_TARGETS])
    return f"{names} and {more:,} more" if more > 0 else names


def _portions(results: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Return the results in portions that fit into an entry each; the last may be the only one."""
    portions: list[list[dict[str, Any]]] = [[]]
    room = _PORTION_BYTES
    for whole in results:
        result = whole if _size(whole) <= _PORTION_BYTES else _shortened(whole)
        size = _size(result)
        if size > room and portions[-1]:
            portions.append([])
            room = _PORTION_BYTES
        portions[-1].append(result)
        room -= size
    return portions


def _size(result: Mapping[str, Any]) -> int:
    return len(json.dumps(plain(result)))


def _shortened(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return a result without its facts: the outcome must be on record whatever was found."""
    kept = {name: result[name] for name in _KEPT if name in result}
    return {**kept, "summary": str(kept.get("summary", ""))[:_LONGEST], "shortened": True}
