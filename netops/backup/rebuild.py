"""`backup rebuild-catalogue`: the catalogue made again, or set right, from what repositories hold."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from netops.backup.catalogue import printable
from netops.backup.engines.base import origin_of
from netops.backup.model import Job, Kind, Repository
from netops.backup.preflight import check_tools
from netops.backup.records import Backup, Placement
from netops.backup.restic import simple
from netops.backup.restic.simple import Snapshot
from netops.backup.room import NOTE_NAME, BackupRoom, limits
from netops.core.clock import local_text
from netops.core.dataclass import dataclass, field, replace
from netops.core.results import Result
from netops.core.run import Context, Progress
from netops.core.status import Status

_LIST_S = 3600.0
_ID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
_NUMBER = re.compile(r"[1-9][0-9]{0,9}")
#: Years that a database can hold as text and a person can mean.
_YEARS = range(1990, 10_000)
_LONGEST_TEXT = 500
_MOST_PATHS = 1000
_SHOWN = 20
_REBUILT = "from the repository's own tags: how it ended and what it read is not known"


@dataclass(frozen=True, slots=True)
class Tagged:
    """One snapshot whose tags say which backup it is."""

    backup_id: str
    job: str
    kind: Kind
    seq: int
    base_id: str | None
    parent_id: str | None
    taken_at: datetime
    snapshot: Snapshot

    @property
    def identity(self) -> tuple[str, Kind, int]:
        """Return what must be the same wherever the backup lies."""
        return (self.job, self.kind, self.seq)


@dataclass(slots=True)
class Findings:
    """What one repository taught the catalogue."""

    entered: int = 0
    placed: int = 0
    gone: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RebuildRun:
    """
    The work of `backup rebuild-catalogue` on one repository.

    Repositories come one after the other, primaries first, so that a full is known before what
    stands on it. What the catalogue has stays, unless the repository shows that it is wrong.
    """

    room: BackupRoom
    #: Everything accepted so far, for links from one repository to the other.
    known: dict[str, Tagged] = field(default_factory=dict)
    #: Those of which it is not yet entered what they stand on.
    loose: set[str] = field(default_factory=set)

    def __call__(self, repository: Repository, context: Context) -> Result:
        """List the repository, enter what the catalogue lacks, strike what is gone."""
        check_tools(self.room)
        self.room.target(repository).reach(repository.connect_timeout_s)
        with self.room.exclusively(repository, context):
            context.progress(Progress(step="listing"))
            deadline_s = limits(context, _LIST_S).deadline_s or _LIST_S
            access = self.room.access(repository)
            listed = simple.snapshots(access, tag="netops", deadline_s=deadline_s)
            findings = Findings()
            tagged = self._accepted(listed, findings)
            with self.room.catalogue.database.transaction():
                there = {
                    item.backup_id
                    for item in tagged
                    if self._enter(item, repository, findings, context)
                }
                self._strike(there, repository, findings, context)
                if not context.dry_run:
                    self.link()
        return _result(repository, len(listed), findings)

    def _accepted(self, listed: Sequence[Snapshot], findings: Findings) -> list[Tagged]:
        """Return one readable snapshot per backup, in the order of their numbers."""
        found: dict[str, list[Tagged]] = {}
        for snapshot in listed:
            item = read_tags(snapshot)
            if isinstance(item, Tagged):
                found.setdefault(item.backup_id, []).append(item)
            else:
                findings.remarks.append(f"snapshot {snapshot.id[:8]}: {item}; left out")
        chosen = [self._chosen(alike, findings) for alike in found.values()]
        return sorted((item for item in chosen if item is not None), key=self._order)

    def _chosen(self, alike: Sequence[Tagged], findings: Findings) -> Tagged | None:
        """Return one of the snapshots that say they are the same backup; None when they differ."""
        if len({(item.identity, item.taken_at) for item in alike}) == 1:
            return alike[0]  # a copy that was made twice
        backup_id = alike[0].backup_id
        ids = ", ".join(item.snapshot.id[:8] for item in alike[:_SHOWN])
        places = {place.snapshot_id for place in self.room.catalogue.placements(backup_id)}
        known = [item for item in alike if item.snapshot.id in places]
        which = f"{known[0].snapshot.id[:8]} is taken" if known else "left out"
        findings.remarks.append(
            f"{backup_id}: snapshots that differ say they are it: {ids}; {which}"
        )
        return known[0] if known else None

    def _order(self, item: Tagged) -> tuple[int, bool, datetime]:
        """Order by number; of two with the same, this machine's own comes first."""
        return (item.seq, item.snapshot.host != self.room.host, item.taken_at)

    def _enter(
        self, item: Tagged, repository: Repository, findings: Findings, context: Context
    ) -> bool:
        """Bring the catalogue in line with one snapshot; return whether it may be believed."""
        job = self.room.plan.jobs.get(item.job)
        known = self.room.catalogue.backup(item.backup_id)
        trouble = self._trouble(item, job, known)
        if trouble or job is None:
            findings.remarks.append(f"{item.backup_id}: {trouble}; left out")
            return False
        if known is not None and known.status is None and self.room.is_running(item.job):
            return True
        self.known.setdefault(item.backup_id, item)
        if known is None:
            findings.entered += 1
            if not context.dry_run:
                self._insert(item, job, context)
        elif known.status not in {0, 1}:
            findings.remarks.append(f"{item.backup_id}: counted as failed, but it is there")
            if not context.dry_run:
                self._adopt(known, item)
        if known is None or (known.base_id is None and known.kind is not Kind.FULL):
            self.loose.add(item.backup_id)
        self._place(item, job, repository, findings, dry_run=context.dry_run)
        return True

    def _trouble(self, item: Tagged, job: Job | None, known: Backup | None) -> str:
        """Return why the snapshot must not change the catalogue; empty when it may."""
        if job is None:
            return f"job {printable(item.job)[:64]!r} is not in netops.yaml"
        if known is not None and (known.job, known.kind, known.seq) != item.identity:
            return "its tags contradict the catalogue"
        twin = self.known.get(item.backup_id)
        if twin is not None and (twin.identity, twin.taken_at) != (item.identity, item.taken_at):
            return "its tags contradict another repository"
        holder = None if known else self._holder(item.seq)
        return f"its number {item.seq} belongs to {holder}" if holder else ""

    def _holder(self, seq: int) -> str | None:
        rows = self.room.catalogue.database.execute("backup_by_seq", seq=seq)
        return str(rows[0]["id"]) if rows else None

    def _insert(self, item: Tagged, job: Job, context: Context) -> None:
        paths = [path for path in item.snapshot.paths if not path.endswith(f"/{NOTE_NAME}")]
        self.room.catalogue.enter(
            Backup(
                item.backup_id,
                context.run_id,
                item.seq,
                item.job,
                job.repository,
                item.kind,
                None,
                None,
                item.taken_at,
                item.taken_at,
                int(Status.OK),
                item.snapshot.id,
                tuple(_source(path) for path in paths[:_MOST_PATHS]),
                message=_REBUILT,
                owner=_label(item.snapshot, "owner"),
                department=_label(item.snapshot, "department"),
                custodian=_label(item.snapshot, "custodian"),
                data_class=_label(item.snapshot, "class"),
            )
        )

    def _adopt(self, known: Backup, item: Tagged) -> None:
        self.room.catalogue.finish(
            replace(
                known,
                finished_at=known.finished_at or self.room.clock.now(),
                status=int(Status.WARNING),
                snapshot_id=item.snapshot.id,
                message="adopted: its snapshot is complete in the repository",
            )
        )

    def _place(
        self, item: Tagged, job: Job, repository: Repository, findings: Findings, *, dry_run: bool
    ) -> None:
        catalogue = self.room.catalogue
        now = self.room.clock.now()
        role = "primary" if repository.name == job.repository else "offsite"
        fresh = Placement(
            item.backup_id,
            repository.name,
            role,
            int(Status.OK),
            item.snapshot.id,
            item.taken_at,
            now,
            None,
            _REBUILT,
        )
        places = {place.location: place for place in catalogue.placements(item.backup_id)}
        old = places.get(repository.name)
        if old is not None and old.is_good:
            if old.snapshot_id == item.snapshot.id:
                return
            was = f"{old.snapshot_id or '?':.8}"
            findings.remarks.append(f"{item.backup_id}: is {item.snapshot.id[:8]} now, was {was}")
            fresh = replace(old, snapshot_id=item.snapshot.id, listed_at=now)
        elif old is not None and old.forgotten_at is not None:
            findings.remarks.append(f"{item.backup_id}: counted as dropped, but it is there")
        findings.placed += 1
        if not dry_run:
            catalogue.place(fresh)
            catalogue.database.execute(
                "recall_placement", backup_id=item.backup_id, location=repository.name
            )

    def _strike(
        self,
        there: set[str],
        repository: Repository,
        findings: Findings,
        context: Context,
    ) -> None:
        """Count what the repository lacks as lost, so that nothing stands on it any more."""
        for backup_id in sorted(self.room.catalogue.good_at(repository.name).values()):
            if backup_id in there:
                continue
            findings.gone.append(backup_id)
            text = f"gone: not in the repository on {local_text(self.room.clock.now())}"
            for place in self.room.catalogue.placements(backup_id):
                if place.location == repository.name and not context.dry_run:
                    lost = replace(place, status=int(Status.CRITICAL), listed_at=None, message=text)
                    self.room.catalogue.place(lost)

    def link(self) -> None:
        """Enter what backups stand on, as far as that is in the catalogue by now."""
        newest: dict[str, str] = {}
        for item in sorted(self.known.values(), key=lambda item: item.seq):
            if item.kind is Kind.FULL:
                self.loose.discard(item.backup_id)
                continue
            base = self._standing(item, item.base_id, {Kind.FULL})
            if base is None:
                continue
            # Older tags do not name the parent; of a log it was the backup before.
            guess = newest.get(base, base) if item.kind is Kind.LOG else base
            newest[base] = item.backup_id
            if item.backup_id in self.loose:
                parent = self._standing(item, item.parent_id, set(Kind)) or guess
                self.room.catalogue.database.execute(
                    "link_backup", id=item.backup_id, base_id=base, parent_id=parent
                )
                self.loose.discard(item.backup_id)

    def _standing(self, item: Tagged, below: str | None, kinds: set[Kind]) -> str | None:
        """Return `below` when it is an older backup of the same job and of one of `kinds`."""
        if below is None:
            return None
        known = self.known.get(below) or self.room.catalogue.backup(below)
        if known is None or known.job != item.job or known.kind not in kinds:
            return None
        return below if known.seq < item.seq else None


