"""The socket protocol of clamd (clamd(8)): ping, version, and files handed over as descriptors."""

import os
import re
import select
import socket
import time
from collections.abc import Callable
from functools import partial
from typing import Self, TypeVar

from netops.backup.scanners.base import Limits, ScannerError

T = TypeVar("T")
_REPLY_BYTES = 1 << 16
_CHUNK_BYTES = 1 << 17
_TICK_S = 0.2
#: One file may take this long; clamd's own MaxScanTime is 120 s.
FILE_S = 180.0


class SilentError(ScannerError):
    """clamd did not answer in time: asking again would only wait again."""


class Clamd:
    """One session with clamd; made again by the caller after any ScannerError."""

    def __init__(self, path: str, limits: Limits) -> None:
        self.path, self.limits = path, limits
        self._ends_at_s = time.monotonic() + limits.deadline_s
        self._buffer = b""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.settimeout(min(limits.deadline_s, 10.0))
            self._socket.connect(path)
        except OSError as error:
            self._socket.close()
            raise _unreachable(path, error) from error
        self._socket.setblocking(False)
        self._send(b"zIDSESSION\0", self._limit(30.0))

    def close(self) -> None:
        """End the session."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ask(self, command: str) -> str:
        """Send one command and return its answer."""
        self._send(b"z%s\0" % command.encode(), self._limit(30.0))
        return _NUMBER.sub("", self._receive(self._limit(30.0)))

    def scan_descriptor(self, handle: int) -> str:
        """Return the answer about an open file: clamd reads it with our permission."""
        limit = self._limit(FILE_S)
        self._send(b"zFILDES\0", limit)

        def send() -> int:
            return socket.send_fds(self._socket, [b"\0"], [handle])

        self._when_ready(send, limit, to_write=True)
        return self._receive(limit)

    def scan_stream(self, handle: int, before: bytes = b"") -> str:
        """Return the answer about an open file whose content is sent, after the bytes `before`."""
        limit = self._limit(FILE_S)
        os.lseek(handle, 0, os.SEEK_SET)
        self._send(b"zINSTREAM\0", limit)
        try:
            self._stream(handle, before, limit)
        except SilentError:
            raise
        except ScannerError:
            pass  # past its StreamMaxLength clamd answers and hangs up while we still send
        return self._receive(limit)

    def _stream(self, handle: int, before: bytes, limit: float) -> None:
        chunk = before
        while chunk or (chunk := os.read(handle, _CHUNK_BYTES)):
            self._send(len(chunk).to_bytes(4, "big") + chunk, limit)
            chunk = b""
        self._send(b"\0\0\0\0", limit)

    def _limit(self, seconds: float) -> float:
        return min(self._ends_at_s, time.monotonic() + seconds)

    def _send(self, data: bytes, limit: float) -> None:
        rest = memoryview(data)
        while rest:
            sent = self._when_ready(partial(self._socket.send, rest), limit, to_write=True)
            rest = rest[sent:]

    def _receive(self, limit: float) -> str:
        while b"\0" not in self._buffer:
            data = self._when_ready(lambda: self._socket.recv(4096), limit, to_write=False)
            if not data:
                raise ScannerError("clamd ended the connection without an answer")
            self._buffer += data
            if len(self._buffer) > _REPLY_BYTES:
                raise ScannerError("clamd answers without end")
        answer, _, self._buffer = self._buffer.partition(b"\0")
        return answer.decode(errors="backslashreplace")

    def _when_ready(self, act: Callable[[], T], limit: float, *, to_write: bool) -> T:
        """Do what would block as soon as it does not; mind deadline and cancel meanwhile."""
        while True:
            self.limits.cancel.check()
            left_s = limit - time.monotonic()
            if left_s <= 0:
                raise SilentError(
                    "clamd did not answer in time",
                    hint="look at its load and log, or raise scan.deadline",
                )
            waiting = select.poll()
            waiting.register(self._socket, select.POLLOUT if to_write else select.POLLIN)
            if not waiting.poll(min(left_s, _TICK_S) * 1000):
                continue
            try:
                return act()
            except BlockingIOError:
                continue
            except OSError as error:
                raise ScannerError(f"the connection to clamd broke: {error.strerror}") from error


def _unreachable(path: str, error: OSError) -> ScannerError:
    reason = error.strerror or "no answer in time"
    return ScannerError(
        f"clamd does not answer at {path}: {reason}",
        hint="start it (systemctl start clamav-daemon), or set scan.socket to its LocalSocket",
    )


_NUMBER = re.compile(r"^\d+: ")
_FOUND = re.compile(r"(?:\d+: )?.*?: (.+) (FOUND|ERROR)", re.DOTALL)
_FINE = re.compile(r"(?:\d+: )?.*?: OK", re.DOTALL)


def read_answer(answer: str) -> tuple[str, str]:
    """Return (OK | FOUND | ERROR, what it said) from the answer about one file."""
    if _FINE.fullmatch(answer):
        return "OK", ""
    match = _FOUND.fullmatch(answer)
    if match:
        return match[2], match[1]
    return "ERROR", answer[:200]
