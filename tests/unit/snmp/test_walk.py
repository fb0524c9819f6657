"""Walks as pure conversations: every agent is a function from request to response."""

from collections.abc import Callable, Generator
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from netops.core.errors import NetopsError, UnreachableError
from netops.snmp import ask, ber, oid, pdu, plan
from netops.snmp.pdu import Request, Response
from netops.snmp.plan import Habits
from netops.snmp.recording import Recording
from netops.snmp.walk import walk
from tests.unit.snmp.farm import IF_ALIAS, IF_DESCR, IF_HC_IN, IF_OPER, SYS_NAME, oids, switch

Agent = Callable[[Request], Response | None]


def lead(conversation: Generator[Request, Response, Any], agent: Agent, limit: int = 500) -> Any:
    """Lead a conversation with an agent; None from it means silence."""
    try:
        request = next(conversation)
        for _ in range(limit):
            response = agent(request)
            if response is None:
                request = conversation.throw(UnreachableError("silence"))
            else:
                request = conversation.send(response)
    except StopIteration as stop:
        return stop.value
    raise AssertionError("it does not end")


class Honest:
    """Answers as RFC 3416 says, and counts."""

    def __init__(self, recording: Recording, room: int = 1400) -> None:
        self.recording, self.room = recording, room
        self.requests: list[Request] = []

    def __call__(self, request: Request) -> Response | None:
        self.requests.append(request)
        found: list[ber.Varbind] = []
        if request.kind == pdu.GET:
            for name in request.oids:
                at = self.recording.position(name)
                missing = (name, ber.NO_SUCH_INSTANCE, None)
                found.append(missing if at is None else self.recording.varbinds[at])
            return Response(0, 0, found)
        names = list(request.oids)
        rounds = max(1, request.repetitions)
        size = 0
        for turn in range(rounds):
            for number in range(request.non_repeaters if turn else 0, len(names)):
                at = self.recording.after(names[number])
                if at < len(self.recording):
                    binding = self.recording.varbinds[at]
                else:
                    binding = (names[number], ber.END_OF_MIB, None)
                size += len(ber.encode_varbind(binding))
                if size > self.room:
                    return Response(0, 0, found, size)
                names[number] = binding[0]
                found.append(binding)
        return Response(0, 0, found, size)


def test_a_walk_gets_every_row_of_every_column() -> None:
    found = lead(walk(oids(IF_DESCR, IF_OPER), scalars=oids(SYS_NAME)), Honest(switch(48)))
    assert [len(rows) for rows in found.columns.values()] == [48, 48]
    assert found.scalars[0][2] == b"sw-1"
    assert not found.notes


def test_the_second_walk_needs_fewer_and_full_answers() -> None:
    habits, agent = Habits(), Honest(switch(48))
    columns = oids(IF_DESCR, IF_OPER, IF_HC_IN, IF_ALIAS)
    lead(walk(columns, habits=habits), agent)
    first = len(agent.requests)
    lead(walk(columns, habits=habits), agent)
    assert len(agent.requests) - first <= 6  # 6.3 kB of bindings
    assert len(agent.requests) - first <= first


def test_small_tables_are_asked_together() -> None:
    habits, agent = Habits(), Honest(switch(4))
    columns = oids(IF_DESCR, IF_OPER, IF_HC_IN, IF_ALIAS)
    lead(walk(columns, habits=habits), agent)
    agent.requests.clear()
    lead(walk(columns, habits=habits), agent)
    assert len(agent.requests) == 1


def test_an_agent_that_says_too_big_is_asked_for_less_and_that_is_kept() -> None:
    honest, habits = Honest(switch(20)), Habits()

    def fussy(request: Request) -> Response | None:
        response = honest(request)
        if response and response.size_bytes > 300:
            return Response(pdu.TOO_BIG, 0, [])
        return response

    found = lead(walk(oids(IF_DESCR, IF_OPER), habits=habits), fussy)
    assert [len(rows) for rows in found.columns.values()] == [20, 20]
    assert habits.answer_bytes < 700
    kept = Habits.from_dict(habits.as_dict())
    assert kept == habits