def read_tags(snapshot: Snapshot) -> Tagged | str:
    """Return what the tags say, or why they cannot be believed: anybody may have written them."""
    values = {name: _decoded(snapshot.tag(f"netops-{name}")) for name in _TAGS}
    twice = [name for name in _TAGS if _count(snapshot, name) > 1]
    if twice:
        return f"tag netops-{twice[0]} is there twice"
    if not _ID.fullmatch(values["run"]):
        return "tag netops-run names no backup"
    if values["type"] not in set(Kind):
        return "tag netops-type is no kind of backup"
    if not _NUMBER.fullmatch(values["seq"]):
        return "tag netops-seq is no number that netops gives"
    try:
        taken_at = _moment(snapshot.time)
    except ValueError:
        return "its time is no time"
    return Tagged(
        values["run"],
        values["job"],
        Kind(values["type"]),
        int(values["seq"]),
        values["base"] or None,
        values["parent"] or None,
        taken_at,
        snapshot,
    )


_TAGS = ("run", "job", "type", "seq", "base", "parent")


def _count(snapshot: Snapshot, name: str) -> int:
    return sum(tag.startswith(f"netops-{name}=") for tag in snapshot.tags)


def _decoded(value: str | None) -> str:
    """Undo what `room.tags_of` does to a value."""
    return (value or "").replace("%2C", ",").replace("%25", "%")


