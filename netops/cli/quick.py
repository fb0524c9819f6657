"""
The two commands that cron and monitoring call every minute, without the command-line library.

typer costs more than the whole answer of `backup status`, and half as much again as netops itself
adds to a `backup run`. Only the plain forms are taken here; everything else, `--help` included,
falls through to the full command line, which calls the same functions.
"""

from collections.abc import Sequence

from netops.core.dataclass import dataclass, field

_STATUS_FLAGS = frozenset({"--json", "--plugin", "--quiet", "-q"})
_RUN_FLAGS = frozenset({"--due", "--json", "--quiet", "-q", "--dry-run", "-n"})
_RUN_VALUES = frozenset({"--type", "--timeout", "--jitter"})


@dataclass(frozen=True, slots=True)
class _Words:
    names: list[str] = field(default_factory=list)
    flags: set[str] = field(default_factory=set)
    values: dict[str, str] = field(default_factory=dict)

    def has(self, *flags: str) -> bool:
        return not self.flags.isdisjoint(flags)


def answer(arguments: Sequence[str]) -> int | None:
    """Execute and return the exit code, or None when this needs the full command line."""
    rest, named = list(arguments), None
    if len(rest) >= 2 and rest[0] == "--site":
        named, rest = rest[1], rest[2:]
    if rest[:2] == ["backup", "status"]:
        words = _parse(rest[2:], _STATUS_FLAGS, frozenset())
        return None if words is None else _status(named, words)
    if rest[:2] == ["backup", "run"]:
        words = _parse(rest[2:], _RUN_FLAGS, _RUN_VALUES)
        return None if words is None else _run(named, words)
    return None


def _parse(
    arguments: Sequence[str], flags: frozenset[str], valued: frozenset[str]
) -> _Words | None:
    """Sort plain words; None when there is one that typer should look at."""
    words, waiting = _Words(), ""
    for word in arguments:
        if waiting:
            words.values[waiting] = word
            waiting = ""
        elif word in valued and word not in words.values:
            waiting = word
        elif word in flags:
            words.flags.add(word)
        elif word.startswith("-") or not word:
            return None
        else:
            words.names.append(word)
    return None if waiting or any(v.startswith("-") for v in words.values.values()) else words


def _status(named: str | None, words: _Words) -> int:
    from netops.cli.status import show_status

    return show_status(
        named,
        words.names,
        as_json=words.has("--json"),
        as_plugin=words.has("--plugin"),
        quiet=words.has("--quiet", "-q"),
    )


def _run(named: str | None, words: _Words) -> int | None:
    from netops.core.units import parse_duration

    try:
        limits = {
            name: float(parse_duration(words.values[name]))
            for name in ("--timeout", "--jitter")
            if name in words.values
        }
    except ValueError:
        return None  # the full command line has the words for it
    if limits.get("--timeout", 1) <= 0:
        return None  # here too
    from netops.cli.backup_run import RunRequest, run_backups

    request = RunRequest(
        tuple(words.names),
        words.values.get("--type", "auto"),
        words.has("--due"),
        words.has("--json"),
        words.has("--quiet", "-q"),
        words.has("--dry-run", "-n"),
        limits.get("--timeout"),
        limits.get("--jitter", 0.0),
    )
    return run_backups(named, request)
