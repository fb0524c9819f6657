"""The label of a backup: what, whose, when, which type, who keeps it where, and for how long (R6.7)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from netops.backup.catalogue import Catalogue
from netops.backup.custody import Holding, Item, holder_of
from netops.backup.handover import Custody
from netops.backup.model import BackupPlan, Job, Kind
from netops.backup.records import Backup, Placement
from netops.core.dataclass import dataclass
from netops.core.errors import UsageError
from netops.core.i18n import display_width, mark, mark_plural
from netops.reports.words import Words, moment, size, visible, zone
from netops.store.connection import Row


@dataclass(frozen=True, slots=True)
class LabelPlace:
    """One place the backup lies in."""

    repository: str
    role: str
    place: str
    custodian: str
    snapshot_id: str
    listed_at: datetime


@dataclass(frozen=True, slots=True)
class Label:
    """Everything a label says."""

    site: str
    run_id: str
    seq: int
    job: str
    description: str
    sources: tuple[str, ...]
    owner: str
    department: str
    custodian: str
    data_class: str
    kind: Kind
    started_at: datetime
    finished_at: datetime | None
    files: int
    size_bytes: int
    base_id: str | None
    incomplete: bool
    places: tuple[LabelPlace, ...]
    retention: Mapping[str, Any]


def make_labels(
    site: str, catalogue: Catalogue, custody: Custody, backup_ids: Sequence[str]
) -> list[Label]:
    """Return the labels of the named backups, or of the newest good one of each job."""
    wanted = backup_ids or _newest(catalogue, custody.plan)
    held = custody.holdings()
    labels = []
    for backup_id in dict.fromkeys(wanted):
        backup = catalogue.backup(backup_id)
        if backup is None:
            raise UsageError(f"there is no backup {backup_id}", hint="see `netops backup list`")
        places = catalogue.placements(backup_id)
        labels.append(make_label(site, backup, places, custody.plan, held))
    return labels


def _newest(catalogue: Catalogue, plan: BackupPlan) -> list[str]:
    newest: dict[str, Row] = {}
    for row in catalogue.database.execute("latest_placements"):
        if row["job"] in plan.jobs:
            newest[row["job"]] = max(row, newest.get(row["job"], row), key=lambda one: one["seq"])
    return [newest[job]["backup_id"] for job in plan.jobs if job in newest]


def make_label(
    site: str,
    backup: Backup,
    placements: Sequence[Placement],
    plan: BackupPlan,
    holdings: Sequence[Holding],
) -> Label:
    """Return the label; raise UsageError for a backup that cannot be restored from anywhere."""
    good = [place for place in placements if place.is_good]
    if not good:
        raise UsageError(
            f"backup {backup.id} lies nowhere: there is nothing to label",
            hint="label one that `netops backup list` shows as OK or WARNING",
        )
    job = plan.jobs.get(backup.job, Job(backup.job, (), backup.repository))
    return Label(
        site=site,
        run_id=backup.id,
        seq=backup.seq,
        job=backup.job,
        description=job.description,
        sources=tuple(_source(part) for part in backup.sources),
        owner=backup.owner,
        department=backup.department,
        custodian=_custodian(backup, holdings),
        data_class=backup.data_class,
        kind=backup.kind,
        started_at=backup.started_at,
        finished_at=backup.finished_at,
        files=backup.files_new + backup.files_changed + backup.files_unmodified,
        size_bytes=backup.bytes_processed,
        base_id=backup.base_id,
        incomplete=backup.status == 1,
        places=tuple(_place(place, holdings) for place in good),
        retention=asdict(job.retention),
    )


def _custodian(backup: Backup, holdings: Sequence[Holding]) -> str:
    """Return who keeps the backup: who confirmed it last, else as the job said at the time."""
    held = holder_of(Item("backup", backup.id), holdings)
    return held.holder if held else backup.custodian


def _source(part: Mapping[str, Any]) -> str:
    path, engine = str(part.get("path") or ""), str(part.get("engine") or "files")
    return path if engine == "files" else f"{engine}:{path}"


def _place(place: Placement, holdings: Sequence[Holding]) -> LabelPlace:
    held = holder_of(Item("location", place.location), holdings)
    return LabelPlace(
        place.location,
        place.role,
        held.place if held else "",
        held.holder if held else "",
        place.snapshot_id or "",
        # is_good proved that it was seen.
        place.listed_at or datetime.min,  # noqa: DTZ901
    )


def label_fields(label: Label, speech: Words) -> list[tuple[str, str]]:
    """Return name and value of every line of the label, but places and number, in `speech`."""
    _ = speech.text
    type_text = speech.word(label.kind.value)
    if label.incomplete:
        type_text += " " + _("(some files could not be read)")
    fields = [
        (_("Content"), label.description or label.job),
        (_("Sources"), speech.listed(list(label.sources))),
        (_("Department"), label.department),
        (_("Data owner"), label.owner),
        (_("Backed up at"), moment(label.started_at)),
        (_("Backup type"), type_text),
        (_("Data class"), label.data_class),
        (_("Size"), f"{size(label.size_bytes)}, {_files(label, speech)}"),
        (_("Custodian"), label.custodian),
        (_("Kept for"), retention_text(label.retention, speech)),
    ]
    if label.base_id:
        fields.append((_("Based on full backup"), label.base_id))
    return [(name, visible(value) or "—") for name, value in fields]


def _files(label: Label, speech: Words) -> str:
    return speech.plural("%(num)s file", "%(num)s files", label.files)


#: Numbers of a retention setting, as labels write them.
_KEEPS = {
    "keep_full": mark_plural("%(num)s full backup", "%(num)s full backups"),
    "keep_differential": mark_plural("%(num)s differential backup", "%(num)s differential backups"),
    "keep_log": mark_plural("%(num)s log backup", "%(num)s log backups"),
    "daily": mark_plural("one a day for %(num)s day", "one a day for %(num)s days"),
    "weekly": mark_plural("one a week for %(num)s week", "one a week for %(num)s weeks"),
    "monthly": mark_plural("one a month for %(num)s month", "one a month for %(num)s months"),
    "yearly": mark_plural("one a year for %(num)s year", "one a year for %(num)s years"),
    "min_days": mark_plural("%(num)s day at least", "%(num)s days at least"),
}


def retention_text(retention: Mapping[str, Any], speech: Words) -> str:
    """Return how long the backup is kept; without a setting nothing is ever removed."""
    parts = [
        speech.plural(*_KEEPS[key], value)
        for key, value in retention.items()
        if key in _KEEPS and isinstance(value, int) and value
    ]
    if retention.get("legal_hold"):
        parts.insert(0, speech.text(mark("legal hold: not to be removed")))
    return speech.listed(parts) or speech.text(mark("until removed by hand"))


def label_text(label: Label, speech: Words) -> str:
    """Return the label for a terminal or a text printer."""
    _ = speech.text
    fields = [(_("Backup number"), f"{label.run_id} (#{label.seq})"), *label_fields(label, speech)]
    for number, place in enumerate(label.places):
        fields.append((_("Lies in") if number == 0 else "", place_text(place, speech)))
    width = max(display_width(name) for name, _value in fields)
    lines = [visible(label.site), _("Backup label"), ""]
    for name, value in fields:
        gap = " " * (width - display_width(name))
        lines.append(f"{name}{gap}  {value}")
    lines += ["", _("Local time (%(zone)s)", zone=zone(label.started_at))]
    return "\n".join(lines) + "\n"


def place_text(place: LabelPlace, speech: Words) -> str:
    """Return one place as one line."""
    parts = [f"{place.repository} ({speech.word(place.role)})", place.place]
    if place.custodian:
        parts.append(speech.text(mark("custodian: %(name)s"), name=place.custodian))
    parts.append(place.snapshot_id[:8])
    return visible(speech.listed([part for part in parts if part]))


def labels_text(labels: Sequence[Label], language: str) -> str:
    """Return labels as text, one below the other."""
    speech = Words(language)
    return "\n".join(label_text(label, speech) for label in labels)


def labels_page(labels: Sequence[Label], language: str, paper: str) -> str:
    """Return labels as one HTML file for an `a4` sheet or a `label` printer."""
    from netops.reports.render import render

    speech = Words(language)
    plain = [
        {
            "site": label.site,
            "run_id": label.run_id,
            "seq": label.seq,
            "kind": label.kind,
            "at": label.started_at,
            "fields": label_fields(label, speech),
            "places": [place_text(place, speech) for place in label.places],
        }
        for label in labels
    ]
    return render("label.html.j2", language, {"labels": plain, "paper": paper})
