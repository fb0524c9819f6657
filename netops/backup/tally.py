"""What a scan before a backup has come to, as people and the journal are told."""

import os
from typing import Any

from netops.backup.records import Remark
from netops.backup.scanners.base import Finding, Health, Verdict
from netops.core.clock import utc_text
from netops.core.dataclass import dataclass, field
from netops.core.status import Status

_SHOWN = 5
_LISTED = 1000


def shown(path: str | bytes) -> str:
    """Return a path as text that every database and terminal takes."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


@dataclass(slots=True)
class Tally:
    """The count of one scan."""

    total: int = 0
    #: How many files were new and so needed a verdict.
    new: int = 0
    verdicts: int = 0
    infected: dict[bytes, str] = field(default_factory=dict)
    #: Where infected files lie now.
    moved: dict[bytes, str] = field(default_factory=dict)
    not_moved: list[str] = field(default_factory=list)
    counts: dict[Finding, int] = field(default_factory=dict)
    listed: dict[Finding, list[str]] = field(default_factory=dict)
    #: Why the scanner's verdicts are missing or not worth their name.
    problems: list[str] = field(default_factory=list)
    health: Health = field(default_factory=lambda: Health("", "", None))

    def note(self, verdict: Verdict) -> None:
        """Count one verdict."""
        self.verdicts += 1
        text = shown(verdict.candidate.path)
        if verdict.finding is Finding.INFECTED:
            self.infected[os.fsencode(verdict.candidate.path)] = verdict.name
        elif verdict.finding is Finding.FAILED:
            self.count(verdict.finding, f"{text}: {verdict.name}")
        elif verdict.finding is not Finding.CLEAN:
            self.count(verdict.finding, text)

    def count(self, finding: Finding, text: str) -> None:
        """Count something about one file."""
        self.counts[finding] = self.counts.get(finding, 0) + 1
        if len(listed := self.listed.setdefault(finding, [])) < _LISTED:
            listed.append(text)

    @property
    def unscanned(self) -> int:
        """How many new files were left without the verdict they should have."""
        return self.new - self.verdicts + self.counts.get(Finding.FAILED, 0)

    @property
    def status(self) -> Status:
        """Return WARNING when anything is amiss; files beyond a limit are told, and are no alarm."""
        amiss = self.infected or self.problems or self.unscanned
        return Status.WARNING if amiss else Status.OK

    def infected_text(self) -> str:
        """Return the infected files in a line."""
        names = [f"{shown(path)} ({name})" for path, name in self.infected.items()]
        return _some(names, len(names))

    def text(self) -> str:
        """Return what a person must know; nothing when all is clean."""
        parts = list(self.problems)
        if self.unscanned:
            parts.append(f"{self.unscanned} new file(s) were backed up without a scan")
        if self.infected:
            parts.append(f"{len(self.infected)} infected file(s) left out: {self.infected_text()}")
        parts += self.not_moved[:_SHOWN]
        for finding, words in _WORDS.items():
            if count := self.counts.get(finding, 0):
                parts.append(f"{count} {words}: {_some(self.listed[finding], count)}")
        return f"scan: {'; '.join(parts)}" if parts else ""

    def facts(self) -> dict[str, Any]:
        """Return everything as plain values."""
        at = self.health.signatures_at
        return {
            "engine": self.health.engine,
            "signatures": self.health.signatures,
            "signatures_at": utc_text(at) if at else None,
            "files": self.total,
            "new": self.new,
            "scanned": self.verdicts,
            "unscanned": self.unscanned,
            "problems": list(self.problems),
            "not_moved": self.not_moved[:_LISTED],
            "infected_count": len(self.infected),
            "infected": [
                {"path": shown(path), "signature": name, "moved_to": self.moved.get(path)}
                for path, name in list(self.infected.items())[:_LISTED]
            ],
            **{finding.name.lower(): count for finding, count in self.counts.items()},
        }

    def remark(self) -> Remark:
        """Return it all for the result of the backup."""
        return Remark(self.status, self.text(), {"scan": self.facts()})


_WORDS = {
    Finding.FAILED: "without a verdict",
    Finding.TOO_LARGE: "too large to scan",
    Finding.IGNORED: "of a kind the scanner does not look into",
    Finding.CHANGED: "written to after the scan, to be scanned next time",
}


def _some(names: list[str], count: int) -> str:
    more = f" and {count - _SHOWN} more" if count > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
