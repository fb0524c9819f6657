"""What `restic check` finds broken, and which files and snapshots that hits."""

import re
from collections.abc import Iterable, Sequence

from netops.backup.restic.access import Access
from netops.backup.restic.client import Call
from netops.backup.restic.messages import failure
from netops.core.dataclass import dataclass, field
from netops.core.errors import ToolError, UnreachableError
from netops.core.process import Completed
from netops.core.redact import redact

_ID = r"([0-9a-f]{64})"
#: The first pattern that fits a line says what is broken. The words differ from 0.14 to 0.18.
_FINDINGS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("pack", re.compile(rf"Pack ID does not match, want {_ID}")),
    ("pack", re.compile(rf"pack {_ID}:? (?:contains|does not exist|unexpected|not found)")),
    ("blob", re.compile(rf"blob {_ID} (?:not found|size could not)")),
    ("tree", re.compile(rf"(?:decrypting blob|id) {_ID} (?:failed|not found)")),
    ("tree", re.compile(r"decrypting blob <tree/([0-9a-f]{8})>")),
    ("index", re.compile(rf"error loading index {_ID}")),
    ("snapshot", re.compile(r"<snapshot/([0-9a-f]{8,64})>\)?: ")),
)
_MISSING = re.compile(rf"pack {_ID}: (?:does not exist|not found)")
_CONTAINS = re.compile(rf"pack {_ID} contains")
_BROKEN_BLOB = re.compile(rf"blob {_ID}: ")
#: The check did not come as far as looking: nothing is known to be broken.
_NOT_SEEN = re.compile(r"no space left|Is there a repository at|permission denied", re.IGNORECASE)
_KEPT_FINDINGS = 5000
_KEPT_FILES = 1000
_IDS_PER_CALL = 200


