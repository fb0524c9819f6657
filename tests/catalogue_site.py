"""A site whose catalogue is filled by hand: everything but restic is real."""

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from netops.app import Site
from netops.backup.catalogue import Catalogue
from netops.backup.model import Kind
from netops.backup.records import Backup, Placement
from netops.core.clock import utc_text
from netops.core.ids import new_id
from tests import warm

ROOT = Path(__file__).parents[1]
RUN = "01RUN0000000000000000000ZZ"
SNAPSHOT = "0f1e2d3c" * 8
NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
CHEN, WANG, LI = "Chen Li", "Wang Fang", "Li Wei"


class FixedClock:
    """A clock that stands where it is put."""

    def __init__(self, at: datetime = NOW) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def monotonic_s(self) -> float:
        return self.at.timestamp()

    def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def settings() -> dict[str, Any]:
    """Return the values of a netops.yaml with one job, two repositories and three devices."""
    return {
        "site": {"name": "Example University", "origin": "backup.example.org"},
        "backup": {
            "repositories": {
                "main": {
                    "location": "./repositories/main",
                    "password": "file:password",
                    "custody": {"place": "Machine room B1", "custodian": CHEN},
                },
                "offsite": {
                    "location": "./repositories/offsite",
                    "password": "file:password",
                    "custody": {
                        "place": "Library, room 3",
                        "kind": "safe",
                        "custodian": WANG,
                        "protection": ["fire-proof"],
                    },
                },
            },
            "jobs": {
                "registrar": {
                    "description": "Registrar database",
                    "sources": ["/srv/registrar", {"sqlite": "/srv/registrar.db"}],
                    "repository": "main",
                    "offsite": ["offsite"],
                    "max_age": "2d",
                    "owner": "registrar@example.org",
                    "department": "Registry",
                    "custodian": CHEN,
                    "class": "confidential",
                    "protects": ["db-1"],
                }
            },
        },
    }


def devices() -> dict[str, Any]:
    """Return the values of an inventory file."""
    return {"devices": {"db-1": {"role": "server"}, "sw-1": {"role": "access"}}}


def make(
    directory: Path, values: Mapping[str, Any] | None = None, clock: FixedClock | None = None
) -> Site:
    """Write a site and return it opened; the caller closes it."""
    (directory / "inventory").mkdir(parents=True)
    (directory / "inventory" / "devices.yaml").write_text(json.dumps(devices()))
    (directory / "password").write_text("only for tests\n")
    (directory / "password").chmod(0o600)
    text = json.dumps(settings() if values is None else values)
    (directory / "netops.yaml").write_text(text)
    return Site(directory / "netops.yaml", clock)


def add_backup(
    site: Site,
    job: str = "registrar",
    *,
    at: datetime = NOW,
    kind: Kind = Kind.FULL,
    status: int | None = 0,
    places: tuple[str, ...] = ("main", "offsite"),
    base: str | None = None,
    **facts: Any,
) -> str:
    """Enter a backup and where it was seen; return its id."""
    database = site.database
    if not database.execute("unfinished_runs"):
        at_text = utc_text(at)
        database.execute("start_run", id=RUN, verb="backup run", started_at=at_text, detail=None)
    backup = _backup(site, job, at, kind, base, facts)
    catalogue = Catalogue(database)
    catalogue.start(backup, [])
    good = status in {0, 1}
    snapshot = SNAPSHOT if good else None
    ended = at + timedelta(minutes=7)
    if status is not None:
        done = replace(backup, finished_at=ended, status=status, snapshot_id=snapshot)
        catalogue.finish(done)
    for name in places:
        role = "primary" if name == backup.repository else "offsite"
        listed = ended if good else None
        catalogue.place(Placement(backup.id, name, role, status, snapshot, at, listed))
    return backup.id


def _backup(
    site: Site, job: str, at: datetime, kind: Kind, base: str | None, facts: dict[str, Any]
) -> Backup:
    found = site.backup_plan.jobs[job]
    sources = tuple({"engine": s.engine, "path": s.options["path"]} for s in found.sources)
    made = Backup(
        *(new_id(), RUN, 0, job, found.repository, kind, base, None, at, None, None, None, sources),
        files_new=3,
        files_unmodified=1200,
        bytes_processed=18_300_000,
        owner=found.owner,
        department=found.department,
        custodian=found.custodian,
        data_class=found.data_class,
    )
    return replace(made, **facts)


def netops(directory: Path, *arguments: str, **environment: str) -> tuple[int, str, str]:
    """Run the command on the site in `directory`; return exit code, stdout, stderr."""
    kept = {k: v for k, v in os.environ.items() if k[:3] not in {"LAN", "LC_"}}
    env = {**kept, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "NO_COLOR": "1", **environment}
    done = warm.completed(["--site", str(directory), *arguments], env=env, cwd=Path.cwd())
    return done.returncode, done.stdout, done.stderr


def hand_over(directory: Path, giver: str = WANG, receiver: str = LI, *more: str) -> str:
    """Offer the offsite repository and return the handover's id."""
    words = ("--from", giver, "--to", receiver, "--method", "sealed bag", "--place", "Safe 2")
    what = more or ("--location", "offsite")
    code, out, err = netops(directory, "backup", "handover", *words, *what, "--json")
    assert code == 0, (out, err)
    (result,) = json.loads(out)["results"]
    return str(result["handover"])
