"""The judgement on a journal: is every entry still what it was when it was written?"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from netops.core.dataclass import dataclass
from netops.core.errors import AccessError, IntegrityError, LockedError, NetopsError, UsageError
from netops.journal import claims, database, keys, merkle, snapshot
from netops.journal.anchor import Anchor, parse_all
from netops.journal.claims import Verdict
from netops.journal.evidence import check_keys_recorded, check_removal, runs_still_open
from netops.journal.history import History, read_history
from netops.journal.keychain import Keychain, read_keychain
from netops.journal.model import Finding, Verification
from netops.journal.scan import STRETCH
from netops.journal.snapshot import Snapshot

_ATTEMPTS = 3
_MOST_FINDINGS = 100


def verify(
    path: Path,
    *,
    anchors: Sequence[str] = (),
    trusted_keys: Sequence[str] = (),
    origin: str | None = None,
    processes: int = 2,
) -> Verification:
    """
    Check a journal, given as directory or as file; neither the key nor write permission is needed.

    `anchors` are texts kept outside (a checkpoint.note, a printed or logged head), `trusted_keys`
    public keys known from outside, `origin` the name the journal must have. Raises UsageError for
    an anchor or key that is none, AccessError when the file may not be read.
    """
    outside = parse_all(anchors)
    try:
        case = _examine(path, outside, trusted_keys, processes)
    except (AccessError, LockedError, UsageError):
        raise
    except NetopsError as error:
        return Verification(0, (Finding(None, str(error)),), 0, 0, 0)
    findings = _cap(list(case.findings(origin, trusted=bool(trusted_keys))))
    return Verification(
        entries=case.history.entries,
        findings=findings,
        verified_to=_verified_to(findings, case),
        anchored_to=case.verdict.anchored_to,
        checkpoints=case.verdict.checkpoints,
        remarks=tuple(case.remarks(outside, path, trusted=bool(trusted_keys))),
    )


@dataclass(frozen=True, slots=True)
class _Case:
    """Everything the judgement rests on."""

    snapshot: Snapshot
    chain: Keychain
    history: History
    verdict: Verdict

    def findings(self, origin: str | None, *, trusted: bool) -> Iterator[Finding]:
        """Yield what speaks against the journal, entries first."""
        name = self.snapshot.origin
        if origin not in {None, name}:
            yield Finding(None, f"this is the journal of {name}, not of {origin}")
        if self.snapshot.foreign:
            names = ", ".join(self.snapshot.foreign)
            yield Finding(None, f"tables or guards are not as netops makes them: {names}")
        if trusted and not self.chain.keys:
            yield Finding(None, "the journal has no key, though one is trusted")
        yield from self.history.findings
        yield from self.chain.findings
        yield from self.verdict.findings
        yield from check_keys_recorded(self.snapshot, self.history)
        yield from check_removal(self.snapshot, self.history, max(self.verdict.good, default=0))
        yield from self._end()
        if runs_still_open(self.history) != dict(self.snapshot.open_runs):
            yield Finding(None, "the list of open runs does not agree with the entries")

    def _end(self) -> Iterator[Finding]:
        size, digest, nodes = self.snapshot.tip
        history = self.history
        if size > history.size:
            problem = f"{size} entries were written, but the journal ends at {history.size}"
            yield Finding(history.size + 1, f"{problem}: entries were cut off")
        elif size < history.size:
            problem = f"entries {size + 1} to {history.size} were not written by netops"
            yield Finding(size + 1, problem)
        elif digest != history.hash or (
            history.whole and nodes != merkle.pack(history.nodes) and not history.findings
        ):
            yield Finding(
                None, "what the next entry would build on does not agree with the entries"
            )

    def remarks(self, outside: Sequence[Anchor], path: Path, *, trusted: bool) -> Iterator[str]:
        """Yield what the reader must know to weigh the result."""
        genesis, last = self.snapshot.genesis, self.history.size
        if genesis.size:
            yield f"entries 1 to {genesis.size}, until {genesis.through}, were removed by retention"
        signed = max(self.verdict.good, default=0)
        if last > signed:
            yield f"newer than the last checkpoint and not signed yet: {last - signed}"
        for size in self.verdict.too_old:
            yield f"the anchor at {size} speaks of removed entries only"
        if not outside:
            yield (
                "no outside anchor was given: a rewrite with a stolen key, or a cut back to an"
                " older checkpoint, cannot be seen without one"
            )
        elif last > self.verdict.anchored_to:
            yield f"newer than the last anchor: {last - self.verdict.anchored_to}"
        if not trusted and (first := self.chain.first_key()):
            yield f"the first key was not compared with one known from outside: {first}"
        if path.is_dir():
            for secret in keys.secret_paths(path):
                if secret.stat().st_mode & 0o077:
                    yield f"{secret.name} can be read by others: chmod 600 it"


def _examine(
    path: Path, outside: Sequence[Anchor], trusted_keys: Sequence[str], processes: int
) -> _Case:
    """Read everything at one moment, again where retention removed entries under our hands."""
    file = path / database.FILE_NAME if path.is_dir() else path
    for _ in range(_ATTEMPTS):
        # Before the journal, which may grow meanwhile: the note must not run ahead of it.
        beside = _note_beside(file) if path.is_dir() else None
        taken = snapshot.take(file, STRETCH)
        chain = read_keychain(taken.origin, taken.keys, trusted_keys)
        said = claims.collect(taken, chain, outside, beside)
        history = read_history(taken, said.sizes, processes)
        if snapshot.take(file, STRETCH).genesis == taken.genesis:
            break
    else:
        raise IntegrityError(f"{file} keeps losing entries while it is read")
    verdict = claims.compare(said, chain, history, taken.genesis.size)
    return _Case(taken, chain, history, verdict)


def _note_beside(file: Path) -> str | None:
    try:
        return file.with_name(database.NOTE_NAME).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None


def _verified_to(findings: Sequence[Finding], case: _Case) -> int:
    if not findings:
        return case.history.size
    bad = min((one.seq for one in findings if one.seq is not None), default=case.history.size + 1)
    return max((size for size in case.verdict.good if size < bad), default=0)


def _cap(findings: list[Finding]) -> tuple[Finding, ...]:
    unique = list(dict.fromkeys(findings))
    if len(unique) <= _MOST_FINDINGS:
        return tuple(unique)
    rest = len(unique) - _MOST_FINDINGS
    return (*unique[:_MOST_FINDINGS], Finding(None, f"and {rest} more findings"))
