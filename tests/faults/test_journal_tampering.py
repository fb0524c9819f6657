"""Every way to change a journal, done to a real file, and whether it is seen."""

from collections.abc import Callable
from pathlib import Path

import pytest

from netops.journal import keys, note
from netops.journal.verify import verify
from tests.unit.journal.attacks import Attacker
from tests.unit.journal.lab import ORIGIN, START, SetClock, live, open_book, run_once
from tests.unit.journal.test_keys import first_key, handovers

# The victim: 30 and 31 March with the first key, then ten days of April with the second.
DAYS = 12
#: An entry of 5 April.
VICTIM = 22


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    directory = tmp_path / "journal"
    with live(directory, days=DAYS) as book:
        assert book.entry(VICTIM).kind == "device.backup"
        assert book.entry(VICTIM).at.month == 4
    return directory


@pytest.fixture
def anchor(journal: Path) -> str:
    """Return what was printed in a report on the last day."""
    return (journal / "checkpoint.note").read_text()


def edited(body: bytes) -> bytes:
    changed = body.replace(b'"actor":"', b'"actor":"not ')
    assert changed != body
    return changed


def edit(attacker: Attacker) -> None:
    body = attacker.bodies()[VICTIM - 1]
    attacker.run("UPDATE entry SET body = ? WHERE seq = ?", edited(body), VICTIM)


def edit_hash(attacker: Attacker) -> None:
    attacker.run("UPDATE entry SET hash = zeroblob(32) WHERE seq = ?", VICTIM)


def delete_one(attacker: Attacker) -> None:
    attacker.run("DELETE FROM entry WHERE seq = ?", VICTIM)


def delete_many(attacker: Attacker) -> None:
    attacker.run("DELETE FROM entry WHERE seq BETWEEN ? AND ?", VICTIM, VICTIM + 5)


def delete_first(attacker: Attacker) -> None:
    attacker.run("DELETE FROM entry WHERE seq < 4")


def delete_all(attacker: Attacker) -> None:
    attacker.run("DELETE FROM entry")


def insert(attacker: Attacker) -> None:
    attacker.run("UPDATE entry SET seq = -seq - 1 WHERE seq >= ?", VICTIM)
    attacker.run("UPDATE entry SET seq = -seq WHERE seq < 0")
    forged = edited(attacker.bodies()[VICTIM - 2])
    attacker.run("INSERT INTO entry VALUES (?, ?, zeroblob(32))", VICTIM, forged)


def reorder(attacker: Attacker) -> None:
    attacker.run("UPDATE entry SET seq = -1 WHERE seq = ?", VICTIM)
    attacker.run("UPDATE entry SET seq = ? WHERE seq = ?", VICTIM, VICTIM + 1)
    attacker.run("UPDATE entry SET seq = ? WHERE seq = -1", VICTIM + 1)


def truncate(attacker: Attacker) -> None:
    attacker.run("DELETE FROM entry WHERE seq > ?", VICTIM)


def append_by_hand(attacker: Attacker) -> None:
    last = len(attacker.bodies())
    body = attacker.bodies()[-1].replace(b'{"seq":%d' % last, b'{"seq":%d' % (last + 1))
    attacker.run("INSERT INTO entry VALUES (?, ?, zeroblob(32))", last + 1, body)


def put_far_away(attacker: Attacker) -> None:
    attacker.run("INSERT INTO entry VALUES (?, x'7b7d', zeroblob(32))", 2**62)


def put_before_the_first(attacker: Attacker) -> None:
    attacker.run("INSERT INTO entry VALUES (-7, x'7b7d', zeroblob(32))")


def not_json(attacker: Attacker) -> None:
    attacker.run("UPDATE entry SET body = x'ff00fe' WHERE seq = ?", VICTIM)


def rewrite_and_chain(attacker: Attacker) -> None:
    bodies = attacker.bodies()
    attacker.rewrite([*bodies[: VICTIM - 1], edited(bodies[VICTIM - 1]), *bodies[VICTIM:]])


def remove_and_chain(attacker: Attacker) -> None:
    bodies = attacker.bodies()
    attacker.rewrite(bodies[: VICTIM - 1] + bodies[VICTIM:])


def insert_and_chain(attacker: Attacker) -> None:
    bodies = attacker.bodies()
    attacker.rewrite(bodies[:VICTIM] + bodies[VICTIM - 1 :])


def truncate_and_chain(attacker: Attacker) -> None:
    attacker.rewrite(attacker.bodies()[:VICTIM])


def rewrite_month_of_the_destroyed_key(attacker: Attacker) -> None:
    """Steal today's key and rewrite last month: the note of the handover stands in the way."""
    bodies = attacker.bodies()
    attacker.rewrite([bodies[0], edited(bodies[1]), *bodies[2:]])
    attacker.sign_again(ORIGIN, above=0)


