"""What is known of devices survives the run, and nothing on disk can hurt."""

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netops.snmp import module, table
from netops.snmp.engines.own import OwnEngine
from netops.snmp.memory import PROBE_AGAIN_S, SnmpMemory
from netops.snmp.model import Target, User
from netops.snmp.replay import ReplayAgent
from netops.snmp.walk import walk
from tests.unit.snmp.farm import (
    IF_DESCR,
    IF_HC_IN,
    IF_OPER,
    SYS_NAME,
    ask,
    oids,
    switch,
    target_of,
)

USER = User("netops", "sha256", "authpass12345", "aes128", "privpass12345")
HOST = Target("192.0.2.1")


def test_the_next_run_asks_less_and_the_first_poll_of_a_stranger_is_remembered(
    tmp_path: Path,
) -> None:
    path = tmp_path / "snmp" / "memory.json"
    sent = []
    with ReplayAgent(switch(40), user=USER).running() as agent:
        target = target_of(agent, version="3", auth=USER)
        for _ in range(2):
            memory = SnmpMemory.open(path)
            engine = OwnEngine(book=memory.book)
            columns = oids(IF_DESCR, IF_OPER, IF_HC_IN)
            found = ask(
                target,
                walk(columns, scalars=oids(SYS_NAME), habits=memory.habits(target)),
                engine,
            )
            assert [len(rows) for rows in found.value.columns.values()] == [40, 40, 40]
            sent.append(found.sent)
            memory.save()
    assert sent[1] < sent[0]
    assert sent[1] <= 4  # no discovery, no feeling one's way
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert "pass12345" not in path.read_text()


def test_what_a_device_lacks_is_probed_again_after_a_week(tmp_path: Path) -> None:
    now = [1_000_000.0]
    path = tmp_path / "memory.json"
    memory = SnmpMemory.open(path, wall_s=lambda: now[0])
    with ReplayAgent(switch(2)).running() as agent:
        target = target_of(agent)
        forms = [module.load("if"), module.load("system")]
        ask(target, table.read_modules(forms, habits=memory.habits(target)))
    memory.save()
    again = SnmpMemory.open(path, wall_s=lambda: now[0])
    assert again.habits(target).missing
    assert again.habits(target) == memory.habits(target)
    now[0] += PROBE_AGAIN_S + 1
    assert not SnmpMemory.open(path, wall_s=lambda: now[0]).habits(target).missing


def test_names_are_asked_every_half_hour_also_over_runs(tmp_path: Path) -> None:
    now = [1_000_000.0]
    path = tmp_path / "memory.json"
    due = []
    for _ in range(5):  # a run every ten minutes
        memory = SnmpMemory.open(path, wall_s=lambda: now[0])
        due.append(memory.slow_due(HOST))
        memory.save()
        now[0] += 600
    assert due == [True, False, False, True, False]
    now[0] = 5.0  # the clock was set back: ask rather than wait for years
    assert SnmpMemory.open(path, wall_s=lambda: now[0]).slow_due(HOST)


def test_two_runs_side_by_side_do_not_forget_for_each_other(tmp_path: Path) -> None:
    path = tmp_path / "memory.json"
    one, two = SnmpMemory.open(path), SnmpMemory.open(path)
    one.habits(HOST).answer_bytes = 300
    two.habits(Target("192.0.2.2")).answer_bytes = 400
    one.book.learn(("192.0.2.1", 161), b"\x80\0\0\0\x05one", 1, 1)
    one.save()
    two.save()
    both = SnmpMemory.open(path)
    assert both.habits(HOST).answer_bytes == 300
    assert both.habits(Target("192.0.2.2")).answer_bytes == 400
    assert both.book.get(("192.0.2.1", 161)) is not None
    both.forget(HOST)
    both.save()
    assert SnmpMemory.open(path).habits(HOST).answer_bytes != 300
    assert SnmpMemory.open(path).book.get(("192.0.2.1", 161)) is None


def test_devices_with_one_engine_id_are_warned_about(tmp_path: Path) -> None:
    memory = SnmpMemory.open(tmp_path / "memory.json")
    for host in ("192.0.2.1", "192.0.2.2"):
        memory.book.learn((host, 161), b"\x80\0\0\0\x05same", 1, 1)
    memory.book.learn(("192.0.2.3", 161), b"\x80\0\0\0\x05other", 1, 1)
    (warning,) = memory.warnings()
    assert "192.0.2.1:161 and 192.0.2.2:161" in warning


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"format": 99}', b'{"format": 1e999}',
        b'{"format": 1, "devices": 3, "peers": [1]}',
    ],
)  # fmt: skip
def test_a_damaged_file_means_a_fresh_start(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "memory.json"
    path.write_bytes(content)
    memory = SnmpMemory.open(path)
    assert memory.habits(HOST).tables == {}
    assert ("learnt anew" in memory.note) is (b'"format": 1,' not in content)
    memory.save()
    assert SnmpMemory.open(path).note == ""


@pytest.mark.parametrize("kind", ["pipe", "directory", "link", "device"])
def test_what_is_no_file_stops_nobody(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "memory.json"
    match kind:
        case "pipe":
            os.mkfifo(path)
        case "directory":
            path.mkdir()
        case "link":
            path.symlink_to("/etc/hostname")
        case _:
            path = Path("/dev/zero")
    memory = SnmpMemory.open(path)
    assert "learnt anew" in memory.note


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["answer_bytes", "bulk", "tables", "missing", "empty", "repetitions"]), JSON
    ),
    st.lists(JSON, min_size=4, max_size=4),
    JSON,
)
def test_whatever_the_file_says_the_next_poll_works(
    tmp_path_factory: pytest.TempPathFactory, habits: Any, peer: Any, at: Any
) -> None:
    path = tmp_path_factory.getbasetemp() / "memory-any.json"
    data = {
        "format": 1,
        "devices": {"192.0.2.1 161 2c": {"habits": habits, "probed_at": at}},
        "peers": {"192.0.2.1 161": peer, "h 161": ["80000000056162", *peer[1:]]},
    }
    path.write_text(json.dumps(data))
    memory = SnmpMemory.open(path)
    found = memory.habits(HOST)
    conversation = walk(oids(IF_DESCR, IF_OPER), habits=found)
    assert next(conversation).repetitions >= 0
    known = memory.book.get(("192.0.2.1", 161))
    assert known is None or known.time_now(1e9) >= 0
    memory.save()


def test_a_table_of_absurd_size_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "memory.json"
    memory = SnmpMemory.open(path)
    column = oids(IF_DESCR)[0]
    memory.habits(HOST).tables = {column: (-5, -32), column + b"\x01": (5, 32)}
    memory.save()
    assert SnmpMemory.open(path).habits(HOST).tables == {column + b"\x01": (5, 32)}
