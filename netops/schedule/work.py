"""Everything of a site that has cadences, with when it was last done."""

from collections.abc import Iterator

from netops.app import Site
from netops.backup import chores
from netops.backup.examine import structure_checked_at
from netops.backup.soundness import Soundness, last_part_at, part_cadence
from netops.core.cadence import parse_cadence
from netops.schedule.model import Work

_QUIETLY = ("--due", "--quiet")


def scheduled(site: Site) -> list[Work]:
    """Return backups, verifications, forgetting, pruning and topology scans as scheduled work."""
    return [
        *_backups(site),
        *_verifications(site),
        *_forgetting(site),
        *_prunings(site),
        *_scans(site),
    ]


def _backups(site: Site) -> Iterator[Work]:
    catalogue = site.backups.catalogue
    for job in site.backup_plan.jobs.values():
        history = catalogue.history(job.name, job.repository)
        yield Work(
            f"backup-{job.name}",
            ("backup", "run", job.name, *_QUIETLY),
            {kind.value: parse_cadence(text) for kind, text in job.policy.items()},
            {kind.value: history.covered_at(kind) for kind in job.policy},
            job.name,
        )


def _verifications(site: Site) -> Iterator[Work]:
    readings = Soundness(site.database).readings()
    for name, repository in site.backup_plan.repositories.items():
        plan = repository.verify
        # Reading a portion checks the structure as well.
        yield Work(
            f"verify-{name}",
            ("backup", "verify", name, *_QUIETLY),
            {
                "data": part_cadence(plan.data, plan.parts),
                "structure": parse_cadence(plan.structure),
            },
            {
                "data": last_part_at(readings.get(name, []), plan.parts),
                "structure": structure_checked_at(site.database, repository),
            },
            name,
        )


def _forgetting(site: Site) -> Iterator[Work]:
    if places := chores.places(site.backup_plan):
        yield Work(
            "retention",
            ("backup", "forget", *_QUIETLY),
            {"forget": chores.cadence_of(site.backup_plan, "forget")},
            {"forget": chores.oldest(places, chores.last_done(site.backups, "forget"))},
        )


def _prunings(site: Site) -> Iterator[Work]:
    done = chores.last_done(site.backups, "prune")
    for repository in chores.places(site.backup_plan):
        if repository.may_delete:
            yield Work(
                f"prune-{repository.name}",
                ("backup", "prune", repository.name, *_QUIETLY),
                {"prune": chores.cadence_of(site.backup_plan, "prune")},
                {"prune": done.get(repository.name)},
                repository.name,
            )


def _scans(site: Site) -> Iterator[Work]:
    if every := site.data["topology"]["every"]:
        yield Work(
            "topology",
            ("topology", "scan", *_QUIETLY),
            {"scan": parse_cadence(every)},
            {"scan": site.discovery.last_scan_at()},
        )
