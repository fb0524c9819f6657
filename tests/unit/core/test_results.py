"""From results to statuses and exit codes: the worst is never hidden, nothing is never OK."""

from datetime import UTC, datetime
from itertools import islice, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netops.core.errors import (
    AccessError,
    ConfigError,
    InterruptedRunError,
    LockedError,
    NetopsError,
    ToolError,
    UnreachableError,
    UsageError,
)
from netops.core.results import Report, Result, failed
from netops.core.status import Status

NOW = datetime(2026, 11, 23, tzinfo=UTC)
STATES = st.sampled_from(list(Status))
_CLASSES = (
    NetopsError,
    ToolError,
    UsageError,
    UnreachableError,
    LockedError,
    AccessError,
    ConfigError,
)


def report(*results: Result, **more: object) -> Report:
    return Report("RUN", "verb", NOW, NOW, results, **more)  # type: ignore[arg-type]


def plain(status: Status) -> Result:
    return Result("t", status, "")


@given(st.lists(STATES, min_size=1))
def test_worst_is_one_of_the_states_and_none_is_worse(states: list[Status]) -> None:
    severity = [Status.OK, Status.WARNING, Status.UNKNOWN, Status.CRITICAL]
    worst = Status.worst(states)
    assert worst in states
    assert all(severity.index(state) <= severity.index(worst) for state in states)


@given(st.lists(STATES), st.lists(STATES))
def test_worst_of_parts_is_worst_of_the_whole(left: list[Status], right: list[Status]) -> None:
    if left and right:
        assert Status.worst([Status.worst(left), Status.worst(right)]) == Status.worst(left + right)


def test_worst_of_nothing_is_unknown() -> None:
    assert Status.worst([]) is Status.UNKNOWN
    assert report().exit_code == 3


@given(st.lists(STATES, min_size=1))
def test_exit_code_of_finished_targets_is_the_worst_status(states: list[Status]) -> None:
    assert report(*map(plain, states)).exit_code == Status.worst(states)


@given(st.lists(st.sampled_from(_CLASSES), min_size=1))
def test_could_not_start_codes_only_when_every_target_failed_so(
    kinds: list[type[NetopsError]],
) -> None:
    code = report(*(failed("t", kind("x"), 0) for kind in kinds)).exit_code
    codes = {kind.exit_code for kind in kinds}
    if len(codes) == 1 and codes.pop() >= 64:
        assert code == kinds[0].exit_code
    else:
        assert code in {1, 2}


@given(st.lists(STATES), st.sampled_from(_CLASSES))
def test_one_good_target_keeps_the_code_a_status(
    states: list[Status], kind: type[NetopsError]
) -> None:
    results = [plain(Status.OK), *map(plain, states), failed("t", kind("x"), 0)]
    for order in islice(permutations(results), 6):
        assert report(*order).exit_code <= 3
        assert report(*order).exit_code != 0


def test_locked_is_a_warning_everything_else_critical() -> None:
    assert failed("t", LockedError("x"), 0).status is Status.WARNING
    assert {failed("t", kind("x"), 0).status for kind in _CLASSES if kind is not LockedError} == {
        Status.CRITICAL
    }


@pytest.mark.parametrize(("number", "code"), [(2, 130), (15, 143), (1, 129)])
def test_signal_decides_the_exit_code(number: int, code: int) -> None:
    assert report(plain(Status.OK), signal_number=number).exit_code == code
    error = InterruptedRunError("x", signal_number=number)
    assert error.exit_code == code
    assert report(failed("t", error, 0)).status is Status.CRITICAL


def test_outcome_that_is_not_on_record_is_critical_whatever_the_results() -> None:
    unrecorded = report(plain(Status.OK), unrecorded="disk full")
    assert (unrecorded.status, unrecorded.exit_code) == (Status.CRITICAL, 2)
    locked = report(failed("t", LockedError("x"), 0), unrecorded="disk full")
    assert locked.exit_code == 2


def test_plain_values_are_json() -> None:
    import json

    error = ConfigError("wrong", hint="mend it", mistakes=["a: b"])
    text = json.dumps(report(plain(Status.OK), failed("t", error, 1.23456)).as_dict())
    plain_values = json.loads(text)
    assert plain_values["results"][1]["error"]["mistakes"] == ["a: b"]
    assert plain_values["results"][1]["duration_s"] == 1.235
    assert plain_values["exit_code"] == 2
