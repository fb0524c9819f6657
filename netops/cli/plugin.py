"""One line for monitoring, in the form of the monitoring-plugins guidelines, for every status command."""

from collections.abc import Iterable, Sequence

from netops.cli.table import one_line
from netops.core.dataclass import dataclass
from netops.core.status import Status


@dataclass(frozen=True, slots=True)
class Measure:
    """One value of the performance data, with its limits."""

    label: str
    value: float
    #: `s` for seconds; nothing for a number of things.
    unit: str = ""
    warning: float | None = None
    critical: float | None = None


def plugin_line(
    name: str, worst: Status, problems: Sequence[str], well: str, measures: Iterable[Measure]
) -> str:
    """Return `NAME STATUS - problems | perfdata`; `well` is said where there are no problems."""
    text = "; ".join(problems) or well
    perfdata = " ".join(
        f"'{_label(one.label)}'={round(one.value)}{one.unit};{_limit(one.warning)};"
        f"{_limit(one.critical)};0"
        for one in measures
    )
    # `|` would begin the perfdata.
    return f"{name} {worst.name} - {one_line(text).replace('|', '/')} | {perfdata}".rstrip(" |")


def _label(text: str) -> str:
    return text.replace("'", "").replace("=", "_")


def _limit(value: float | None) -> str:
    return "" if value is None else str(round(value))