def rewrite_and_drop_checkpoints_of_the_month(attacker: Attacker) -> None:
    """Without the key, nothing after the edit may stay signed; the handover is signed."""
    bodies = attacker.bodies()
    attacker.rewrite([bodies[0], edited(bodies[1]), *bodies[2:]])
    attacker.run("DELETE FROM checkpoint")


def forget_a_key(attacker: Attacker) -> None:
    attacker.run(
        "DELETE FROM signing_key WHERE size > 0 AND size = (SELECT max(size) FROM signing_key)"
    )


def forget_an_open_run(attacker: Attacker) -> None:
    attacker.run("INSERT INTO open_run VALUES (x'72', 1)")


def spoil_a_note(attacker: Attacker) -> None:
    attacker.run("UPDATE checkpoint SET note = 'signed, the boss'")


def spoil_a_signature(attacker: Attacker) -> None:
    attacker.run("UPDATE checkpoint SET note = replace(note, 'A', 'B')")


def move_a_note(attacker: Attacker) -> None:
    attacker.run("UPDATE checkpoint SET size = 1 WHERE size = (SELECT min(size) FROM checkpoint)")


def spoil_the_tip(attacker: Attacker) -> None:
    attacker.run("UPDATE tip SET hash = zeroblob(32)")


def spoil_the_beginning(attacker: Attacker) -> None:
    attacker.run("UPDATE genesis SET hash = randomblob(32)")


def lose_the_beginning(attacker: Attacker) -> None:
    attacker.run("DELETE FROM genesis")


SEEN_WITHOUT_ANCHOR: list[Callable[[Attacker], None]] = [
    edit,
    edit_hash,
    delete_one,
    delete_many,
    delete_first,
    delete_all,
    insert,
    reorder,
    truncate,
    append_by_hand,
    put_far_away,
    put_before_the_first,
    not_json,
    rewrite_and_chain,
    remove_and_chain,
    insert_and_chain,
    truncate_and_chain,
    rewrite_month_of_the_destroyed_key,
    rewrite_and_drop_checkpoints_of_the_month,
    forget_a_key,
    forget_an_open_run,
    spoil_a_note,
    spoil_a_signature,
    move_a_note,
    spoil_the_tip,
    spoil_the_beginning,
    lose_the_beginning,
]


@pytest.mark.parametrize("attack", SEEN_WITHOUT_ANCHOR)
def test_tampering_is_seen_by_the_journal_itself(
    journal: Path, attack: Callable[[Attacker], None]
) -> None:
    assert verify(journal).ok
    with Attacker(journal) as attacker:
        attack(attacker)
    result = verify(journal)
    assert not result.ok
    assert result.status == 2
    assert result.verified_to <= 12 * DAYS


@pytest.mark.parametrize(
    ("attack", "seq", "words"),
    [
        (edit, VICTIM, "does not fit the hash chain"),
        (delete_one, VICTIM, "is missing"),
        (delete_many, VICTIM, "entries 22 to 27 are missing"),
        (insert, VICTIM, f"at place {VICTIM} stands an entry that calls itself {VICTIM - 1}"),
        (reorder, VICTIM, f"at place {VICTIM} stands an entry that calls itself {VICTIM + 1}"),
        (truncate, VICTIM + 1, "entries were cut off"),
        (not_json, VICTIM, "is not JSON"),
        (put_far_away, 2**62, "is not in the journal's form"),
        (append_by_hand, 3 * DAYS + 3, "does not fit the hash chain"),
    ],
)
def test_the_finding_names_the_place(
    journal: Path, attack: Callable[[Attacker], None], seq: int, words: str
) -> None:
    with Attacker(journal) as attacker:
        attack(attacker)
    named = [one.problem for one in verify(journal).findings if one.seq == seq]
    assert any(words in problem for problem in named), verify(journal).findings


def test_a_rewrite_is_narrowed_down_to_one_day(journal: Path) -> None:
    with Attacker(journal) as attacker:
        rewrite_and_chain(attacker)
        days = attacker.sizes()
    good = max(size for size in days if size < VICTIM)
    bad = min(size for size in days if size >= VICTIM)
    result = verify(journal)
    assert result.verified_to == good
    assert any(f"entries {good + 1} to {bad}" in one.problem for one in result.findings)


def test_missing_guards_are_seen(journal: Path) -> None:
    with Attacker(journal, rebuild_guards=False):
        pass
    (finding,) = verify(journal).findings
    assert "entry_keep, entry_stay" in finding.problem


