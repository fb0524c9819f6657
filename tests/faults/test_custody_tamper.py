"""Somebody changes who held what: in the catalogue's file, in the journal's file, or in both."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from netops.app import Site
from tests import catalogue_site
from tests.catalogue_site import CHEN, LI, WANG, hand_over, netops


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site with a confirmed, a refused and an open handover; copied, never changed."""
    directory = tmp_path_factory.mktemp("custody") / "site"
    catalogue_site.make(directory).close()
    number = hand_over(directory)
    confirmed = netops(directory, "backup", "handover", "confirm", number, "--as", LI)
    assert confirmed[0] == 0, confirmed
    second = hand_over(directory, CHEN, WANG, "--medium", "DISK-07")
    words = ("--as", WANG, "--reason", "seal broken")
    assert netops(directory, "backup", "handover", "refuse", second, *words)[0] == 1
    hand_over(directory, LI, CHEN)
    return directory


@pytest.fixture
def site(recorded: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(recorded, tmp_path / "site"))


def catalogue(site: Path, sql: str) -> None:
    link = sqlite3.connect(site / "state" / "netops.db")
    changed = link.execute(sql).rowcount
    link.commit()
    link.close()
    assert changed > 0


def journal(site: Path, change: Callable[[sqlite3.Connection], None]) -> None:
    link = sqlite3.connect(site / "state" / "journal" / "journal.db")
    for (name,) in link.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        link.execute(f"DROP TRIGGER {name}")
    change(link)
    link.commit()
    link.close()


def verified(site: Path, *more: str) -> tuple[int, dict[str, Any]]:
    code, out, err = netops(site, "backup", "custody", "verify", "--json", *more)
    assert out, err
    return code, json.loads(out)


def differences(site: Path) -> list[str]:
    """Compare in this process, which costs a tenth of the command."""
    opened = Site(site / "netops.yaml")
    found = [one.kind for one in opened.custody.register.compare().differences]
    opened.close()
    return sorted(found)


def kinds(plain: dict[str, Any]) -> list[str]:
    return sorted({one["kind"] for one in plain["differences"]})


def test_an_honest_record_verifies(site: Path) -> None:
    code, plain = verified(site)

    assert (code, plain["status"], plain["compared"]) == (0, "OK", 5)
    assert plain["differences"] == plain["journal_findings"] == []


@pytest.mark.parametrize(
    "change",
    [
        "receiver = 'Mallory'",
        "giver = 'Mallory'",
        "party = 'Mallory'",
        "account = 'mallory'",
        "place = 'at home'",
        "method = 'e-mail'",
        "note = 'never mind'",
        "at = '2020-01-01T00:00:00.000Z'",
        "at = 'yesterday'",
        "step = 'withdrawn'",
        "handover_id = '01OTHER'",
        "digest = 'ab'",
        "journal_seq = journal_seq + 1000",
        """items = '[{"kind": "location", "name": "main"}]'""",
        "items = 'no json'",
        "items = '[7]'",
    ],
)
def test_an_edited_row_is_found(site: Path, change: str) -> None:
    catalogue(site, f"UPDATE custody_step SET {change} WHERE step = 'confirmed'")

    expected = ["deleted", "inserted"] if "journal_seq" in change else ["edited"]
    assert differences(site) == expected


@pytest.mark.parametrize("step", ["offered", "confirmed", "refused"])
def test_a_deleted_row_is_found(site: Path, step: str) -> None:
    catalogue(site, f"DELETE FROM custody_step WHERE step = '{step}'")

    assert set(differences(site)) == {"deleted"}


def test_all_rows_deleted_are_found(site: Path) -> None:
    catalogue(site, "DELETE FROM custody_step")

    code, plain = verified(site)

    assert (code, len(plain["differences"])) == (2, 5)


@pytest.mark.parametrize("seq", [2, 9999])
def test_an_inserted_row_is_found(site: Path, seq: int) -> None:
    """Entry 2 exists and is no custody; 9999 does not exist."""
    link = sqlite3.connect(site / "state" / "netops.db")
    taken = {row[0] for row in link.execute("SELECT journal_seq FROM custody_step")}
    link.close()
    free = next(number for number in range(seq, seq + 50) if number not in taken)
    catalogue(
        site,
        "INSERT INTO custody_step SELECT "
        f"{free}, handover_id, 'confirmed', at, account, receiver, giver, receiver, items, "
        "method, place, note, digest FROM custody_step WHERE step = 'refused'",
    )

    assert differences(site) == ["inserted"]


