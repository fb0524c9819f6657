"""`backup logs collect` on one server."""

from pathlib import Path

from netops.backup.logs.collect import collect
from netops.backup.logs.source import LogSource
from netops.core.clock import Clock
from netops.core.dataclass import dataclass
from netops.core.results import Result
from netops.core.run import Context, Progress
from netops.core.status import Status


@dataclass(frozen=True, slots=True)
class CollectRun:
    """The work of `backup logs collect` on one source."""

    state: Path
    clock: Clock

    def __call__(self, source: LogSource, context: Context) -> Result:
        """Collect; a part that could not be read is a warning."""
        place = source.host or "this machine"
        if context.dry_run:
            paths = ", ".join(source.paths)
            return Result(source.name, Status.OK, f"would collect {paths} of {place}")
        context.progress(Progress(step=f"collecting from {place}"))
        done = collect(source, self.state, self.clock, context.cancel)
        status = Status.WARNING if done.problems else Status.OK
        return Result(source.name, status, done.summary(), done.facts())
