"""What restic prints, as plain facts."""

import json
import re
from collections.abc import Callable
from typing import Any

from netops.core.dataclass import dataclass, field
from netops.core.errors import (
    AccessError,
    ChainError,
    LockedError,
    NetopsError,
    ToolError,
    UnreachableError,
)
from netops.core.process import Completed
from netops.core.run import Progress

_KEPT_PROBLEMS = 1000


@dataclass(frozen=True, slots=True)
class Summary:
    """A finished `restic backup`."""

    #: 8 digits from restic 0.14 to 0.15, 64 from later ones.
    snapshot_id: str
    files_new: int
    files_changed: int
    files_unmodified: int
    bytes_processed: int
    bytes_added: int
    #: Pieces of file content that the repository did not have.
    data_blobs: int = 0
    #: What could not be read; the snapshot lacks it.
    problems: tuple[str, ...] = ()
    problem_count: int = 0


@dataclass(slots=True)
class BackupListener:
    """Follows the JSON lines of `restic backup`."""

    on_progress: Callable[[Progress], None] | None = None
    summary: dict[str, Any] | None = None
    problems: list[str] = field(default_factory=list)
    problem_count: int = 0
    other: list[str] = field(default_factory=list)

    def hear(self, line: str) -> None:
        """Take one line of either output."""
        try:
            message = json.loads(line)
            kind = message.get("message_type")
        except (ValueError, AttributeError):
            self.other = [*self.other[-20:], line]
            return
        if kind == "status":
            self._progress(message)
        elif kind == "summary":
            self.summary = message
        elif kind == "error" and message.get("during") != "scan":  # told again if it is missing
            self.problem_count += 1
            if len(self.problems) < _KEPT_PROBLEMS:
                self.problems.append(_problem(message))
        elif kind == "exit_error":
            self.other.append(str(message.get("message", "")))

    def _progress(self, message: dict[str, Any]) -> None:
        if self.on_progress is not None:
            self.on_progress(
                Progress(
                    int(message.get("bytes_done", 0)),
                    int(message.get("total_bytes", 0)),
                    int(message.get("files_done", 0)),
                    int(message.get("total_files", 0)),
                    "reading",
                )
            )

    def result(self) -> Summary:
        """Return the summary; raise ToolError when restic never printed one."""
        if self.summary is None or not self.summary.get("snapshot_id"):
            raise ToolError(
                "restic ended without naming a snapshot",
                hint="nothing was recorded as good; run the backup again",
            )
        number = {name: int(self.summary.get(name, 0)) for name in _COUNTS}
        return Summary(
            str(self.summary["snapshot_id"]),
            number["files_new"],
            number["files_changed"],
            number["files_unmodified"],
            number["total_bytes_processed"],
            number["data_added"],
            number["data_blobs"],
            tuple(self.problems),
            self.problem_count,
        )


_COUNTS = (
    "files_new",
    "files_changed",
    "files_unmodified",
    "total_bytes_processed",
    "data_added",
    "data_blobs",
)


def parsed(line: str) -> dict[str, Any]:
    """Return the message in a JSON line, an empty one for any other line."""
    try:
        message = json.loads(line)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}


def _problem(message: dict[str, Any]) -> str:
    error = message.get("error")
    reason = error.get("message", "") if isinstance(error, dict) else str(error or "")
    if not reason and isinstance(error, dict):  # 0.14 prints Go's error fields: Op, Path, Err …
        reason = f"{error.get('Op', 'read')}: {_errno(error['Err'])}" if "Err" in error else ""
    # … or, for a folder that may not be listed, none of them.
    reason = reason or "cannot be read or listed (restic names no reason)"
    item = str(message.get("item", "?"))
    return f"{item}: {reason.removeprefix(f'open {item}: ').removeprefix(f'{item}: ')}"


def _errno(value: object) -> str:
    import os

    return os.strerror(value) if isinstance(value, int) else str(value)


#: First match wins. Exit codes 10, 11 and 12 exist since restic 0.17.
_MEANINGS: tuple[tuple[re.Pattern[str], int | None, type[NetopsError], str, str], ...] = (
    (
        re.compile(r"wrong password|no key found"),
        12,
        AccessError,
        "the repository password is wrong",
        "check the password reference of the repository in netops.yaml",
    ),
    # These four come before the next: restic adds "Is there a repository" to all of them.
    (
        re.compile(r"x509: |tls: failed to verify certificate"),
        None,
        AccessError,
        "the server's certificate is not trusted",
        "is it the right server? a CA of your own is named by SSL_CERT_FILE, under environment "
        "of the repository in netops.yaml",
    ),
    (
        re.compile(r"host key verification failed", re.IGNORECASE),
        None,
        AccessError,
        "the server's key is not the expected one",
        "compare its fingerprint by another way, then correct ssh.known_hosts in netops.yaml",
    ),
    (
        re.compile(
            r"permission denied \(publickey|\(401\)|401 Unauthorized|signature we calculated"
            r"|SignatureDoesNotMatch|InvalidAccessKeyId|Access Key Id you provided",
            re.IGNORECASE,
        ),
        None,
        AccessError,
        "the server refuses the credentials",
        "check environment and ssh of the repository in netops.yaml",
    ),
    (
        re.compile(
            r"connection refused|no route to host|no such host|network is unreachable"
            r"|unable to start the sftp session"
        ),
        None,
        UnreachableError,
        "the repository does not answer",
        "check the network and the server, then run the command again",
    ),
    (
        re.compile(r"unable to open config file|Is there a repository at"),
        10,
        UnreachableError,
        "there is no repository at this place",
        "create it with `netops backup init`, or mount what should be there",
    ),
    (
        re.compile(r"already locked"),
        11,
        LockedError,
        "the repository is locked",
        "another restic works on it; when none does, run `netops backup unlock`",
    ),
    (
        re.compile(r"no matching ID found"),
        None,
        ChainError,
        "the repository does not have the snapshot netops asked for",
        "run `netops backup run JOB --type full` to start a new chain",
    ),
    (
        re.compile(r"no space left on device", re.IGNORECASE),
        None,
        ToolError,
        "the repository's disk is full",
        "make room there; what is already stored stays valid",
    ),
    (
        re.compile(
            r"connection refused|no route to host|i/o timeout|no such host|network is unreachable"
            r"|connection reset|broken pipe|://\S+: (unexpected )?EOF|ssh command exited|dial tcp",
            re.IGNORECASE,
        ),
        None,
        UnreachableError,
        "the repository does not answer",
        "check the network and the server, then run the command again",
    ),
    (
        re.compile(
            r"permission denied|access denied|403 Forbidden|401 Unauthorized", re.IGNORECASE
        ),
        None,
        AccessError,
        "access to the repository was refused",
        "check the permissions of the account netops runs as",
    ),
)


def failure(repository: str, done: Completed, words: str = "") -> NetopsError:
    """Return the error that a failed restic call amounts to."""
    said = f"{done.stderr}\n{words}"
    tail = done.last_words() or words.strip()[-300:]
    for pattern, code, kind, meaning, hint in _MEANINGS:
        if pattern.search(said) or (code is not None and done.returncode == code):
            return kind(f"{repository}: {meaning} ({tail})", hint=hint)
    return ToolError(f"{repository}: restic ended with {done.returncode}: {tail or 'no message'}")
