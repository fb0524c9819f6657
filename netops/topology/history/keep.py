"""The memory of the topology: snapshots by content, their history, events, and what is to be told next."""

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from netops.core.clock import parse_utc, utc_text
from netops.core.dataclass import dataclass
from netops.core.errors import IntegrityError, UsageError
from netops.core.ids import new_id
from netops.store.connection import Row
from netops.store.database import Database
from netops.topology.canonical import body_of, dumped, event_of, snapshot_of
from netops.topology.history.debounce import Missing
from netops.topology.history.diff import diff
from netops.topology.model import End, Endpoint, Event, Snapshot

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_LARGEST_BODY_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One event with its id, and the snapshots between which it happened."""

    id: str
    event: Event
    snapshot_before: str | None
    snapshot_after: str
    run_id: str


@dataclass(frozen=True, slots=True)
class Period:
    """A time in which the network was in one state."""

    snapshot_id: str
    previous_id: str | None
    first_at: datetime
    last_at: datetime
    scans: int
    devices: int
    links: int
    silent: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Topology:
    """What is known of the network, now and before; everything is read from the store."""

    database: Database

    # -- Snapshots

    def latest(self) -> Snapshot | None:
        """Return the network as the last scan saw it; None before the first."""
        rows = self.database.execute("topology_now")
        return _snapshot(rows[0]) if rows else None

    def at(self, moment: datetime) -> Snapshot | None:
        """Return the network as it was at a moment; None before the first scan."""
        rows = self.database.execute("topology_at", at=utc_text(moment))
        return _snapshot(rows[0]) if rows else None

    def snapshot(self, name: str) -> Snapshot:
        """Return a snapshot by its id, or the beginning of it; raise UsageError for none or two."""
        first = name.lower()
        rows = (
            self.database.execute("topology_named", first=first, past=first + "g")
            if first and set(first) <= set("0123456789abcdef")
            else []
        )
        found = {row["snapshot_id"]: row for row in reversed(rows)}
        if len(found) != 1:
            what = "several snapshots begin" if found else "no snapshot begins"
            raise UsageError(f"{what} with {name!r}", hint="see `netops topology history`")
        return _snapshot(next(iter(found.values())))

    def history(self, limit: int = 100) -> list[Period]:
        """Return the states of the network, newest first."""
        return [
            Period(
                row["snapshot_id"],
                row["previous_id"],
                parse_utc(row["first_at"]),
                parse_utc(row["last_at"]),
                row["scans"],
                row["devices"],
                row["links"],
                tuple(json.loads(row["silent"])),
            )
            for row in self.database.execute("topology_history", limit=limit)
        ]

    # -- Events

    def changes_since(
        self, since: datetime | None = None, *, after_id: str = "", limit: int | None = None
    ) -> list[StoredEvent]:
        """Return stored events, oldest first: from a moment on, or after the one with that id."""
        rows = self.database.execute(
            "topology_events",
            since=utc_text(since or _BEGINNING),
            after_id=after_id,
            limit=limit,
        )
        return [_event(row) for row in rows]

    def compare(self, before: Snapshot, after: Snapshot) -> list[Event]:
        """Return what differs between two snapshots, endpoints left aside."""
        return diff(before, after)

    # -- Endpoints

    def endpoints(self) -> dict[str, Endpoint]:
        """Return everything that was ever seen on a port, by MAC, where it was seen last."""
        return {row["mac"]: _endpoint(row) for row in self.database.execute("endpoints")}

    def places(self, mac: str) -> list[tuple[datetime, datetime, str, str]]:
        """Return where an endpoint was before: from, until, device and port, newest first."""
        return [
            (parse_utc(row["from_at"]), parse_utc(row["until_at"]), row["device"], row["port"])
            for row in self.database.execute("endpoint_places", mac=mac)
        ]

    def recent_places(self, since: datetime) -> dict[str, list[End]]:
        """Return the places that endpoints left since a moment, the newest first."""
        found: dict[str, list[End]] = {}
        for row in self.database.execute("endpoint_places_since", since=utc_text(since)):
            found.setdefault(row["mac"], []).append(End(row["device"], row["port"]))
        return found

    def missing(self) -> dict[str, Missing]:
        """Return what was missing in the last scan."""
        rows = self.database.execute("topology_missing")
        return {row["name"]: Missing(row["scans"], row["flaps"]) for row in rows}

    def claims(self) -> set[tuple[str, str]]:
        """Return the addresses that a MAC answers for which is not their owner's."""
        return {(row["address"], row["mac"]) for row in self.database.execute("topology_claims")}

    # -- Writing, by the scan alone

    def save(
        self,
        snapshot: Snapshot,
        endpoints: Mapping[str, Endpoint],
        events: Sequence[Event],
        missing: Mapping[str, Missing],
        claims: set[tuple[str, str]],
        run_id: str,
    ) -> list[StoredEvent]:
        """Write the outcome of one scan, all or nothing; return the events with their ids."""
        execute = self.database.execute
        with self.database.transaction():
            before = self._save_snapshot(snapshot)
            stored = [
                StoredEvent(event_id, event, before, snapshot.id, run_id)
                for event_id, event in zip(sorted(new_id() for _ in events), events, strict=True)
            ]
            for one in stored:
                execute("add_topology_event", **_event_values(one))
            self._save_endpoints(endpoints, snapshot.taken_at)
            execute("clear_topology_missing")
            for name, count in missing.items():
                execute("add_topology_missing", name=name, scans=count.scans, flaps=count.flaps)
            known = self.claims()
            if claims != known:
                execute("clear_topology_claims")
                for address, mac in sorted(claims):
                    at = utc_text(snapshot.taken_at)
                    execute("add_topology_claim", address=address, mac=mac, at=at)
        return stored

    def _save_snapshot(self, snapshot: Snapshot) -> str | None:
        """Write a state once; return the id of the one before."""
        execute, at = self.database.execute, utc_text(snapshot.taken_at)
        silent = dumped(list(snapshot.silent))
        rows = execute("topology_now")
        if rows and rows[0]["snapshot_id"] == snapshot.id:
            execute("topology_seen_again", at=at, silent=silent, seq=rows[0]["seq"])
            return snapshot.id
        execute(
            "add_topology_snapshot",
            id=snapshot.id,
            devices=len(snapshot.devices),
            links=len(snapshot.links),
            body=packed(body_of(snapshot)),
        )
        previous = rows[0]["snapshot_id"] if rows else None
        execute(
            "add_topology_history",
            snapshot_id=snapshot.id,
            previous_id=previous,
            at=at,
            silent=silent,
        )
        return previous

    def _save_endpoints(self, endpoints: Mapping[str, Endpoint], at: datetime) -> None:
        execute, known = self.database.execute, self.endpoints()
        for mac, endpoint in endpoints.items():
            old, seen_at = known.get(mac), endpoint.last_seen_at or at
            if old is not None and old.last_seen_at == seen_at and _where(old) == _where(endpoint):
                continue  # the tables are those of an earlier scan
            if old is not None and _where(old) != _where(endpoint):
                self._save_place(old, seen_at)
            execute(
                "keep_endpoint",
                mac=mac,
                device=endpoint.device,
                port=endpoint.port,
                vlan=endpoint.vlan,
                addresses=" ".join(endpoint.addresses or (old.addresses if old else ())),
                name=endpoint.name or (old.name if old else ""),
                at=utc_text(seen_at),
            )

    def _save_place(self, old: Endpoint, until_at: datetime) -> None:
        places = self.places(old.mac)
        since = places[0][1] if places else old.first_seen_at or until_at
        self.database.execute(
            "add_endpoint_place",
            mac=old.mac,
            from_at=utc_text(since),
            until_at=utc_text(until_at),
            device=old.device,
            port=old.port,
        )


