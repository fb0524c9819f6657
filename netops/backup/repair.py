"""`backup repair`: take out what is broken, bring back what others have, say what is lost."""

from collections.abc import Sequence
from pathlib import Path

from netops.backup import listing, locks
from netops.backup.bringback import BringBack, Returned, newest_per_job
from netops.backup.damage import Toll, assess, count_good_again, enter
from netops.backup.diagnosis import Diagnosis, diagnose
from netops.backup.examine import Depth, record
from netops.backup.model import Kind, Repository
from netops.backup.preflight import check_place, check_tools
from netops.backup.restic import check, client, mend
from netops.backup.restic.version import Version
from netops.backup.room import BackupRoom, limits
from netops.backup.run import BackupRun
from netops.backup.salvage import Salvage
from netops.backup.soundness import Reading, Soundness
from netops.core.dataclass import dataclass, field, replace
from netops.core.errors import InterruptedRunError, NetopsError, ToolError
from netops.core.files import private_directory
from netops.core.results import Result
from netops.core.run import Context, Progress
from netops.core.status import Status


@dataclass(slots=True)
class _Story:
    """What a repair did, for the report and the journal."""

    taken: list[str] = field(default_factory=list)
    returned: dict[str, str] = field(default_factory=dict)
    read_again: list[str] = field(default_factory=list)
    #: Backups written anew without what is lost in them.
    cut: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RepairRun:
    """The work of `backup repair` on one repository."""

    room: BackupRoom
    #: Read every byte back first, and again at the end.
    read_data: bool = False

    def __call__(self, repository: Repository, context: Context) -> Result:
        """Heal what can be healed and say what is lost; a dry run only says what would be done."""
        version = check_tools(self.room)
        check_place(self.room, repository, context)
        with self.room.exclusively(repository, context):
            if not context.dry_run:
                locks.clear(self.room, repository, context)
            diagnosis = diagnose(self.room, repository, context, read_data=self.read_data)
            _refuse_impossible(self.room, repository, diagnosis, version)
            if context.dry_run:
                return self._rehearsal(repository, diagnosis, context)
            story = _Story()
            left = self._mend(repository, diagnosis, version, story, context)
        if left.backups and self._read_again(repository, left, story, context):
            left = self._assess(repository, context)
        with self.room.exclusively(repository, context):
            if left.damage and left.complete and version.repairs:
                left = self._cut(repository, left, story, context)
            return self._conclude(repository, diagnosis, left, story, context)

    def _rehearsal(self, repository: Repository, diagnosis: Diagnosis, context: Context) -> Result:
        gone = [p.backup_id for p in self.room.catalogue.gone_at(repository.name)]
        bring = self._bring(repository, context)
        whole = bring.can([*diagnosis.backups, *gone])
        if not diagnosis and not whole:
            return Result(repository.name, Status.OK, "nothing is broken", diagnosis.facts())
        steps = [f"take out {len(diagnosis.packs)} packs"] if diagnosis.packs else []
        steps += [f"take out {len(diagnosis.snapshots)} snapshots"] if diagnosis.snapshots else []
        steps += ["rebuild the index"] if diagnosis else []
        steps += [f"bring back up to {len(whole)} backups from other repositories"] if whole else []
        jobs = self._jobs_of(repository, diagnosis.backups)
        steps += [f"read {', '.join(jobs)} again if still needed"] if jobs else []
        facts = {**diagnosis.facts(), "steps": steps, "whole_elsewhere": whole}
        found = diagnosis.text if diagnosis else f"{len(gone)} backups are gone"
        text = f"{found}; would {', '.join(steps)}; keeps what it takes out"
        return Result(repository.name, Status.WARNING, text, facts)

    def _mend(
        self,
        repository: Repository,
        diagnosis: Diagnosis,
        version: Version,
        story: _Story,
        context: Context,
    ) -> Toll:
        """Take out what is broken, rebuild the index, and bring back what others have."""
        access, call = self.room.access(repository), limits(context, repository.deadline_s)
        if diagnosis:
            directory = self.room.directories.staging / f"salvage-{repository.name}"
            salvage = Salvage(self.room, repository, directory, context)
            if diagnosis.present_packs and not version.repairs:
                salvage.save(diagnosis.backups, diagnosis.toll.files)
            context.progress(Progress(step="taking out what is broken"))
            self._take_out(repository, diagnosis, version, story, context)
            client.rebuild_index(access, replace(call, on_progress=None))
            try:
                salvage.give_back()
            except InterruptedRunError:
                raise
            except NetopsError as error:
                story.problems.append(f"what was saved could not be stored again: {error}")
        left = self._assess(repository, context)
        bring = self._bring(repository, context)
        gone = [p.backup_id for p in self.room.catalogue.gone_at(repository.name)]
        if gone:
            self._tell(story, bring(gone))
        # What the newest backup of a job gets back mends most of the others, too.
        for choose in (newest_per_job, lambda _room, ids: list(ids)):
            if not left.backups:
                break
            returned = bring(choose(self.room, left.backups))
            self._tell(story, returned)
            if returned.sources:
                left = self._assess(repository, context)
        return left

    def _bring(self, repository: Repository, context: Context) -> BringBack:
        return BringBack(self.room, repository, self._quarantine(repository, context), context)

    def _quarantine(self, repository: Repository, context: Context) -> Path:
        return self.room.directories.quarantine / context.run_id / repository.name

    def _tell(self, story: _Story, returned: Returned) -> None:
        story.returned |= returned.sources
        story.problems += [p for p in returned.problems if p not in story.problems]

    def _take_out(
        self,
        repository: Repository,
        diagnosis: Diagnosis,
        version: Version,
        story: _Story,
        context: Context,
    ) -> None:
        target, keep = self.room.target(repository), self._quarantine(repository, context)
        private_directory(keep)
        files = [("snapshot", i) for i in diagnosis.snapshots]
        packs = list(diagnosis.present_packs)
        if version.repairs and packs:
            call = limits(context, repository.deadline_s, quiet=True)
            mend.salvage_packs(self.room.access(repository), packs, keep, call)
            story.taken += [f"pack {pack[:8]}" for pack in packs]
        else:
            files += [("pack", pack) for pack in packs]
        if target.traits.opens_files:
            for kind, object_id in files:
                if target.take_out(kind, object_id, keep) is not None:
                    story.taken.append(f"{kind} {object_id[:8]}")

    def _assess(self, repository: Repository, context: Context) -> Toll:
        """Check again and name what is still hit; enter nothing yet."""
        context.progress(Progress(step="checking"))
        call = limits(context, repository.deadline_s, quiet=True)
        findings = check.check(self.room.access(repository), call, read_data=self.read_data)
        if not findings:
            return Toll(repository.name, (), (), (), complete=True)
        return assess(self.room, repository, findings, context)

    def _jobs_of(self, repository: Repository, backups: Sequence[str]) -> list[str]:
        known = [self.room.catalogue.backup(i) for i in backups]
        names = {b.job for b in known if b is not None and b.repository == repository.name}
        return sorted(names & self.room.plan.jobs.keys())

    def _read_again(
        self, repository: Repository, left: Toll, story: _Story, context: Context
    ) -> bool:
        """Read the sources of the jobs again: what is still there as it was mends old backups."""
        for name in self._jobs_of(repository, left.backups):
            try:
                BackupRun(self.room, Kind.FULL, repairing=True)(self.room.plan.jobs[name], context)
            except InterruptedRunError:
                raise
            except NetopsError as error:
                story.problems.append(f"{name} could not be read again: {error}")
            else:
                story.read_again.append(name)
        return bool(story.read_again)

    def _cut(self, repository: Repository, left: Toll, story: _Story, context: Context) -> Toll:
        """Write what stays broken anew without what is lost, so that the rest is usable."""
        places = {p.backup_id: p for p in self.room.catalogue.listed_at(repository.name)}
        hit = [places[i] for i in left.backups if i in places]
        call = limits(context, repository.deadline_s, quiet=True)
        ids = [place.snapshot_id or "" for place in hit]
        mend.drop_lost_files(self.room.access(repository), ids, call)
        wanted = [listing.Wanted(place.backup_id) for place in hit]
        found = listing.find(self.room, repository, wanted, context)
        for place in hit:
            if place.backup_id not in found:
                continue
            lost = f"without lost files: {', '.join(left.files[:20])}"
            self.room.catalogue.place(
                replace(
                    place,
                    status=int(Status.WARNING),
                    snapshot_id=found[place.backup_id],
                    listed_at=self.room.clock.now(),
                    message=lost,
                )
            )
            if place.role == "primary":
                self.room.catalogue.move(place.backup_id, found[place.backup_id])
            story.cut.append(place.backup_id)
        again = self._assess(repository, context)
        return replace(again, files=left.files) if story.cut else again

    def _conclude(
        self,
        repository: Repository,
        diagnosis: Diagnosis,
        left: Toll,
        story: _Story,
        context: Context,
    ) -> Result:
        """Enter how it stands now."""
        now, soundness = self.room.clock.now(), Soundness(self.room.catalogue.database)
        still = {(item.kind, item.object) for item in left.damage}
        known = soundness.damage(repository.name).get(repository.name, [])
        soundness.heal(repository.name, [d for d in known if (d.kind, d.object) not in still], now)
        if left.damage:
            enter(self.room, repository, left, context)
        again = count_good_again(self.room, repository, "whole again after a repair")
        depth = Depth(1, 1) if self.read_data else Depth()
        text, status = _told(diagnosis, left, story, len(again))
        record(self.room, repository, context, depth, status, text)
        if self.read_data and not left.damage:
            soundness.put_reading(repository.name, Reading(1, 1, now), context.run_id)
        facts = {
            **diagnosis.facts(),
            "taken_out": story.taken,
            "kept_in": str(self._quarantine(repository, context)) if story.taken else None,
            "brought_back": story.returned,
            "read_again": story.read_again,
            "without_lost_files": story.cut,
            "whole_again": again,
            "problems": story.problems,
            "lost_files": list(left.files[:200]),
            "still_broken": left.facts() if left.damage else None,
        }
        error = _lost(left) if left.damage else None
        return Result(repository.name, status, text, facts, error=error)


