"""A job that collects logs is one that keeps access logs, whatever else it says."""

import pytest

from netops.backup.plan import backup_plan, is_access_log
from netops.backup.retention_settings import retention_mistakes

LOGS = {"logs": "/var/log/nginx"}


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"sources": [LOGS]}, True),
        ({"sources": ["/etc", LOGS], "class": "internal"}, True),
        ({"sources": [{"engine": "logs", "path": "/var/log"}], "class": "internal"}, True),
        ({"sources": ["/etc"], "class": "Access logs"}, True),
        ({"sources": ["/etc"], "access_log": True}, True),
        ({"sources": ["/var/log"], "class": "internal"}, False),
        ({"sources": [{"sqlite": "/srv/logs"}]}, False),
        ({"sources": None}, False),
    ],
)
def test_access_logs_are_recognised(row: dict[str, object], expected: bool) -> None:
    assert is_access_log(row) is expected


def test_shorter_retention_is_refused_under_any_class() -> None:
    job = {"sources": [LOGS], "class": "internal", "retention": {"min_days": 30}}
    assert [place for place, _ in retention_mistakes(job)] == [("retention", "min_days")]


def test_kept_half_a_year_without_being_asked() -> None:
    row = {
        "repository": "main",
        "sources": [{"engine": "logs", "path": "/var/log", "options": {}}],
    }
    job = backup_plan({"jobs": {"logs": row}}).jobs["logs"]
    assert job.data_class == "access-log"
    assert job.retention.min_days == 180
