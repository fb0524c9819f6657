"""How well the network is known right now: when it was asked, who is silent, what is in doubt."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from netops.core.cadence import parse_cadence
from netops.core.clock import utc_text
from netops.core.dataclass import dataclass
from netops.core.status import Status
from netops.core.units import duration_text
from netops.records.model import Record, RecordState
from netops.records.overdue import Overdue
from netops.topology.history.heirs import is_down
from netops.topology.model import DeviceState, Link, LinkState, Snapshot
from netops.topology.naming import name_in, names_of

#: After so many intervals of `topology.every` a scan is late, and then very late.
_LATE, _VERY_LATE = 2, 4
_UNDECIDED = frozenset({RecordState.DRAFT, RecordState.SUBMITTED, RecordState.REJECTED})


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that somebody should look at."""

    #: scan, device, link or record.
    about: str
    name: str
    status: Status
    text: str

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        row = {"about": self.about, "name": self.name}
        return {**row, "status": self.status.name, "text": self.text}


@dataclass(frozen=True, slots=True)
class Health:
    """The state of what is known, in figures and in findings."""

    scanned_at: datetime | None
    age_s: float | None
    warning_after_s: float | None
    critical_after_s: float | None
    counts: dict[str, int]
    findings: tuple[Finding, ...]

    @property
    def status(self) -> Status:
        """Return the worst of all; OK when nothing was found."""
        return Status.worst([Status.OK, *(one.status for one in self.findings)])

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "status": self.status.name,
            "scanned_at": utc_text(self.scanned_at) if self.scanned_at else None,
            "age_s": None if self.age_s is None else round(self.age_s),
            "warning_after_s": self.warning_after_s,
            "critical_after_s": self.critical_after_s,
            **self.counts,
            "findings": [one.as_dict() for one in self.findings],
        }


def health(
    seen: Snapshot | None,
    every: str | None,
    records: Iterable[Record],
    late: Iterable[Overdue],
    now: datetime,
) -> Health:
    """Return how well the network is known; `every` is the cadence of scans, None for by hand."""
    interval_s = parse_cadence(every).interval_s if every else None
    limits = (_LATE, _VERY_LATE) if interval_s not in {None, float("inf")} else ()
    warning_s, critical_s = [n * (interval_s or 0) for n in limits] or (None, None)
    age_s = (now - seen.taken_at).total_seconds() if seen else None
    down = {uid for uid in seen.devices if is_down(seen, uid)} if seen else set()
    doubtful = list(_doubtful(seen)) if seen else []
    unapproved = [one for one in records if one.fields.get("unapproved") and _is_undecided(one)]
    overdue = list(late)
    counts = {
        "devices": len(seen.devices) if seen else 0,
        "links": len(seen.links) if seen else 0,
        "silent": len(seen.silent) if seen else 0,
        "down": len(down),
        "one_sided": sum(one.state is LinkState.ONE_SIDED for one in doubtful),
        "conflicts": sum(one.state is LinkState.CONFLICT for one in doubtful),
        "unapproved": len(unapproved),
        "overdue": len(overdue),
    }
    found = [
        *_age(age_s, warning_s, critical_s),
        *(_devices(seen, down) if seen else ()),
        *(_links(seen, doubtful) if seen else ()),
        *(
            Finding("record", one.number, Status.WARNING, f"{one.number} was not approved before")
            for one in unapproved
        ),
        *(Finding("record", one.record.number, one.status, one.text) for one in overdue),
    ]
    scanned_at = seen.taken_at if seen else None
    return Health(scanned_at, age_s, warning_s, critical_s, counts, tuple(found))


def _is_undecided(record: Record) -> bool:
    """An approval afterwards settles it."""
    return record.state in _UNDECIDED


def _age(
    age_s: float | None, warning_s: float | None, critical_s: float | None
) -> Iterator[Finding]:
    if age_s is None:
        yield Finding("scan", "", Status.UNKNOWN, "the network was never scanned")
    elif age_s < 0:
        yield Finding("scan", "", Status.UNKNOWN, "the last scan lies in the future: clock changed")
    elif warning_s is not None and critical_s is not None and age_s > warning_s:
        status = Status.CRITICAL if age_s > critical_s else Status.WARNING
        text = (
            f"the last scan is {duration_text(age_s)} old, allowed are {duration_text(warning_s)}"
        )
        yield Finding("scan", "", status, text)


def _devices(seen: Snapshot, down: set[str]) -> Iterator[Finding]:
    names = names_of(seen)
    told = set()
    for name in sorted(names[uid] for uid in down):
        told.add(name)
        text = f"{name} is down: it does not answer, and its neighbours do not see it"
        yield Finding("device", name, Status.CRITICAL, text)
    for name in seen.silent:
        if name not in told:
            text = f"{name} does not answer; what it said last still stands"
            yield Finding("device", name, Status.WARNING, text)


def _doubtful(seen: Snapshot) -> Iterator[Link]:
    """Yield links that two devices with a word of their own do not agree on."""
    for link in seen.links:
        own = all(
            seen.devices[end.device].state is DeviceState.ANSWERED for end in (link.a, link.b)
        )
        if link.state is LinkState.CONFLICT or (own and link.state is LinkState.ONE_SIDED):
            yield link


def _links(seen: Snapshot, doubtful: Iterable[Link]) -> Iterator[Finding]:
    names = names_of(seen)
    for link in doubtful:
        ends = " – ".join(f"{name_in(names, e.device)}:{e.port}" for e in (link.a, link.b))
        text = f"{ends} is {link.state}{f': {link.reason}' if link.reason else ''}"
        yield Finding("link", ends, Status.WARNING, text)
