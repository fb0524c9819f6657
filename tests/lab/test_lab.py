"""The lab is what its file says, as net-snmp's programs see it."""

import functools
import subprocess
import time
from pathlib import Path

from netops.app import Site
from netops.snmp import ask, oid
from netops.snmp.engine import ENGINES
from netops.snmp.model import Talk
from tests.lab import view
from tests.lab.build import up
from tests.lab.config import AUTH_PASSWORD, PRIVACY_PASSWORD, USER
from tests.lab.fixtures import need_lab
from tests.lab.generate import generate
from tests.lab.lab import Lab
from tests.lab.site import write_site
from tests.lab.topology import Port, campus, pair
from tests.lab.waiting import busy, known, until
from tests.require import need


def seen(lab: Lab) -> dict[Port, Port]:
    """Return all neighbours of all agents."""
    return {
        a: b for node in lab.topology.managed() for a, b in view.neighbours(lab, node.name).items()
    }


def test_no_agent_waits_for_what_does_not_come() -> None:
    """It takes 3 seconds on an idle machine; a name server or a late master would cost 15 and more."""
    need_lab()
    began_s = time.monotonic()
    lab = up(campus())
    took_s = time.monotonic() - began_s
    lab.down()
    assert took_s <= 12 * busy()


def test_what_agents_tell_is_what_the_file_says(lab: Lab) -> None:
    assert seen(lab) == lab.topology.half_links()
    links = {frozenset(pair) for pair in seen(lab).items()}
    assert links == lab.topology.managed_links()
    assert len(links) == 12


def test_pcs_are_learned_where_they_are(lab: Lab) -> None:
    for endpoint in lab.topology.endpoints():
        until(f"{endpoint.name} learned", functools.partial(known, lab, endpoint))
    behind = {endpoint.name for endpoint in lab.topology.endpoints() if endpoint.behind == "hub1"}
    assert behind == {"pc3", "pc4"}
    macs = {Port(pc, "eth1").mac for pc in behind}

    def learned() -> set[str]:
        return {mac for mac, port in view.forwarding(lab, "acc4").items() if port == "ge5"}

    until("both PCs behind the hub, which is silent itself", lambda: learned() == macs)
    assert lab.topology.unmanaged() == {"hub1": Port("acc4", "ge5")}


def test_the_redundant_ring_has_its_blocked_ports(lab: Lab) -> None:
    states = {
        Port(node.name, port): state
        for node in lab.topology.managed()
        if node.kind == "switch"
        for port, state in view.stp(lab, node.name).items()
    }
    links = [link for link in lab.topology.managed_links() if link <= states.keys()]
    blocked = [link for link in links if "blocking" in {states[port] for port in link}]
    switches = {port.node for port in states}
    assert len(links) - len(blocked) == len(switches) - 1, "what forwards is a tree"


def test_labels_are_told_as_they_are_written(lab: Lab) -> None:
    for node in lab.topology.managed():
        assert view.text(lab, node.name, view.SERIAL) == node.serial
        assert view.text(lab, node.name, view.SYS_LOCATION) == node.location


def test_agents_answer_over_ipv6_and_with_version_3(lab: Lab) -> None:
    (name,) = view.ask("snmpget", lab.address6("core1"), view.SYS_NAME)
    assert view.text_of(name[1]) == "core1"
    secure = ["-v3", "-l", "authPriv", "-u", USER, "-a", "SHA-256", "-x", "AES-256"]
    secure += ["-A", AUTH_PASSWORD, "-X", PRIVACY_PASSWORD, lab.address("core1"), view.SYS_NAME]
    done = subprocess.run(["snmpget", *secure], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith('"core1"')


def test_a_site_that_points_at_the_lab_asks_it(lab: Lab, tmp_path: Path) -> None:
    """Every device of the inventory answers as the inventory says it is asked."""
    site = Site(write_site(lab, tmp_path / "campus"))
    devices = site.devices
    assert [device.name for device in devices] == sorted(
        node.name for node in lab.topology.managed()
    )
    for key in (tmp_path / "campus/keys").iterdir():
        assert key.stat().st_mode & 0o777 == 0o600
    assert {device.snmp for device in devices} == {"campus", "secure"}
    engine = ENGINES.get("own")()
    talks = [Talk(site.snmp_target(d), ask.get([oid.encode(view.SYS_NAME)])) for d in devices]
    try:
        outcomes = list(engine.converse(talks))
    finally:
        engine.close()
        site.close()
    said = {outcome.value[0][2] for outcome in outcomes}
    assert said == {device.name.encode() for device in devices}


def test_sixty_nodes_on_demand() -> None:
    need_lab()
    lab = up(generate(60), wait_s=120)
    try:
        assert len(lab.topology.managed()) == 60
        assert seen(lab) == lab.topology.half_links()
    finally:
        lab.down()


def test_nodes_have_a_login_and_a_router_if_asked() -> None:
    need_lab()
    need("ssh", "ssh-keygen", "vtysh")
    lab = up(pair(), services=("ssh", "frr"))
    try:
        shown = "show running-config"
        options = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"]
        login = ["ssh", "-q", "-i", str(lab.directory / "key"), *options]

        def router() -> str:
            command = [*login, f"root@{lab.address('one')}", "vtysh", "-c", f"'{shown}'"]
            return subprocess.run(command, capture_output=True, text=True, check=False).stdout

        until("the router's configuration", lambda: "router ospf" in router())
        assert "hostname one" in router()
    finally:
        lab.down()
