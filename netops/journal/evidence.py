"""The journal's entries about itself: keys, removals, runs; compared with its small tables."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import cast

from netops.core.errors import IntegrityError
from netops.journal import body, merkle
from netops.journal.history import History
from netops.journal.model import SHORTEST_KEEP_DAYS, Entry, Finding
from netops.journal.months import end_of_month
from netops.journal.snapshot import Snapshot


def check_keys_recorded(snapshot: Snapshot, history: History) -> Iterator[Finding]:
    """Yield keys that the entries do not know, and recorded keys that the keychain lost."""
    recorded = {entry.seq - 1: entry.detail.get("note") for entry in own(history, "journal.key")}
    listed = dict(snapshot.keys)
    for size in sorted(recorded.keys() | listed.keys()):
        if size < snapshot.genesis.size or recorded.get(size) == listed.get(size):
            continue
        problem = "the keychain and the journal's entries do not name the same key"
        yield Finding(size + 1, problem)


def check_removal(snapshot: Snapshot, history: History, signed: int) -> Iterator[Finding]:
    """Yield why the beginning may be missing for another reason than retention."""
    genesis = snapshot.genesis
    if not genesis.size:
        return
    expected = {"size": genesis.size, "hash": genesis.hash.hex(), "through": genesis.through}
    expected["root"] = merkle.root(genesis.nodes).hex()
    for entry in own(history, "journal.retention"):
        if entry.seq <= signed and expected.items() <= entry.detail.items():
            if _is_early(entry):
                problem = (
                    f"entry {entry.seq} removed entries younger than {SHORTEST_KEEP_DAYS} days"
                )
                yield Finding(entry.seq, problem)
            return
    problem = f"entries 1 to {genesis.size} are missing, and no signed entry tells of their removal"
    yield Finding(1, problem)


def _is_early(entry: Entry) -> bool:
    try:
        end = end_of_month(str(entry.detail.get("through")))
    except ValueError:
        return True
    return entry.at - end < timedelta(days=SHORTEST_KEEP_DAYS)


def runs_still_open(history: History) -> dict[bytes, int]:
    """Return each run without an outcome and the number of its begin."""
    return {_unescape(run): seq for run, seq in history.open_runs.items()}


def _unescape(run: bytes) -> bytes:
    try:
        return cast("str", json.loads(b'"' + run + b'"')).encode(errors="surrogatepass")
    except ValueError:
        return run


def own(history: History, kind: str) -> Iterator[Entry]:
    """Yield the journal's own entries of a kind; what cannot be read is a finding already."""
    for seq, data in history.marks:
        try:
            entry = body.decode(seq, data, b"")
        except IntegrityError:
            continue
        if entry.kind == kind:
            yield entry
