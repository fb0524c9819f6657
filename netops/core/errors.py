"""
Every error netops raises on purpose, and the exit code it ends with.

NetopsError                 2  the operation failed
├─ ToolError                2  an outside program failed
├─ ChainError               2  a differential or log backup has nothing to stand on
├─ IntegrityError           2  stored data is not what was written
├─ TimeoutExpiredError      2  the deadline passed
├─ UsageError              64  the command line asks for something that does not exist  (EX_USAGE)
├─ UnreachableError        69  a device, server or repository does not answer     (EX_UNAVAILABLE)
├─ LockedError             75  another run holds the lock; try later                 (EX_TEMPFAIL)
├─ AccessError             77  credentials or permissions were refused                 (EX_NOPERM)
├─ ConfigError             78  netops.yaml is wrong                                    (EX_CONFIG)
│  └─ SecretError          78  a secret cannot be resolved
└─ InterruptedRunError    130  SIGINT, or 143 after SIGTERM

Commands that finish exit with their `Status` (0 to 3). Only what could not start or reach
something uses 64 to 78 (sysexits.h), so the two never overlap.
"""

from collections.abc import Sequence
from typing import ClassVar


class NetopsError(Exception):
    """The operation failed."""

    exit_code: int = 2
    code: ClassVar[str] = "failed"
    #: What the reader can do about it, shown under the message.
    hint: str | None

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint

    def as_dict(self) -> dict[str, object]:
        """Return the error as plain values for `--json` and the journal."""
        return {"code": self.code, "message": str(self), "hint": self.hint}


class ToolError(NetopsError):
    """An outside program failed."""

    code = "tool"


class ChainError(NetopsError):
    """A differential or log backup has no valid backup to stand on."""

    code = "chain"


class IntegrityError(NetopsError):
    """Stored data is not what was written."""

    code = "integrity"


class TimeoutExpiredError(NetopsError):
    """The deadline passed before the work was done."""

    code = "timeout"


class UsageError(NetopsError):
    """The command line asks for something that does not exist."""

    exit_code = 64
    code = "usage"


class UnreachableError(NetopsError):
    """A device, server or repository does not answer."""

    exit_code = 69
    code = "unreachable"


class LockedError(NetopsError):
    """Another run holds the lock."""

    exit_code = 75
    code = "locked"


class AccessError(NetopsError):
    """Credentials or permissions were refused."""

    exit_code = 77
    code = "access"


class ConfigError(NetopsError):
    """netops.yaml or a file it names is wrong."""

    exit_code = 78
    code = "config"

    def __init__(
        self, message: str, *, hint: str | None = None, mistakes: Sequence[str] = ()
    ) -> None:
        super().__init__("\n  ".join([message, *mistakes]), hint=hint)
        #: One line per mistake: file, line, dotted path, what was expected.
        self.mistakes = tuple(mistakes)

    def as_dict(self) -> dict[str, object]:
        """Return the error with its mistakes one by one."""
        return {**super().as_dict(), "mistakes": list(self.mistakes)}


class SecretError(ConfigError):
    """A secret cannot be resolved."""

    code = "secret"


class InterruptedRunError(NetopsError):
    """A signal ended the run."""

    code = "interrupted"

    def __init__(self, message: str, *, signal_number: int) -> None:
        super().__init__(message, hint="nothing was lost; run the command again")
        self.exit_code = 128 + signal_number


def from_os(error: OSError) -> NetopsError:
    """Return the error that a refusal of the operating system amounts to."""
    import errno

    what = error.strerror or str(error)
    place = f"{error.filename}: " if error.filename else ""
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return AccessError(
            f"{place}{what}", hint="run as the account that owns it, or give this one the right"
        )
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return NetopsError(
            f"{place}{what}", hint="make room on that disk and run the command again"
        )
    return NetopsError(f"{place}{what}")
