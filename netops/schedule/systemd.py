"""Systemd units: one service template per command, one timer per job."""

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from netops.core.dataclass import dataclass
from netops.core.errors import AccessError, ConfigError
from netops.core.files import write_atomic
from netops.core.slots import DAY_S
from netops.schedule.model import Work, arguments, require_user

_MARK = "# Written by `netops schedule install --systemd`"
_LONGEST_NAME = 255  # UNIT_NAME_MAX
_LONGEST_DELAY_S = 300
_DASH, _SPACE = "\\x2d", "\\x20"

# What a backup needs stays open: reading every file, writing repositories anywhere but /usr,
# /boot and /etc, sockets of databases in /tmp, devices, namespaces (podman exec), setuid bits (a
# restore drill sets them). So no ProtectHome, PrivateTmp, PrivateDevices, RestrictNamespaces,
# RestrictSUIDSGID and no smaller capability set.
_HARDENING = """\
NoNewPrivileges=true
ProtectSystem=full
ProtectClock=true
ProtectControlGroups=true
ProtectKernelLogs=true
ProtectKernelModules=true
ProtectKernelTunables=true
LockPersonality=true
RestrictRealtime=true
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
UMask=0077
"""


@dataclass(frozen=True, slots=True)
class Installed:
    """What `install` did, and what the administrator runs next."""

    written: tuple[Path, ...]
    unchanged: tuple[Path, ...]
    #: Units of jobs that are gone from the configuration; `commands` remove them.
    stale: tuple[Path, ...]
    #: Shell commands, in order.
    commands: tuple[str, ...]


def escape(text: str) -> str:
    r"""Return `text` as part of a unit name, as systemd-escape(1) does: `a b` is `a\x20b`."""
    escaped = []
    for index, byte in enumerate(text.encode()):
        character = chr(byte)
        if character == "/":
            escaped.append("-")
        elif re.fullmatch(r"[A-Za-z0-9:_.]", character) and (index or character != "."):
            escaped.append(character)
        else:
            escaped.append(f"\\x{byte:02x}")
    return "".join(escaped)


def quote(word: str) -> str:
    """Return `word` as one argument of ExecStart (systemd.service(5), COMMAND LINES)."""
    literal = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return literal if re.fullmatch(r"[\w@+=:,./%-]+", word) else f'"{literal}"'


def units(
    work: Sequence[Work], *, executable: Path, config: Path, user: str | None = None
) -> dict[str, str]:
    """
    Return file name to text: services (a template where jobs differ by name only) and timers.

    Jobs that never run get none. Raises ConfigError for names longer than a unit's may be.
    """
    files: dict[str, str] = {}
    for one in work:
        calendars = _calendars(one)
        if not calendars:
            continue
        template, unit = _names(one)
        text = _service(one, executable, config, user)
        # A file of its own wins over the template: for a job whose command is unlike the others'.
        if files.setdefault(f"{template}.service", text) != text:
            files[f"{unit}.service"] = text
        files[f"{unit}.timer"] = _timer(one, calendars, config)
    return dict(sorted(files.items()))


def _names(work: Work) -> tuple[str, str]:
    """Return the template's name and the job's, both without their ending."""
    if (place := work.place) is not None:
        verb = "-".join(work.command[:place])
        template = f"netops-{escape(verb).replace(_DASH, '-')}@"
        unit = template + escape(work.command[place])
    else:
        template = unit = f"netops-{escape(work.name)}"
    if len(f"{unit}.service") > _LONGEST_NAME:
        raise ConfigError(
            f"{work.name!r} is too long for the name of a unit",
            hint="shorten the job's name; characters beyond ASCII count four letters a byte",
        )
    return template, unit


def _calendars(work: Work) -> list[str]:
    """Return the moments to look at; rare ones daily, or a failed run would wait for a month."""
    found = [
        cadence.systemd_calendar(any_day=cadence.shortest_s > DAY_S)
        for cadence in work.cadences.values()
    ]
    return list(dict.fromkeys(calendar for calendar in found if calendar))


