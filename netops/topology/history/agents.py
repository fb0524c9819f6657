"""What every agent said last, kept in the store from scan to scan."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from netops.core.clock import parse_utc, utc_text
from netops.core.dataclass import dataclass
from netops.core.errors import IntegrityError
from netops.store.connection import Row
from netops.store.database import Database
from netops.topology.evidence.collect import Collected, Known
from netops.topology.history.keep import packed, unpacked


@dataclass(frozen=True, slots=True)
class Agents:
    """The agents in the store, by the name under which they are asked."""

    database: Database

    def all(self) -> dict[str, Known]:
        """Return what is known; an agent whose tables cannot be read is asked anew."""
        found = {}
        for row in self.database.execute("topology_agents"):
            try:
                found[row["name"]] = _known(row)
            except (IntegrityError, ValueError, KeyError):
                continue
        return found

    def names(self) -> list[str]:
        """Return the names of all agents that ever answered and are still in scope."""
        return [row["name"] for row in self.database.execute("topology_agent_names")]

    def keep(self, collected: Mapping[str, Collected], gone: set[str]) -> None:
        """Write what agents said, and forget those that are no longer asked."""
        execute = self.database.execute
        with self.database.transaction():
            for name in gone:
                execute("forget_topology_agent", name=name)
            for name, one in collected.items():
                known, at = one.known, utc_text(one.known.at)
                gate = json.dumps(dict(known.gate))
                if one.read == "nothing":
                    execute("touch_topology_agent", name=name, at=at, gate=gate)
                    continue
                execute(
                    "keep_topology_agent",
                    name=name,
                    address=known.address,
                    at=at,
                    read_at=utc_text(known.read_at),
                    gate=gate,
                    habits=json.dumps(dict(known.habits)),
                    body=packed(_body(known)),
                )


def _body(known: Known) -> dict[str, Any]:
    return {
        "endpoints_at": utc_text(known.endpoints_at),
        "scalars": dict(known.scalars),
        "tables": {name: list(rows) for name, rows in known.tables.items()},
    }


def _known(row: Row) -> Known:
    body = unpacked(row["body"])
    at: datetime = parse_utc(row["at"])
    return Known(
        row["address"],
        at,
        parse_utc(row["read_at"]),
        parse_utc(body["endpoints_at"]),
        json.loads(row["gate"]),
        body["scalars"],
        body["tables"],
        json.loads(row["habits"]),
    )
