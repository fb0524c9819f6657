"""One form of digest for every history that is chained: the ledger's versions, the books' steps."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def chained(before: str, facts: Mapping[str, Any]) -> str:
    """Return the digest of plain facts and, through `before`, of all that came before them."""
    return hashlib.sha256(f"{before}\n{json_of(facts)}".encode("ascii")).hexdigest()


def json_of(facts: Mapping[str, Any]) -> str:
    """Return the one JSON text of plain facts, in ASCII."""
    return json.dumps(facts, sort_keys=True, separators=(",", ":"))
