"""Consistent copies of SQLite databases that other programs are writing to."""

import os
import re
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from stat import S_ISREG

from netops.core.errors import (
    IntegrityError,
    NetopsError,
    TimeoutExpiredError,
)
from netops.core.files import sync_directory
from netops.store.failures import from_os, from_sqlite, sqlite_code

_UNOPENABLE = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM}
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_MISSING = re.compile(r"(?:unknown|no such) (function|collation sequence): (\w+)")
_STAND_INS = 100
_NAP_S = 0.002
_BESIDE = ("", "-wal", "-journal")


def copy_sqlite(source: Path, target: Path, *, wait_s: float = 30.0) -> int:
    """
    Copy a live SQLite database to `target` (replaced whole, mode 0600) and return its bytes.

    The copy is one moment of the database, committed WAL frames included, checked by
    `PRAGMA quick_check` and flushed to disk. All pages are read in one step, so a busy writer
    cannot make it start over; a writer in WAL mode is not held up, in other modes it waits. The
    source is opened read-only. Where SQLite cannot do that (a write-ahead log or a rollback journal
    left by a crash, in a folder that cannot be written), the files are first copied beside `target`
    and recovered there. Raises IntegrityError for damage and for files that are no database,
    TimeoutExpiredError when it stays locked for `wait_s`, AccessError, NetopsError.
    """
    from tempfile import TemporaryDirectory

    _require_database_file(source)
    _refuse_stale_log(target)
    try:
        with TemporaryDirectory(dir=target.parent, prefix=f".{target.name[:100]}.") as folder:
            copy = Path(folder) / "copy"
            _copy(source, copy, Path(folder) / "aside", wait_s)
            size_bytes = _flush(copy)
            copy.replace(target)
        sync_directory(target.parent)
    except OSError as error:
        raise from_os(error, f"copy of {source} to {target}") from error
    return size_bytes


def _require_database_file(source: Path) -> None:
    """Refuse what is no file; opening it here would drop the locks this process holds on it."""
    try:
        found = source.stat()
    except OSError as error:
        raise from_os(error, str(source)) from error
    if not S_ISREG(found.st_mode):
        raise NetopsError(f"{source} is not a file", hint="name the database file itself")
    if found.st_size == 0:
        raise IntegrityError(
            f"{source} is empty, so it is not a database",
            hint="if its program has stored nothing yet, back it up once it has",
        )
    if not os.access(source, os.R_OK, effective_ids=True):
        raise from_os(PermissionError(13, "Permission denied"), str(source))


def _refuse_stale_log(target: Path) -> None:
    """SQLite would replay a log that lies beside `target` into the copy."""
    for suffix in _BESIDE[1:]:
        log = target.with_name(target.name + suffix)
        if log.exists():
            raise NetopsError(
                f"{log} belongs to another database", hint="choose another target, or remove it"
            )


def _copy(source: Path, copy: Path, aside: Path, wait_s: float) -> None:
    deadline = time.monotonic() + wait_s
    try:
        with closing(_open_source(source, aside, deadline)) as link:
            _create(copy)
            with closing(sqlite3.connect(copy, isolation_level=None)) as target:
                link.backup(target, pages=-1, progress=_limit(deadline, source, wait_s))
                _check(target, source)
    except sqlite3.Error as error:
        if sqlite_code(error) in _BUSY:
            raise _too_long(source, wait_s) from error
        raise from_sqlite(error, f"copy of {source}") from error


def _open_source(source: Path, aside: Path, deadline: float) -> sqlite3.Connection:
    """Return a connection that already holds its read lock, so that the copy never waits."""
    from urllib.parse import quote

    uri = f"file:{quote(os.fsencode(source.absolute()))}?mode=ro"
    try:
        return _begin_reading(uri, deadline)
    except sqlite3.Error as error:
        if sqlite_code(error) not in _UNOPENABLE:
            raise
    return _begin_reading(f"file:{quote(os.fsencode(_copy_aside(source, aside)))}", deadline)


def _begin_reading(uri: str, deadline: float) -> sqlite3.Connection:
    """Take the read lock; SQLite's own waiting naps 100 ms, too long to catch a writer's gaps."""
    link = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=0)
    try:
        link.execute("BEGIN")
        while True:
            try:
                link.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
            except sqlite3.OperationalError as error:
                if sqlite_code(error) not in _BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(_NAP_S)
            else:
                return link
    except BaseException:
        link.close()
        raise


def _copy_aside(source: Path, aside: Path) -> Path:
    """Copy database and log byte by byte; nobody may change them meanwhile."""
    import shutil

    aside.mkdir(mode=0o700)
    files = [source.with_name(source.name + suffix) for suffix in _BESIDE]
    before = [_fingerprint(file) for file in files]
    for file, suffix in zip(files, _BESIDE, strict=True):
        if file.exists():
            shutil.copyfile(file, aside / f"database{suffix}")
    if [_fingerprint(file) for file in files] != before:
        raise NetopsError(
            f"{source} cannot be opened where it is, and it changed while its files were copied",
            hint="stop its program, or let netops write to the folder of the database",
        )
    return aside / "database"


def _fingerprint(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _limit(deadline: float, source: Path, wait_s: float) -> Callable[[int, int, int], None]:
    """Return what ends the driver's own loop, which tries a locked database for ever."""

    def stop_when_late(result: int, remaining: int, total: int) -> None:
        if result & 0xFF in _BUSY and time.monotonic() > deadline:
            raise _too_long(source, wait_s)

    return stop_when_late


def _too_long(source: Path, wait_s: float) -> TimeoutExpiredError:
    return TimeoutExpiredError(
        f"{source} stayed locked by its program for {wait_s:g} s",
        hint="back it up when that program is quieter, or make it use WAL",
    )


def _check(copy: sqlite3.Connection, source: Path) -> None:
    found = _quick_check(copy)
    if found != ["ok"]:
        raise IntegrityError(
            f"{source} is damaged: {'; '.join(found)}",
            hint="restore it from an older backup; nothing was copied",
        )


def _quick_check(copy: sqlite3.Connection) -> list[str]:
    """Check every page, with stand-ins for functions and collations of the database's program."""
    copy.execute("PRAGMA ignore_check_constraints=ON")
    for _ in range(_STAND_INS):
        try:
            return [str(row[0]) for row in copy.execute("PRAGMA quick_check(10)")]
        except sqlite3.OperationalError as error:
            missing = _MISSING.search(str(error))
            if missing is None:
                raise
            if missing[1] == "function":
                copy.create_function(missing[2], -1, lambda *_: 0, deterministic=True)
            else:
                copy.create_collation(missing[2], lambda a, b: (a > b) - (a < b))
    return [f"it needs more than {_STAND_INS} functions of its own program to be checked"]


def _create(path: Path) -> None:
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def _flush(copy: Path) -> int:
    handle = os.open(copy, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
        return os.fstat(handle).st_size
    finally:
        os.close(handle)
