"""Errors of the database drivers, told as netops errors with a next step."""

import errno
import sqlite3

from netops.core.errors import (
    AccessError,
    ConfigError,
    IntegrityError,
    LockedError,
    NetopsError,
    TimeoutExpiredError,
    UnreachableError,
)

_RESTORE = "restore the newest good copy; `sqlite3 FILE .recover` may save newer rows"
_SPACE = "free some space on that file system, then run the command again"
_RETRY = "run the command again when the other one has ended; nothing was written"
_OWNER = "check the owner and mode of the file and its folder"
_LOGIN = "check user, password, pg_hba.conf and GRANTs"
_SERVER = "check that the PostgreSQL server runs and answers"
_REFUSED = "the database refused the statement; nothing of it was written"

_SQLITE: dict[int, tuple[type[NetopsError], str]] = {
    sqlite3.SQLITE_BUSY: (LockedError, _RETRY),
    sqlite3.SQLITE_LOCKED: (LockedError, _RETRY),
    sqlite3.SQLITE_FULL: (NetopsError, _SPACE),
    sqlite3.SQLITE_CORRUPT: (IntegrityError, _RESTORE),
    sqlite3.SQLITE_NOTADB: (IntegrityError, _RESTORE),
    sqlite3.SQLITE_READONLY: (AccessError, _OWNER),
    sqlite3.SQLITE_PERM: (AccessError, _OWNER),
    sqlite3.SQLITE_CANTOPEN: (AccessError, _OWNER),
    sqlite3.SQLITE_IOERR: (NetopsError, "check free space, quota and health of that disk"),
    sqlite3.SQLITE_CONSTRAINT: (NetopsError, _REFUSED),
}

# By SQLSTATE, or by its class, which is its first two characters.
_POSTGRES: dict[str, tuple[type[NetopsError], str]] = {
    "08": (UnreachableError, _SERVER),
    "28": (AccessError, _LOGIN),
    "25006": (AccessError, "this server is read-only; name the primary in the DSN"),
    "3D": (ConfigError, "create it: createdb -T template0 -E UTF8 -l C NAME"),
    "40": (LockedError, _RETRY),
    "42501": (AccessError, _LOGIN),
    "53100": (NetopsError, _SPACE),
    "53300": (UnreachableError, "raise max_connections or close other sessions"),
    "55P03": (LockedError, _RETRY),
    "57014": (TimeoutExpiredError, "look for a lock or raise statement_timeout"),
    "57P01": (UnreachableError, _SERVER),
    "57P02": (UnreachableError, _SERVER),
    "57P03": (UnreachableError, _SERVER),
    "XX001": (IntegrityError, "restore this database; its server found damage"),
    "XX002": (IntegrityError, "restore this database; its server found damage"),
}


def sqlite_code(error: sqlite3.Error) -> int:
    """Return SQLite's primary result code, 0 when the error did not come from SQLite itself."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def from_sqlite(error: sqlite3.Error, what: str) -> NetopsError:
    """Tell an error of sqlite3; `what` names the work, with the file."""
    code = sqlite_code(error)
    if code == 0 and "decode" in str(error):
        code = sqlite3.SQLITE_CORRUPT
    kind, hint = _SQLITE.get(code, (NetopsError, "report this with the command that was run"))
    return kind(f"{what}: {error}", hint=hint)


def from_postgres(sqlstate: str | None, text: str, what: str, *, lost: bool) -> NetopsError:
    """
    Tell an error of PostgreSQL by its SQLSTATE (manual, appendix A).

    `lost` says that the connection is gone or never came to be.
    """
    state = sqlstate or ""
    if lost and not state:
        state = _state_of_failed_login(text)
    kind, hint = _POSTGRES.get(state) or _POSTGRES.get(state[:2]) or (NetopsError, _REFUSED)
    return kind(f"{what}: {' '.join(text.split())}", hint=hint)


def _state_of_failed_login(text: str) -> str:
    """Return what the server meant: libpq keeps the SQLSTATE to itself before a session stands."""
    if "database" in text and "does not exist" in text:
        return "3D000"
    signs = ("authentication failed", "no pg_hba.conf entry", "no password supplied", "permission")
    if any(sign in text for sign in signs) or ("role" in text and "does not exist" in text):
        return "28000"
    return "08006"


def from_os(error: OSError, what: str) -> NetopsError:
    """Tell an error of the file system."""
    message = f"{what}: {error.strerror or error}"
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return AccessError(message, hint=_OWNER)
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return NetopsError(message, hint=_SPACE)
    return NetopsError(message, hint="check the path and the disk it lies on")
