"""The kinds of backup, apart from the rest of the model so that status loads nothing else."""

from enum import StrEnum


class Kind(StrEnum):
    """What a backup reads again; every kind restores completely on its own."""

    #: Every file is read again, which also heals what rotted unnoticed.
    FULL = "full"
    #: What changed since the last good full backup.
    DIFFERENTIAL = "differential"
    #: What changed since the last backup of any kind.
    LOG = "log"
