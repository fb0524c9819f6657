"""Everything of a site that has cadences, with when it was last done."""

from netops.app import Site
from netops.core.cadence import parse_cadence
from netops.schedule.model import Work


def scheduled(site: Site) -> list[Work]:
    """Return the backup jobs as scheduled work."""
    catalogue = site.backups.catalogue
    work = []
    for job in site.backup_plan.jobs.values():
        history = catalogue.history(job.name, job.repository)
        work.append(
            Work(
                f"backup-{job.name}",
                ("backup", "run", job.name, "--due", "--quiet"),
                {kind.value: parse_cadence(text) for kind, text in job.policy.items()},
                {kind.value: history.covered_at(kind) for kind in job.policy},
            )
        )
    return work