def _refuse_impossible(
    room: BackupRoom, repository: Repository, diagnosis: Diagnosis, version: Version
) -> None:
    needs_hands = diagnosis.present_packs and not version.repairs
    if needs_hands and not room.target(repository).traits.opens_files:
        raise ToolError(
            f"restic {version} cannot take broken packs out of {repository.name}: "
            f"{', '.join(pack[:16] for pack in diagnosis.present_packs[:5])}",
            hint="install restic 0.17 or newer, or move data/XX/ID away on the server, "
            "then run the repair again",
        )


def _lost(left: Toll) -> NetopsError:
    error = left.error()
    error.hint = (
        "what is named is lost here: no other repository has it and the source has changed. "
        "Forget these backups, or repair with restic 0.17 or newer to keep the rest of them"
    )
    return error


def _told(diagnosis: Diagnosis, left: Toll, story: _Story, again: int) -> tuple[str, Status]:
    if not diagnosis and not left.damage and not story.returned:
        return "nothing is broken" + (f", {again} backups count again" if again else ""), Status.OK
    parts = [f"took out {', '.join(story.taken)}"] if story.taken else []
    if story.returned:
        places = ", ".join(sorted(set(story.returned.values())))
        parts.append(f"{len(story.returned)} backups brought back from {places}")
    parts += [f"read {', '.join(story.read_again)} again"] if story.read_again else []
    parts += [f"{again} backups whole again"] if again else []
    if story.cut:
        parts.append(f"{len(story.cut)} backups without lost files {', '.join(left.files[:3])}")
    parts += story.problems
    if left.damage:
        return "; ".join([f"still {left.text}", *parts]), Status.CRITICAL
    return "; ".join(["healed", *parts]), Status.WARNING if story.cut else Status.OK
