"""The restic calls that change what is broken; each is told exactly what to touch."""

from collections.abc import Sequence
from pathlib import Path

from netops.backup.restic.access import Access, opened
from netops.backup.restic.client import Call
from netops.backup.restic.messages import failure
from netops.core import process


def salvage_packs(access: Access, packs: Sequence[str], directory: Path, call: Call) -> None:
    """
    Replace broken packs by new ones with what is whole in them (restic 0.17 and later).

    restic leaves a copy of every old pack in `directory`, which must be empty.
    """
    with opened(access) as invocation:
        done = process.run(
            [*invocation.argv, "repair", "packs", "--", *packs],
            env=invocation.env,
            cwd=directory,  # restic writes the copies there
            deadline_s=call.deadline_s,
            cancel=call.cancel,
        )
    if done.returncode:
        raise failure(access.name, done)


def drop_lost_files(access: Access, snapshot_ids: Sequence[str], call: Call) -> None:
    """Write the snapshots anew without what is lost in them (restic 0.17 and later)."""
    done = call.run(access, "repair", "snapshots", "--forget", "--", *snapshot_ids)
    if done.returncode:
        raise failure(access.name, done)


def snapshot_text(access: Access, snapshot_id: str, call: Call) -> str:
    """Return what a snapshot says of itself, as JSON text."""
    done = call.run(access, "cat", "snapshot", snapshot_id)
    if done.returncode:
        raise failure(access.name, done)
    return done.stdout
