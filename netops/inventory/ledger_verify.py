"""Holds the ledger against the journal, so that a row changed behind its back is seen."""

from collections.abc import Iterator, Mapping
from typing import Any

from netops.core.errors import IntegrityError
from netops.inventory.assets import Asset, asset_of
from netops.inventory.ledger import CHANGED, Diary, Ledger, digest_of, version_of


def differences(ledger: Ledger, oldest_seq: int = 0) -> tuple[int, list[str]]:
    """
    Return how many versions were compared, and what does not agree.

    Entries before `oldest_seq` are gone by the journal's retention; the chain of digests still
    tells whether their rows are as they were.
    """
    told = dict(_told(ledger.diary))
    found: list[str] = []
    newest: dict[str, Asset] = {}
    digests: dict[str, str] = {}
    rows = ledger.database.execute("all_asset_versions")
    for row in rows:
        name = f"{row['number']} version {row['version']}"
        try:
            version = version_of(row)
        except IntegrityError as error:
            found.append(str(error))
            continue
        expected = told.pop((str(row["number"]), int(row["version"])), None)
        if digest_of(digests.get(str(row["number"]), ""), version) != row["digest"]:
            found.append(f"{name} was edited: its digest does not fit")
        elif expected is None and int(row["journal_seq"]) > oldest_seq:
            found.append(f"{name} was inserted: the journal does not know it")
        elif expected not in {None, row["digest"]}:
            found.append(f"{name} is not what the journal says")
        digests[str(row["number"])] = str(row["digest"])
        newest[str(row["number"])] = version.asset
    found += [f"{number} version {n} was deleted" for number, n in told]
    return len(rows), found + list(_current(ledger, newest))


def _current(ledger: Ledger, newest: Mapping[str, Asset]) -> Iterator[str]:
    current = {str(row["number"]): asset_of(row) for row in ledger.database.execute("assets")}
    for number in sorted(current.keys() | newest.keys()):
        if current.get(number) != newest.get(number):
            yield f"{number} is not what its newest version says"


def _told(diary: Diary) -> Iterator[tuple[tuple[str, int], str]]:
    for entry in diary.entries(kind=CHANGED):
        assets: Any = entry.detail.get("assets")
        for one in assets if isinstance(assets, list) else ():
            if isinstance(one, dict) and isinstance(one.get("version"), int):
                yield (str(one.get("number")), one["version"]), str(one.get("digest"))
