"""All entries as one history: the stretches joined, with the Merkle root at every wanted size."""

from collections.abc import Iterable, Iterator
from itertools import pairwise

from netops.core.dataclass import dataclass, field
from netops.journal import merkle
from netops.journal.model import Finding
from netops.journal.scan import HEIGHT, STRETCH, Scan, Stretch, scan
from netops.journal.snapshot import Snapshot

#: Below this many entries, starting processes costs more than it saves.
_WORTH_PROCESSES = 2 * STRETCH


@dataclass(slots=True)
class History:
    """What the entries say, all stretches together."""

    size: int
    hash: bytes
    nodes: tuple[bytes, ...]
    entries: int = 0
    findings: list[Finding] = field(default_factory=list)
    roots: dict[int, bytes] = field(default_factory=dict)
    open_runs: dict[bytes, int] = field(default_factory=dict)
    marks: list[tuple[int, bytes]] = field(default_factory=list)
    #: False once whole stretches are missing: no root can be computed after that.
    whole: bool = True

    def join(self, part: Scan) -> None:
        """Take in the next stretch."""
        self.entries += part.entries
        self.findings += part.findings
        self.marks += part.marks
        kept = {run: seq for run, seq in self.open_runs.items() if run not in part.closed}
        self.open_runs = kept | part.opened
        if part.start > self.size:
            self._miss(part.start)
        self._join_tree(part)
        self.size, self.hash = part.stop, part.hash

    def _join_tree(self, part: Scan) -> None:
        base = part.start - part.start % STRETCH
        left = self.nodes[: base.bit_count()]
        if not self.whole or part.stop not in part.frontiers:
            self.whole = False
            return
        for size, nodes in part.frontiers.items():
            joined = merkle.join(left, base, nodes, size - base)
            self.roots[size] = merkle.root(joined)
            if size == part.stop:
                self.nodes = joined

    def _miss(self, start: int) -> None:
        self.whole = False
        problem = f"entries {self.size + 1} to {start} are missing"
        self.findings.append(Finding(self.size + 1, problem))


def read_history(snapshot: Snapshot, sizes: Iterable[int], processes: int) -> History:
    """Check every entry after the genesis and join the parts."""
    genesis = snapshot.genesis
    history = History(genesis.size, genesis.hash, genesis.nodes)
    history.roots[genesis.size] = merkle.root(genesis.nodes)
    if snapshot.count and snapshot.first <= genesis.size:
        problem = f"entry {snapshot.first} stands before the journal's beginning"
        history.findings.append(Finding(snapshot.first, problem))
    stretches = list(_stretches(snapshot, frozenset(sizes)))
    for part in _scan_all(stretches, processes):
        history.join(part)
    return history


def _stretches(snapshot: Snapshot, sizes: frozenset[int]) -> Iterator[Stretch]:
    genesis = snapshot.genesis
    signed = max((size for size, _ in snapshot.checkpoints), default=0)
    for start, stop in _bounds(snapshot):
        inside = genesis.nodes[(genesis.size >> HEIGHT).bit_count() :]
        first = start == genesis.size
        yield Stretch(
            snapshot.path,
            start,
            stop,
            genesis.hash if first else None,
            inside if first else (),
            tuple(size for size in sizes if start < size <= stop),
            signed,
        )


def _bounds(snapshot: Snapshot) -> Iterator[tuple[int, int]]:
    """Yield where each stretch starts and stops; stretches without any entry are left out."""
    begin, end = snapshot.genesis.size, snapshot.last
    if snapshot.occupied:
        for number in snapshot.occupied:
            start, stop = max(number * STRETCH, begin), min((number + 1) * STRETCH, end)
            if start < stop:
                yield start, stop
        return
    cuts = [begin, *range((begin // STRETCH + 1) * STRETCH, end, STRETCH), end]
    yield from (pair for pair in pairwise(cuts) if pair[0] < pair[1])


def _scan_all(stretches: list[Stretch], processes: int) -> Iterable[Scan]:
    total = sum(one.stop - one.start for one in stretches)
    if processes < 2 or total < _WORTH_PROCESSES:
        return map(scan, stretches)
    from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
    from multiprocessing import get_context

    try:
        # A forked child would share SQLite's locks with its parent; a fresh one does not.
        with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
            return list(pool.map(scan, stretches))
    except (BrokenExecutor, OSError):
        return map(scan, stretches)
