"""The restic calls that stream, take long, or may end half well: backup, copy, restore, check, prune."""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from netops.backup.restic.access import Access, copy_flags, opened
from netops.backup.restic.messages import BackupListener, Summary, failure, parsed
from netops.backup.restic.watch import Watch
from netops.core import process
from netops.core.cancel import Cancel
from netops.core.dataclass import dataclass, field, replace
from netops.core.errors import AccessError, ToolError
from netops.core.process import Completed, LineSink
from netops.core.run import Progress

_PARTIAL = 3  # restic: the snapshot exists, some files could not be read
_SAVED = re.compile(r"snapshot ([0-9a-f]{8,64}) saved")
_PRESENT = re.compile(r"already copied to snapshot ([0-9a-f]{8,64})")
_FULL_ID = re.compile(r"[0-9a-f]{64}")
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)%")

#: What restic says of a file that it could not write, as against its own lock or cache.
_NO_ROOM = re.compile(r"ignoring error for .*no space left on device", re.IGNORECASE)

OnProgress = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Tree:
    """What one backup reads and how its snapshot is marked."""

    paths: Sequence[str]
    exclude: Sequence[str] = ()
    one_file_system: bool = False
    tags: Sequence[str] = ()
    host: str = ""
    #: Full id of the snapshot to compare with; None reads every file again.
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """The limits of one restic call."""

    deadline_s: float | None = None
    cancel: Cancel | None = None
    on_progress: OnProgress | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    #: What to do, once, while restic works and this program would only wait.
    meanwhile: Callable[[], None] | None = None

    def run(
        self,
        access: Access,
        *arguments: str,
        source: Access | None = None,
        on_stdout: LineSink | None = None,
        on_stderr: LineSink | None = None,
    ) -> Completed:
        """Run restic on `access` under these limits."""
        process.find_program("restic")
        with opened(access, source) as invocation:
            rate = {"RESTIC_PROGRESS_FPS": "4" if self.on_progress else "0.016"}
            return process.run(
                [*invocation.argv, *arguments],
                env={**rate, **invocation.env},
                deadline_s=self.deadline_s,
                cancel=self.cancel,
                on_stdout=on_stdout,
                on_stderr=on_stderr,
                meanwhile=self.meanwhile,
            )


def backup(access: Access, tree: Tree, call: Call) -> Summary:
    """Store the tree; unreadable files are in the summary's problems, not an exception."""
    listener = BackupListener(call.on_progress)
    arguments = ["--json", "backup", "--host", tree.host]
    arguments += ["--parent", tree.parent] if tree.parent else ["--force"]
    arguments += ["--one-file-system"] if tree.one_file_system else []
    arguments += [f"--exclude={pattern}" for pattern in tree.exclude]
    for tag in tree.tags:
        arguments += ["--tag", tag]
    done = call.run(
        access,
        *arguments,
        "--",
        *tree.paths,
        on_stdout=listener.hear,
        on_stderr=listener.hear,
    )
    if done.returncode not in {0, _PARTIAL}:
        raise failure(access.name, done, "\n".join(listener.other))
    if done.returncode == _PARTIAL and not listener.problem_count:
        listener.problem_count, listener.problems = 1, ["something that restic does not name"]
    return listener.result()


def copy(
    source: Access,
    target: Access,
    snapshot_ids: Sequence[str],
    call: Call,
    *,
    stall_timeout_s: float | None = None,
) -> list[str]:
    """
    Copy snapshots into `target`; return the ids they have there, as far as restic names them.

    Raises UnreachableError when nothing moves for `stall_timeout_s`.
    """
    found: list[str] = []
    watch = Watch(call.cancel, stall_timeout_s)

    def hear(line: str) -> None:
        watch.heard(line)
        for pattern in (_SAVED, _PRESENT):
            found.extend(pattern.findall(line))
        percent = _PERCENT.search(line)
        if percent and call.on_progress is not None:
            call.on_progress(Progress(round(float(percent[1]) * 100), 10_000, step="copying"))

    with copy_flags(source) as flags:
        done = replace(call, cancel=watch).run(
            target, "copy", *flags, "--", *snapshot_ids, source=source, on_stdout=hear
        )
    if done.returncode:
        raise failure(target.name, done)
    return found


def restore(
    access: Access,
    snapshot_id: str,
    target: str,
    call: Call,
    *,
    include: Sequence[str] = (),
    sparse: bool = False,
) -> None:
    """Write a snapshot (or the parts in `include`) below `target` and compare every byte."""
    flags = [*(["--sparse"] if sparse else []), *(f"--include={pattern}" for pattern in include)]
    done = call.run(access, "restore", snapshot_id, "--target", target, "--verify", *flags)
    if _NO_ROOM.search(done.stderr):
        raise ToolError(
            f"the disk of {target} is full: not everything came back",
            hint="make room there or restore to a larger disk; the backup is as good as before",
        )
    if done.returncode:
        raise failure(access.name, done)


def dump(access: Access, snapshot_id: str, path: str, call: Call) -> str:
    """Return the text of one file of a snapshot."""
    done = call.run(access, "dump", snapshot_id, path)
    if done.returncode:
        raise failure(access.name, done)
    return done.stdout


