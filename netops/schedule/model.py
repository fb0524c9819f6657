"""What is run again and again: a command, how often, and when it last went well."""

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from netops.core.cadence import Cadence
from netops.core.dataclass import dataclass
from netops.core.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Work:
    """One job; raises ConfigError for texts that no timer and no cron line can carry."""

    name: str
    #: What follows `netops`, such as ("backup", "run", "etc", "--due", "--quiet").
    command: tuple[str, ...]
    #: Kind of run to how often, strongest kind first: a full run stands in for a differential one.
    cadences: Mapping[str, Cadence]
    #: Kind of run to the start of its last good run.
    last: Mapping[str, datetime | None]
    #: The word of `command` that tells this job from its like; without one it may be the name.
    target: str = ""

    def __post_init__(self) -> None:
        for text in (self.name, *self.command):
            require_printable(text)
        if not self.name or not self.command:
            raise ConfigError("a job without a name or a command cannot be scheduled")

    @property
    def place(self) -> int | None:
        """Return where in `command` the word stands that tells this job from its like."""
        word = self.target or self.name
        # The last one: a job may be called `run`.
        found = [place for place, other in enumerate(self.command) if other == word]
        return max(found, default=None)

    @property
    def definition(self) -> tuple[object, ...]:
        """Everything but the history: two equal definitions are the same job."""
        return self.name, self.command, tuple(self.cadences.items())

    @property
    def shortest_s(self) -> float:
        """The shortest ordinary time between two runs; inf when it never runs."""
        return min((cadence.shortest_s for cadence in self.cadences.values()), default=float("inf"))

    @property
    def slack_s(self) -> float:
        """How far the start may wander from run to run without leaving one out."""
        return min((cadence.slack_s for cadence in self.cadences.values()), default=float("inf"))


def arguments(executable: Path, config: Path, work: Work) -> tuple[str, ...]:
    """Return the full argument list that runs `work`, absolute paths in front."""
    for path in (executable, config):
        require_printable(str(path))
        if not path.is_absolute():
            raise ConfigError(f"{path} is not an absolute path, so nothing else can start it")
    return (str(executable), "--site", str(config), *work.command)


def require_user(name: str) -> str:
    """Return `name`; raise ConfigError when it cannot be the name of a user (useradd(8))."""
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]*", name) is None:
        raise ConfigError(f"{name!r} is not the name of a user")
    return name


def require_printable(text: str) -> None:
    """Raise ConfigError for line breaks and other control characters: they would end the line."""
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        raise ConfigError(
            f"{text!r} holds a control character", hint="rename it; schedules are lines of text"
        )