@dataclass(frozen=True, slots=True)
class Findings:
    """What a check found broken: ids by kind, in the order they were named."""

    packs: tuple[str, ...] = ()
    blobs: tuple[str, ...] = ()
    trees: tuple[str, ...] = ()
    indexes: tuple[str, ...] = ()
    snapshots: tuple[str, ...] = ()
    #: restic's own last words when it said broken without naming anything known.
    other: str = ""
    #: The packs of which nothing more is known: everything in them may be broken.
    vague_packs: tuple[str, ...] = ()
    #: The packs that are not there at all.
    missing_packs: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Tell whether anything is broken."""
        return bool(
            self.packs or self.blobs or self.trees or self.indexes or self.snapshots or self.other
        )

    def items(self) -> list[tuple[str, str]]:
        """Return (kind, id) of everything broken."""
        kinds = {
            "pack": self.packs,
            "blob": self.blobs,
            "tree": self.trees,
            "index": self.indexes,
            "snapshot": self.snapshots,
        }
        named = [(kind, found) for kind, ids in kinds.items() for found in ids]
        return [*named, ("other", self.other)] if self.other else named


@dataclass(slots=True)
class _Listener:
    """Collects findings line by line, so that a long list costs no memory."""

    found: dict[str, dict[str, None]] = field(default_factory=dict)
    tail: list[str] = field(default_factory=list)
    #: Packs whose broken blobs are named.
    explained: set[str] = field(default_factory=set)
    missing: dict[str, None] = field(default_factory=dict)

    def hear(self, line: str) -> None:
        if line.strip() and not line.startswith("["):
            self.tail = [*self.tail[-30:], line]
        for kind, pattern in _FINDINGS:
            if match := pattern.search(line):
                self._keep(kind, match[1])
                break
        if match := _MISSING.search(line):
            self.missing[match[1]] = None
        blobs = _BROKEN_BLOB.findall(line) if "contains" in line else []
        for blob in blobs:
            self._keep("blob", blob)
        if blobs and (match := _CONTAINS.search(line)):
            self.explained.add(match[1])

    def _keep(self, kind: str, found: str) -> None:
        ids = self.found.setdefault(kind, {})
        if len(ids) < _KEPT_FINDINGS:
            ids[found] = None

    def ids(self, kind: str) -> tuple[str, ...]:
        """Return the ids without those that a longer one repeats."""
        ids = list(self.found.get(kind, {}))
        whole = {found for found in ids if len(found) == 64}
        return tuple(
            found
            for found in ids
            if found in whole or not any(other.startswith(found) for other in whole)
        )


def check(
    access: Access, call: Call, *, read_data: bool = False, subset: str | None = None
) -> Findings:
    """
    Check structure, and all data or the portion `n/t`; return what is broken.

    Raises what `failure` makes of a check that could not be done: no answer, lock, password.
    """
    arguments = ["--read-data"] if read_data else []
    arguments += [f"--read-data-subset={subset}"] if subset else []
    listener = _Listener()
    done = call.run(access, "check", *arguments, on_stdout=listener.hear, on_stderr=listener.hear)
    if not done.returncode:
        return Findings()
    said = "\n".join(listener.tail)
    error = failure(access.name, Completed("restic", done.returncode, "", said, done.duration_s))
    is_damage = isinstance(error, ToolError) or (
        # What reads like a cut connection is a cut file when the repository is a directory.
        access.is_local and isinstance(error, UnreachableError)
    )
    if not is_damage or _NOT_SEEN.search(said):
        raise error
    return _findings(listener, said)


def _findings(listener: _Listener, said: str) -> Findings:
    kinds = ("pack", "blob", "tree", "index", "snapshot")
    packs, blobs, trees, indexes, snapshots = (listener.ids(kind) for kind in kinds)
    vague = tuple(pack for pack in packs if pack not in listener.explained)
    is_cut = any(len(ids) >= _KEPT_FINDINGS for ids in listener.found.values())
    other = "more than can be listed" if is_cut else ""
    found = Findings(packs, blobs, trees, indexes, snapshots, other, vague, tuple(listener.missing))
    if found:
        return found
    last = " · ".join(line.strip() for line in said.splitlines()[-2:])
    return Findings(other=redact(last)[:300] or "restic gave no reason")


@dataclass(frozen=True, slots=True)
class Hits:
    """What is hit by something broken."""

    #: Short or full snapshot id → the files (at most 1000 in all).
    files: dict[str, list[str]]
    #: False when a broken directory list hides what it belongs to: then anything may be hit.
    complete: bool


_IN_FILE = re.compile(r" \.\.\. (?:in file|path) (.*)")
_IN_SNAPSHOT = re.compile(r" \.\.\. in snapshot ([0-9a-f]{8,64})")
_UNLOADED = re.compile(r"Unable to load tree")


@dataclass(slots=True)
class _Finder:
    files: dict[str, dict[str, None]] = field(default_factory=dict)
    path: str = ""
    count: int = 0
    complete: bool = True

    def hear(self, line: str) -> None:
        if match := _IN_FILE.match(line):
            self.path = match[1]
        elif match := _IN_SNAPSHOT.match(line):
            paths = self.files.setdefault(match[1], {})
            if self.path not in paths and self.count < _KEPT_FILES:
                paths[self.path] = None
                self.count += 1
        elif _UNLOADED.search(line):
            self.complete = False


def find_hit(access: Access, findings: Findings, call: Call) -> Hits:
    """Return the files and snapshots that stand on the broken packs, blobs and trees."""
    finder = _Finder()
    # restic from 0.17 on names the broken blobs of a pack; an older one only the pack.
    wanted = (
        ("--blob", findings.blobs),
        ("--pack", findings.vague_packs),
        ("--tree", findings.trees),
    )
    for flag, ids in wanted:
        for some in _chunks(ids):
            done = call.run(
                access, "find", flag, *some, on_stdout=finder.hear, on_stderr=finder.hear
            )
            finder.complete &= done.returncode == 0
    files = {snapshot: list(paths) for snapshot, paths in finder.files.items()}
    complete = finder.complete and not (findings.indexes or findings.other or findings.trees)
    return Hits(files, complete)


def _chunks(ids: Sequence[str]) -> Iterable[Sequence[str]]:
    for start in range(0, len(ids), _IDS_PER_CALL):
        yield ids[start : start + _IDS_PER_CALL]
