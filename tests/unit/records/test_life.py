"""The life of a record: no way around approval, nobody approves his own, nothing is edited."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netops.core.errors import AccessError, NetopsError, UsageError
from netops.records.book import Hand
from netops.records.life import STEPS
from netops.records.model import Record, RecordState
from netops.records.overdue import overdue
from netops.records.verify import verify
from tests.record_site import CHEN, CLOSING, FORM, LI, NETOPS, REASON, WANG, ZHAO, Desk, desk


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Desk]:
    with desk(tmp_path) as opened:
        yield opened


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with desk(tmp_path_factory.mktemp("book")) as opened:
        yield opened


def act(site: Desk, verb: str, number: str, account: str) -> None:
    """Try a step with everything it may want; refusals are part of life."""
    book, hand = site.book(account), Hand(CHEN)
    with suppress(NetopsError):
        if verb == "attach":
            book.attach(number, {"verification": "passed"}, NETOPS, [f"{number}{site.clock.at}"])
        elif verb in {"approve", "reject"}:
            getattr(book, verb)(number, Hand(), "because")
        elif verb in {"amend", "void"}:
            getattr(book, verb)(number, hand, "because")
        elif verb == "fill":
            book.fill(number, REASON, hand)
        else:
            getattr(book, verb)(number, hand, CLOSING if verb == "close" else REASON)


moves = st.lists(
    st.tuples(st.sampled_from(sorted(STEPS)), st.sampled_from(["chenli", "wangfang", "mallory"])),
    max_size=14,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(moves, st.booleans())
def test_no_path_reaches_closed_without_submission_and_approval_by_another(
    shared: Desk, path: list[tuple[str, str]], planned: bool
) -> None:
    number = shared.draft(planned).number
    for verb, account in path:
        act(shared, verb, number, account)

    record = shared.book().record(number)
    assert [one.n for one in record.revisions] == list(range(1, record.revision + 1))
    last_opened = max(
        i for i, one in enumerate(record.revisions) if one.action in {"opened", "amended"}
    )
    since = record.revisions[last_opened:]
    if record.state is RecordState.CLOSED:
        assert [one.action for one in since if one.action in {"submitted", "approved"}] == [
            "submitted",
            "approved",
        ]
    for one in record.revisions:
        if one.action == "approved":
            submitted = [two for two in record.revisions[: one.n] if two.action == "submitted"]
            assert one.account in shared.policy.approvers
            assert submitted[-1].account != one.account


@pytest.mark.parametrize(
    ("state", "refused"),
    [
        ("draft", {"approve", "reject", "close", "amend"}),
        ("submitted", {"submit", "fill", "close", "attach"}),
        ("approved", {"submit", "approve", "reject"}),
        ("rejected", {"submit", "fill", "approve", "close", "attach", "reject"}),
        ("closed", {"submit", "fill", "approve", "reject", "close", "void", "attach"}),
        ("void", set(STEPS)),
    ],
)
def test_every_state_takes_only_its_own_steps(state: str, refused: set[str]) -> None:
    assert {verb for verb, step in STEPS.items() if state not in step.before} == refused


def test_the_whole_life_is_in_book_and_journal(site: Desk) -> None:
    record = site.closed()

    actions = ["opened", "submitted", "approved", "attached", "closed"]
    assert [one.action for one in record.revisions] == actions
    assert (record.state, record.number) == (RecordState.CLOSED, "TC-2026-0001")
    assert record.fields["approver"] == WANG
    assert record.fields["submitted_by"] == CHEN
    assert [entry.kind for entry in site.journal.entries()] == [f"record.{one}" for one in actions]
    assert verify(site.book()).differences == ()


@pytest.mark.parametrize("person", [WANG, "wang  fang", "ＷＡＮＧ ＦＡＮＧ"])
@pytest.mark.parametrize("role", ["applicant", "operator"])
def test_nobody_approves_what_he_applied_for_or_does(site: Desk, person: str, role: str) -> None:
    number = site.draft(planned=False, **{role: person}).number
    site.book().submit(number, Hand(CHEN))

    with pytest.raises(AccessError, match="are the same"):
        site.book("wangfang").approve(number, Hand())

    assert site.book().record(number).state is RecordState.SUBMITTED


def test_the_operator_named_after_approval_is_not_the_approver_either(site: Desk) -> None:
    number = site.approved().number

    with pytest.raises(AccessError, match="approver and operator are the same"):
        site.book().fill(number, {"operator": WANG}, Hand(CHEN))


def test_the_second_person_is_not_the_operator(site: Desk) -> None:
    number = site.approved().number

    with pytest.raises(AccessError, match="second person present and operator are the same"):
        site.book().close(number, Hand(LI), {**CLOSING, "second_person": LI})


def test_only_named_accounts_decide_and_not_on_what_they_submitted(site: Desk) -> None:
    number = site.draft(applicant=ZHAO).number
    site.book("chenli").submit(number, Hand(ZHAO))

    with pytest.raises(AccessError, match="account mallory may not decide") as caught:
        site.book("mallory").approve(number, Hand(WANG))
    assert "records.approvers" in str(caught.value.hint)
    with pytest.raises(AccessError, match="submitted from this account"):
        site.book("chenli").approve(number, Hand())
    with pytest.raises(AccessError, match="is Chen Li, not Wang Fang"):
        site.book("chenli").approve(number, Hand(WANG))
    site.policy = replace(site.policy, two_accounts=False)
    assert site.book("chenli").approve(number, Hand()).state is RecordState.APPROVED


def test_nobody_may_approve_before_the_site_names_someone(site: Desk) -> None:
    site.policy = replace(site.policy, approvers={})
    number = site.draft().number
    site.book().submit(number, Hand(CHEN))

    with pytest.raises(AccessError, match="may not decide") as caught:
        site.book("wangfang").approve(number, Hand())
    assert "nobody yet" in str(caught.value.hint)


def test_what_was_approved_is_not_changed_afterwards(site: Desk) -> None:
    number = site.approved().number

    with pytest.raises(AccessError, match="part of what was approved"):
        site.book().fill(number, {"reason": "another one"}, Hand(CHEN))
    site.book().fill(number, {"remark": "cable 17"}, Hand(CHEN))

    amended = site.book().amend(number, Hand(CHEN), "wrong reason", {"reason": "another one"})
    assert (amended.state, amended.fields["reason"]) == (RecordState.DRAFT, "another one")
    assert "approver" not in amended.fields
    assert amended.revisions[0].changes["reason"] == "new building"


def test_people_do_not_fill_what_netops_found_out(site: Desk) -> None:
    number = site.draft().number

    for name in ("impact", "verification", "approver", "snapshot_after"):
        with pytest.raises(AccessError, match="filled by netops"):
            site.book().fill(number, {name: "passed"}, Hand(CHEN))
    with pytest.raises(UsageError, match="no field 'colour'"):
        site.book().fill(number, {"colour": "red"}, Hand(CHEN))
    with pytest.raises(AccessError, match="for people"):
        site.book().attach(number, {"reason": "made up"}, NETOPS, ["s"])


def test_what_is_missing_is_named_with_the_way_to_fill_it(site: Desk) -> None:
    record = site.book().open(FORM, {"reason": "why not"}, Hand(CHEN), planned=True)
    assert record is not None

    with pytest.raises(UsageError, match="class, applicant, expected, rollback_plan missing") as e:
        site.book().submit(record.number, Hand(CHEN))
    assert "--set applicant=…" in str(e.value.hint)


def test_a_planned_change_cannot_be_closed_before_it_was_seen(site: Desk) -> None:
    number = site.approved(planned=True).number

    with pytest.raises(UsageError, match="verification missing") as caught:
        site.book().close(number, Hand(LI), CLOSING)
    assert "next scan" in str(caught.value.hint)


@pytest.mark.parametrize("verb", ["reject", "amend", "void"])
def test_a_rejection_an_amendment_and_a_void_say_why(site: Desk, verb: str) -> None:
    number = site.draft().number
    site.book().submit(number, Hand(CHEN))
    book = site.book("wangfang")

    with pytest.raises(UsageError, match="say why"):
        getattr(book, verb)(number, Hand(), "")


def test_a_rejected_record_stays_and_keeps_the_reason(site: Desk) -> None:
    number = site.draft().number
    site.book().submit(number, Hand(CHEN))
    rejected = site.book("wangfang").reject(number, Hand(), "no window in term time")

    assert (rejected.state, rejected.fields["opinion"]) == (
        RecordState.REJECTED,
        "no window in term time",
    )
    assert [entry.ok for entry in site.journal.entries()][-1] is False
    again = site.book().amend(number, Hand(CHEN), "moved to the holidays")
    assert again.state is RecordState.DRAFT


def test_a_void_record_keeps_its_number(site: Desk) -> None:
    site.book().void(site.draft().number, Hand(CHEN), "a mistake")

    assert site.draft().number == "TC-2026-0002"
    assert [one.state for one in site.book().records()] == [RecordState.VOID, RecordState.DRAFT]


def test_two_people_who_edit_at_once_do_not_overwrite_each_other(site: Desk) -> None:
    record = site.draft()
    site.book().fill(record.number, {"reason": "first"}, Hand(CHEN, seen=record.revision))

    with pytest.raises(UsageError, match="at revision 2, not 1: it was filled by Chen Li"):
        site.book().fill(record.number, {"reason": "second"}, Hand(LI, seen=record.revision))
    assert site.book().record(record.number).fields["reason"] == "first"


def test_numbers_start_anew_every_year_by_the_calendar_on_the_wall(
    site: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    import time

    time.tzset()
    try:
        first = site.draft().number
        site.clock.at = datetime(2026, 12, 31, 17, 0, tzinfo=UTC)
        assert (first, site.draft().number) == ("TC-2026-0001", "TC-2027-0001")
    finally:
        monkeypatch.undo()
        time.tzset()


def test_the_same_source_never_makes_two_records_and_costs_no_number(site: Desk) -> None:
    def made(*sources: str) -> Record | None:
        return site.book().open(FORM, {}, NETOPS, sources=sources)

    first = made("event-1", "event-2")
    assert first is not None
    assert made("event-2", "event-1") is None
    assert site.book().attach(first.number, {"content": ["x"]}, NETOPS, ["event-1"]) is None
    third = made("event-2", "event-3")
    assert third is not None
    assert (third.number, third.sources) == ("TC-2026-0002", ("event-3",))
    assert verify(site.book()).differences == ()


def test_what_waits_too_long_is_overdue_and_after_twice_the_time_critical(site: Desk) -> None:
    draft, approved = site.draft(), site.approved()
    site.closed()
    book = site.book()

    def late(days: float) -> list[tuple[str, str]]:
        now = site.clock.at.fromtimestamp(site.clock.at.timestamp() + days * 86_400, UTC)
        found = overdue(book.records(), site.policy, now)
        return [(one.record.number, one.status.name) for one in found]

    assert late(2.9) == []
    assert late(3.1) == [(draft.number, "WARNING")]
    assert late(6.5) == [(draft.number, "CRITICAL")]
    assert late(15) == [(draft.number, "CRITICAL"), (approved.number, "WARNING")]


def test_a_rehearsed_step_says_how_the_record_would_stand_and_writes_nothing(site: Desk) -> None:
    number = site.draft().number
    book, dry = site.book(), Hand(CHEN, rehearses=True)
    steps = len(book.record(number).revisions)

    opened = book.rehearse(lambda: book.open(FORM, REASON, dry))
    filled = book.rehearse(lambda: book.fill(number, {"reason": "another"}, dry))

    assert opened is not None
    assert filled is not None
    assert (opened.number != number, opened.state) == (True, RecordState.DRAFT)
    assert (filled.fields["reason"], filled.revisions[-1].action) == ("another", "filled")
    assert len(book.record(number).revisions) == steps
    assert len(book.records()) == 1
    assert verify(book).differences == ()
    real = book.open(FORM, REASON, Hand(CHEN))
    assert real is not None
    assert real.number == opened.number, "no number is lost"


def test_a_rehearsed_step_is_refused_like_a_real_one(site: Desk) -> None:
    number, book = site.draft().number, site.book()
    with pytest.raises(UsageError, match="cannot be approved"):
        book.rehearse(lambda: book.approve(number, Hand(rehearses=True)))
