"""What killed processes left in a repository, and how to take exactly that away, wherever it lies."""

import os
import re
from base64 import b64encode
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from netops.backup.model import Repository
from netops.backup.restic.access import Access
from netops.backup.restic.client import Call
from netops.backup.restic.sftp import directory_of, sftp_client
from netops.backup.room import BackupRoom, limits
from netops.backup.targets.base import split
from netops.core import process
from netops.core.dataclass import dataclass
from netops.core.errors import InterruptedRunError, NetopsError
from netops.core.run import Context

if TYPE_CHECKING:
    from ssl import SSLContext

_LOOK_S = 120.0
#: How restic names a file on an sftp server until it is whole; nothing else ever removes one.
_UNFINISHED = re.compile(
    r"^-(?:\S+\s+){4}(\d+)\s.*?((?:data/[0-9a-f]{2}|index|snapshots)/[0-9a-f]{64}-restic-temp-\w+)$",
    re.MULTILINE,
)
_LOCK = re.compile(r"^\S*locks/\S+$", re.MULTILINE)


class Place(Protocol):
    """A server on which single files can be removed past restic."""

    def remove_lock(self, lock_id: str) -> bool:
        """Remove one lock; False when the server would not."""

    def sweep(self) -> int:
        """Remove what is half written, unless a lock says that one may live; return its bytes."""


def place_of(access: Access, call: Call) -> Place | None:
    """Return what netops can talk to itself; None where only restic can."""
    kind = split(access.location)[0]
    if kind == "sftp":
        return SftpPlace(access, call)
    return RestPlace(access, call) if kind == "rest" else None


def sweep(room: BackupRoom, repository: Repository, context: Context) -> int:
    """Remove what killed processes left half written; return its bytes, 0 where unknown."""
    if room.target(repository).traits.opens_files:
        return room.target(repository).sweep()
    place = place_of(room.access(repository), limits(context, _LOOK_S, quiet=True))
    return place.sweep() if place else 0


@dataclass(frozen=True, slots=True)
class SftpPlace:
    """A directory on a server, by the sftp program and the keys that restic uses."""

    access: Access
    call: Call

    def remove_lock(self, lock_id: str) -> bool:
        """Remove one lock."""
        return self._do([f'rm "locks/{lock_id}"']) is not None

    def sweep(self) -> int:
        """Remove what is half written; files of restic before 0.13 have other names and stay."""
        # Looked at before the locks: who writes holds one, so without any the writers are gone.
        looks = [f"-ls -ln {folder}/*-restic-temp-*" for folder in ("data/*", "index", "snapshots")]
        seen = self._do([*looks, "ls -1 locks"])
        found = _UNFINISHED.findall(seen or "")
        if not found or _LOCK.search(seen or ""):
            return 0
        removed = self._do([f"rm {name}" for _, name in found])
        return sum(int(size) for size, _ in found) if removed is not None else 0

    def _do(self, lines: Sequence[str]) -> str | None:
        """Return what the commands print, None when one of them failed."""
        access = self.access
        directory = directory_of(access.location)
        if "\\" in directory:  # which sftp(1) cannot be told
            return None
        written = directory.replace('"', '\\"')
        script = "\n".join((f'cd "{written}"', *lines, ""))
        try:
            with sftp_client(access.location, access.ssh, access.connect_timeout_s) as argv:
                done = process.run(
                    argv,
                    stdin=script.encode(),
                    deadline_s=self.call.deadline_s,
                    cancel=self.call.cancel,
                )
        except InterruptedRunError:
            raise
        except NetopsError:
            return None  # what comes next says it better
        return None if done.returncode else done.stdout


@dataclass(frozen=True, slots=True)
class RestPlace:
    """A server that speaks restic's REST protocol."""

    access: Access
    call: Call

    def remove_lock(self, lock_id: str) -> bool:
        """Remove one lock."""
        from http.client import HTTPException
        from urllib.request import Request, urlopen

        place = self.access.location.removeprefix("rest:").rstrip("/")
        if not place.startswith(("http://", "https://")):
            return False
        request = Request(  # noqa: S310  looked at above
            f"{place}/locks/{lock_id}", method="DELETE", headers=self._proof()
        )
        try:
            timeout_s = self.access.connect_timeout_s
            with urlopen(request, timeout=timeout_s, context=self._tls()):  # noqa: S310
                return True
        except (OSError, HTTPException):
            return False

    def sweep(self) -> int:
        """Return 0: such a server drops what was not sent to its end."""
        return 0

    def _proof(self) -> dict[str, str]:
        """Return the header with user and password."""
        given = self.access.environment
        user, password = given.get("RESTIC_REST_USERNAME"), given.get("RESTIC_REST_PASSWORD")
        if user is None or password is None:
            return {}
        pair = f"{user.reveal()}:{password.reveal()}".encode()
        return {"Authorization": f"Basic {b64encode(pair).decode()}"}

    def _tls(self) -> "SSLContext | None":
        """Return what proves both sides to each other, as restic takes it from the same names."""
        if not self.access.location.startswith("rest:https:"):
            return None
        import ssl

        given = {**os.environ, **self.access.variables()}
        trusted = given.get("RESTIC_CACERT") or given.get("SSL_CERT_FILE")
        context = ssl.create_default_context(cafile=trusted)
        if own := given.get("RESTIC_TLS_CLIENT_CERT"):
            context.load_cert_chain(own)
        return context