def diff(
    access: Access, pair: tuple[str, str], on_change: Callable[[str, str], None], call: Call
) -> None:
    """Hand every path that differs between two snapshots to `on_change`, with restic's letters."""

    def hear(line: str) -> None:
        message = parsed(line)
        if message.get("message_type") == "change":
            on_change(str(message.get("path", "")), str(message.get("modifier", "")))

    done = call.run(access, "--json", "--no-lock", "diff", *pair, on_stdout=hear)
    if done.returncode:
        raise failure(access.name, done)


def init(access: Access, call: Call, *, like: Access | None = None) -> None:
    """Create a repository; cut data as `like` does, so that copies share it."""
    if like is None:
        done = call.run(access, "init")
    else:
        with copy_flags(like) as flags:
            done = call.run(access, "init", "--copy-chunker-params", *flags, source=like)
    if done.returncode:
        raise failure(access.name, done)


def locks(access: Access, call: Call) -> dict[str, str]:
    """Return id → JSON of every lock that can be read."""
    listed = call.run(access, "--no-lock", "list", "locks")
    if listed.returncode:
        raise failure(access.name, listed)
    found = {}
    for lock_id in filter(_FULL_ID.fullmatch, listed.stdout.split()):
        with suppress(_LetGo):
            done = call.run(
                access, "--no-lock", "cat", "lock", lock_id, on_stderr=_Impatience().hear
            )
            if not done.returncode:
                found[lock_id] = done.stdout
    return found


class _LetGo(Exception):  # noqa: N818  never leaves this file
    """The lock is not there any more; restic would look again for most of a minute."""


@dataclass(slots=True)
class _Impatience:
    """Gives restic up once it wants to look again."""

    is_over: bool = False

    def hear(self, line: str) -> None:
        """Take one line of standard error."""
        if "retrying after" in line and not self.is_over:
            self.is_over = True
            raise _LetGo


def rebuild_index(access: Access, call: Call, *, may_keep_old: bool = False) -> None:
    """
    List every pack again, so that data uploaded before a crash is found and not sent twice.

    With `may_keep_old`, storage that refuses to delete the old lists is content with the new one
    beside them, which restic stores before.
    """
    listener = _RefusalListener(("index",), 1)
    hear = listener.hear if may_keep_old else None
    try:
        done = call.run(access, "rebuild-index", on_stderr=hear)
    except _Refused:
        return
    if done.returncode:
        raise failure(access.name, done, "\n".join(listener.other))


class _Refused(Exception):  # noqa: N818  never leaves this file
    """The storage will not delete; waiting for restic's retries would take most of a minute."""


@dataclass(slots=True)
class _RefusalListener:
    """Gives restic up once storage has refused to delete `limit` things of some kinds."""

    kinds: tuple[str, ...]
    limit: int
    refused: set[str] = field(default_factory=set)
    is_over: bool = False
    other: list[str] = field(default_factory=list)

    def hear(self, line: str) -> None:
        """Take one line of standard error."""
        match = _REFUSED.search(line)
        if match is None or match[1] not in self.kinds:
            self.other = [*self.other[-20:], line]
            return
        self.refused.add(match[2])
        if len(self.refused) >= self.limit and not self.is_over:
            self.is_over = True
            raise _Refused


_REFUSED = re.compile(
    r"Remove\(<(snapshot|index|data)/([0-9a-f]+)>\).*"
    r"(?:403|forbidden|access denied|permission denied|operation not permitted)",
    re.IGNORECASE,
)
_LEFT = re.compile(r"unable to remove <(?:index|data)/.*")
_TOTAL = re.compile(r"total prune:.*?/\s*([\d.]+) (B|KiB|MiB|GiB|TiB)")
_UNITS = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}


def forget(access: Access, snapshot_ids: Sequence[str], call: Call) -> None:
    """
    Remove snapshots, each named by its full id.

    Returning says nothing: storage that refuses to delete makes some versions of restic fail and
    others succeed. Only a listing afterwards tells.
    """
    if not all(_FULL_ID.fullmatch(snapshot_id) for snapshot_id in snapshot_ids):
        raise ValueError("snapshots are forgotten by their full ids only")
    # As many as restic deletes at a time.
    listener = _RefusalListener(("snapshot",), min(len(snapshot_ids), 3))
    try:
        done = call.run(access, "forget", "--", *snapshot_ids, on_stderr=listener.hear)
    except _Refused:
        return
    if done.returncode and not listener.refused:
        raise failure(access.name, done, "\n".join(listener.other))


def prune(access: Access, call: Call, *, dry_run: bool = False) -> int:
    """
    Free the space that no snapshot needs; return the bytes freed as restic rounds them.

    Raises AccessError when the storage refuses to delete; of data that stays for any other reason
    restic only warns.
    """
    listener = _RefusalListener(("index", "data"), 1)
    arguments = ["--dry-run"] if dry_run else []
    try:
        done = call.run(access, "prune", *arguments, on_stderr=listener.hear)
    except _Refused:
        raise AccessError(
            f"{access.name}: the storage refuses to delete",
            hint="mend its permissions; or write `append_only: true`, and as prune_location, "
            "prune_environment or prune_password what has the right to delete",
        ) from None
    said = "\n".join(listener.other)
    if done.returncode:
        raise failure(access.name, done, said)
    if left := _LEFT.search(said):
        raise ToolError(
            f"{access.name}: not everything could be removed ({left[0]})",
            hint="look at the storage, then prune again; what snapshots need is untouched",
        )
    match = _TOTAL.search(done.stdout)
    return round(float(match[1]) * _UNITS[match[2]]) if match else 0
