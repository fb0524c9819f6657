"""Whether a backup's change rate is ordinary for its job or looks like destruction: pure judgement."""

from collections.abc import Callable, Sequence

from netops.backup.model import AlarmLimits
from netops.core.dataclass import dataclass

#: How many earlier backups are compared, newest first.
WINDOW = 30
#: A job this young has no habits yet, so only its content and its losses are judged.
YOUNG = 3
#: Fewer files in a sample say nothing about shares.
_LEAST_SAMPLE = 16
#: So many files of one sample must have lost their type.
_LEAST_BROKEN = 5
#: Over so many backups a slow attack is added up.
_CREEP = 7
_NOTE_FOLDERS = 10


@dataclass(frozen=True, slots=True)
class Rates:
    """
    What changed from the previous judged backup of a job to this one.

    `files_before` is None for the first backup, `touched` where nobody could look at the file
    times. `removed` is a lower bound: restic counts against the parent, not against the previous.
    """

    kind: str
    files: int
    files_before: int | None = None
    bytes: int = 0
    bytes_before: int = 0
    #: Files created or changed since the previous backup.
    touched: int | None = None
    removed: int = 0
    #: Pieces of content the repository did not have.
    new_blobs: int = 0
    sampled: int = 0
    #: Of the sampled: the name promises a type and the content is random or blank instead.
    broken: int = 0
    #: Of the sampled: random content of no known type under a name that promises nothing.
    opaque: int = 0

    @property
    def replaced(self) -> int:
        """Files that were there before and are overwritten, or removed with another in their place."""
        if self.files_before is None or self.touched is None:
            return 0
        added = max(self.files - self.files_before + self.removed, 0)
        return max(self.touched - added, 0) + min(added, self.removed)

    @property
    def lost(self) -> int:
        """Files fewer than before."""
        return max((self.files_before or 0) - self.files, 0)

    def of_before(self, count: int) -> float:
        """Return a count as a share of the files before, 0 to 1."""
        return min(count / self.files_before, 1.0) if self.files_before else 0.0

    def of_sample(self, count: int) -> float:
        """Return a count as a share of the sampled files, 0 to 1."""
        return count / self.sampled if self.sampled else 0.0

    def likely(self, count: int) -> int:
        """Return how many of the touched files a count of sampled ones stands for."""
        return round(self.of_sample(count) * (self.touched or self.sampled))


@dataclass(frozen=True, slots=True)
class Names:
    """What the names of the touched files tell."""

    #: A name like a ransom note's, and in how many folders it appeared with the same size.
    note: str = ""
    note_folders: int = 0
    folders: int = 0
    #: An ending that was appended to known ones, and to how many files.
    suffix: str = ""
    suffix_files: int = 0


@dataclass(frozen=True, slots=True)
class Past:
    """An earlier backup of the job that nobody has doubts about."""

    rates: Rates
    #: It raised an alarm, and an administrator declared the change ordinary.
    declared: bool = False


@dataclass(frozen=True, slots=True)
class Sign:
    """One reason for the alarm."""

    #: `encrypted`, `rewritten`, `removed` or `notes`.
    name: str
    text: str
    #: How many judged backups before this one it began.
    began: int = 0


def judge(
    now: Rates, past: Sequence[Past], limits: AlarmLimits, names: Names | None = None
) -> tuple[Sign, ...]:
    """Return the signs of destruction in `now`; `past` is newest first, without alarmed backups."""
    if not limits.enabled or now.files_before is None:
        return ()
    found = [
        _broken(now, past, limits),
        _opaque(now, past, limits),
        _notes(names or Names()),
        _rewritten(now, _comparable(now, past), limits),
        _removed(now, _comparable(now, past), limits),
    ]
    signs = [sign for sign in found if sign is not None]
    if not any(sign.name == "encrypted" for sign in signs):
        signs += _creeping(now, past, limits)
    return tuple(signs)


def usual(past: Sequence[Past], measure: Callable[[Rates], float]) -> float:
    """
    Return the upper edge of what is ordinary: the 9th decile, or the most a young job has shown.

    A decile and not a mean, so that one odd day in the window moves nothing. A backup that was
    declared ordinary by hand always counts in full.
    """
    values = sorted(measure(item.rates) for item in past)
    declared = [measure(item.rates) for item in past if item.declared]
    if not values:
        return 0.0
    edge = values[-1] if len(values) < 10 else values[int(0.9 * (len(values) - 1))]
    return max([edge, *declared])


def _allowed(fixed: float, habit: float) -> float:
    """Return the share from which a change is a jump: half as much again as usual, never above 1."""
    return max(fixed, min(1.5 * habit, (1 + habit) / 2))


