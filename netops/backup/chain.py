"""Which kind of backup to make, and what it stands on."""

from collections.abc import Mapping
from datetime import datetime

from netops.backup.model import Job, Kind
from netops.backup.records import Backup
from netops.core.cadence import parse_cadence
from netops.core.dataclass import dataclass
from netops.core.errors import ChainError


@dataclass(frozen=True, slots=True)
class History:
    """What the catalogue knows of one job in its repository; only backups that can be relied on."""

    last_full: Backup | None = None
    last_any: Backup | None = None
    #: Sequence number and start of the newest good backup of each kind.
    done: Mapping[Kind, tuple[int, datetime]] | None = None

    def covered_at(self, kind: Kind) -> datetime | None:
        """
        Return when `kind` was last done; a stronger kind does a weaker one's work.

        Newest by sequence: a backup made while the clock stood in the future must not hide those
        made since.
        """
        done = self.done or {}
        strength = list(Kind)
        covering = [done[k] for k in strength[: strength.index(kind) + 1] if k in done]
        return max(covering)[1] if covering else None


@dataclass(frozen=True, slots=True)
class Decision:
    """The backup to make now."""

    kind: Kind
    base: Backup | None
    parent: Backup | None
    reason: str


@dataclass(frozen=True, slots=True)
class NotDue:
    """Nothing is to be done before `next_at`."""

    next_at: datetime | None


def decide(
    job: Job, asked: Kind | None, history: History, now: datetime, *, due_only: bool
) -> Decision | NotDue:
    """
    Return what to do; `asked` None means `auto`.

    Raises ChainError when a differential or log backup is asked for by name and has nothing to
    stand on.
    """
    if asked is not None:
        if due_only and not _is_due(job, asked, history, now):
            return NotDue(_next(job, [asked], history, now))
        return _standing(job, asked, history, "as asked")
    due = [kind for kind in job.policy if _is_due(job, kind, history, now)]
    if due_only and not due:
        return NotDue(_next(job, list(job.policy), history, now))
    if history.last_full is None:
        return Decision(Kind.FULL, None, None, "no good full backup to stand on")
    if Kind.FULL in due:
        return Decision(Kind.FULL, None, None, f"full is due ({job.policy[Kind.FULL]})")
    kind = due[0] if due else _lightest(job)
    why = f"due ({job.policy[kind]})" if due else f"a good full of {history.last_full.id} exists"
    return _standing(job, kind, history, why)


def _lightest(job: Job) -> Kind:
    return Kind.LOG if set(job.policy) == {Kind.FULL, Kind.LOG} else Kind.DIFFERENTIAL


def _standing(job: Job, kind: Kind, history: History, reason: str) -> Decision:
    if kind is Kind.FULL:
        return Decision(kind, None, None, reason)
    parent = history.last_any if kind is Kind.LOG else history.last_full
    if history.last_full is None or parent is None:
        raise ChainError(
            f"job {job.name!r} has no good full backup in {job.repository!r} for a {kind} to stand on",
            hint=f"run `netops backup run {job.name} --type full` first",
        )
    return Decision(kind, history.last_full, parent, reason)


def _is_due(job: Job, kind: Kind, history: History, now: datetime) -> bool:
    text = job.policy.get(kind)
    return text is not None and parse_cadence(text).is_due(history.covered_at(kind), now)


def _next(job: Job, kinds: list[Kind], history: History, now: datetime) -> datetime | None:
    cadences = [parse_cadence(job.policy[kind]) for kind in kinds if kind in job.policy]
    return min([moment for c in cadences if (moment := c.next_after(now))], default=None)
