"""What the daemon tells while it works; the command line prints it."""

from datetime import datetime

from netops.core.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Started:
    """A job was due and its program runs."""

    moment: datetime
    name: str
    #: The kinds that are due, without those that a stronger one covers.
    kinds: tuple[str, ...]
    missed: int
    clock_went_back: bool


@dataclass(frozen=True, slots=True)
class Finished:
    """A job's program ended, or could not be started."""

    moment: datetime
    name: str
    #: None when it could not be started; `error` says why.
    exit_code: int | None
    error: str
    duration_s: float
    #: Failures in a row, this one included; 0 after a success.
    failures: int
    #: The job is not started again before this moment.
    not_before: datetime | None


@dataclass(frozen=True, slots=True)
class PlanChanged:
    """The configuration holds other jobs than before; at the start all are added."""

    moment: datetime
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlanKept:
    """The jobs could not be read; the last good plan stays. Told once per error."""

    moment: datetime
    error: str


@dataclass(frozen=True, slots=True)
class Stopping:
    """A signal came; the programs that run may end by themselves first."""

    moment: datetime
    signal_number: int
    running: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stopped:
    """The daemon is done; `left` did not end even when told to."""

    moment: datetime
    exit_code: int
    left: tuple[str, ...]


Event = Started | Finished | PlanChanged | PlanKept | Stopping | Stopped
