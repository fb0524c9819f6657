"""netops snmp, on replay agents."""

import json
from pathlib import Path

import pytest

from netops.cli.root import run
from netops.core.errors import NetopsError, SecretError, UnreachableError, UsageError
from netops.snmp import names, oid
from netops.snmp.model import User
from netops.snmp.recording import parse
from netops.snmp.replay import ReplayAgent
from tests.unit.snmp.farm import IF_ALIAS, SYS_NAME, switch


def place(agent: ReplayAgent) -> str:
    return f"127.0.0.1:{agent.port}"


def test_get_prints_name_type_and_value(capsys: pytest.CaptureFixture[str]) -> None:
    with ReplayAgent(switch(2)).running() as agent:
        assert run(["snmp", "get", place(agent), SYS_NAME, "1.3.6.1.2.1.1.99.0", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [
        {
            "oid": SYS_NAME,
            "name": "sysName.0",
            "type": "octets",
            "value": "sw-1",
            "unit": None,
        },
        {
            "oid": "1.3.6.1.2.1.1.99.0",
            "name": "1.3.6.1.2.1.1.99.0",
            "type": "noSuchInstance",
            "value": None,
            "unit": None,
        },
    ]


def test_objects_may_be_named_and_states_are_spelt_out(capsys: pytest.CaptureFixture[str]) -> None:
    with ReplayAgent(switch(2)).running() as agent:
        names = ["sysName", "sysUpTime.0", "ifOperStatus.10101"]
        assert run(["snmp", "get", place(agent), *names]) == 0
        shown = capsys.readouterr().out
        assert run(["snmp", "walk", place(agent), "ifTable", "--json"]) == 0
    assert "sysName.0           octets   sw-1" in shown
    assert "ifOperStatus.10101  integer  down" in shown
    rows = json.loads(capsys.readouterr().out)
    assert {row["name"].partition(".")[0] for row in rows} == {
        "ifDescr",
        "ifOperStatus",
        "ifInOctets",
    }


@pytest.mark.parametrize(
    ("name", "place_of"),
    [
        ("sysName", "1.3.6.1.2.1.1.5.0"),
        ("sysName.0", "1.3.6.1.2.1.1.5.0"),
        ("ifTable", "1.3.6.1.2.1.2.2.1"),
        ("ifDescr.3", "1.3.6.1.2.1.2.2.1.2.3"),
        ("linkDown", "1.3.6.1.6.3.1.1.5.3"),
        (".1.3.6.1", "1.3.6.1"),
    ],
)
def test_names_stand_for_places(name: str, place_of: str) -> None:
    place = names.place_of(name, instance=True)
    assert oid.text_of(place) == place_of
    if not name.startswith(".") and "Table" not in name:
        assert names.object_of(place)[0].startswith(name)


def test_a_mistyped_name_gets_a_hint() -> None:
    with pytest.raises(UsageError) as caught:
        run(["snmp", "get", "127.0.0.1", "sysNmae"])
    assert "sysName" in str(caught.value.hint)


@pytest.mark.parametrize("version", ["1", "2c"])
def test_a_walk_can_be_served_again(version: str, capsys: pytest.CaptureFixture[str]) -> None:
    with ReplayAgent(switch(2)).running() as agent:
        assert run(["snmp", "walk", place(agent), IF_ALIAS, "--snmprec", "--version", version]) == 0
    again = parse(capsys.readouterr().out.encode())
    assert [binding[2] for binding in again.varbinds] == ["房间 1".encode(), "房间 2".encode()]


def test_table_shows_states_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    with ReplayAgent(switch(2)).running() as agent:
        assert run(["snmp", "table", place(agent), "if"]) == 0
        shown = capsys.readouterr().out
        assert "GigabitEthernet1/0/1  down" in shown
        assert "房间 2" in shown
        assert run(["snmp", "table", place(agent), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["scalars"]["sysName"] == "sw-1"
    assert len(found["tables"]["ifXTable"]) == 2


@pytest.mark.parametrize("engine", ["own", "pysnmp"])
def test_v3_takes_its_passwords_by_reference(
    engine: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if engine == "pysnmp":
        pytest.importorskip("pysnmp")
    user = User("netops", "sha256", "authpass12345", "aes256", "privpass12345")
    monkeypatch.setenv("SNMP_AUTH", "authpass12345")
    monkeypatch.setenv("SNMP_PRIV", "privpass12345")
    words = [
        "--version",
        "3",
        "--user",
        "netops",
        "--auth",
        "sha256",
        "--auth-ref",
        "env:SNMP_AUTH",
    ]
    words += ["--privacy", "aes256", "--privacy-ref", "env:SNMP_PRIV", "--engine", engine]
    with ReplayAgent(switch(2), user=user).running() as agent:
        assert run(["snmp", "get", place(agent), SYS_NAME, *words]) == 0
    assert "sw-1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["get", "127.0.0.1", "sysNo"], UsageError),
        (["get", "127.0.0.1", "sysName.x"], UsageError),
        (["set", "127.0.0.1", "sysName", "what", "1", "--yes"], UsageError),
        (["set", "127.0.0.1", "sysName", "integer", "x", "--yes"], UsageError),
        (["set", "127.0.0.1", "sysName", "gauge", "-1", "--yes"], UsageError),
        (["get", "127.0.0.1:x", SYS_NAME], UsageError),
        (["get", "127.0.0.1", SYS_NAME, "--version", "4"], UsageError),
        (["get", "127.0.0.1", SYS_NAME, "--version", "3"], UsageError),
        (["get", "127.0.0.1", SYS_NAME, "--community-ref", "public"], SecretError),
        (["table", "127.0.0.1", "no-such-module"], NetopsError),
        (["get", "127.0.0.1:1", SYS_NAME, "--wait", "0.05", "--retries", "0"], UnreachableError),
    ],
)
def test_what_cannot_work_is_told(words: list[str], error: type[NetopsError]) -> None:
    with pytest.raises(error):
        run(["snmp", *words])


def test_replay_refuses_a_file_that_is_no_recording(tmp_path: Path) -> None:
    (tmp_path / "x.snmprec").write_text("nothing\n")
    with pytest.raises(NetopsError, match="no object"):
        run(["snmp", "replay", str(tmp_path / "x.snmprec"), "--listen", "127.0.0.1:0"])
