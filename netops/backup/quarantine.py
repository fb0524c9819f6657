"""Infected files out of everyone's way: moved, never lost, with a record of where each came from."""

import hashlib
import json
import os
import shutil
from contextlib import suppress
from pathlib import Path

from netops.backup.scanners.base import Candidate, identity_of
from netops.core.clock import Clock, utc_text
from netops.core.errors import IntegrityError, NetopsError
from netops.core.files import private_directory, sync_directory, write_atomic
from netops.core.ids import new_id


def quarantine(
    candidate: Candidate, signature: str, directory: Path, clock: Clock, run_id: str
) -> Path:
    """
    Move an infected file into `directory` (mode 0700) and return where it lies now.

    Beside it stands a JSON record with its name, owner, mode, times and SHA-256, written first. The
    file moves only if it still is the one that was scanned. Raises NetopsError; the file then is
    where it was.
    """
    place = directory / f"{new_id()}.infected"
    try:
        private_directory(directory)
        _require_private(directory)
        parent = os.open(os.path.dirname(candidate.path), os.O_RDONLY | os.O_DIRECTORY)  # noqa: PTH120  names may be no UTF-8
    except OSError as error:
        raise _refused(candidate, error.strerror or "") from error
    record = place.with_suffix(".json")
    try:
        _move(candidate, parent, place, record, _facts(signature, clock, run_id))
    except OSError as error:
        if not os.path.lexists(place):
            record.unlink(missing_ok=True)
        raise _refused(candidate, error.strerror or "") from error
    finally:
        os.close(parent)
    return place


def _facts(signature: str, clock: Clock, run_id: str) -> dict[str, object]:
    return {"signature": signature, "at": utc_text(clock.now()), "run": run_id}


def _move(
    candidate: Candidate, parent: int, place: Path, record: Path, facts: dict[str, object]
) -> None:
    name = os.path.basename(candidate.path)  # noqa: PTH119  as above
    found = os.stat(name, dir_fd=parent, follow_symlinks=False)
    if identity_of(found) != candidate.identity:
        raise _refused(candidate, "it has changed since it was scanned")
    handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    with os.fdopen(handle, "rb") as file:
        if identity_of(os.fstat(file.fileno())) != candidate.identity:
            raise _refused(candidate, "it has changed since it was scanned")
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        facts |= {
            "path": os.fsencode(candidate.path).decode("utf-8", "backslashreplace"),
            "path_hex": os.fsencode(candidate.path).hex(),
            "size_bytes": found.st_size,
            "mode": f"{found.st_mode & 0o7777:04o}",
            "uid": found.st_uid,
            "gid": found.st_gid,
            "modified_ns": found.st_mtime_ns,
            "sha256": digest,
        }
        write_atomic(record, json.dumps(facts, ensure_ascii=False, indent=2) + "\n")
        try:
            os.rename(name, place, src_dir_fd=parent)
        except OSError:  # another file system: copy, prove, and only then remove
            file.seek(0)
            _copy(file.fileno(), place, digest, candidate)
            os.unlink(name, dir_fd=parent)
    place.chmod(0o400)
    if place.stat().st_ino != candidate.identity.inode and _digest(place) != digest:
        raise IntegrityError(f"{place} is not the file that was scanned", hint="look at it by hand")
    sync_directory(place.parent)


def _copy(handle: int, place: Path, digest: str, candidate: Candidate) -> None:
    try:
        with open(place, "xb", opener=_private) as copy:
            with os.fdopen(os.dup(handle), "rb") as file:
                shutil.copyfileobj(file, copy)
            copy.flush()
            os.fsync(copy.fileno())
        if _digest(place) != digest:
            raise _refused(candidate, "its copy differs")
    except BaseException:
        with suppress(OSError):
            place.unlink()
        raise


def _private(name: str, flags: int) -> int:
    return os.open(name, flags | os.O_NOFOLLOW, 0o600)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _require_private(directory: Path) -> None:
    facts = directory.lstat()
    if facts.st_mode & 0o077 or facts.st_uid != os.geteuid() or directory.is_symlink():
        raise NetopsError(
            f"the quarantine {directory} is open to others",
            hint=f"chown {os.geteuid()} {directory} && chmod 700 {directory}",
        )


def _refused(candidate: Candidate, why: str) -> NetopsError:
    shown = os.fsencode(candidate.path).decode("utf-8", "backslashreplace")
    return NetopsError(f"{shown} was not moved into quarantine: {why}")
