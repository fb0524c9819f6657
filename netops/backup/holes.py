"""Long runs of zeros that take no room: kept by copies, and dug where restic before 0.15 wrote them out."""

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from netops.core.cancel import Cancel
from netops.core.errors import IntegrityError, ToolError

#: A shorter run is not worth a hole: the file would be scattered over the disk.
_BLOCK_BYTES = 64 * 1024
_CHUNK_BYTES = 16 * _BLOCK_BYTES
_ZEROS = bytes(_BLOCK_BYTES)
_KEEP_SIZE, _PUNCH_HOLE = 1, 2  # of fallocate(2)


def dig(top: Path, cancel: Cancel | None = None) -> None:
    """
    Give the room of long runs of zeros below `top` back to the disk; nobody else may write there.

    A file with holes is read again: IntegrityError when its content is not what it was. Where the
    file system keeps no holes, the zeros stay.
    """
    done: set[tuple[int, int]] = set()
    for folder, _, names in os.walk(top):
        for name in names:
            if cancel is not None:
                cancel.check()
            path = Path(folder, name)
            facts = path.lstat()
            if not _is_worth_it(path, facts) or (facts.st_dev, facts.st_ino) in done:
                continue
            done.add((facts.st_dev, facts.st_ino))
            try:
                _dig_file(path, facts)
            except OSError as error:
                if error.errno == errno.EOPNOTSUPP:
                    return
                raise ToolError(f"cannot take the zeros out of {path}: {error.strerror}") from error


def _is_worth_it(path: Path, facts: os.stat_result) -> bool:
    """Tell whether a file can hold a long run; the kernel takes rights off programs that are written to."""
    if not stat.S_ISREG(facts.st_mode) or facts.st_size < _BLOCK_BYTES:
        return False
    if facts.st_mode & (stat.S_ISUID | stat.S_ISGID):
        return False
    with suppress(OSError):  # a file system without such attributes has no such rights either
        return "security.capability" not in os.listxattr(path, follow_symlinks=False)
    return True


def _dig_file(path: Path, facts: os.stat_result) -> None:
    with _writable(path, facts) as file:
        runs = list(_zeros(file))
        if not runs:
            return
        before = _digest(file)
        for start, length in runs:
            _punch(file, start, length)
        if _digest(file) != before:
            raise IntegrityError(
                f"{path} is not what it was after its zeros were taken out",
                hint="restore again without --sparse, and look at this machine's disk",
            )
        os.utime(file, ns=(facts.st_atime_ns, facts.st_mtime_ns))


@contextmanager
def _writable(path: Path, facts: os.stat_result) -> Iterator[int]:
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        file = os.open(path, flags)
    except PermissionError:  # its owner may not write; root may, and the owner may let itself
        path.chmod(stat.S_IMODE(facts.st_mode) | stat.S_IRUSR | stat.S_IWUSR)
        try:
            file = os.open(path, flags)
        finally:
            path.chmod(stat.S_IMODE(facts.st_mode))
    try:
        yield file
    finally:
        os.close(file)


def _zeros(file: int) -> Iterator[tuple[int, int]]:
    """Yield start and length of every run of zeros that is long enough and takes room."""
    begin = end = 0
    for start, length in _blank_blocks(file):
        if start > end:
            if end - begin >= _BLOCK_BYTES:
                yield begin, end - begin
            begin = start
        end = start + length
    if end - begin >= _BLOCK_BYTES:
        yield begin, end - begin


def _blank_blocks(file: int) -> Iterator[tuple[int, int]]:
    for start, end in _data(file):
        position = start - start % _BLOCK_BYTES
        while position < end and (chunk := os.pread(file, _CHUNK_BYTES, position)):
            for offset in range(0, len(chunk), _BLOCK_BYTES):
                block = chunk[offset : offset + _BLOCK_BYTES]
                if block == _ZEROS[: len(block)]:
                    yield position + offset, len(block)
            position += len(chunk)


def _data(file: int) -> Iterator[tuple[int, int]]:
    """Yield start and end of every part of a file that is no hole."""
    position, size = 0, os.fstat(file).st_size
    while position < size:
        try:
            start = os.lseek(file, position, os.SEEK_DATA)
        except OSError as error:
            if error.errno != errno.ENXIO:  # nothing but a hole follows
                raise
            return
        position = os.lseek(file, start, os.SEEK_HOLE)
        yield start, position


def _digest(file: int) -> bytes:
    os.lseek(file, 0, os.SEEK_SET)
    with os.fdopen(file, "rb", closefd=False) as content:
        return hashlib.file_digest(content, "sha256").digest()


def _punch(file: int, start: int, length: int) -> None:
    import ctypes  # Python has no call for it

    library = ctypes.CDLL(None, use_errno=True)
    call = getattr(library, "fallocate64", None) or library.fallocate
    call.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64]
    if call(file, _PUNCH_HOLE | _KEEP_SIZE, start, length):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def copy(source: int, target: int) -> None:
    """Copy a file into an empty one; a hole stays a hole."""
    for start, end in _data(source):
        os.lseek(target, start, os.SEEK_SET)
        position = start
        while position < end:
            sent = os.sendfile(target, source, position, end - position)
            if not sent:
                raise OSError(errno.EIO, "the file became shorter while it was copied")
            position += sent
    os.ftruncate(target, os.fstat(source).st_size)
