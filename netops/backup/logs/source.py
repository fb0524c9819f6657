"""One server's log directories, as a source `logs:` of a backup job describes them."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from netops.backup.model import BackupPlan
from netops.core.dataclass import dataclass
from netops.core.errors import ConfigError, UsageError
from netops.core.units import parse_duration, parse_size

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,252}")
_KEYS = {
    *("path", "paths", "name", "host", "port", "user", "private_key", "host_key"),
    *("keep", "deadline", "max_per_run", "exclude"),
}
_NO_LOGS = ("lastlog", "faillog", "tallylog", "*.journal", "*.journal~")
#: National law: access logs are kept six months at least.
LEAST_KEEP_S = 180 * 86_400


@dataclass(frozen=True, slots=True)
class LogSource:
    """Where logs come from: this machine, or a server by SSH."""

    #: The directory below state/logs, and the name in reports.
    name: str
    paths: tuple[str, ...]
    host: str | None = None
    port: int = 22
    user: str = "netops-logs"
    #: A reference to a secret.
    private_key: str = ""
    #: `ssh-ed25519 AAAA…`; without it the key pinned in state/ssh/known_hosts counts.
    host_key: str = ""
    #: How long collected files stay in state/logs; the backups keep them by their own rules.
    keep_s: float = 200 * 86_400
    deadline_s: float = 600
    max_per_run_bytes: int = 4_000_000_000
    #: Shell patterns of names that are no logs; by default what is rewritten in place.
    exclude: tuple[str, ...] = _NO_LOGS


def parse_source(options: Mapping[str, Any]) -> LogSource:
    """Return the source; raise ConfigError for what does not fit."""
    if unknown := sorted(set(options) - _KEYS):
        raise _wrong(f"unknown key {', '.join(unknown)}", f"known: {', '.join(sorted(_KEYS))}")
    given = {key: value for key, value in options.items() if value is not None}
    paths = given.get("paths") or [given.get("path", "")]
    paths = [paths] if isinstance(paths, str) else paths
    if not paths or not all(isinstance(path, str) and _is_plain(path) for path in paths):
        raise _wrong("path is not an absolute directory", "such as path: /var/log/nginx")
    host = given.get("host")
    name = str(given.get("name") or host or os.uname().nodename)
    if not _NAME.fullmatch(name):
        raise _wrong(f"name {name!r}", "letters, digits, `_`, `.` and `-`, a letter or digit first")
    if host is not None and not _HOST.fullmatch(str(host)):
        raise _wrong(f"host {host!r}", "a host name or an address")
    if host is not None and not given.get("private_key"):
        raise _wrong(
            "private_key is missing", "private_key: file:keys/logs (ssh-keygen -t ed25519)"
        )
    keep_s = _seconds(given, "keep", 200 * 86_400)
    if keep_s < LEAST_KEEP_S:
        raise _wrong("keep is shorter than 180d", "access logs are kept six months at least")
    return LogSource(
        name,
        tuple(os.path.normpath(path) for path in paths),
        None if host is None else str(host),
        _port(given.get("port", 22)),
        str(given.get("user", "netops-logs")),
        str(given.get("private_key", "")),
        str(given.get("host_key", "")),
        keep_s,
        _seconds(given, "deadline", 600),
        _bytes(given, "max_per_run", 4_000_000_000),
        _patterns(given.get("exclude", _NO_LOGS)),
    )


def log_sources(plan: BackupPlan) -> dict[str, tuple[str, LogSource]]:
    """Return name → (job, source) of everything that is collected; raise ConfigError."""
    found: dict[str, tuple[str, LogSource]] = {}
    for job in plan.jobs.values():
        for entry in job.sources:
            if entry.engine != "logs":
                continue
            source = parse_source(entry.options)
            if source.name in found:
                raise _wrong(
                    f"{source.name!r} is collected twice (jobs {found[source.name][0]!r} and "
                    f"{job.name!r})",
                    "list all its directories under paths, or give one of them another name",
                )
            found[source.name] = (job.name, source)
    return found


def chosen_sources(plan: BackupPlan, names: list[str]) -> list[tuple[str, LogSource]]:
    """Return the named (job, source) pairs, all when none is named; raise UsageError."""
    known = log_sources(plan)
    if unknown := [name for name in names if name not in known]:
        raise UsageError(
            f"no logs are collected from {', '.join(map(repr, unknown))}",
            hint=f"in netops.yaml: {', '.join(known) or 'no source `logs:` in any job'}",
        )
    return [known[name] for name in (names or known)]


def spool_of(state: Path) -> Path:
    """Return where collected logs lie, by server."""
    return state / "logs"


def _is_plain(path: str) -> bool:
    return path.startswith("/") and not any(ord(char) < 32 or char in "\"'\\" for char in path)


def _seconds(given: Mapping[str, Any], key: str, default: float) -> float:
    try:
        return float(parse_duration(given[key])) if key in given else default
    except (ValueError, AttributeError):
        raise _wrong(f"{key} {given[key]!r}", "a duration such as 10m or 200d") from None


def _bytes(given: Mapping[str, Any], key: str, default: int) -> int:
    try:
        return parse_size(given[key]) if key in given else default
    except (ValueError, AttributeError):
        raise _wrong(f"{key} {given[key]!r}", "a size such as 500MB") from None


def _patterns(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise _wrong(f"exclude {value!r}", "a list of names such as ['*.tmp']")
    return tuple(value)


def _port(value: Any) -> int:
    if not isinstance(value, int) or not 0 < value < 65_536:
        raise _wrong(f"port {value!r}", "a number from 1 to 65535")
    return value


def _wrong(what: str, hint: str) -> ConfigError:
    return ConfigError(f"source logs: {what}", hint=hint)