def _where(endpoint: Endpoint) -> tuple[str, str]:
    return endpoint.device, endpoint.port


def packed(value: Any) -> str:
    """Return plain values as compressed text."""
    return base64.b64encode(zlib.compress(dumped(value).encode())).decode()


def unpacked(text: str) -> Any:
    """Return what `packed` wrote; raise IntegrityError for anything else."""
    try:
        reader = zlib.decompressobj()
        raw = reader.decompress(base64.b64decode(text), _LARGEST_BODY_BYTES)
        return json.loads(raw)
    except (ValueError, zlib.error) as error:
        raise IntegrityError(
            f"a topology body in the store cannot be read: {error}",
            hint="restore the state of netops, or scan again with --fresh",
        ) from None


def _snapshot(row: Row) -> Snapshot:
    silent = tuple(json.loads(row["silent"]))
    return snapshot_of(unpacked(row["body"]), row["snapshot_id"], parse_utc(row["last_at"]), silent)


def _event(row: Row) -> StoredEvent:
    plain = {key: json.loads(row[key]) for key in ("devices", "before", "after")}
    facts = {key: row[key] for key in ("at", "kind", "subject")}
    return StoredEvent(
        row["id"],
        event_of(facts | plain),
        row["snapshot_before"],
        row["snapshot_after"],
        row["run_id"],
    )


def _event_values(stored: StoredEvent) -> dict[str, Any]:
    event = stored.event
    return {
        "id": stored.id,
        "at": utc_text(event.at),
        "kind": event.kind.value,
        "subject": event.subject,
        "devices": dumped(list(event.devices)),
        "before": dumped(dict(event.before)),
        "after": dumped(dict(event.after)),
        "snapshot_before": stored.snapshot_before,
        "snapshot_after": stored.snapshot_after,
        "run_id": stored.run_id,
    }


def _endpoint(row: Row) -> Endpoint:
    return Endpoint(
        row["mac"],
        row["device"],
        row["port"],
        row["vlan"],
        tuple(row["addresses"].split()),
        row["name"],
        parse_utc(row["first_seen_at"]),
        parse_utc(row["last_seen_at"]),
    )
