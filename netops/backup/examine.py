"""One look at a repository: restic's check, what its findings mean, and all of it on record."""

from datetime import datetime

from netops.backup.damage import count_good_again, take_toll
from netops.backup.locks import clear_leftovers, past_dead_locks
from netops.backup.model import Job, Repository
from netops.backup.preflight import check_place
from netops.backup.restic import check
from netops.backup.room import BackupRoom, limits
from netops.backup.soundness import Damage, Reading, Soundness
from netops.core.cadence import parse_cadence
from netops.core.clock import parse_utc, utc_text
from netops.core.dataclass import dataclass, replace
from netops.core.errors import InterruptedRunError, LockedError, NetopsError, UnreachableError
from netops.core.ids import new_id
from netops.core.results import Result
from netops.core.run import Context, Progress
from netops.core.status import Status
from netops.store.database import Database

#: How long a check after a backup waits for other jobs' copies; it stays due for the next run.
_READERS_S = 5.0


@dataclass(frozen=True, slots=True)
class Depth:
    """How deep to look: the structure always, and a portion of the data."""

    #: Portion `part` of `parts`; 1 of 1 is everything, None is the structure alone.
    part: int | None = None
    parts: int = 1

    @property
    def text(self) -> str:
        """Return it as a person would say it."""
        if self.part is None:
            return "structure checked"
        if self.parts == 1:
            return "all data read back"
        return f"structure checked, part {self.part} of {self.parts} read back"


def examine(room: BackupRoom, repository: Repository, depth: Depth, context: Context) -> Result:
    """
    Check a repository as deep as asked and enter what was found; the caller holds it.

    The result is CRITICAL with an IntegrityError when something is broken.
    """
    context.progress(Progress(step=f"checking {repository.name}"))
    subset = f"{depth.part}/{depth.parts}" if depth.part and depth.parts > 1 else None
    access = room.access(repository)
    findings = past_dead_locks(
        room,
        repository,
        context,
        lambda: check.check(
            access,
            limits(context, repository.deadline_s, quiet=True),
            read_data=depth.parts == 1 and depth.part is not None,
            subset=subset,
        ),
    )
    facts = {"check": "data" if depth.part else "structure", "part": depth.part}
    facts["parts"] = depth.parts if depth.part else None
    if findings:
        toll = take_toll(room, repository, findings, context)
        record(room, repository, context, depth, Status.CRITICAL, toll.text)
        return Result(
            repository.name,
            Status.CRITICAL,
            toll.text,
            {**facts, **toll.facts()},
            error=toll.error(),
        )
    _settle(room, repository, depth, context)
    record(room, repository, context, depth, Status.OK, depth.text)
    return Result(repository.name, Status.OK, depth.text, facts)


def check_if_due(room: BackupRoom, repository: Repository, context: Context) -> Result | None:
    """
    Check the structure after a backup when that is due and cheap; None when nothing was done.

    Cheap is a repository on this machine. The caller does not hold it.
    """
    if not room.target(repository).traits.cheap_listing:
        return None
    if not is_structure_due(room, repository, room.clock.now()):
        return None
    try:
        with room.exclusively(repository, context):
            if not is_structure_due(room, repository, room.clock.now()):
                return None  # another job of this repository was faster
            check_place(room, repository, context)
            clear_leftovers(room, repository, context)
            with room.unread(repository, context, wait_s=_READERS_S):
                return examine(room, repository, Depth(), context)
    except InterruptedRunError:
        raise
    except (LockedError, UnreachableError):
        # Busy: it stays due. Gone: the backup or the copy said so already. What nobody saw is
        # neither whole nor damaged.
        return None
    except NetopsError as error:
        record(room, repository, context, Depth(), Status.CRITICAL, str(error))
        text = f"{repository.name}: check failed: {error}"
        return Result(repository.name, Status.CRITICAL, text, error=error)


def is_structure_due(room: BackupRoom, repository: Repository, now: datetime) -> bool:
    """Tell whether the repository's structure is to be checked by its cadence."""
    last = structure_checked_at(room.catalogue.database, repository)
    return parse_cadence(repository.verify.structure).is_due(last, now)


def structure_checked_at(database: Database, repository: Repository) -> datetime | None:
    """Return when a repository's structure was last found whole; None for never."""
    rows = database.execute("last_verifications")
    done = [
        parse_utc(row["at"])
        for row in rows
        if row["location"] == repository.name
        and row["kind"] in {"structure", "data"}
        and row["status"] == Status.OK
    ]
    return max(done, default=None)


def _settle(room: BackupRoom, repository: Repository, depth: Depth, context: Context) -> None:
    """Enter what a clean check proves: the portion read, and old damage that is gone."""
    now = room.clock.now()
    soundness = Soundness(room.catalogue.database)
    if depth.part is not None:
        reading = Reading(depth.parts, depth.part, now)
        soundness.put_reading(repository.name, reading, context.run_id)
    damage = soundness.damage(repository.name).get(repository.name, [])
    healed = [item for item in damage if _is_disproved(item, depth)]
    if healed:
        soundness.heal(repository.name, healed, now)
        count_good_again(room, repository, f"whole again: {depth.text}")


def _is_disproved(damage: Damage, depth: Depth) -> bool:
    """Tell whether a clean check of this depth proves that the damage is gone."""
    if depth.part is not None and depth.parts == 1:
        return True
    if damage.kind in {"index", "snapshot"}:
        return True
    if damage.kind == "pack" and depth.part is not None:
        # restic puts a pack into a portion by the first byte of its id.
        return int(damage.object[:2], 16) % depth.parts == depth.part - 1
    return False


def record(
    room: BackupRoom,
    repository: Repository,
    context: Context,
    depth: Depth,
    status: Status,
    text: str,
) -> None:
    """Enter that a repository was looked at."""
    if context.dry_run:
        return
    room.catalogue.database.execute(
        "add_verification",
        id=new_id(),
        run_id=context.run_id,
        location=repository.name,
        kind="data" if depth.part else "structure",
        at=utc_text(room.clock.now()),
        status=int(status),
        message=text,
    )


def with_checks(room: BackupRoom, job: Job, result: Result, context: Context) -> Result:
    """Return a backup's result together with the structure checks that were due after it."""
    bad = []
    failed = {
        place["location"]
        for place in result.facts.get("locations", ())
        if place["status"] == Status.CRITICAL.name
    }
    for location in job.locations:
        if location in failed:
            continue  # it said why already, and the backup elsewhere is good none the less
        checked = check_if_due(room, room.repository(location), context)
        if checked is not None and checked.status is not Status.OK:
            bad.append(checked)
    if not bad:
        return result
    summary = "; ".join([result.summary, *(f"{item.target}: {item.summary}" for item in bad)])
    facts = {**result.facts, "checks": [item.as_dict() for item in bad]}
    return replace(result, status=Status.CRITICAL, summary=summary, facts=facts, error=bad[0].error)
