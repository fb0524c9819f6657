"""A journal of several stretches, checked by two processes: the parts must join without a seam."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from netops.journal.proof import check_proof, prove
from netops.journal.scan import STRETCH
from netops.journal.verify import verify
from tests.unit.journal.attacks import Attacker
from tests.unit.journal.lab import SetClock, grow, open_book, run_once

ENTRIES = 2 * STRETCH + 5000


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("large") / "journal"
    grow(directory, ENTRIES)
    return directory


@pytest.fixture
def journal(large: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(large, tmp_path / "journal"))


def test_two_processes_come_to_the_judgement_of_one(large: Path) -> None:
    anchor = (large / "checkpoint.note").read_text()
    result = verify(large, anchors=[anchor], processes=2)
    assert result.ok, result.findings
    assert result.entries == result.verified_to == result.anchored_to == ENTRIES
    assert verify(large, anchors=[anchor], processes=1) == result


def edit(attacker: Attacker, seq: int) -> None:
    sql = "UPDATE entry SET body = CAST(replace(CAST(body AS TEXT), 'nms1', 'nms2') AS BLOB) WHERE seq = ?"
    attacker.run(sql, seq)


def delete(attacker: Attacker, seq: int) -> None:
    attacker.run("DELETE FROM entry WHERE seq = ?", seq)


@pytest.mark.parametrize("seq", [STRETCH - 1, STRETCH, STRETCH + 1, 2 * STRETCH + 77])
@pytest.mark.parametrize("attack", [edit, delete])
def test_tampering_at_a_seam_is_named(
    journal: Path, attack: Callable[[Attacker, int], None], seq: int
) -> None:
    with Attacker(journal) as attacker:
        attack(attacker, seq)
    result = verify(journal, processes=2)
    assert min(one.seq for one in result.findings if one.seq and one.seq > 5) == seq
    assert result.verified_to < seq


def test_a_missing_stretch_is_named(journal: Path) -> None:
    with Attacker(journal) as attacker:
        attacker.run("DELETE FROM entry WHERE seq > ? AND seq <= ?", STRETCH, 2 * STRETCH)
    problems = [one.problem for one in verify(journal).findings]
    assert f"entries {STRETCH + 1} to {2 * STRETCH} are missing" in problems


def test_a_journal_that_begins_late_is_verified_and_proven(journal: Path) -> None:
    clock = SetClock()
    clock.pass_days(500)
    with open_book(journal, clock) as book:
        run_once(book, "later")
        removal = book.remove_old()
        assert removal is not None
        assert removal.last == ENTRIES
        run_once(book, "afterwards")
        head = book.head()
    assert head is not None
    assert verify(journal, anchors=[head.note]).ok
    proof = prove(journal, ENTRIES + 2)
    assert check_proof(proof.text(), head=head.head).seq == ENTRIES + 2
