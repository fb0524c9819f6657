"""netops topology, the installed command, where no network answers."""

import json
from pathlib import Path

import pytest
import yaml

from netops.snmp.model import User
from netops.snmp.replay import ReplayAgent
from tests.sites import Site, make_site, wait_until
from tests.unit.snmp.farm import switch

MAC = "0a:00:00:00:00:01"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site with one switch that is not there."""
    site = make_site(tmp_path / "site")
    site.settings["inventory"] = {
        "files": ["inventory/*.yaml"],
        "snmp": {"campus": {"timeout": "1s", "retries": 0, "port": 1}},
    }
    site.settings["topology"] = {
        "every": "every 15m",
        "allowed": ["192.0.2.0/24"],
        "snmp": "campus",
    }
    folder = site.directory / "inventory"
    folder.mkdir(exist_ok=True)
    switch = {"host": "127.0.0.1", "snmp": "campus"}
    (folder / "switches.yaml").write_text(yaml.safe_dump({"devices": {"sw1": switch}}))
    site.write()
    return site


def test_a_scan_that_nobody_answers_is_unknown_and_leaves_nothing(site: Site) -> None:
    done = site.netops("topology", "scan", "--json")
    assert done.code == 3
    states = {row["target"]: row["status"] for row in done.json()["results"]}
    assert states == {"sw1": "UNKNOWN", "network": "UNKNOWN"}
    assert site.netops("topology", "history", "--json").json() == []
    assert "nothing was scanned yet" in site.netops("topology", "show").err


def test_a_dry_run_asks_nobody(site: Site) -> None:
    done = site.netops("topology", "scan", "--dry-run", "--crawl", "--seed", "192.0.2.9")
    assert done.code == 0
    assert "would ask 127.0.0.1" in done.out
    assert "would ask 192.0.2.9" in done.out


def test_a_seed_outside_the_allowed_networks_is_refused(site: Site) -> None:
    done = site.netops("topology", "scan", "--seed", "198.51.100.1")
    assert done.code == 64
    assert "topology.allowed" in done.err


def test_a_scan_is_scheduled_and_due_until_the_network_answered(site: Site) -> None:
    rows = site.netops("schedule", "plan", "--json").json()
    (row,) = [row for row in rows if row["name"] == "topology"]
    assert (row["kind"], row["due"]) == ("scan", True)
    site.settings["topology"]["every"] = None
    site.write()
    done = site.netops("topology", "scan", "--due")
    assert (done.code, done.out.strip()) == (0, "nothing is due")


def test_a_binding_is_added_imported_listed_and_removed(site: Site, tmp_path: Path) -> None:
    assert site.netops("topology", "binding", "add", MAC.upper(), "--address", "10.1.0.5").code == 0
    file = tmp_path / "register.csv"
    file.write_text("mac,name\n0a:00:00:00:00:02,图书馆\n", encoding="utf-8")
    assert site.netops("topology", "binding", "import", str(file)).code == 0
    rows = site.netops("topology", "binding", "list", "--json").json()
    assert [(row["mac"], row["address"], row["name"]) for row in rows] == [
        (MAC, "10.1.0.5", ""),
        ("0a:00:00:00:00:02", "", "图书馆"),
    ]
    assert site.netops("topology", "binding", "remove", MAC, "--dry-run").code == 0
    assert site.netops("topology", "binding", "remove", MAC).code == 0
    assert site.netops("topology", "binding", "remove", MAC).code == 64
    assert "topology binding add" in json.dumps(site.journal())


def test_a_scan_keeps_the_identities_of_v3_agents(site: Site) -> None:
    user = User("netops", "sha256", "authpass12345", "aes256", "privpass12345")
    keys = site.directory / "keys"
    keys.mkdir()
    for name, text in (("auth", user.auth_password), ("privacy", user.privacy_password)):
        (keys / name).write_text(text)
        (keys / name).chmod(0o600)
    with ReplayAgent(switch(2), user=user).running() as agent:
        site.settings["inventory"]["snmp"]["campus"] = {
            "version": "3",
            "port": agent.port,
            "user": user.name,
            "auth": user.auth,
            "auth_password": "file:keys/auth",
            "privacy": user.privacy,
            "privacy_password": "file:keys/privacy",
        }
        site.write()
        site.netops("topology", "scan")
    kept = site.directory / "state" / "snmp" / "memory.json"
    peers = json.loads(kept.read_text())["peers"]
    assert agent.users is not None
    assert [words[0] for words in peers.values()] == [agent.users.engine_id.hex()]


def test_status_of_a_network_that_was_never_scanned_is_unknown_in_every_form(site: Site) -> None:
    plain = site.netops("topology", "status")
    assert (plain.code, plain.out.splitlines()[-1].split(":")[0]) == (3, "UNKNOWN")
    line = site.netops("topology", "status", "--plugin")
    assert line.code == 3
    assert line.out.startswith("TOPOLOGY UNKNOWN - the network was never scanned | ")
    assert "'overdue'=0;;;0" in line.out
    told = site.netops("topology", "status", "--json")
    assert (told.code, told.json()["status"]) == (3, "UNKNOWN")
    assert site.netops("topology", "status", "--quiet").out


def test_an_overdue_draft_is_in_the_status(site: Site) -> None:
    site.settings["records"] = {"submit_within": "1s"}
    site.write()
    assert site.netops("topology", "record", "open").code == 0
    wait_until(lambda: "TC-" in site.netops("topology", "status", "--plugin").out, "it is late")
