"""netops snmp as installed: devices by their name, changes on record, traps as they come."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from netops.snmp.model import Target
from tests.contracts.snmp_daemon import (
    AUTH_PASSWORD,
    PRIVACY_PASSWORD,
    free_port,
    snmpd,
)
from tests.require import need
from tests.sites import COMMAND, Site, environment


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with snmpd(tmp_path_factory.mktemp("snmpd")) as target:
        yield target


@pytest.fixture
def site(tmp_path: Path, daemon: Target) -> Site:
    """A site whose inventory knows the daemon three times: to read, to write, and by v3."""
    found = Site(tmp_path)
    (tmp_path / "keys").mkdir()
    for name, text in (("a", AUTH_PASSWORD), ("p", PRIVACY_PASSWORD), ("w", "private")):
        (tmp_path / "keys" / name).write_text(text)
        (tmp_path / "keys" / name).chmod(0o600)
    v3 = {"user": "sha256aes256", "auth": "sha256", "auth_password": "file:keys/a"}
    v3 |= {"privacy": "aes256", "privacy_password": "file:keys/p"}
    devices = {
        name: {"host": "127.0.0.1", "snmp": name, "role": "access"}
        for name in ("read", "write", "v3")
    }
    devices["mute"] = {"host": "127.0.0.1", "role": "access"}
    (tmp_path / "devices.yaml").write_text(json.dumps({"devices": devices}))
    found.settings = {
        "site": {"name": "Test", "origin": "test.example.org"},
        "state_dir": str(tmp_path / "state"),
        "inventory": {
            "files": ["devices.yaml"],
            "snmp": {
                "read": {"port": daemon.port},
                "write": {"port": daemon.port, "community": "file:keys/w"},
                "v3": {"version": "3", "port": daemon.port, **v3},
            },
        },
    }
    found.write()
    return found


def values(done: Any) -> dict[str, Any]:
    assert done.code == 0, done
    return {row["name"]: row["value"] for row in done.json()}


def test_a_device_is_asked_by_its_name_with_its_own_access(site: Site) -> None:
    for name in ("read", "v3"):
        found = values(site.netops("snmp", "get", name, "sysName", "sysLocation", "--json"))
        assert found == {"sysName.0": "lab", "sysLocation.0": "Room 1"}
    mute = site.netops("snmp", "get", "mute", "sysName")
    assert mute.code == 78
    assert "no SNMP access" in mute.err


def test_a_change_is_read_back_and_on_record(site: Site) -> None:
    words = ("snmp", "set", "write", "sysContact", "text")
    asked = site.netops(*words, "who")
    assert asked.code == 64
    assert "--yes" in asked.err
    before = values(site.netops("snmp", "get", "write", "sysContact", "--json"))
    dry = site.netops(*words, "who", "--dry-run")
    assert dry.code == 0
    assert "would be set" in dry.out
    assert values(site.netops("snmp", "get", "write", "sysContact", "--json")) == before
    done = site.netops(*words, "值班室", "--yes", "--json")
    assert done.code == 0, done
    (result,) = done.results()
    assert result["after"] == "值班室"
    assert values(site.netops("snmp", "get", "read", "sysContact", "--json")) == {
        "sysContact.0": "值班室"
    }
    entries = site.journal()
    begun = next(entry for entry in entries if entry["kind"] == "run.begin")
    assert "sysContact.0" in json.dumps(begun, ensure_ascii=False)
    assert "snmp set" in json.dumps(site.last_end())


def test_a_refused_change_is_told_and_on_record(site: Site) -> None:
    done = site.netops("snmp", "set", "write", "sysUpTime", "ticks", "1", "--yes")
    assert done.code != 0
    assert "refused" in done.out + done.err
    assert site.last_end()


def test_without_a_site_a_change_is_made_and_said_to_be_off_the_record(
    daemon: Target, tmp_path: Path
) -> None:
    place = f"127.0.0.1:{daemon.port}"
    words = ["snmp", "set", place, "sysContact", "text", "noc", "--community-ref", "env:C"]
    done = subprocess.run(
        [*COMMAND, *words, "--yes"],
        env=environment({"C": "private", "HOME": str(tmp_path)}),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done
    assert "noc, read back" in done.stdout
    assert "not on record" in done.stderr


def test_traps_are_printed_as_they_come(tmp_path: Path) -> None:
    need("snmptrap")
    port = free_port()
    words = ["snmp", "listen", "--listen", f"127.0.0.1:{port}", "--count", "2", "--json"]
    listener = subprocess.Popen(
        [*COMMAND, *words, "--community-ref", "env:C"],
        env=environment({"C": "public", "HOME": str(tmp_path)}),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert listener.stderr is not None
    assert "listening" in listener.stderr.readline()
    for community, name in (("wrong", "3"), ("public", "3"), ("public", "4")):
        trap = ["42", f"1.3.6.1.6.3.1.1.5.{name}", "1.3.6.1.2.1.2.2.1.8.7", "i", "2"]
        subprocess.run(
            ["snmptrap", "-m", "", "-v2c", "-c", community, f"127.0.0.1:{port}", *trap], check=True
        )
    out, err = listener.communicate(timeout=20)
    found = [json.loads(line) for line in out.splitlines()]
    assert [one["name"] for one in found] == ["linkDown", "linkUp"]
    assert found[0]["values"] == {"ifOperStatus.7": "down"}
    assert "2 accepted" in err
    assert "1 refused" in err
    assert listener.returncode == 0


def test_what_a_device_taught_is_kept_for_the_next_command(site: Site, tmp_path: Path) -> None:
    kept = tmp_path / "state" / "snmp" / "memory.json"
    assert site.netops("snmp", "get", "v3", "sysName").code == 0
    engine_id, *_ = next(iter(json.loads(kept.read_text())["peers"].values()))
    assert engine_id.startswith("80001f88")  # net-snmp's
    assert site.netops("snmp", "walk", "read", "ifTable").code == 0
    assert site.netops("snmp", "table", "read", "system").code == 0
    found = json.loads(kept.read_text())
    assert any(one["habits"]["tables"] for one in found["devices"].values())
    assert found["peers"]


def test_a_memory_that_cannot_be_read_or_kept_costs_a_remark_and_no_answer(
    site: Site, tmp_path: Path
) -> None:
    kept = tmp_path / "state" / "snmp" / "memory.json"
    kept.mkdir(parents=True)
    done = site.netops("snmp", "get", "read", "sysName")
    assert done.code == 0, done
    assert "memory.json" in done.err
    assert "lab" in done.out
