"""Ten fabrics of other people's devices: every link that two of them tell comes out (data: SuzieQ)."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from netops.topology import clean
from netops.topology.evidence.build import build
from netops.topology.evidence.facts import Facts, Heard, Interface
from netops.topology.model import DeviceState, Link, LinkState
from tests.topology_facts import AT

DATA = Path(__file__).parents[2] / "data/suzieq"
_SUBTYPES = {"interface name": "interfaceName", "locally assigned": "local"}
#: Links that both ends tell; counted by hand from the neighbours' tables of the data.
LINKS = {
    "dual-bgp": 22,
    "dual-evpn": 20,
    "eos": 18,
    "junos": 10,
    "mixed": 13,
    "nxos": 19,
    "ospf-ibgp": 20,
    "ospf-single": 14,
    "panos": 20,
    "vmx": 8,
}


def fabric(name: str) -> list[Facts]:
    """Return what the devices of one fabric said."""
    data: Mapping[str, Any] = json.loads(Path(DATA / "lldp.json").read_text())[name]
    heard: dict[str, list[Heard]] = {host: [] for host in data["interfaces"]}
    for host, port, peer, peer_port, index, subtype, address, _ in data["lldp"]:
        number = str(index) if peer_port in {"-", ""} else peer_port
        heard.setdefault(host, []).append(
            Heard(
                "lldp",
                0,
                port_subtype=_SUBTYPES[subtype],
                port=number,
                name=peer,
                addresses=clean.addresses([address]),
                local=port,
            )
        )
    return [
        Facts(
            host,
            name=host,
            heard=tuple(heard[host]),
            interfaces={
                # Some of its parsers keep no ifIndex: such interfaces get one that nobody names.
                index or -place - 1: Interface(index or -place - 1, port, mac=clean.mac(mac))
                for place, (port, index, mac) in enumerate(data["interfaces"].get(host, ()))
            },
        )
        for host in heard
    ]


def told(link: Link) -> bool:
    """Tell whether LLDP of both ends says so."""
    return link.state is LinkState.CONFIRMED


@pytest.mark.parametrize("name", LINKS)
def test_every_two_sided_link_of_the_fabric_comes_out(name: str) -> None:
    snapshot = build(fabric(name), AT).snapshot
    assert len([link for link in snapshot.links if told(link)]) == LINKS[name]


def test_links_that_one_end_tells_have_a_reason() -> None:
    reasons = {
        name: [link.reason for link in build(fabric(name), AT).snapshot.links if not told(link)]
        for name in LINKS
    }
    assert {name: len(found) for name, found in reasons.items() if found} == {"nxos": 6, "vmx": 2}
    assert all(reason.endswith("was not asked") for reason in reasons["vmx"])
    assert all("hears" in reason for reason in reasons["nxos"])


def test_a_firewall_that_was_not_asked_is_heard_of_once() -> None:
    devices = build(fabric("vmx"), AT).snapshot.devices.values()
    heard = [device.name for device in devices if device.state is DeviceState.HEARD]
    assert heard == ["TOR1CRP-SEC-FW01"]
