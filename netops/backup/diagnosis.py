"""What exactly is broken in a repository, before anything is touched."""

from typing import Any

from netops.backup.damage import Toll, assess
from netops.backup.model import Repository
from netops.backup.restic import check
from netops.backup.room import BackupRoom, limits
from netops.backup.soundness import Soundness
from netops.core.dataclass import dataclass, replace
from netops.core.run import Context, Progress


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Everything known to be broken, and what it hits."""

    #: Packs that are broken or missing.
    packs: tuple[str, ...]
    #: Those of them that are there to be taken out.
    present_packs: tuple[str, ...]
    snapshots: tuple[str, ...]
    toll: Toll

    def __bool__(self) -> bool:
        """Tell whether anything is broken."""
        return bool(self.toll.damage)

    @property
    def backups(self) -> tuple[str, ...]:
        """Return the backups that are hit."""
        return self.toll.backups

    @property
    def text(self) -> str:
        """Return it in one sentence."""
        return self.toll.text

    def facts(self) -> dict[str, Any]:
        """Return plain values."""
        return {"packs": list(self.packs), **self.toll.facts()}


def diagnose(
    room: BackupRoom, repository: Repository, context: Context, *, read_data: bool
) -> Diagnosis:
    """
    Check the repository, confirm what is on record as broken, and name what is hit.

    The caller holds the repository. Nothing is changed.
    """
    context.progress(Progress(step="looking for what is broken"))
    access = room.access(repository)
    call = limits(context, repository.deadline_s, quiet=True)
    findings = check.check(access, call, read_data=read_data)
    known = _known_packs(room, repository)
    target = room.target(repository)
    if target.traits.opens_files:
        # A broken directory list does not name its pack: then every pack is looked at.
        suspects = None if findings.trees else sorted({*findings.packs, *known})
        present = target.broken_packs(suspects, context.cancel.check)
    else:
        if (findings.trees or known) and not read_data:
            findings = check.check(access, call, read_data=True)
        present = [pack for pack in findings.packs if pack not in findings.missing_packs]
    new = tuple(pack for pack in present if pack not in findings.packs)
    findings = replace(
        findings, packs=(*findings.packs, *new), vague_packs=(*findings.vague_packs, *new)
    )
    if not findings:
        return Diagnosis((), (), (), Toll(repository.name, (), (), (), complete=True))
    toll = assess(room, repository, findings, context)
    return Diagnosis(findings.packs, tuple(present), findings.snapshots, toll)


def _known_packs(room: BackupRoom, repository: Repository) -> list[str]:
    damage = Soundness(room.catalogue.database).damage(repository.name).get(repository.name, [])
    return [item.object for item in damage if item.kind == "pack"]