def test_an_agent_that_is_too_slow_for_much_is_asked_for_less() -> None:
    honest = Honest(switch(20))

    def slow(request: Request) -> Response | None:
        return None if request.repetitions > 5 else honest(request)

    found = lead(walk(oids(IF_DESCR), scalars=oids(SYS_NAME), habits=Habits()), honest)
    assert found.scalars
    habits = Habits(answer_bytes=plan.ANSWER_BYTES)

    def slow_later(request: Request) -> Response | None:
        return slow(request) if honest.requests else honest(request)

    honest.requests.clear()
    found = lead(walk(oids(IF_DESCR, IF_OPER), habits=habits), slow_later)
    assert [len(rows) for rows in found.columns.values()] == [20, 20]
    assert habits.answer_bytes < plan.ANSWER_BYTES


def test_a_device_that_never_answered_is_not_asked_twice() -> None:
    asked = []

    def dead(request: Request) -> None:
        asked.append(request)

    with pytest.raises(UnreachableError):
        lead(walk(oids(IF_DESCR)), dead)
    assert len(asked) == 1


def test_a_device_known_to_be_slow_is_asked_for_less_before_it_is_called_dead() -> None:
    """What may be asked rises after every good walk, so one day the first request is too much."""
    honest, habits = Honest(switch(40)), Habits()
    columns = oids(IF_DESCR, IF_OPER)

    def patient(request: Request) -> Response | None:
        return None if request.repetitions > 12 else honest(request)

    lead(walk(columns, habits=habits), patient)
    for _ in range(20):
        found = lead(walk(columns, habits=habits), patient)
        assert [len(rows) for rows in found.columns.values()] == [40, 40]
    asked = []

    def dead(request: Request) -> None:
        asked.append(request)

    with pytest.raises(UnreachableError):
        lead(walk(columns, habits=habits), dead)
    assert len(asked) == 2


def test_an_agent_without_getbulk_is_walked_with_getnext() -> None:
    honest, habits = Honest(switch(5)), Habits()

    def old(request: Request) -> Response | None:
        if request.kind == pdu.GET_BULK:
            return Response(pdu.GEN_ERR, 0, [])
        return honest(request)

    found = lead(walk(oids(IF_DESCR, IF_OPER), scalars=oids(SYS_NAME), habits=habits), old)
    assert [len(rows) for rows in found.columns.values()] == [5, 5]
    assert found.scalars[0][2] == b"sw-1"
    assert not habits.bulk


def test_an_agent_that_goes_back_is_stopped_within_two_answers() -> None:
    rows: list[ber.Varbind] = [
        (oid.encode(f"{IF_OPER}.{index}"), ber.INTEGER, 1) for index in (1, 2, 3, 2, 3, 2)
    ]
    asked = []

    def circle(request: Request) -> Response:
        asked.append(request)
        return Response(0, 0, rows)

    found = lead(walk(oids(IF_OPER)), circle)
    assert len(asked) <= 2
    assert len(found.columns[oid.encode(IF_OPER)]) == 3
    assert "forward" in found.notes[oid.encode(IF_OPER)]


@example([[16_384, 256]], False)  # these rise as octets, and fall as numbers
@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 20_000), min_size=1, max_size=6), min_size=1, max_size=5),
    st.booleans(),
)
def test_no_order_of_answers_keeps_a_walk_going(answers: list[list[int]], unordered: bool) -> None:
    """Whatever an agent repeats for ever, the walk ends."""
    root = oid.encode(IF_OPER)
    turn = iter(range(10**9))

    def agent(request: Request) -> Response:
        part = answers[next(turn) % len(answers)]
        rows: list[ber.Varbind] = [
            (root + oid.encode_part(index), ber.INTEGER, index) for index in part
        ]
        return Response(0, 0, rows[: max(1, request.repetitions)])

    found = lead(walk([root], unordered=[root] if unordered else ()), agent, limit=100)
    names = [row[0] for row in found.columns[root]]
    assert len(names) == len(set(names))


def test_identifiers_that_rise_only_as_numbers_are_in_order() -> None:
    # 16383 is ff7f, 16384 is 818000: as octets they fall
    recording = Recording(
        (oid.encode(f"{IF_OPER}.{index}"), ber.INTEGER, 1) for index in (1, 16_383, 16_384, 70_000)
    )
    found = lead(walk(oids(IF_OPER)), Honest(recording))
    assert len(found.columns[oid.encode(IF_OPER)]) == 4
    assert not found.notes


