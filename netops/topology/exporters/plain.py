"""The network as JSON: everything that is known, under the names of the model."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

from netops.core.clock import utc_text
from netops.topology.exporters.base import Traits
from netops.topology.model import Endpoint, Snapshot


class JsonExporter:
    """Writes one JSON document."""

    traits = Traits(".json")

    def files(self, snapshot: Snapshot, endpoints: Sequence[Endpoint]) -> Mapping[str, str]:
        """Return the document."""
        made = plain(snapshot)
        made["devices"] = list(made["devices"].values())
        made["endpoints"] = [plain(one) for one in endpoints]
        return {"topology.json": json.dumps(made, ensure_ascii=False, indent=1) + "\n"}


def plain(value: Any) -> Any:
    """Return a value of the model as JSON has it."""
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, datetime):
        return utc_text(value)
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {name: plain(one) for name, one in value._asdict().items()}
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value
