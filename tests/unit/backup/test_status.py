"""How old a backup may be, and what its age and its last attempt amount to."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netops.backup.model import Job, Source
from netops.backup.status import _age_status, _attempt_status, allowed_age_s, protections
from netops.backup.watch import Watch
from netops.core.clock import utc_text
from netops.core.ids import new_id
from netops.core.status import Status
from netops.store.database import open_database


def job(max_age_s: float | None = None, turn_s: float | None = None) -> Job:
    sources = (Source("files", {"path": "/x"}),)
    return Job("j", sources, "main", max_age_s=max_age_s, turn_s=turn_s)


def test_max_age_is_the_critical_age() -> None:
    assert allowed_age_s(job(1000, 50)) == (900, 1000)


def test_one_turn_and_grace_is_a_warning_two_are_critical() -> None:
    assert allowed_age_s(job(turn_s=86_400)) == (108_000, 194_400)  # 30 h and 54 h
    assert allowed_age_s(job(turn_s=300)) == (900, 1200)


def test_without_a_cadence_no_age_is_too_old() -> None:
    assert allowed_age_s(job()) == (None, None)


@given(
    st.floats(1, 10**8),
    st.floats(0, 10**8),
    st.floats(0, 10**8),
)
def test_older_is_never_better(turn_s: float, one: float, other: float) -> None:
    limits = allowed_age_s(job(turn_s=turn_s))
    younger, older = sorted((one, other))
    severity = [Status.OK, Status.WARNING, Status.CRITICAL]
    assert severity.index(_age_status(younger, *limits)[0]) <= severity.index(
        _age_status(older, *limits)[0]
    )


def test_limits_themselves_count_as_passed() -> None:
    assert _age_status(99.9, 100, 200)[0] is Status.OK
    assert _age_status(100, 100, 200)[0] is Status.WARNING
    assert _age_status(200, 100, 200)[0] is Status.CRITICAL


def test_of_two_checks_at_one_moment_the_later_counts(tmp_path: Path) -> None:
    now = datetime(2026, 11, 25, tzinfo=UTC)
    watch = Watch("j", ("main",), {"main": "monthly"})
    with open_database(path=tmp_path / "netops.db") as database:
        run_id = new_id()
        database.execute(
            "start_run", id=run_id, verb="backup verify", started_at=utc_text(now), detail=None
        )
        for kind, status in (("data", Status.OK), ("structure", Status.CRITICAL)):
            database.execute(
                "add_verification",
                id=new_id(),
                run_id=run_id,
                location="main",
                kind=kind,
                at=utc_text(now),
                status=int(status),
                message=kind,
            )
        (found,) = protections([watch], database, now, lambda _: False)
    assert "structure" in found.remark


def test_no_backup_is_critical_and_one_from_the_future_a_warning() -> None:
    assert _age_status(None, None, None)[0] is Status.CRITICAL
    assert _age_status(-3600, 100, 200)[0] is Status.WARNING
    assert _age_status(-1, 100, 200)[0] is Status.OK  # clocks differ a little


@pytest.mark.parametrize(
    ("status", "running", "expected"),
    [
        (None, True, Status.OK),
        (None, False, Status.WARNING),
        (0, False, Status.OK),
        (1, False, Status.WARNING),
        (2, True, Status.CRITICAL),
        (3, False, Status.UNKNOWN),
        (99, False, Status.UNKNOWN),
    ],
)
def test_last_attempt_counts(status: int | None, running: bool, expected: Status) -> None:
    row = {"status": status, "message": "m"}
    found, remark = _attempt_status(row, "j", lambda _: running)
    assert found is expected
    assert bool(remark) is (found is not Status.OK or status is None)


def test_job_that_never_ran_has_no_attempt_to_complain_about() -> None:
    assert _attempt_status(None, "j", lambda _: False) == (Status.OK, "")
