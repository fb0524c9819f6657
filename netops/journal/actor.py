"""Who acts: the person behind sudo and SSH, the machine, the process."""

import os
import pwd
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")
_NO_LOGIN = 2**32 - 1


def host_name() -> str:
    """Return the machine's name."""
    return os.uname().nodename


def actor() -> str:
    """
    Return the user, and in brackets who logged in, called sudo, and from which address.

    The kernel keeps the login user through su and sudo; SUDO_USER and SSH_CLIENT are what the
    environment says and can be set by the caller.
    """
    user = _user_name(os.geteuid())
    traces = []
    login = _login_uid()
    if login is not None and login != os.geteuid():
        traces.append(f"login {_user_name(login)}")
    if sudo := os.environ.get("SUDO_USER"):
        traces.append(f"sudo {sudo}")
    if client := os.environ.get("SSH_CLIENT", "").split():
        traces.append(f"ssh {client[0]}")
    return f"{user} ({', '.join(traces)})" if traces else user


def account() -> str:
    """
    Return the one name that stands for the actor: who logged in, who called sudo, or the user.

    The kernel's word goes before that of the environment, which the caller can set.
    """
    login = _login_uid()
    if login is not None:
        return _user_name(login)
    return os.environ.get("SUDO_USER") or _user_name(os.geteuid())


def _user_name(uid: int) -> str:
    with suppress(KeyError):
        return pwd.getpwuid(uid).pw_name
    return f"uid {uid}"


def _login_uid() -> int | None:
    try:
        uid = int((_PROC / "self/loginuid").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    return None if uid == _NO_LOGIN else uid


def process_mark() -> str:
    """Return boot, number and start of this process: together they never come again."""
    return _mark(os.getpid())


def is_alive(mark: object, host: str) -> bool:
    """Tell whether the process with this mark still runs here."""
    if not isinstance(mark, str) or host != host_name():
        return False
    number = mark.split(":")[1:2]
    return bool(number) and number[0].isdecimal() and _mark(int(number[0])) == mark


def _mark(pid: int) -> str:
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii")[:8]
        # The name in brackets may hold anything, so count fields after the last bracket (proc(5)).
        fields = (_PROC / str(pid) / "stat").read_bytes().rpartition(b")")[2].split()
    except (OSError, ValueError):
        return ""
    state, started = fields[0], fields[19]
    return "" if state in {b"Z", b"X"} else f"{boot}:{pid}:{started.decode()}"
