"""The address at which netops asked stands first, however the inventory writes it."""

from datetime import UTC, datetime
from typing import Any

from netops.topology.evidence.build import build
from netops.topology.evidence.collect import Known
from netops.topology.room import Ask
from netops.topology.scan import spoken_facts

AT = datetime(2026, 11, 25, tzinfo=UTC)
OWN = ("10.20.0.1", "192.0.2.18", "203.0.113.2")


def addresses(host: str) -> tuple[str, ...]:
    rows: list[dict[str, Any]] = [
        {"ipAdEntAddr": one, "ipAdEntIfIndex": number} for number, one in enumerate(OWN, 1)
    ]
    known = Known(host, AT, AT, AT, {}, {"sysName": "fw1"}, {"ipAddrTable": rows})
    (device,) = build([spoken_facts(Ask("fw1", host), known)], AT).snapshot.devices.values()
    return device.addresses


def test_an_address_that_was_asked_comes_first() -> None:
    assert addresses("192.0.2.18")[0] == "192.0.2.18"


def test_the_address_a_name_leads_to_comes_first_when_it_is_the_devices_own() -> None:
    # What is no plain address is looked up; this one needs no name server.
    assert addresses("0xc0000212")[0] == "192.0.2.18"
    assert sorted(addresses("0xc6336407")) == sorted(OWN), "a load balancer's"


def test_a_name_that_leads_nowhere_harms_nothing() -> None:
    assert sorted(addresses("nowhere.invalid")) == sorted(OWN)
