"""The composition root: from a site's configuration to ready objects, each made when first asked for."""

import os
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netops.core.clock import Clock, SystemClock
from netops.core.errors import ConfigError
from netops.core.files import private_directory

if TYPE_CHECKING:
    from collections.abc import Sequence

    from netops.backup.coverage import Cover
    from netops.backup.handover import Custody
    from netops.backup.label import Label
    from netops.backup.model import BackupPlan
    from netops.backup.report import BackupReport
    from netops.backup.room import BackupRoom
    from netops.backup.status import Protection
    from netops.core.run import Observer, Runner
    from netops.inventory.access import SshAccess
    from netops.inventory.ledger import Ledger
    from netops.inventory.model import Device
    from netops.journal.book import Book
    from netops.records.book import RecordBook
    from netops.snmp.memory import SnmpMemory
    from netops.snmp.model import Target
    from netops.store.database import Database
    from netops.topology.history.keep import StoredEvent, Topology
    from netops.topology.room import TopologyRoom

FILE_NAME = "netops.yaml"
#: Where a site is looked for when nobody names one.
_PLACES = ("netops.yaml", "~/.config/netops/netops.yaml", "/etc/netops/netops.yaml")


def find_site(named: str | None) -> Path:
    """Return the netops.yaml to use: as named, from NETOPS_SITE, or from the usual places."""
    named = named or os.environ.get("NETOPS_SITE")
    if named:
        path = Path(named).expanduser()
        return path / FILE_NAME if path.is_dir() else path
    for place in _PLACES:
        path = Path(place).expanduser()
        if path.is_file():
            return path
    raise ConfigError(
        "there is no netops.yaml here",
        hint="run `netops init DIR`, or name one with --site or NETOPS_SITE",
    )


