"""Crontab lines: one look an hour or more often is enough, because `--due` knows what to do."""

import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from netops.core.errors import AccessError, ConfigError, IntegrityError
from netops.core.files import write_atomic
from netops.core.slots import minute_field
from netops.schedule.model import Work, arguments, require_user

BEGIN = "# BEGIN netops schedule"
END = "# END netops schedule"

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Debian's cron refuses longer commands (MAX_COMMAND in cron.h).
_LONGEST_COMMAND = 998
_HEADER = """\
# Written by `netops schedule install --cron`; a new install replaces this block.
# Looking often is cheap and safe: --due starts only what is due, and catches up after downtime.
# --quiet prints only problems, so cron sends mail only then. To whom: MAILTO=admin@example.org
"""


def crontab(
    work: Sequence[Work],
    *,
    executable: Path,
    config: Path,
    user: str | None = None,
    jitter_s: int = 60,
    catch_up: bool = True,
) -> str:
    """
    Return the lines of all jobs between BEGIN and END marks.

    With `catch_up`, each job is looked at hourly at least; without, only at the moments of its
    own cadences, so that what was missed at night is not made up for by day.
    With `user`, lines carry the user column and PATH is set for the whole file, as in
    /etc/cron.d; without, for a user's own crontab. `jitter_s` becomes `--jitter`, less where
    a cadence is so short that it would skip runs.
    """
    lines = [
        f"{when} {_command(one, executable, config, user, jitter_s)}"
        for one in work
        for when in (_hourly(one) if catch_up else _own(one))
    ]
    lines += [f"# {one.name}: never" for one in work if not _hourly(one)]
    head = [BEGIN, _HEADER.rstrip("\n")]
    if user is not None:
        head += ["SHELL=/bin/sh", f"PATH={_PATH}"]
    return "\n".join([*head, *lines, END]) + "\n"


def _hourly(work: Work) -> list[str]:
    """Return the one time at which to look: every hour, at the minutes of all cadences."""
    minutes: frozenset[int] = frozenset()
    minutes = minutes.union(*(cadence.minutes() for cadence in work.cadences.values()))
    return [f"{minute_field(minutes)} * * * *"] if minutes else []


def _own(work: Work) -> list[str]:
    """Return the times of the cadences themselves."""
    found = [cadence.cron() or "* * * * *" for cadence in work.cadences.values() if cadence.rule]
    return list(dict.fromkeys(found))


def _command(work: Work, executable: Path, config: Path, user: str | None, jitter_s: int) -> str:
    words = list(arguments(executable, config, work))
    delay_s = int(min(jitter_s, work.slack_s * 0.8))
    if delay_s and "--jitter" not in words:
        words += ["--jitter", f"{delay_s}s"]
    command = shlex.join(words)
    if user is None:
        # Not a line of its own: it would change the jobs below this block as well.
        command = f"PATH={_PATH} {command}"
    who = [] if user is None else [require_user(user)]
    return " ".join([*who, _escape(command)])


def _escape(command: str) -> str:
    """Return the command as crontab(5) wants it: an unescaped percent sign ends the line."""
    # Crons differ in what they make of a backslash before another character.
    if "\\" in command:
        raise ConfigError(
            f"cron cannot carry the backslash in: {command}",
            hint="rename the job or the file, or use systemd timers",
        )
    escaped = command.replace("%", "\\%")
    if len(escaped.encode()) > _LONGEST_COMMAND:
        raise ConfigError(f"cron refuses lines this long: {command}", hint="use systemd timers")
    return escaped


def merge(existing: str, block: str) -> str:
    """
    Return a crontab with `block` in place of the old one, or at its end; all else stays.

    Raises IntegrityError when the marks of the old block are damaged.
    """
    lines = existing.splitlines(keepends=True)
    marks = [line.strip() for line in lines if line.strip() in {BEGIN, END}]
    if not marks:
        gap = "" if not existing or existing.endswith("\n") else "\n"
        return existing + gap + block
    if marks != [BEGIN, END]:
        raise IntegrityError(
            "the crontab's netops block has lost a mark or holds one twice",
            hint=f"keep one `{BEGIN}` line and one `{END}` line after it, then install again",
        )
    stripped = [line.strip() for line in lines]
    start, end = stripped.index(BEGIN), stripped.index(END)
    return "".join(lines[:start]) + block + "".join(lines[end + 1 :])


def install(path: Path, block: str) -> bool:
    """
    Put `block` into the file `path` (such as /etc/cron.d/netops); return whether it changed.

    The file is readable by all (0644) and its owner's, as cron demands. Lines outside the
    marks stay. Raises ConfigError for a name that cron skips, AccessError without the right.
    """
    if path.parent.name.startswith("cron.") and not re.fullmatch(r"[A-Za-z0-9_-]+", path.name):
        raise ConfigError(
            f"cron skips files named like {path.name!r}",
            hint=f"use letters, digits, - and _ only, such as {path.parent / 'netops'}",
        )
    try:
        existing = path.read_text(encoding="utf-8") if path.exists() else ""
        wanted = merge(existing, block)
        if wanted == existing:
            return False
        write_atomic(path, wanted, mode=0o644)
    except PermissionError as error:
        raise AccessError(f"{path} cannot be written", hint="run the command as root") from error
    return True