def _moment(text: str) -> datetime:
    # Go writes nanoseconds; Python reads microseconds.
    moment = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))
    if moment.tzinfo is None or moment.year not in _YEARS:
        raise ValueError(text)
    return moment.astimezone(UTC)


def _label(snapshot: Snapshot, name: str) -> str:
    return printable(_decoded(snapshot.tag(f"netops-{name}")))[:_LONGEST_TEXT]


def _source(path: str) -> Mapping[str, Any]:
    origin = origin_of(path)
    return {"engine": "files" if origin == path else "", "path": printable(origin)}


def _result(repository: Repository, count: int, findings: Findings) -> Result:
    parts = [f"{count} snapshots listed"]
    parts += [f"{findings.entered} backups entered"] if findings.entered else []
    parts += [f"{findings.placed} copies entered"] if findings.placed else []
    parts += [f"{len(findings.gone)} backups are gone"] if findings.gone else []
    parts += findings.remarks[:_SHOWN]
    if len(findings.remarks) > _SHOWN:
        parts.append(f"and {len(findings.remarks) - _SHOWN} more remarks")
    status = Status.WARNING if findings.remarks else Status.OK
    facts = {
        "snapshots": count,
        "entered": findings.entered,
        "placed": findings.placed,
        "gone": findings.gone[:1000],
        "remarks": findings.remarks[:1000],
    }
    status = Status.CRITICAL if findings.gone else status
    return Result(repository.name, status, "; ".join(parts), facts)
