"""The ledger of assets: every change is a version in the store and an entry in the journal."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Protocol

from netops.core import lock
from netops.core.clock import Clock, parse_utc, utc_text
from netops.core.dataclass import dataclass, replace
from netops.core.digest import chained, json_of
from netops.core.errors import IntegrityError, UsageError
from netops.core.people import one_line
from netops.inventory.assets import RETIRED, Asset, Version, asset_of, number_of
from netops.store.connection import Row
from netops.store.database import Database

CHANGED, APPROVED = "ledger.changed", "ledger.approved"
#: Assets in one entry of the journal, so that it stays far below the journal's limit.
_BATCH = 40


class Entry(Protocol):
    """What the ledger needs to know of a journal entry."""

    @property
    def seq(self) -> int:
        """Return its number."""

    @property
    def detail(self) -> Mapping[str, object]:
        """Return what it says."""


class Diary(Protocol):
    """Where every change is put on record; the journal, in earnest."""

    def append(
        self,
        kind: str,
        subject: str,
        *,
        ok: bool | None = None,
        run: str | None = None,
        detail: Mapping[str, object] | None = None,
    ) -> Entry:
        """Write one entry, on disk when this returns."""

    def entries(self, *, kind: str | None = None) -> Iterable[Entry]:
        """Yield the entries of a kind, oldest first."""


@dataclass(frozen=True, slots=True)
class Saying:
    """Who says something about assets, and why."""

    party: str
    reason: str
    run_id: str | None = None

    def checked(self) -> "Saying":
        """Return it cleaned; raise UsageError for an empty one."""
        return replace(
            self, party=one_line(self.party, "--as"), reason=one_line(self.reason, "--reason")
        )


class Ledger:
    """The assets of a site."""

    def __init__(
        self,
        database: Database,
        open_diary: Callable[[], Diary],
        lock_file: Path,
        clock: Clock,
        account: Callable[[], str],
    ) -> None:
        self.database = database
        self.clock = clock
        self.account = account
        self._open_diary = open_diary
        self._lock_file = lock_file

    @property
    def diary(self) -> Diary:
        """The journal, opened when it is first asked for: who only looks needs no key."""
        return self._open_diary()

    def assets(self) -> list[Asset]:
        """Return every asset as it stands."""
        return [asset_of(row) for row in self.database.execute("assets")]

    def find(self, number: str) -> Asset | None:
        """Return the asset of that number."""
        rows = self.database.execute("asset", number=number)
        return asset_of(rows[0]) if rows else None

    def get(self, number: str) -> Asset:
        """Return the asset of that number; raise UsageError when there is none."""
        found = self.find(number)
        if found is None:
            raise UsageError(
                f"there is no asset {number!r}", hint="see `netops inventory ledger list`"
            )
        return found

    def history(self, number: str) -> list[Version]:
        """Return every version of an asset, oldest first."""
        self.get(number)
        return [version_of(r) for r in self.database.execute("asset_versions", number=number)]

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the ledger, from looking to recording."""
        with lock.hold(self._lock_file, "the ledger", wait_s=30):
            yield

    def record(
        self, changes: Sequence[tuple[Asset, str]], saying: Saying, **more: object
    ) -> list[int]:
        """
        Write new versions (asset, action) into journal and store, within `alone`, all or none.

        Returns the numbers of the journal entries; `more` goes into them. Raises UsageError for a
        change that would retire an asset, or bring one back, by the side door.
        """
        saying = saying.checked()
        seqs: list[int] = []
        with self.database.transaction():
            for start in range(0, len(changes), _BATCH):
                batch = [self._next(*one, saying) for one in changes[start : start + _BATCH]]
                subject = batch[0][0].asset.number if len(changes) == 1 else f"{len(batch)} assets"
                entry = self.diary.append(
                    CHANGED,
                    subject,
                    run=saying.run_id,
                    detail={
                        "party": saying.party,
                        "reason": saying.reason,
                        **more,
                        "assets": [_told(version, changes) for version, changes in batch],
                    },
                )
                seqs.append(entry.seq)
                for version, _ in batch:
                    self._keep(replace(version, journal_seq=entry.seq), saying.run_id)
        return seqs

    def _next(
        self, asset: Asset, action: str, saying: Saying
    ) -> tuple[Version, dict[str, list[str]]]:
        number_of(asset.number)
        rows = self.database.execute("asset_versions", number=asset.number)
        before = version_of(rows[-1]) if rows else None
        old = before.asset if before else Asset(asset.number, state="")
        if self.find(asset.number) != (before.asset if before else None):
            raise IntegrityError(
                f"{asset.number} is not what its newest version says; nothing was recorded",
                hint="see `netops inventory ledger verify`",
            )
        if before and (RETIRED in {old.state, asset.state}) and action != RETIRED:
            _refuse_side_door(old, asset)
        made = replace(asset, version=len(rows) + 1)
        version = Version(
            made, self.clock.now(), self.account(), saying.party, action, saying.reason, 0, ""
        )
        digest = digest_of(before.digest if before else "", version)
        return replace(version, digest=digest), old.changes_to(made)

    def _keep(self, version: Version, run_id: str | None) -> None:
        self.database.execute("put_asset", **version.asset.facts())
        self.database.execute(
            "add_asset_version",
            number=version.asset.number,
            version=version.asset.version,
            at=utc_text(version.at),
            account=version.account,
            party=version.party,
            action=version.action,
            reason=version.reason,
            facts=json_of(version.asset.facts()),
            run_id=run_id,
            journal_seq=version.journal_seq,
            digest=version.digest,
        )

    def last_seen(self, serial: str) -> list[tuple[str, datetime]]:
        """Return where and when a serial number answered last, the newest first."""
        rows = self.database.execute("sightings_of_serial", serial=serial) if serial else []
        return [(str(row["device"]), parse_utc(row["at"])) for row in rows]


def _refuse_side_door(old: Asset, new: Asset) -> None:
    if old.state == new.state:
        return
    if new.state == RETIRED:
        raise UsageError(
            f"{new.number}: an asset is retired with an approval on record",
            hint="`netops inventory ledger approve`, then `netops inventory retire`",
        )
    raise UsageError(
        f"{new.number} is retired; what is retired does not come back into use",
        hint="add it under a new asset number, and say in the reason where it comes from",
    )


def _told(version: Version, changes: Mapping[str, list[str]]) -> dict[str, object]:
    asset = version.asset
    return {
        "number": asset.number,
        "version": asset.version,
        "action": version.action,
        "changes": changes,
        "digest": version.digest,
    }


def digest_of(before: str, version: Version) -> str:
    """Return the digest of a version and, through `before`, of all versions before it."""
    plain = version.as_dict()
    del plain["digest"], plain["journal_seq"]
    return chained(before, plain)


def version_of(row: Row) -> Version:
    """Return the version a row holds; raise IntegrityError for one that cannot be read."""
    try:
        return Version(
            asset_of(json.loads(row["facts"])),
            parse_utc(row["at"]),
            str(row["account"]),
            str(row["party"]),
            str(row["action"]),
            str(row["reason"]),
            int(row["journal_seq"]),
            str(row["digest"]),
        )
    except (ValueError, KeyError, TypeError):
        raise IntegrityError(
            f"version {row['version']} of asset {row['number']} is not readable",
            hint="see `netops inventory ledger verify`",
        ) from None
