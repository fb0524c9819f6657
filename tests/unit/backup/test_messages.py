"""What restic says, understood: each sentence was written down from restic 0.14 or 0.18 itself."""

import json

import pytest

from netops.backup.restic.messages import BackupListener, failure
from netops.core.errors import (
    AccessError,
    ChainError,
    LockedError,
    NetopsError,
    ToolError,
    UnreachableError,
)
from netops.core.process import Completed
from netops.core.run import Progress


@pytest.mark.parametrize(
    ("code", "said", "kind"),
    [
        (1, "Fatal: wrong password or no key found", AccessError),
        (12, "Fatal: wrong password or no key found", AccessError),
        (12, "", AccessError),
        (
            1,
            "Fatal: unable to open config file: stat /x/config: no such file or directory",
            UnreachableError,
        ),
        (10, "", UnreachableError),
        (
            1,
            "Fatal: unable to create lock in backend: repository is already locked exclusively by PID 1",
            LockedError,
        ),
        (11, "", LockedError),
        (
            1,
            "Fatal: unable to create lock in backend: open /x/locks/1: no space left on device",
            ToolError,
        ),
        (1, "unable to create lock in backend: open /x/locks/1: permission denied", AccessError),
        (1, "Fatal: unable to create lock in backend: read-only file system", ToolError),
        (1, 'Fatal: no matching ID found for prefix "abcd"', ChainError),
        (1, "Save(<data/1>) returned error: write /x: no space left on device", ToolError),
        (1, "Fatal: dial tcp 127.0.0.1:1: connect: connection refused", UnreachableError),
        (1, 'Head "http://h/config": EOF', UnreachableError),
        (
            1,
            'Fatal: unable to open config file: client.Head: Head "https://vault/config": x509: '
            "certificate signed by unknown authority\nIs there a repository at the following location?",
            AccessError,
        ),
        (1, "pack 1234 is damaged: unexpected EOF", ToolError),
        (1, "server response unexpected: 403 Forbidden (403)", AccessError),
        (2, "panic: something", ToolError),
        (-9, "", ToolError),
    ],
)
def test_failures_mean_what_they_say(code: int, said: str, kind: type[NetopsError]) -> None:
    error = failure("main", Completed("restic", code, "", said, 0))
    assert type(error) is kind
    assert str(error).startswith("main: ")


def test_failure_without_words_still_says_something() -> None:
    assert "no message" in str(failure("main", Completed("restic", 1, "", "", 0)))


def hear(*lines: object) -> BackupListener:
    listener = BackupListener()
    for line in lines:
        listener.hear(line if isinstance(line, str) else json.dumps(line))
    return listener


SUMMARY = {
    "message_type": "summary",
    "files_new": 1,
    "files_changed": 2,
    "files_unmodified": 3,
    "data_added": 4,
    "total_bytes_processed": 5,
    "snapshot_id": "abcd1234",
}


def test_summary_is_read() -> None:
    found = hear({"message_type": "status", "percent_done": 1}, SUMMARY).result()
    assert (found.snapshot_id, found.files_new, found.bytes_added) == ("abcd1234", 1, 4)
    assert found.problem_count == 0


@pytest.mark.parametrize(
    "lines",
    [(), ({"message_type": "status"},), ({**SUMMARY, "snapshot_id": ""},), ("Fatal: x",)],
)
def test_backup_that_names_no_snapshot_is_no_backup(lines: tuple[object, ...]) -> None:
    with pytest.raises(ToolError, match="without naming a snapshot"):
        hear(*lines).result()


@pytest.mark.parametrize(
    "line",
    ["", "null", "[]", '"text"', "3", "{", "\x00", '{"message_type": 5}', "no json", "{}"],
)
def test_lines_that_are_no_messages_do_no_harm(line: str) -> None:
    assert hear(line, SUMMARY).result().snapshot_id == "abcd1234"


def test_unreadable_files_are_named_with_the_reason_in_both_forms() -> None:
    old = {
        "message_type": "error",
        "error": {"Op": "open", "Path": "/x/a", "Err": 13},
        "during": "archival",
        "item": "/x/a",
    }
    new = {
        "message_type": "error",
        "error": {"message": "open /x/b: permission denied"},
        "item": "/x/b",
    }
    folder = {"message_type": "error", "error": {}, "during": "archival", "item": "/x/c"}
    found = hear(
        folder | {"during": "scan"}, old, new, folder, {"message_type": "error"}, SUMMARY
    ).result()
    assert found.problems[:2] == ("/x/a: open: Permission denied", "/x/b: permission denied")
    assert found.problems[2] == "/x/c: cannot be read or listed (restic names no reason)"
    assert found.problem_count == 4


def test_a_million_unreadable_files_are_counted_and_some_named() -> None:
    listener = BackupListener()
    line = json.dumps({"message_type": "error", "error": {"message": "x"}, "item": "/x"})
    for _ in range(5000):
        listener.hear(line)
    listener.hear(json.dumps(SUMMARY))
    found = listener.result()
    assert found.problem_count == 5000
    assert len(found.problems) == 1000


def test_progress_is_passed_on() -> None:
    heard: list[Progress] = []
    listener = BackupListener(heard.append)
    listener.hear('{"message_type": "status", "bytes_done": 5, "total_bytes": 9, "files_done": 1}')
    assert (heard[0].done_bytes, heard[0].total_bytes, heard[0].done_files) == (5, 9, 1)
