"""Access logs of this machine or of a server: what is new is collected, then all of it is backed up."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from netops.backup.engines.base import Staged, Traits
from netops.backup.logs.source import parse_source, spool_of
from netops.core.errors import InterruptedRunError, NetopsError


class LogsEngine:
    """A log source; its copies lie in state/logs/NAME, where they stay."""

    traits = Traits(consistent=True)

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.source = parse_source(options)

    def problems(self) -> Sequence[str]:
        """Return nothing: a server that is down must not keep the others' logs from the backup."""
        return []

    def size_hint_bytes(self) -> int:
        """Return 0: collecting looks at the room itself."""
        return 0

    @contextmanager
    def stage(self, directory: Path) -> Iterator[Staged]:
        """Collect; when that fails, hand over what was collected before, and the reason."""
        from netops.backup.logs.collect import collect
        from netops.core.cancel import Cancel
        from netops.core.clock import SystemClock

        state = directory.parents[2]  # state/staging/JOB/logs.copy
        problems: list[str] = []
        try:
            done = collect(self.source, state, SystemClock(), Cancel())
            problems = [f"{self.source.name}: {problem}" for problem in done.problems]
        except InterruptedRunError:
            raise
        except NetopsError as error:
            problems = [f"{self.source.name}: logs not collected: {error}"]
            if error.hint:
                problems[0] += f" ({error.hint})"
        spool = spool_of(state) / self.source.name
        if not spool.is_dir():
            raise NetopsError("; ".join(problems))
        yield Staged([str(spool)], problems=problems)
