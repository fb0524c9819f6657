"""`backup run`: one job from its sources to every place its data must lie in."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any

from netops.backup import chain, preflight
from netops.backup.chain import Decision, History, NotDue
from netops.backup.engines.base import Engine, Staged, staging_directory
from netops.backup.locks import past_dead_locks
from netops.backup.model import Job, Kind, Repository, Source
from netops.backup.reading import Reading, began, unreadable
from netops.backup.records import Backup, Placement, Remark
from netops.backup.restic import client
from netops.backup.restic.access import Access
from netops.backup.restic.messages import Summary
from netops.backup.room import BackupRoom, limits, tags_of
from netops.core.clock import local_text
from netops.core.dataclass import dataclass, field, replace
from netops.core.errors import ChainError, NetopsError
from netops.core.ids import new_id
from netops.core.results import Result
from netops.core.run import Context, Progress
from netops.core.status import Status
from netops.core.units import size_text

if TYPE_CHECKING:
    from netops.backup.gate import Screening
    from netops.backup.offsite import Copied


@dataclass(frozen=True, slots=True)
class BackupRun:
    """The work of `backup run` on one job; call it from a run."""

    room: BackupRoom
    #: None is `auto`.
    kind: Kind | None = None
    due_only: bool = False
    #: What was found out beside the backups, by job.
    remarks: dict[str, list[Remark]] = field(default_factory=dict, compare=False)
    #: Part of a repair: what is broken has been taken out, so nothing new can stand on it.
    repairing: bool = False

    def __call__(self, job: Job, context: Context) -> Result:
        """Back the job up, copy it offsite, and see it in every place before calling it good."""
        if context.dry_run:
            return self._rehearse(job)
        from netops.backup.recover import recover_job

        repository = self.room.repository(job.repository)
        with self.room.job_alone(job), self.room.exclusively(repository, context):
            recover_job(self.room, job, context)
            decision = self._decide(job, repository)
            backup = None
            if isinstance(decision, Decision):
                backup = self._make(job, repository, decision, context)
        from netops.backup import alarm
        from netops.backup.examine import with_checks
        from netops.backup.offsite import copy_everywhere

        copies = copy_everywhere(self.room, job, context)
        result = _result(job, decision, backup, copies, self.remarks.get(job.name, []))
        result = alarm.tell(self.room, job, result)
        return with_checks(self.room, job, result, context)

    def is_idle(self, job: Job) -> bool:
        """Tell whether the job has nothing to do now: no backup due, no copy missing, none killed."""
        catalogue = self.room.catalogue
        if not self.due_only or any(b.job == job.name for b in catalogue.unfinished()):
            return False
        decision = self._decide(job, self.room.repository(job.repository))
        return isinstance(decision, NotDue) and not any(
            catalogue.missing_at(job.name, job.repository, location, 1) for location in job.offsite
        )

    def _decide(self, job: Job, repository: Repository) -> Decision | NotDue:
        history = self.room.catalogue.history(job.name, repository.name)
        history = self._without_vanished(repository, history)
        now = self.room.clock.now()
        return chain.decide(job, self.kind, history, now, due_only=self.due_only)

    def _without_vanished(self, repository: Repository, history: History) -> History:
        """Drop backups whose snapshot is gone, where looking costs nothing."""
        target = self.room.target(repository)
        if not target.traits.cheap_listing:
            return history

        def there(backup: Backup | None) -> bool:
            with suppress(NetopsError, OSError):
                return bool(backup and backup.snapshot_id and target.find(backup.snapshot_id))
            return False

        if not there(history.last_full):
            return History()
        if there(history.last_any):
            return history
        # What stood on the full must be made again, so only the full counts as done.
        full = history.last_full
        return History(full, full, {Kind.FULL: (full.seq, full.started_at)} if full else {})

    def _rehearse(self, job: Job) -> Result:
        """Say what would be done, after every check that changes nothing."""
        preflight.check_sources(job, self.room.engines_of(job))
        decision = self._decide(job, self.room.repository(job.repository))
        if isinstance(decision, NotDue):
            return _not_due(job, decision, [])
        facts = {"type": decision.kind.value, "reason": decision.reason}
        places = " and ".join([job.repository, *job.offsite])
        return Result(
            job.name, Status.OK, f"would make a {decision.kind} backup to {places}", facts
        )

    def _make(
        self, job: Job, repository: Repository, decision: Decision, context: Context
    ) -> Backup:
        """Make the backup; fall back to a full one when `auto` chose a base that is gone."""
        try:
            return self._attempt(job, repository, decision, context)
        except ChainError as error:
            if self.kind is not None or decision.kind is Kind.FULL:
                raise
            reason = f"the {decision.kind} had nothing to stand on: {error}"
            return self._attempt(job, repository, Decision(Kind.FULL, None, None, reason), context)

    def _attempt(
        self, job: Job, repository: Repository, decision: Decision, context: Context
    ) -> Backup:
        backup, placement = self._open(job, decision, context)
        sending = threading.Event()
        try:
            summary = self._store(job, repository, backup, decision, context, sending)
            from netops.backup import alarm, listing
            from netops.backup.damage import open_damage_text

            wanted = listing.Wanted(backup.id, summary.snapshot_id)
            snapshot_id = listing.prove(self.room, repository, wanted, context)
        except Exception as error:
            if not sending.is_set():
                placement = replace(placement, started_at=None)
            self._close(backup, placement, Status.CRITICAL, str(error) or type(error).__name__)
            raise
        # A new snapshot shares data with the old ones, so also what is broken in them.
        damage = "" if self.repairing else open_damage_text(self.room, repository.name)
        remarks = self.remarks.get(job.name, [])
        status = Status.WARNING if damage else Status.OK
        status = Status.worst([status, *(remark.status for remark in remarks)])
        texts = [damage, *(remark.text for remark in remarks)]
        done = replace(
            backup,
            snapshot_id=snapshot_id,
            files_new=summary.files_new,
            files_changed=summary.files_changed,
            files_unmodified=summary.files_unmodified,
            bytes_processed=summary.bytes_processed,
            bytes_added=summary.bytes_added,
        )
        closed = self._close(done, placement, status, "; ".join(filter(None, texts)))
        alarm.watch(self.room, job, closed, summary, context)
        return closed

    def _open(self, job: Job, decision: Decision, context: Context) -> tuple[Backup, Placement]:
        """Enter the backup before it starts, so that a killed run leaves a trace."""
        now, key = self.room.clock.now(), new_id()
        backup = Backup(
            key,
            context.run_id,
            0,
            job.name,
            job.repository,
            decision.kind,
            decision.base.id if decision.base else None,
            decision.parent.id if decision.parent else None,
            now,
            None,
            None,
            None,
            tuple(
                {"engine": source.engine, "path": source.options.get("path", "")}
                for source in job.sources
            ),
            owner=job.owner,
            department=job.department,
            custodian=job.custodian,
            data_class=job.data_class,
        )
        placement = Placement(key, job.repository, "primary", None, None, now, None)
        return self.room.catalogue.start(backup, [placement]), placement

    def _store(
        self,
        job: Job,
        repository: Repository,
        backup: Backup,
        decision: Decision,
        context: Context,
        sending: threading.Event,
    ) -> Summary:
        engines = self.room.engines_of(job)
        preflight.check_tools(self.room)
        preflight.check_sources(job, engines)
        preflight.check_place(self.room, repository, context)
        preflight.check_staging(self.room, engines)
        with self._staged(job, engines, context) as staged:
            screening = self._screened(job, decision, staged, context)
            more = [screening.staged] if screening else []
            tree = self._tree(job, backup, decision, [*staged, *more])
            access = self.room.access(repository)
            parts = list(zip(staged, engines, strict=True))
            reading = began(tree, parts, self.room.anchor_note, decision.parent)
            call = limits(context, repository.deadline_s)
            ahead = replace(call, meanwhile=_load_what_comes_next)
            sending.set()  # from here on data may lie in the repository that no index has
            summary = past_dead_locks(
                self.room, repository, context, lambda: client.backup(access, tree, ahead)
            )
            found = [
                *unreadable(summary),
                *_changed(reading, job, summary, access, call),
                *(Remark(Status.WARNING, text) for part in staged for text in part.problems),
            ]
            self.remarks[job.name] = [*found, *(screening.remarks() if screening else [])]
            return summary

    def _screened(
        self, job: Job, decision: Decision, staged: Sequence[Staged], context: Context
    ) -> "Screening | None":
        if job.scan is None:
            return None
        from netops.backup.gate import screen

        return screen(self.room, job, staged, context, full=decision.kind is Kind.FULL)

    @contextmanager
    def _staged(
        self, job: Job, engines: Sequence[tuple[Source, Engine]], context: Context
    ) -> Iterator[list[Staged]]:
        with ExitStack() as stack:
            parts = []
            for source, engine in engines:
                if engine.traits.consistent:
                    context.progress(Progress(step=f"copying {source.text}"))
                context.cancel.check()
                directory = staging_directory(
                    self.room.directories.staging, job.name, source.engine
                )
                parts.append(stack.enter_context(engine.stage(directory)))
            yield parts

    def _tree(
        self,
        job: Job,
        backup: Backup,
        decision: Decision,
        staged: Sequence[Staged],
    ) -> client.Tree:
        note = self.room.anchor_note
        paths = [path for part in staged for path in part.paths]
        excludes = [pattern for part in staged for pattern in part.exclude]
        facts = {"run": backup.id, "type": backup.kind.value, "seq": str(backup.seq)}
        if backup.base_id:
            facts["base"] = backup.base_id
        if backup.parent_id:
            facts["parent"] = backup.parent_id
        return client.Tree(
            [*paths, str(note)] if note is not None and note.is_file() else paths,
            [*job.exclude, *excludes],
            job.one_file_system,
            tags_of(job, facts),
            self.room.host,
            decision.parent.snapshot_id if decision.parent else None,
        )

    def _close(self, backup: Backup, placement: Placement, status: Status, message: str) -> Backup:
        """Enter the outcome in the catalogue."""
        now = self.room.clock.now()
        took_s = (now - backup.started_at).total_seconds()
        done = replace(
            backup, finished_at=now, status=int(status), duration_s=took_s, message=message
        )
        listed = now if done.snapshot_id else None
        self.room.catalogue.finish(done)
        self.room.catalogue.place(
            replace(
                placement,
                status=int(status),
                snapshot_id=done.snapshot_id,
                listed_at=listed,
                duration_s=took_s,
                message=message,
            )
        )
        return done


def _load_what_comes_next() -> None:
    from netops.backup import alarm, damage, examine, listing, offsite  # noqa: F401  loading is all


def _changed(
    reading: Reading, job: Job, summary: Summary, access: Access, call: client.Call
) -> list[Remark]:
    """Look for files that changed while they were read; at no cost where none was read."""
    if not reading.has_read(summary):
        return []
    from netops.backup.changing import changed

    return changed(reading, job, summary.snapshot_id, access, replace(call, on_progress=None))


def _result(
    job: Job,
    decision: Decision | NotDue,
    backup: Backup | None,
    copies: "list[Copied]",
    remarks: Sequence[Remark],
) -> Result:
    if isinstance(decision, NotDue) or backup is None:
        return _not_due(job, decision if isinstance(decision, NotDue) else NotDue(None), copies)
    primary = Status(backup.status if backup.status is not None else Status.UNKNOWN)
    places = [_place(job.repository, "primary", primary, backup.snapshot_id, backup.message)]
    places += [_offsite(copied, backup.id) for copied in copies]
    changed = f"{backup.files_new} new, {backup.files_changed} changed"
    parts = [
        f"{backup.kind}: {changed}, {size_text(backup.bytes_added)} added",
        backup.message,
        *(f"{copied.location}: {copied.summary}" for copied in copies),
    ]
    facts = {
        "backup": backup.id,
        "type": backup.kind.value,
        "reason": decision.reason,
        "snapshot": backup.snapshot_id,
        "base": backup.base_id,
        "files_new": backup.files_new,
        "files_changed": backup.files_changed,
        "files_unmodified": backup.files_unmodified,
        "bytes_processed": backup.bytes_processed,
        "bytes_added": backup.bytes_added,
        "locations": places,
    }
    for remark in remarks:
        facts |= remark.facts
    status = Status.worst([primary, *(copied.status for copied in copies)])
    return Result(job.name, status, "; ".join(part for part in parts if part), facts)


def _not_due(job: Job, decision: NotDue, copies: "list[Copied]") -> Result:
    after = f", next {local_text(decision.next_at)}" if decision.next_at else ""
    parts = [f"nothing is due{after}"]
    parts += [f"{copied.location}: {copied.summary}" for copied in copies]
    status = Status.worst([Status.OK, *(copied.status for copied in copies)])
    facts = {"type": None, "locations": [_offsite(copied, "") for copied in copies]}
    return Result(job.name, status, "; ".join(parts), facts)


def _offsite(copied: "Copied", backup_id: str) -> dict[str, Any]:
    snapshot_id = copied.snapshots.get(backup_id)
    return _place(copied.location, "offsite", copied.status, snapshot_id, copied.summary)


def _place(
    location: str, role: str, status: Status, snapshot_id: str | None, message: str
) -> dict[str, Any]:
    return {
        "location": location,
        "role": role,
        "status": status.name,
        "snapshot": snapshot_id,
        "message": message,
    }