def _comparable(now: Rates, past: Sequence[Past]) -> Sequence[Past]:
    """Return earlier backups of the same kind; of every kind while there are too few of that."""
    alike = [item for item in past if item.rates.kind == now.kind]
    return (alike if len(alike) > YOUNG else list(past))[:WINDOW]


def _sampled(past: Sequence[Past]) -> Sequence[Past]:
    return [item for item in past[:WINDOW] if item.rates.sampled >= _LEAST_SAMPLE]


def _strikes_what_was_there(now: Rates, likely: int) -> bool:
    """Tell destruction from an import: whoever only adds files destroys none."""
    return 2 * (now.replaced + now.lost) >= likely


def _broken(now: Rates, past: Sequence[Past], limits: AlarmLimits) -> Sign | None:
    share, likely = now.of_sample(now.broken), now.likely(now.broken)
    habit = usual(_sampled(past), lambda rates: rates.of_sample(rates.broken))
    if now.broken < _LEAST_BROKEN or likely < limits.min_files:
        return None
    if share <= _allowed(limits.encrypted, habit) or not _strikes_what_was_there(now, likely):
        return None
    return Sign(
        "encrypted",
        f"{now.broken} of {now.sampled} sampled files no longer hold what their names promise "
        f"(about {likely:,} of {now.touched or 0:,} changed files): encrypted or blanked",
    )


def _opaque(now: Rates, past: Sequence[Past], limits: AlarmLimits) -> Sign | None:
    """Judge random content under names that promise nothing; weaker, so twice as much is asked."""
    count = now.opaque + now.broken
    share, likely = now.of_sample(count), now.likely(count)
    habit = usual(_sampled(past), lambda rates: rates.of_sample(rates.opaque + rates.broken))
    if now.broken >= now.opaque or now.sampled < _LEAST_SAMPLE or likely < 2 * limits.min_files:
        return None
    if share <= _allowed(0.5, habit) or not _strikes_what_was_there(now, likely):
        return None
    return Sign(
        "encrypted",
        f"{count} of {now.sampled} sampled files are random data of no known type "
        f"(about {likely:,} of {now.touched or 0:,} changed files)",
    )


def _notes(names: Names) -> Sign | None:
    if names.note_folders < max(_NOTE_FOLDERS, 0.2 * names.folders):
        return None
    return Sign("notes", f"the same {names.note!r} appeared in {names.note_folders:,} folders")


def _rewritten(now: Rates, past: Sequence[Past], limits: AlarmLimits) -> Sign | None:
    share = now.of_before(now.replaced)
    allowed = _allowed(limits.rewritten, usual(past, lambda rates: rates.of_before(rates.replaced)))
    if len(past) < YOUNG or now.replaced < limits.min_files or share <= allowed:
        return None
    emptied = now.bytes < now.bytes_before / 2
    if 2 * now.new_blobs < now.replaced and not emptied:
        return None  # owner, mode or place changed; the content is what it was
    return Sign(
        "rewritten",
        f"{now.replaced:,} of {now.files_before or 0:,} files ({share:.0%}) were overwritten or replaced "
        f"since the previous backup (allowed: {allowed:.0%})",
    )


def _removed(now: Rates, past: Sequence[Past], limits: AlarmLimits) -> Sign | None:
    share = now.of_before(now.lost)
    allowed = _allowed(limits.removed, usual(past, lambda rates: rates.of_before(rates.lost)))
    if now.lost < limits.min_files or share <= allowed:
        return None
    return Sign(
        "removed",
        f"{now.lost:,} of {now.files_before or 0:,} files ({share:.0%}) are gone since the previous "
        f"backup (allowed: {allowed:.0%})",
    )


def _creeping(now: Rates, past: Sequence[Past], limits: AlarmLimits) -> tuple[Sign, ...]:
    """Add up what single backups are too small to show: a few files lose their type every day."""
    if not now.broken:
        return ()
    counts = [rates.likely(rates.broken) for rates in (now, *(item.rates for item in past))]
    recent, older = sum(counts[:_CREEP]), counts[_CREEP:]
    habit = max((sum(older[i : i + _CREEP]) for i in range(len(older))), default=0)
    struck = sum(
        min(rates.replaced + rates.lost, rates.likely(rates.broken))
        for rates in (now, *(item.rates for item in past[: _CREEP - 1]))
    )
    if recent < limits.min_files or recent <= 3 * habit or 2 * struck < recent:
        return ()
    began = max(index for index, count in enumerate(counts[:_CREEP]) if count)
    text = f"about {recent} files lost their type over the last {began + 1} backups"
    return (Sign("encrypted", text, began),)
