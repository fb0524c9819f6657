"""The antivirus gate: what is new is scanned before it is kept, and every gap in that is told."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from netops.backup.engines.base import Staged, origin_of
from netops.backup.model import Job, Scan
from netops.backup.quarantine import quarantine
from netops.backup.records import Remark
from netops.backup.room import BackupRoom
from netops.backup.scan_index import (
    CLEAN,
    OPEN,
    Row,
    Writer,
    compared,
    differing,
    read_rows,
    scratch,
    settled,
    written,
)
from netops.backup.scanners import scanners
from netops.backup.scanners.base import Candidate, Finding, Limits, Scanner, ScannerError, Verdict
from netops.backup.tally import Tally, shown
from netops.backup.tree import Entry, LeftOut, literal, regular_files
from netops.core.dataclass import dataclass, field
from netops.core.errors import NetopsError
from netops.core.files import private_directory
from netops.core.run import Context, Progress

_HEALTH_S = 60.0
#: The command line of restic carries what to leave out; Linux gives all of it 2 MiB.
_PATTERN_BYTES = 512 * 1024


class InfectedError(NetopsError):
    """Infected files were found, and the setting is to keep nothing then."""

    code = "infected"

    def __init__(self, message: str, facts: Mapping[str, Any], *, hint: str) -> None:
        super().__init__(message, hint=hint)
        self.facts = facts

    def as_dict(self) -> dict[str, object]:
        """Return the error with the files that were found."""
        return {**super().as_dict(), "scan": dict(self.facts)}


@dataclass(frozen=True, slots=True)
class Screening:
    """What the gate decided about one backup."""

    #: What restic must leave out, beside what is staged.
    staged: Staged = field(default_factory=lambda: Staged(()))
    gate: "Gate | None" = None

    def remarks(self) -> list[Remark]:
        """Look at the files once more, after the backup, and return what is to be told."""
        return [self.gate.look_back()] if self.gate else []


def screen(
    room: BackupRoom, job: Job, staged: Sequence[Staged], context: Context, *, full: bool
) -> Screening:
    """
    Scan what is new among the files about to be backed up; everything when `full`.

    Raises InfectedError where the setting is to abort, ScannerError where a scanner must be there
    and is not: nothing may be backed up then.
    """
    if job.scan is None:
        return Screening()
    gate = Gate(room, job, job.scan, staged, context)
    return Screening(gate.pass_through(full=full or job.scan.full), gate)


class Gate:
    """One passage of one job's files past its scanner; the job is held meanwhile."""

    def __init__(
        self, room: BackupRoom, job: Job, scan: Scan, staged: Sequence[Staged], context: Context
    ) -> None:
        self.room, self.job, self.scan, self.context = room, job, scan, context
        directory = private_directory(room.directories.state / "scan")
        #: What was found clean or infected, what is there now, and the verdicts of this run.
        self.index, self.seen, self.done = (
            directory / f"{job.name}.{end}" for end in ("index", "seen", "done")
        )
        self.roots = [path for part in staged for path in part.paths]
        patterns = [*job.exclude, *(pattern for part in staged for pattern in part.exclude)]
        self.hidden = [scan.quarantine] if scan.quarantine else []
        self.left_out = LeftOut.of(patterns, self.hidden)
        self.tally = Tally()
        self.infected_before: dict[bytes, str] = {}
        self.is_complete = False

    def pass_through(self, *, full: bool) -> Staged:
        """Scan, remember the verdicts, and return what to leave out."""
        self.infected_before = self._known_infected()
        if self.done.exists():  # left by a killed run: its verdicts stand, as far as it came
            self._enter(self.index)
            self.done.unlink()
        self._look(full=full)
        hint = None
        try:
            self._scan()
        except ScannerError as error:
            self.tally.problems.append(str(error))
            hint = error.hint
        finally:
            self._learn()
        if not self.is_complete or self.tally.counts.get(Finding.FAILED):
            self._require(hint)
        return self._judged()

    def look_back(self) -> Remark:
        """Count what was written to between scan and backup, and return what is to be told."""
        try:
            if self.is_complete:
                for entry in differing(self._walk(), read_rows(self.seen)):
                    if entry.path not in self.tally.infected:
                        self.tally.count(Finding.CHANGED, shown(entry.path))
        finally:
            self._clear()
        return self.tally.remark()

    def _known_infected(self) -> dict[bytes, str]:
        """Return what was infected when last seen, and is still there."""
        rows = (row for row in read_rows(self.index) if row.verdict != CLEAN)
        return {row.path: row.verdict for row in rows if os.path.lexists(row.path)}

    def _walk(self) -> Iterator[Entry]:
        return regular_files(self.roots, self.left_out, one_file_system=self.job.one_file_system)

    def _look(self, *, full: bool) -> None:
        """Write down every file that is there, and which of them need a verdict."""
        self.context.progress(Progress(step="looking for new files"))
        with scratch(self.seen) as seen:
            for row in compared(self._walk(), () if full else read_rows(self.index)):
                seen.add(row)
                self.tally.total += 1
                self.tally.new += row.verdict == OPEN
                if not self.tally.total % 4096:
                    self.context.cancel.check()

    def _scan(self) -> None:
        """Take a verdict about every new file; raise ScannerError when there is no getting one."""
        options = {name: value for name, value in self.scan.options.items() if value is not None}
        scanner = scanners.get(self.scan.engine)(options)
        limits = self._limits()
        self.tally.health = scanner.health(Limits(min(_HEALTH_S, limits.deadline_s), limits.cancel))
        if self.tally.health.problems and self.scan.on_missing == "fail":
            hint = "update the signatures (freshclam), and let clamd load them"
            raise ScannerError("; ".join(self.tally.health.problems), hint=hint)
        self.tally.problems += self.tally.health.problems
        with scratch(self.done) as done:
            if self.tally.new:
                self._take(scanner, self._limits(), done)
        self.is_complete = True

    def _limits(self) -> Limits:
        left_s = self.context.remaining_s()
        deadline_s = self.scan.deadline_s if left_s is None else min(self.scan.deadline_s, left_s)
        return Limits(deadline_s, self.context.cancel)

    def _take(self, scanner: Scanner, limits: Limits, done: Writer) -> None:
        for verdict in scanner.scan(self._candidates(), limits):
            self.tally.note(verdict)
            self._keep(verdict, done)
            if not self.tally.verdicts % 64:
                self.context.progress(
                    Progress(
                        done_files=self.tally.verdicts,
                        total_files=self.tally.new,
                        step="scanning",
                    )
                )

    def _candidates(self) -> Iterator[Candidate]:
        for row in read_rows(self.seen):
            if row.verdict == OPEN:
                yield Candidate(os.fsdecode(row.path), row.identity)

    def _keep(self, verdict: Verdict, done: Writer) -> None:
        # Old signatures prove little: by them nothing is struck off the list.
        proves = verdict.finding is Finding.CLEAN and not self.tally.health.problems
        if proves or verdict.finding is Finding.INFECTED:
            name = CLEAN if proves else verdict.name
            path = os.fsencode(verdict.candidate.path)
            self.infected_before.pop(path, None)
            done.add(Row(path, verdict.candidate.identity, name))

    def _learn(self) -> None:
        """Bring the index up to date with the verdicts of this run."""
        # What was infected and is not proven clean now stays out.
        self.tally.infected = {**self.infected_before, **self.tally.infected}
        if not self.tally.new and self.index.exists():
            return
        proves = self.tally.health.engine and not self.tally.health.problems
        self._enter(self.seen if proves else self.index)

    def _enter(self, before: Path) -> None:
        with written(self.index) as index:
            for row in settled(read_rows(before), read_rows(self.done), self.infected_before):
                index.add(row)

    def _require(self, hint: str | None) -> None:
        """Raise ScannerError where the setting is that nothing is kept unscanned."""
        if self.scan.on_missing != "fail":
            return
        self._clear()
        failed = self.tally.listed.get(Finding.FAILED, [])
        why = "; ".join(dict.fromkeys([*self.tally.problems, *failed[:5]]))
        raise ScannerError(f"{why}; nothing was backed up (scan.on_missing: fail)", hint=hint)

    def _judged(self) -> Staged:
        """Act on what is infected."""
        infected = self.tally.infected
        patterns = [literal(os.fsdecode(path)) for path in infected]
        too_many = sum(len(os.fsencode(pattern)) + 16 for pattern in patterns) > _PATTERN_BYTES
        if self.scan.quarantine and infected:
            self._move_away(Path(self.scan.quarantine))
        if infected and (too_many or self.scan.on_infected == "abort"):
            self._clear()
            raise InfectedError(
                f"{len(infected)} infected file(s), nothing was backed up: "
                f"{self.tally.infected_text()}",
                self.tally.facts(),
                hint="clean or remove them, then run the backup again",
            )
        return Staged((), [*patterns, *map(literal, self.hidden)])

    def _move_away(self, directory: Path) -> None:
        for row in list(read_rows(self.done)):
            path = os.fsdecode(row.path)
            if row.path not in self.tally.infected or origin_of(path) != path:
                continue  # a copy that netops made is left out; its origin is a live database
            candidate = Candidate(path, row.identity)
            try:
                place = quarantine(
                    candidate, row.verdict, directory, self.room.clock, self.context.run_id
                )
            except NetopsError as error:
                self.tally.not_moved.append(str(error))
            else:
                self.tally.moved[row.path] = str(place)

    def _clear(self) -> None:
        for path in (self.seen, self.done):
            path.unlink(missing_ok=True)