def test_a_table_in_disorder_is_read_whole_when_that_is_known() -> None:
    root = oid.encode(IF_OPER)
    order = [5, 3, 9, 1, 7]

    def agent(request: Request) -> Response:
        at = oid.index_of(request.oids[0][len(root) :])
        start = order.index(at[0]) + 1 if at else 0
        rest: list[ber.Varbind] = [
            (root + bytes([index]), ber.INTEGER, index) for index in order[start:]
        ]
        return Response(0, 0, [*rest, (oid.encode("1.3.7"), ber.INTEGER, 0)][: request.repetitions])

    stopped = lead(walk([root]), agent)
    assert len(stopped.columns[root]) == 1
    found = lead(walk([root], unordered=[root]), agent)
    assert sorted(row[2] for row in found.columns[root]) == sorted(order)


def test_a_table_without_end_is_cut() -> None:
    def endless(request: Request) -> Response:
        at = oid.index_of(request.oids[0][len(oid.encode(IF_OPER)) :])
        first = at[0] + 1 if at else 1
        rows: list[ber.Varbind] = [
            (oid.encode(IF_OPER) + oid.encode_part(index), ber.INTEGER, 1)
            for index in range(first, first + request.repetitions)
        ]
        return Response(0, 0, rows)

    found = lead(walk(oids(IF_OPER), max_rows=1000), endless)
    assert len(found.columns[oid.encode(IF_OPER)]) == 1000
    assert "cut" in found.notes[oid.encode(IF_OPER)]


def test_a_missing_object_costs_only_itself() -> None:
    honest = Honest(switch(1))
    names = oids(SYS_NAME, "1.3.6.1.2.1.1.99.0", "1.3.6.1.2.1.1.1.0")
    found = lead(ask.get(names), honest)
    assert [binding[1] for binding in found] == [ber.OCTETS, ber.NO_SUCH_INSTANCE, ber.OCTETS]

    def version_1(request: Request) -> Response:
        response = honest(request)
        assert response is not None
        for number, binding in enumerate(response.varbinds, 1):
            if binding[1] >= ber.NO_SUCH_OBJECT:
                return Response(pdu.NO_SUCH_NAME, number, [])
        return response

    assert lead(ask.get(names), version_1) == found


def test_an_agent_that_answers_other_names_than_asked_is_not_believed() -> None:
    def liar(request: Request) -> Response:
        return Response(0, 0, [(oid.encode("1.3.6.1.9"), ber.INTEGER, 666) for _ in request.oids])

    found = lead(ask.get(oids(SYS_NAME)), liar)
    assert found == [(oid.encode(SYS_NAME), ber.NO_SUCH_INSTANCE, None)]


def test_an_error_for_everything_is_an_error() -> None:
    with pytest.raises(NetopsError, match="authorization"):
        lead(ask.get(oids(SYS_NAME)), lambda _request: Response(16, 0, []))


def test_an_error_for_a_column_ends_that_column_and_says_so() -> None:
    honest = Honest(switch(3))

    def partly(request: Request) -> Response | None:
        if any(name.startswith(oid.encode(IF_OPER)) for name in request.oids):
            at = 1 + next(
                n for n, name in enumerate(request.oids) if name.startswith(oid.encode(IF_OPER))
            )
            return Response(16, at, [])
        return honest(request)

    found = lead(walk(oids(IF_DESCR, IF_OPER)), partly)
    assert len(found.columns[oid.encode(IF_DESCR)]) == 3
    assert "authorization" in found.notes[oid.encode(IF_OPER)]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-1, 80), st.integers(0, 60)), min_size=1, max_size=12),
    st.integers(120, 1370),
)
def test_a_plan_asks_every_column_once_and_fills_no_answer_too_much(
    sizes: list[tuple[int, int]], room: int
) -> None:
    columns = [oid.encode(f"1.3.6.1.{number + 1}") for number in range(len(sizes))]
    habits = Habits(
        room, tables={c: size for c, size in zip(columns, sizes, strict=True) if size[0] >= 0}
    )
    groups = plan.groups(columns, habits)
    assert [column for group in groups for column in group] == columns
    for group in groups:
        count = plan.repetitions([(column, 0) for column in group], habits)
        widths = [habits.tables.get(column, (0, 0))[1] or 32 for column in group]
        assert count == 1 or count * sum(widths) <= room


@pytest.mark.parametrize(
    "kept",
    [
        {},
        {"answer_bytes": "x"},
        {"answer_bytes": -5, "bulk": True},
        {"tables": {"zz": [1, 2]}, "missing": [1], "empty": []},
    ],
)
def test_habits_that_cannot_be_read_are_forgotten(kept: dict[str, object]) -> None:
    habits = Habits.from_dict(kept)
    assert habits.answer_bytes >= plan.SMALLEST_ANSWER_BYTES
    assert habits.tables == {}
