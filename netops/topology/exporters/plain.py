"""The network as JSON: everything that is known, as the store keeps it and maps read it back."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from netops.core.clock import utc_text
from netops.topology.canonical import as_dict
from netops.topology.exporters.base import Traits
from netops.topology.model import Endpoint, Snapshot


class JsonExporter:
    """Writes one JSON document."""

    traits = Traits(".json")

    def files(self, snapshot: Snapshot, endpoints: Sequence[Endpoint]) -> Mapping[str, str]:
        """Return the document."""
        made = {**as_dict(snapshot), "endpoints": [endpoint_row(one) for one in endpoints]}
        text = json.dumps(made, ensure_ascii=False, indent=1) + "\n"
        return {"topology.json": text.encode("utf-8", "backslashreplace").decode()}


def endpoint_row(endpoint: Endpoint) -> dict[str, Any]:
    """Return an endpoint as plain values."""
    seen = {
        name: utc_text(at)
        for name in ("first_seen_at", "last_seen_at")
        if (at := getattr(endpoint, name)) is not None
    }
    texts = {name: getattr(endpoint, name) for name in ("mac", "device", "port", "vlan", "name")}
    return {**texts, "addresses": list(endpoint.addresses), **seen}