def test_a_trap_in_the_tables_is_seen(journal: Path) -> None:
    with Attacker(journal) as attacker:
        attacker.run("CREATE TRIGGER trap AFTER INSERT ON entry BEGIN SELECT 1; END")
    (finding,) = verify(journal).findings
    assert "trap" in finding.problem


def blind(journal: Path) -> None:
    """Assert that the journal alone looks whole, and says that this is not the last word."""
    result = verify(journal, trusted_keys=[first_key(journal)])
    assert result.ok, result.findings
    assert any("no outside anchor" in remark for remark in result.remarks)


def test_rewrite_with_later_checkpoints_dropped_needs_an_anchor(journal: Path, anchor: str) -> None:
    with Attacker(journal) as attacker:
        good = max(size for size in attacker.sizes() if size < VICTIM)
        rewrite_and_chain(attacker)
        attacker.forget_after(good)
    blind(journal)
    result = verify(journal, anchors=[anchor])
    assert not result.ok
    assert result.verified_to == good
    assert result.anchored_to == 0


def test_cut_to_an_earlier_checkpoint_needs_an_anchor(journal: Path, anchor: str) -> None:
    with Attacker(journal) as attacker:
        good = max(size for size in attacker.sizes() if size < VICTIM)
        attacker.rewrite(attacker.bodies()[:good])
        attacker.forget_after(good)
    blind(journal)
    (finding,) = verify(journal, anchors=[anchor]).findings
    assert finding.seq == good + 1
    assert "entries were cut off" in finding.problem


def test_rewrite_with_the_stolen_key_needs_an_anchor(journal: Path, anchor: str) -> None:
    with Attacker(journal) as attacker:
        handover = handovers(journal)[-1][0]
        rewrite_and_chain(attacker)
        attacker.sign_again(ORIGIN, above=handover)
    blind(journal)
    (finding,) = verify(journal, anchors=[anchor]).findings
    assert "another Merkle root" in finding.problem


def test_any_head_since_the_edit_is_anchor_enough(journal: Path) -> None:
    with Attacker(journal) as attacker:
        after = [size for size in attacker.sizes() if size >= VICTIM]
        notes = [attacker.note(size) for size in after]
        before = attacker.note(max(size for size in attacker.sizes() if size < VICTIM))
        rewrite_and_chain(attacker)
        attacker.sign_again(ORIGIN, above=handovers(journal)[-1][0])
    assert all(not verify(journal, anchors=[one]).ok for one in notes)
    assert verify(journal, anchors=[before]).ok


def test_a_journal_replaced_as_a_whole_needs_an_anchor_or_the_first_key(
    journal: Path, anchor: str, tmp_path: Path
) -> None:
    root_key = first_key(journal)
    live(tmp_path / "forged", days=DAYS).close()
    assert verify(tmp_path / "forged").ok
    assert not verify(tmp_path / "forged", trusted_keys=[root_key]).ok
    problems = [one.problem for one in verify(tmp_path / "forged", anchors=[anchor]).findings]
    assert any("no signature by a key of this journal" in problem for problem in problems)
    assert any("another Merkle root" in problem for problem in problems)


def test_a_journal_stripped_of_all_keys_is_seen_by_who_knows_the_key(journal: Path) -> None:
    root_key = first_key(journal)
    with Attacker(journal) as attacker:
        attacker.rewrite([body for body in attacker.bodies() if b'"journal.key"' not in body])
        attacker.run("DELETE FROM signing_key")
        attacker.run("DELETE FROM checkpoint")
    (journal / "checkpoint.note").unlink()
    assert any("not signed yet" in remark for remark in verify(journal).remarks)
    assert not verify(journal, trusted_keys=[root_key]).ok


def test_what_came_after_the_last_anchor_can_be_cut_unseen(tmp_path: Path) -> None:
    """The limit of any journal: so every run ends with a checkpoint that leaves the machine."""
    clock = SetClock(START)
    with open_book(tmp_path, clock) as book:
        run_once(book, "one")
        anchor = book.checkpoint()
        clock.pass_days(1)
        run_once(book, "two")
    with Attacker(tmp_path) as attacker:
        attacker.rewrite(attacker.bodies()[: anchor.size])
        attacker.forget_after(anchor.size)
    assert verify(tmp_path, anchors=[anchor.note]).ok


def test_a_forged_anchor_does_not_pass_for_one_of_ours(journal: Path, anchor: str) -> None:
    forger = keys.make_secret(ORIGIN)
    head = note.parse_head(note.parse(anchor).text)
    forged = note.compose(head.text(), [forger.sign(head.text())])
    (finding,) = verify(journal, anchors=[forged]).findings
    assert "no signature by a key of this journal" in finding.problem