def test_two_rows_that_changed_places_are_found(site: Path) -> None:
    link = sqlite3.connect(site / "state" / "netops.db")
    first, last = link.execute(
        "SELECT MIN(journal_seq), MAX(journal_seq) FROM custody_step"
    ).fetchone()
    for was, now in ((first, -1), (last, first), (-1, last)):
        link.execute("UPDATE custody_step SET journal_seq = ? WHERE journal_seq = ?", (now, was))
    link.commit()
    link.close()

    assert differences(site) == ["edited", "edited"]


def test_a_changed_journal_is_found_by_custody_and_by_journal_verify(site: Path) -> None:
    def change(link: sqlite3.Connection) -> None:
        rows = link.execute("SELECT seq, body FROM entry").fetchall()
        for seq, body in rows:
            data = bytes(body)
            if b'"kind":"custody.confirmed"' in data:
                forged = data.replace(b'"place":""', b'"place":"x"')
                link.execute("UPDATE entry SET body = ? WHERE seq = ?", (forged, seq))
                return
        raise AssertionError("no confirmation in the journal")

    journal(site, change)

    code, plain = verified(site)
    assert code == 2
    assert kinds(plain) == ["edited"]
    assert plain["journal_findings"]
    assert netops(site, "journal", "verify")[0] == 2


def test_the_same_lie_in_both_is_found_by_the_journal(site: Path) -> None:
    def change(link: sqlite3.Connection) -> None:
        for seq, body in link.execute("SELECT seq, body FROM entry").fetchall():
            forged = bytes(body).replace(b"Li Wei", b"Mallor")
            link.execute("UPDATE entry SET body = ? WHERE seq = ?", (forged, seq))

    journal(site, change)
    catalogue(
        site,
        "UPDATE custody_step SET giver = replace(giver, 'Li Wei', 'Mallor'), "
        "receiver = replace(receiver, 'Li Wei', 'Mallor'), party = replace(party, 'Li Wei', 'Mallor')",
    )

    code, plain = verified(site)

    assert code == 2
    # Row for row they agree; the chain of digests and the journal's own do not.
    assert kinds(plain) == ["rewritten"]
    assert plain["journal_findings"]


def test_repair_takes_the_journals_word_and_says_so(site: Path) -> None:
    catalogue(site, "UPDATE custody_step SET receiver = 'Mallory' WHERE step = 'confirmed'")
    catalogue(site, "DELETE FROM custody_step WHERE step = 'refused'")

    code, plain = verified(site, "--repair")

    assert (code, plain["status"], plain["differences"]) == (1, "WARNING", [])
    assert {one["kind"] for one in plain["repaired"]} == {"edited", "deleted"}
    assert verified(site)[0] == 0
    code, out, _ = netops(site, "journal", "list", "--json", "--kind", "custody.repaired")
    (entry,) = json.loads(out)
    assert len(entry["detail"]["differences"]) == 2
    held = json.loads(netops(site, "backup", "custody", "--json")[1])["holdings"]
    assert {one["name"]: one["holder"] for one in held}["offsite"] == LI


def test_repair_refuses_the_word_of_a_journal_that_lies(site: Path) -> None:
    catalogue(site, "DELETE FROM custody_step WHERE step = 'refused'")

    def change(link: sqlite3.Connection) -> None:
        link.execute("DELETE FROM entry WHERE seq = 2")

    journal(site, change)

    code, _, err = netops(site, "backup", "custody", "verify", "--repair")

    assert code == 2
    assert "worth nothing" in err


def test_nothing_is_recorded_on_a_doubtful_record(site: Path) -> None:
    catalogue(site, "UPDATE custody_step SET receiver = 'Mallory' WHERE step = 'confirmed'")
    plain = json.loads(netops(site, "backup", "custody", "--json")[1])
    number = next(one["id"] for one in plain["handovers"] if one["state"] == "offered")

    code, out, _ = netops(site, "backup", "handover", "confirm", number, "--as", CHEN)

    assert code == 2
    assert "disagree about custody" in out
    assert "custody verify" in out


def test_a_row_nobody_can_read_silences_neither_status_nor_custody(site: Path) -> None:
    catalogue(site, "UPDATE custody_step SET at = 'yesterday'")

    code, out, _ = netops(site, "backup", "status")
    assert code == 2  # there is no backup yet
    assert "is not readable; see `netops backup custody verify`" in out
    code, _, err = netops(site, "backup", "custody")
    assert code == 2
    assert "not readable" in err


def test_a_crash_between_journal_and_catalogue_is_found_and_repaired(site: Path) -> None:
    """The journal is written first, so a power cut leaves an entry without a row."""
    catalogue(
        site,
        "DELETE FROM custody_step WHERE journal_seq = (SELECT MAX(journal_seq) FROM custody_step)",
    )

    assert verified(site)[0] == 2
    assert verified(site, "--repair")[0] == 1
    assert verified(site)[0] == 0
