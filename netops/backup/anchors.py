"""The journal's note as it lies offsite: an anchor that whoever rewrites the journal cannot reach."""

from netops.backup.model import Repository
from netops.backup.restic import client, simple
from netops.backup.room import NOTE_NAME, BackupRoom
from netops.core.errors import NetopsError

_DEADLINE_S = 300.0


def newest_note(room: BackupRoom, repository: Repository) -> str:
    """Return the journal's note from the newest snapshot that has one; raise when none has."""
    access = room.access(repository)
    listed = simple.snapshots(access, tag="netops", deadline_s=_DEADLINE_S)
    carrying = [
        (snapshot, path)
        for snapshot in listed
        for path in snapshot.paths
        if path.endswith(f"/{NOTE_NAME}")
    ]
    if not carrying:
        raise NetopsError(
            f"{repository.name} holds no note of the journal",
            hint="every backup run takes it along; run one and try again",
        )
    snapshot, path = max(carrying, key=lambda pair: pair[0].sequence)
    return client.dump(access, snapshot.id, path, client.Call(_DEADLINE_S))
