"""Topology scans of a running lab, as the command makes them, and what they found."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from netops.app import Site
from netops.core.clock import Clock, SystemClock
from netops.core.results import Report, Result
from netops.core.run import Options, Work
from netops.topology.model import DeviceState, Event, Snapshot
from netops.topology.naming import names_of
from netops.topology.room import Ask
from netops.topology.scan import NETWORK, TopologyScan
from tests.lab.lab import Lab
from tests.lab.site import write_site
from tests.lab.topology import Link, Port


@dataclass
class Scanner:
    """A site of its own for one lab."""

    lab: Lab
    directory: Path
    clock: Clock = field(default_factory=SystemClock)

    def __post_init__(self) -> None:
        self.file = write_site(self.lab, self.directory)
        self.report: Report | None = None

    def scan(
        self,
        *,
        fresh: bool = True,
        selector: str = "",
        seeds: Sequence[str] = (),
        crawl: bool = False,
    ) -> list[Event]:
        """Scan once and return the events; agents that were asked before are not waited for long."""
        site = Site(self.file, self.clock)
        try:
            for access in site.data["inventory"]["snmp"].values():
                access.update(timeout=4 if self.report else 20, retries=0)
            room = site.discovery
            asks = room.asks(selector, seeds)
            work: list[Work[Ask | None]] = [Work(ask.name, ask) for ask in asks]
            work.append(Work(NETWORK, None))
            run = TopologyScan(room, asks, fresh=fresh, crawl=crawl)
            self.report = site.runner().execute("topology scan", work, run, Options())
            stored = site.topology.changes_since()
            return [one.event for one in stored if one.run_id == self.report.run_id]
        finally:
            site.close()

    def rest(self, most: int = 4) -> None:
        """Scan until the network is told as it is: nothing happened, and nothing is missed."""
        for _ in range(most):
            if not self.scan() and not self.missed():
                return

    def missed(self) -> list[str]:
        """Return what was missing in the last scan, and counts as there until the next."""
        site = Site(self.file, self.clock)
        try:
            return [name for name, one in site.topology.missing().items() if one.scans]
        finally:
            site.close()

    def result(self, name: str = NETWORK) -> Result:
        """Return one result of the last scan."""
        assert self.report is not None
        return next(result for result in self.report.results if result.target == name)

    def snapshot(self) -> Snapshot:
        """Return the network as the store has it."""
        site = Site(self.file, self.clock)
        try:
            found = site.topology.latest()
            assert found is not None
            return found
        finally:
            site.close()

    def links(self) -> set[Link]:
        """Return the links between devices that answered once, in the words of the truth."""
        seen = self.snapshot()
        names = names_of(seen)
        told = {DeviceState.ANSWERED, DeviceState.STALE}
        return {
            frozenset(Port(names[end.device], end.port) for end in (link.a, link.b))
            for link in seen.links
            if all(seen.devices[end.device].state in told for end in (link.a, link.b))
        }


def told(events: list[Event]) -> list[tuple[str, str]]:
    """Return kinds and subjects."""
    return [(event.kind.value, event.subject) for event in events]
