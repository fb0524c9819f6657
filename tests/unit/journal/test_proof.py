"""One entry for an auditor who has nothing but a printed head or a public key."""

from pathlib import Path

import pytest

from netops.core.errors import IntegrityError, UsageError
from netops.journal.proof import check_proof, prove
from tests.unit.journal.lab import ORIGIN, live
from tests.unit.journal.test_keys import first_key, handovers


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    live(tmp_path).close()
    return tmp_path


def test_every_entry_can_be_proven_against_the_newest_head(journal: Path) -> None:
    head = (journal / "checkpoint.note").read_text()
    size = int(head.splitlines()[1])
    for seq in range(1, size + 1):
        entry = check_proof(prove(journal, seq).text(), head=head)
        assert entry.seq == seq


def test_a_proof_is_in_the_public_format(journal: Path) -> None:
    lines = prove(journal, 3).text().splitlines()
    assert lines[0] == "c2sp.org/tlog-proof@v1"
    assert lines[2] == "index 2"
    assert lines[lines.index("") + 1] == ORIGIN


def test_a_proof_holds_against_the_key_that_signed_it(journal: Path) -> None:
    from netops.journal import keys, note

    key = note.public_key_text(ORIGIN, keys.parse_handover(handovers(journal)[-1][1]).public)
    text = prove(journal, 2).text()
    assert check_proof(text, public_key=key).seq == 2
    with pytest.raises(IntegrityError, match="not signed by the given key"):
        check_proof(text, public_key=first_key(journal))


def test_a_proof_against_an_older_printed_head_needs_no_note(journal: Path) -> None:
    from netops.journal.book import Book
    from netops.journal.proof import parse_proof

    with Book.read(journal) as book:
        head = book.head()
    assert head is not None
    full = parse_proof(prove(journal, 5, head=head.head).text())
    assert full.head.size == head.size


def test_a_changed_entry_or_path_proves_nothing(journal: Path) -> None:
    from dataclasses import replace

    head = (journal / "checkpoint.note").read_text()
    proof = prove(journal, 2)
    for forged in (
        replace(proof, body=proof.body.replace(b"sw-0", b"sw-9")),
        replace(proof, index=proof.index + 1),
        replace(proof, path=proof.path[:-1]),
        replace(proof, path=(bytes(32), *proof.path[1:])),
    ):
        with pytest.raises(IntegrityError, match="not under that head"):
            check_proof(forged.text(), head=head)


def test_a_proof_under_another_head_is_refused(journal: Path, tmp_path: Path) -> None:
    live(tmp_path / "other").close()
    other = (tmp_path / "other" / "checkpoint.note").read_text()
    with pytest.raises(IntegrityError, match="another head"):
        check_proof(prove(journal, 2).text(), head=other)
    with pytest.raises(IntegrityError, match="does not agree"):
        prove(journal, 2, head=other)


def test_a_proof_must_be_held_against_something(journal: Path) -> None:
    with pytest.raises(UsageError, match="held against"):
        check_proof(prove(journal, 2).text())


@pytest.mark.parametrize("seq", [0, -1, 10_000])
def test_an_entry_that_no_head_covers_cannot_be_proven(journal: Path, seq: int) -> None:
    with pytest.raises(UsageError):
        prove(journal, seq)


@pytest.mark.parametrize(
    "text",
    ["", "c2sp.org/tlog-proof@v1\n\n", "c2sp.org/tlog-proof@v1\nextra AA\nindex x\n\na\n1\nAA\n"],
)
def test_what_is_no_proof_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError, match="not a proof"):
        check_proof(text, head="1:" + "A" * 43 + "=")