class Site:
    """One netops.yaml and everything it describes."""

    def __init__(self, file: Path, clock: Clock | None = None) -> None:
        self.file = file.absolute()
        self.clock = clock or SystemClock()

    @cached_property
    def data(self) -> dict[str, Any]:
        """The checked configuration as plain values."""
        from netops import config

        return config.load(self.file)

    @property
    def directory(self) -> Path:
        """Where netops.yaml stands; relative references start here."""
        return self.file.parent

    @cached_property
    def state(self) -> Path:
        """The directory of everything netops writes for itself."""
        try:
            return private_directory(Path(self.data["state_dir"]))
        except OSError as error:
            raise ConfigError(
                f"cannot make the state directory {self.data['state_dir']}: {error.strerror}",
                hint="correct state_dir in netops.yaml, or run as the account that owns it",
            ) from error

    @cached_property
    def database(self) -> "Database":
        """The store: SQLite in the state directory, or PostgreSQL."""
        from netops.store.database import open_database

        reference = self.data["store"].get("postgresql")
        if reference is None:
            return open_database(path=self.state / "netops.db", clock=self.clock)
        from netops.core.secrets import resolve

        dsn = resolve(reference, base=self.directory)
        return open_database(dsn=dsn.reveal(), clock=self.clock)

    @cached_property
    def journal(self) -> "Book":
        """The operation journal."""
        from netops.journal.book import Book

        settings = self.data["journal"]
        return Book.open(
            self.journal_directory,
            origin=f"{self.data['site']['origin']}/netops",
            clock=self.clock,
            keep_days=settings["keep_days"],
            syslog=settings["syslog"],
        )

    @property
    def journal_directory(self) -> Path:
        """Where the journal, its keys and its note lie."""
        return self.state / "journal"

    @cached_property
    def backup_plan(self) -> "BackupPlan":
        """The backup jobs and repositories."""
        from netops.backup.plan import backup_plan

        return backup_plan(self.data["backup"])

    @cached_property
    def backups(self) -> "BackupRoom":
        """The backup room."""
        from netops.backup.catalogue import Catalogue
        from netops.backup.records import BackupDirectories
        from netops.backup.room import NOTE_NAME, BackupRoom

        return BackupRoom(
            self.backup_plan,
            Catalogue(self.database),
            BackupDirectories(
                self.locks, self.state / "staging", self.state / "cache", self.state / "quarantine"
            ),
            self.directory,
            self.data["site"]["origin"],
            self.journal_directory / NOTE_NAME,
            self.clock,
        )

    @cached_property
    def custody(self) -> "Custody":
        """Who keeps what, on record."""
        from netops.backup.handover import Custody
        from netops.backup.register import Register

        register = Register(self.database, lambda: self.journal, self.locks / "custody.lock")
        return Custody(register, self.backup_plan, self.backups.catalogue, self.clock)

    @cached_property
    def record_book(self) -> "RecordBook":
        """The record book."""
        from netops.records.book import RecordBook
        from netops.records.life import Policy

        said = self.data["records"]
        limits = ("submit_within", "approve_within", "close_within")
        policy = Policy(
            said["approvers"], said["two_accounts"], *(float(said[name]) for name in limits)
        )
        return RecordBook(self.database, lambda: self.journal, policy, self.clock)

    @property
    def locks(self) -> Path:
        """Where runs, jobs and repositories are locked."""
        return self.state / "locks"

    def protections(self, names: list[str]) -> "list[Protection]":
        """Return how well each job is protected in each place."""
        from netops.backup.status import protections
        from netops.backup.watch import watches
        from netops.core.lock import is_held

        return protections(
            watches(self.data["backup"], names),
            self.database,
            self.clock.now(),
            lambda job: is_held(self.locks / f"job-{job}.lock"),
        )

    def covers(self, selector: str = "") -> "list[Cover]":
        """Return what is covered and what is not; `selector` overrides the configured servers."""
        from netops.backup import coverage

        asked = coverage.Question(
            self.backup_plan,
            self.devices,
            self.data["site"]["origin"],
            coverage.coverage_policy(self.data["backup"], selector),
            self.clock.now(),
        )
        return coverage.assess(asked, self.protections([]), self.database)

    def labels(self, backup_ids: list[str]) -> "list[Label]":
        """Return the labels of the named backups, or of the newest good one of each job."""
        from netops.backup.label import make_labels

        return make_labels(
            self.data["site"]["name"], self.backups.catalogue, self.custody, backup_ids
        )

    def backup_report(self, since: datetime) -> "BackupReport":
        """Return the backup report for the time from `since` until now."""
        from netops.backup.report import gather

        site = self.data["site"]
        return gather(
            (site["name"], site["origin"]),
            since,
            self.custody,
            self.protections([]),
            self.covers(),
        )

    def runner(self, observer: "Observer | None" = None) -> "Runner":
        """Return what executes runs and records them."""
        from netops.core.run import Runner, Silence
        from netops.journal.runs import RunBook

        return Runner(
            RunBook(self.journal, self.database),
            self.locks / "runs",
            observer or Silence(),
            self.clock,
        )

    def reload_devices(self) -> "list[Device]":
        """Return the devices as their files are now."""
        self.__dict__.pop("devices", None)
        return self.devices

    @cached_property
    def ledger(self) -> "Ledger":
        """The ledger of assets."""
        from netops.inventory.ledger import Ledger
        from netops.journal.actor import actor

        file = self.locks / "ledger.lock"
        return Ledger(self.database, lambda: self.journal, file, self.clock, actor)

    @cached_property
    def devices(self) -> "list[Device]":
        """The devices and servers of the site."""
        from netops.inventory.load import load_devices

        return load_devices(
            self.data["inventory"]["files"],
            directory=self.directory,
            cache=self.directory / ".cache" / "inventory.json",
        )

    @cached_property
    def topology(self) -> "Topology":
        """What is known of the network, now and before."""
        from netops.topology.history.keep import Topology

        return Topology(self.database)

    @cached_property
    def discovery(self) -> "TopologyRoom":
        """The topology room: whom it asks, and what it remembers."""
        from netops.topology.bindings import Bindings
        from netops.topology.history.agents import Agents
        from netops.topology.policy import policy_of
        from netops.topology.room import TopologyRoom

        return TopologyRoom(
            policy_of(self.data["topology"]),
            self.topology,
            Agents(self.database),
            Bindings(self.database),
            self.locks,
            self.devices,
            self.snmp_target,
            lambda: self.snmp_memory,
            [self._record_changes],
        )

    def _record_changes(self, stored: "Sequence[StoredEvent]") -> None:
        """Put what a scan saw into the record book, and what a crash kept out of it before."""
        from netops.topology.change.hearing import REACH, record_changes

        told = self.topology.changes_since(self.clock.now() - REACH)
        record_changes(self.record_book, self.topology, told, stored[0].run_id if stored else None)

    def snmp_target(self, device: "Device") -> "Target":
        """Return how `device` is asked by SNMP, with its secrets."""
        from netops.inventory.access import snmp_target

        return snmp_target(device, self.data["inventory"]["snmp"], base=self.directory)

    @cached_property
    def snmp_memory(self) -> "SnmpMemory":
        """What was learnt of devices by SNMP; a run that asks many takes it and saves it."""
        from netops.snmp.memory import SnmpMemory

        return SnmpMemory.open(self.state / "snmp" / "memory.json")

    def ssh_access(self, device: "Device") -> "SshAccess":
        """Return how to log in to `device`, with its secrets."""
        from netops.inventory.access import ssh_access

        return ssh_access(device, self.data["inventory"]["ssh"], base=self.directory)

    def close(self) -> None:
        """Let go of what was opened."""
        for name in ("database", "journal"):
            if name in self.__dict__:
                getattr(self, name).close()
                del self.__dict__[name]
