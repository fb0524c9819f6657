"""What signed notes and anchors claim about the journal, held against its entries."""

from collections.abc import Iterable, Iterator

from netops.core.dataclass import dataclass
from netops.journal import note
from netops.journal.anchor import Anchor
from netops.journal.history import History
from netops.journal.keychain import Keychain
from netops.journal.model import Finding
from netops.journal.note import SignedNote
from netops.journal.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Claim:
    """Somebody says: the first `size` entries have this root."""

    source: str
    size: int
    root: bytes
    #: A note whose signature is still to be checked.
    signed: SignedNote | None = None
    origin: str | None = None
    outside: bool = False


@dataclass(frozen=True, slots=True)
class Claims:
    """All claims, smallest first, and the notes that could not be read."""

    claims: tuple[Claim, ...]
    findings: tuple[Finding, ...]

    @property
    def sizes(self) -> frozenset[int]:
        """Return the sizes at which the root is wanted."""
        return frozenset(claim.size for claim in self.claims)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came out of comparing claims with entries."""

    findings: tuple[Finding, ...]
    #: Sizes at which a signature or anchor and the entries agree.
    good: frozenset[int]
    checkpoints: int
    anchored_to: int
    #: Sizes of anchors that only speak about entries which retention removed.
    too_old: tuple[int, ...]


def collect(
    snapshot: Snapshot, chain: Keychain, anchors: Iterable[Anchor], beside: str | None
) -> Claims:
    """Gather what handover notes, checkpoints, the note beside the journal and anchors say."""
    claims = [Claim("the handover note", key.size, key.root) for key in chain.keys]
    findings = []
    notes = [("the checkpoint", size, text) for size, text in snapshot.checkpoints]
    if beside is not None:
        notes.append(("the note beside the journal", -1, beside))
    for source, size, text in notes:
        try:
            claims.append(_from_note(source, text))
            if size not in {-1, claims[-1].size}:
                findings.append(Finding(None, f"{source} listed for {size} is for another size"))
        except ValueError as error:
            findings.append(Finding(None, f"{source} is not readable: {error}"))
    claims += [
        Claim("the outside anchor", one.size, one.root, one.signed, one.origin, outside=True)
        for one in anchors
    ]
    return Claims(tuple(sorted(claims, key=lambda claim: claim.size)), tuple(findings))


def _from_note(source: str, text: str) -> Claim:
    signed = note.parse(text)
    head = note.parse_head(signed.text)
    return Claim(source, head.size, head.root, signed, head.origin)


def compare(claims: Claims, chain: Keychain, history: History, genesis_size: int) -> Verdict:
    """Check every signature and every root."""
    findings = list(claims.findings)
    good: set[int] = set()
    too_old = []
    checkpoints = anchored_to = 0
    for claim in claims.claims:
        objections = list(_objections(claim, chain, history, genesis_size, max(good, default=0)))
        findings += objections
        if objections:
            continue
        if claim.size < genesis_size:
            too_old += [claim.size] if claim.outside else []
            continue
        good.add(claim.size)
        checkpoints += not claim.outside
        anchored_to = max(anchored_to, claim.size if claim.outside else 0)
    return Verdict(tuple(findings), frozenset(good), checkpoints, anchored_to, tuple(too_old))


def _objections(
    claim: Claim, chain: Keychain, history: History, genesis_size: int, good: int
) -> Iterator[Finding]:
    """Yield why the claim does not agree with keys or entries; `good` is the last that did."""
    what = f"{claim.source} over {claim.size} entries"
    if claim.origin not in {None, chain.origin}:
        yield Finding(None, f"{what} belongs to another journal, {claim.origin}")
        return
    if claim.signed is not None and (reason := chain.objection(claim.signed, claim.size)):
        yield Finding(None, f"{what} {reason}")
    if claim.size < genesis_size:
        return
    if claim.size > history.size:
        problem = f"the journal ends at entry {history.size}: entries were cut off"
        yield Finding(history.size + 1, f"{what} exists, but {problem}")
    elif claim.size not in history.roots:
        yield Finding(None, f"{what} cannot be compared, since entries are missing")
    elif history.roots[claim.size] != claim.root:
        problem = f"entries {good + 1} to {claim.size} are not all what they were"
        yield Finding(good + 1, f"{what} has another Merkle root: {problem}")
