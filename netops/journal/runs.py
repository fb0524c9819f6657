"""The journal as the book of runs: intent before the work, outcome after it, a signed head at the end."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from netops.core.clock import local_text, utc_text
from netops.core.errors import UsageError
from netops.core.results import Report
from netops.core.status import Status
from netops.journal.book import Book
from netops.store.database import Database


class RunBook:
    """Writes what runs do into the journal; the `Book` that core.run asks for."""

    def __init__(self, journal: Book, database: Database) -> None:
        self.journal = journal
        self.database = database

    def begin(
        self, run_id: str, verb: str, targets: Sequence[str], detail: Mapping[str, Any]
    ) -> None:
        """Write the intent."""
        entry = self.journal.begin(run_id, verb, targets, detail)
        self.database.execute(
            "start_run", id=run_id, verb=verb, started_at=utc_text(entry.at), detail=None
        )

    def prepare(self) -> None:
        """Load the signing code, which would otherwise lengthen the end of every run."""

        import nacl.bindings  # noqa: F401  loading is all that is wanted

        import netops.journal.signing  # noqa: F401  here too

    def end(self, report: Report) -> str:
        """Write the outcome, sign the book and return its head as `size:root`."""
        detail = {
            "exit_code": report.exit_code,
            "signal": report.signal_number,
            "seconds": round((report.finished_at - report.started_at).total_seconds(), 3),
            "results": [result.as_dict() for result in report.results],
        }
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
                f"run {run.run} ({run.verb} {', '.join(run.targets)}) of {local_text(run.at)} "
                "left no outcome: it was killed, or the machine went down"
            )
        return lines

    def _finish(self, run_id: str, status: Status, at: datetime) -> None:
        self.database.execute(
            "finish_run", id=run_id, status=int(status), finished_at=utc_text(at), detail=None
        )