def _service(work: Work, executable: Path, config: Path, user: str | None) -> str:
    words = [quote(word) for word in arguments(executable, config, work)]
    if re.search(r"[\"'\\]", str(executable)):
        raise ConfigError(f"systemd refuses to start {executable}: its path has quotes in it")
    if (place := work.place) is not None:
        words[len(words) - len(work.command) + place] = "%I"
    account = f"User={require_user(user)}" if user else "# Runs as root, which can read every file."
    # 75: another run holds the lock, so the work is being done. 1 stays a failure although the
    # backup exists: OnFailure= and `systemctl --failed` are how somebody learns of the warning.
    return f"""\
{_mark(config)}
[Unit]
Description={_title(work)}
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
# ":" keeps systemd from replacing a dollar sign in a job's name.
ExecStart=:{" ".join(words)}
{account}
SuccessExitStatus=75
# netops keeps its own deadlines and ends its own programs.
TimeoutStartSec=infinity
TimeoutStopSec=2min
KillMode=mixed
Nice=10
IOSchedulingPriority=7
CacheDirectory=netops
CacheDirectoryMode=0700
Environment=XDG_CACHE_HOME=%C/netops
{_HARDENING}"""


def _title(work: Work) -> str:
    if (place := work.place) is None:
        return f"netops job {escape(work.name)}"
    verb = escape(" ".join(work.command[:place]))
    return f"netops {verb.replace(_SPACE, ' ').replace(_DASH, '-')} %I"


def _timer(work: Work, calendars: Sequence[str], config: Path) -> str:
    moments = "\n".join(f"OnCalendar={calendar}" for calendar in calendars)
    delay_s = int(min(work.shortest_s // 20, _LONGEST_DELAY_S))
    return f"""\
{_mark(config)}
[Unit]
Description=Look whether it is time for {_title(work)}

[Timer]
{moments}
# After downtime: once, at boot.
Persistent=true
AccuracySec=1s
# The same delay every time: steps of 15 minutes stay steps of 15 minutes.
RandomizedDelaySec={delay_s}s
FixedRandomDelay=true

[Install]
WantedBy=timers.target
"""


def _mark(config: Path) -> str:
    return f"{_MARK} for {json.dumps(str(config))}; a new install replaces it."


def install(units: Mapping[str, str], directory: Path, *, config: Path) -> Installed:
    """
    Write the units of `config` into `directory`, each whole or not at all; start nothing.

    A file that is already right stays untouched. Raises ConfigError rather than replace a file
    that somebody else wrote, AccessError without the right to write.
    """
    mark = _mark(config)
    present = {path.name: _read(path) for path in directory.glob("netops-*")}
    for name in units:
        if name in present and not present[name].startswith(mark):
            raise ConfigError(
                f"{directory / name} was not written for {config}",
                hint="move it away, or install into another directory",
            )
    unchanged = [name for name, text in units.items() if present.get(name) == text]
    written = [name for name in units if name not in unchanged]
    stale = sorted(
        name for name, text in present.items() if text.startswith(mark) and name not in units
    )
    try:
        for name in written:
            write_atomic(directory / name, units[name], mode=0o644)
    except PermissionError as error:
        raise AccessError(
            f"{directory} cannot be written", hint="run the command as root"
        ) from error
    return Installed(
        written=tuple(directory / name for name in written),
        unchanged=tuple(directory / name for name in unchanged),
        stale=tuple(directory / name for name in stale),
        commands=tuple(_next_steps(units, stale, directory)),
    )


def _next_steps(units: Mapping[str, str], stale: Sequence[str], directory: Path) -> list[str]:
    old = [name for name in stale if name.endswith(".timer")]
    steps = [f"systemctl disable --now {shlex.join(old)}"] if old else []
    if stale:
        steps.append(f"rm {shlex.join(str(directory / name) for name in stale)}")
    steps.append("systemctl daemon-reload")
    if timers := [name for name in units if name.endswith(".timer")]:
        steps.append(f"systemctl enable --now {shlex.join(timers)}")
    return steps


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""  # not ours, then
