"""Custody: steps make handovers, handovers make holdings, and the register keeps journal and catalogue alike."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netops.app import Site
from netops.backup.custody import (
    CONFIRMED,
    OFFERED,
    REFUSED,
    STEPS,
    Handover,
    Item,
    Step,
    handovers,
    holder_of,
    holdings,
)
from netops.backup.handover import Answer, Offer
from netops.backup.model import BackupPlan, Keeping, Repository
from netops.core.cancel import Cancel
from netops.core.digest import chained
from netops.core.errors import AccessError, UsageError
from netops.core.people import person, same_person
from netops.core.run import Context, Silence
from tests import catalogue_site
from tests.catalogue_site import CHEN, LI, NOW, WANG, FixedClock

OFFSITE = Item("location", "offsite")
PLAN = BackupPlan(
    {"offsite": Repository("offsite", "/x", "file:p", keeping=Keeping("Room 3", custodian=WANG))}
)


def step(number: str, kind: str, minute: int, giver: str = WANG, receiver: str = LI) -> Step:
    party = giver if kind in {OFFERED, "withdrawn"} else receiver
    at = NOW + timedelta(minutes=minute)
    return Step(number, kind, at, "root", party, giver, receiver, (OFFSITE,), "by hand", "Safe 2")


def held(steps: list[Step]) -> str:
    found = holder_of(OFFSITE, holdings(handovers(steps), PLAN))
    return found.holder if found else ""


def test_netops_yaml_names_the_first_custodian() -> None:
    (found,) = holdings([], PLAN)

    assert (found.holder, found.place, found.since) == (WANG, "Room 3", None)


def test_an_offer_changes_no_custody() -> None:
    assert held([step("A", OFFERED, 0)]) == WANG


def test_a_confirmation_changes_custody_and_place() -> None:
    (found,) = holdings(handovers([step("A", OFFERED, 0), step("A", CONFIRMED, 5)]), PLAN)

    assert (found.holder, found.place, found.handover_id) == (LI, "Safe 2", "A")
    assert found.since == NOW + timedelta(minutes=5)
    assert found.contradicts == WANG


@pytest.mark.parametrize("kind", [REFUSED, "withdrawn"])
def test_what_is_refused_or_withdrawn_stays_with_the_giver(kind: str) -> None:
    steps = [step("A", OFFERED, 0), step("A", kind, 5), step("A", CONFIRMED, 6)]

    assert held(steps) == WANG
    assert handovers(steps)[0].state == kind


names = st.sampled_from(["Ann", "Bo", "Cy"])
moves = st.lists(st.tuples(names, st.sampled_from(STEPS[1:])), max_size=8)


@given(moves)
def test_the_holder_is_always_the_last_receiver_who_confirmed(
    answers: list[tuple[str, str]],
) -> None:
    steps, expected = [], WANG
    for number, (receiver, kind) in enumerate(answers):
        steps += [
            step(str(number), OFFERED, 2 * number, expected, receiver),
            step(str(number), kind, 2 * number + 1, expected, receiver),
        ]
        expected = receiver if kind == CONFIRMED else expected

    assert held(steps) == expected


def test_a_step_comes_back_from_its_facts() -> None:
    one = step("A", OFFERED, 0)

    assert Step.from_facts(one.facts()) == one


@given(st.sampled_from(["giver", "receiver", "place", "note", "account", "party"]), st.text())
def test_every_change_of_a_step_changes_the_digest(name: str, value: str) -> None:
    one = step("A", OFFERED, 0)
    other = Step.from_facts({**one.facts(), name: value})

    assert (chained("x", one.facts()) == chained("x", other.facts())) is (one == other)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Chen Li", "chen  li ", True),
        ("ＣＨＥＮ　Li", "Chen Li", True),
        ("陳立", "陳立", True),
        ("陳立", "陈立", False),
        ("Chen Li", "Chen Lin", False),
    ],
)
def test_names_are_compared_as_people_do(one: str, other: str, same: bool) -> None:
    assert same_person(one, other) is same


def test_an_account_is_the_same_from_every_address() -> None:
    assert person("root (sudo chen, ssh 10.0.0.1)") == person("root (sudo chen, ssh 10.0.0.2)")
    assert person("root (sudo chen)") != person("root (sudo wang)")
    assert person("root (ssh 10.0.0.1)") == "root"


# With a register on real files.


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def site(tmp_path: Path, clock: FixedClock) -> Iterator[Site]:
    made = catalogue_site.make(tmp_path / "site", clock=clock)
    yield made
    made.close()


def context(site: Site, *, dry_run: bool = False) -> Context:
    return Context("RUN", "target", Cancel(), site.clock, Silence(), dry_run)


def offered(
    site: Site, giver: str = WANG, receiver: str = LI, *items: Item, dry_run: bool = False
) -> str:
    offer = Offer(giver, receiver, items or (OFFSITE,), "sealed bag", "Safe 2")
    result = site.custody.offer(offer, context(site, dry_run=dry_run))
    return str(result.facts["handover"])


def answered(site: Site, number: str, party: str, kind: str = CONFIRMED, place: str = "") -> None:
    site.custody.answer(Answer(number, kind, party, place, "seen"), context(site))


def holder(site: Site, item: Item = OFFSITE) -> str:
    found = holder_of(item, site.custody.holdings())
    return found.holder if found else ""


def test_offer_and_confirmation_are_in_journal_and_catalogue(site: Site) -> None:
    answered(site, offered(site), "li  wei", place="Safe 3")

    kinds = [(e.kind, e.ok, e.run) for e in site.journal.entries()]
    assert kinds == [("custody.offered", None, "RUN"), ("custody.confirmed", True, "RUN")]
    comparison = site.custody.register.compare()
    assert (comparison.compared, comparison.differences) == (2, ())
    assert holder(site) == LI
    # The name stays as the giver wrote it.
    assert site.custody.register.steps()[1].party == LI


@pytest.mark.parametrize("party", [WANG, CHEN, "", "li"])
def test_only_the_receiver_confirms(site: Site, party: str) -> None:
    number = offered(site)

    with pytest.raises(AccessError, match=f"only {LI} can confirm"):
        answered(site, number, party)

    assert holder(site) == WANG
    assert len(site.custody.register.steps()) == 1


def test_nobody_confirms_his_own(site: Site) -> None:
    with pytest.raises(AccessError, match="nobody confirms a handover of his own"):
        answered(site, offered(site), "WANG FANG")


def test_the_giver_withdraws_and_the_receiver_refuses(site: Site) -> None:
    first = offered(site)
    with pytest.raises(AccessError, match=f"only {WANG} can withdraw"):
        answered(site, first, LI, "withdrawn")
    answered(site, first, WANG, "withdrawn")
    second = offered(site)
    with pytest.raises(AccessError, match=f"only {LI} can refuse"):
        answered(site, second, WANG, REFUSED)
    answered(site, second, LI, REFUSED)

    assert [one.state for one in site.custody.handovers()] == ["withdrawn", "refused"]
    assert holder(site) == WANG


def test_an_answered_handover_is_closed(site: Site) -> None:
    number = offered(site)
    answered(site, number, LI)

    for kind, party in ((CONFIRMED, LI), (REFUSED, LI), ("withdrawn", WANG)):
        with pytest.raises(UsageError, match="confirmed already"):
            answered(site, number, party, kind)


def test_only_the_holder_hands_over(site: Site) -> None:
    answered(site, offered(site), LI)

    with pytest.raises(UsageError, match=f"held by {LI}, not by {WANG}"):
        offered(site)
    answered(site, offered(site, LI, CHEN), CHEN)
    assert holder(site) == CHEN


def test_what_is_on_its_way_is_not_offered_again(site: Site) -> None:
    number = offered(site)

    with pytest.raises(UsageError, match=f"on its way to {LI} already .handover {number}"):
        offered(site, WANG, CHEN)


def test_the_only_open_handover_need_not_be_named(site: Site) -> None:
    with pytest.raises(UsageError, match="no open handovers wait for Li Wei"):
        answered(site, "", LI)
    offered(site)
    with pytest.raises(UsageError, match="no open handovers wait for Wang Fang"):
        answered(site, "", WANG)
    answered(site, "", LI)
    assert holder(site) == LI

    offered(site, LI, CHEN)
    offered(site, CHEN, LI, Item("location", "main"))
    offered(site, CHEN, LI, Item("medium", "DISK-07"))
    with pytest.raises(UsageError, match="2 open handovers wait for Li Wei"):
        answered(site, "", LI)
    answered(site, "", LI, "withdrawn")
    assert [one.state for one in site.custody.handovers()][1] == "withdrawn"


def test_a_disk_and_a_backup_change_hands(site: Site) -> None:
    disk, backup = Item("medium", "DISK-07"), Item("backup", catalogue_site.add_backup(site))
    with pytest.raises(UsageError, match=f"held by {CHEN}"):
        offered(site, WANG, LI, disk, backup)

    answered(site, offered(site, CHEN, LI, disk, backup), LI)

    assert holder(site, disk) == holder(site, backup) == LI


@pytest.mark.parametrize(
    "item", [Item("location", "moon"), Item("backup", "01NONE"), Item("medium", " ")]
)
def test_what_does_not_exist_is_not_handed_over(site: Site, item: Item) -> None:
    with pytest.raises(UsageError):
        offered(site, WANG, LI, item)


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 201, "evil\u202egnp", "\x1b[2J"])
def test_a_name_nobody_can_read_is_refused(site: Site, name: str) -> None:
    with pytest.raises(UsageError, match="--to"):
        offered(site, WANG, name)

    assert site.custody.register.steps() == []


def test_a_handover_to_oneself_is_refused(site: Site) -> None:
    with pytest.raises(UsageError, match="the same"):
        offered(site, WANG, "wang  FANG")


def test_a_dry_run_records_nothing(site: Site) -> None:
    offered(site, dry_run=True)

    assert site.custody.handovers() == []
    assert list(site.journal.entries()) == []


def test_one_account_for_both_is_told_and_refused_where_that_is_asked_for(
    site: Site, tmp_path: Path
) -> None:
    answered(site, offered(site), LI)
    assert [one.from_one_account for one in site.custody.handovers()] == [True]
    values = catalogue_site.settings()
    values["backup"]["handover"] = {"two_accounts": True}
    strict = catalogue_site.make(tmp_path / "strict", values)

    with pytest.raises(AccessError, match="was offered from this account"):
        answered(strict, offered(strict), LI)

    strict.close()


def test_two_accounts_are_not_one() -> None:
    one = Handover(
        *("A", WANG, LI, (OFFSITE,), "", "", NOW, CONFIRMED, NOW, ""), "root (sudo w)", "root"
    )

    assert not one.from_one_account


def test_steps_older_than_the_journal_are_proven_by_the_next_one(
    site: Site, clock: FixedClock
) -> None:
    clock.at = datetime(2025, 3, 5, tzinfo=UTC)
    answered(site, offered(site), LI)
    site.journal.checkpoint()
    clock.at = NOW
    offered(site, LI, CHEN)
    site.journal.checkpoint()
    assert site.journal.remove_old() is not None

    comparison = site.custody.register.compare()
    assert comparison.differences == ()
    assert (comparison.older_than_journal, comparison.older_proven) == (2, True)

    import sqlite3

    with sqlite3.connect(site.state / "netops.db") as link:
        link.execute("UPDATE custody_step SET place = 'under the table' WHERE step = 'confirmed'")
    link.close()
    (difference,) = site.custody.register.compare().differences
    assert difference.kind == "rewritten"
    # Nothing tells what the old rows were: repair does not pretend to know, and life goes on.
    assert site.custody.register.repair(None) == ()
    offered(site, CHEN, LI, Item("medium", "DISK-07"))
    assert [one.kind for one in site.custody.register.compare().differences] == ["rewritten"]
