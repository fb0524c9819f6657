"""Discovery asks a bounded number of addresses, and tells one device from two."""

from ipaddress import ip_network

import pytest

from netops.core.cancel import Cancel
from netops.core.clock import SystemClock
from netops.core.errors import UsageError
from netops.core.results import Result
from netops.core.run import Context, Silence
from netops.core.status import Status
from netops.inventory.discover import Discovery, Ground, networks_of
from netops.inventory.model import Device
from netops.snmp.model import Target
from tests.snmp_campus import LINUX, Machine, Piece, campus


@pytest.mark.parametrize(
    ("texts", "why"),
    [
        (["10.0.0.0/8"], "more than 4,096"),
        (["fe80::/64"], "more than 4,096"),
        (["10.0.0.0/20", "10.1.0.0/24"], "more than 4,096"),
        (["not-a-network"], "is no network"),
        (["10.0.0.1/33"], "is no network"),
        ([], "no network is named"),
    ],
)
def test_networks_that_cannot_be_asked_are_refused(texts: list[str], why: str) -> None:
    with pytest.raises(UsageError, match=why):
        networks_of(texts, 4096)


def test_networks_inside_others_are_asked_once() -> None:
    found = networks_of(["10.0.0.128/25", "10.0.0.0/24", "10.0.0.7", "10.0.0.0/24"], 4096)
    assert found == [ip_network("10.0.0.0/24")]


def look(machines: dict[str, Machine], known: list[Device], *networks: str) -> Discovery:
    """Look around among machines and return what was found."""
    with campus(machines) as port:
        ground = Ground(
            networks_of(networks, 4096),
            {"campus": lambda address: Target(address, port, timeout_s=0.2, retries=0)},
            known,
        )
        discovery = Discovery(ground)
        for work in discovery.work():
            result = discovery.act(work.subject, context(work.name))
            assert isinstance(result, Result)
        assert discovery.found is not None
    return discovery


def context(target: str) -> Context:
    return Context("RUN", target, Cancel(), SystemClock(), Silence())


def test_devices_without_serials_are_one_only_when_an_address_is_their_own() -> None:
    def server(*addresses: str) -> Machine:
        return Machine("srv", [], LINUX, "Linux", addresses)

    machines = {
        "127.0.9.1": server("127.0.9.1", "127.0.9.2"),
        "127.0.9.2": server("127.0.9.1", "127.0.9.2"),
        "127.0.9.3": server("127.0.9.3"),
    }
    found = look(machines, [], "127.0.9.0/29").found
    assert [one.addresses for one in found] == [["127.0.9.1", "127.0.9.2"], ["127.0.9.3"]]
    assert [one.name for one in found] == ["srv", "srv-127.0.9.3"]


def test_same_name_and_model_with_another_serial_is_another_device() -> None:
    machines = {f"127.0.9.{n}": Machine("Switch", [Piece(f"S{n}")]) for n in (1, 2)}
    assert len(look(machines, [], "127.0.9.0/29").found) == 2


def test_stranger_that_claims_a_known_address_is_not_taken_for_it() -> None:
    machines = {"127.0.9.1": Machine("thief", [], LINUX, "Linux", ["10.0.0.1"])}
    (one,) = look(machines, [Device("sw-1", "10.0.0.1")], "127.0.9.1").found
    assert (one.fate, one.name) == ("elsewhere", "sw-1")


def test_second_address_of_a_known_device_is_known_by_name_and_claim() -> None:
    machines = {"127.0.9.1": Machine("sw-1", [], LINUX, "Linux", ["10.0.0.1", "127.0.9.1"])}
    (one,) = look(machines, [Device("sw-1", "10.0.0.1")], "127.0.9.1").found
    assert one.fate == "known"


def test_network_in_which_nothing_answers_is_no_success() -> None:
    with campus({"127.0.9.1": Machine("x")}):
        discovery = look({"127.0.9.2": Machine("y")}, [], "127.0.9.2")
    silent = Discovery(
        Ground(
            networks_of(["127.0.9.5"], 9),
            {"campus": lambda address: Target(address, 9, timeout_s=0.1, retries=0)},
        )
    )
    (work,) = silent.work()
    result = silent.act(work.subject, context(work.name))
    assert discovery.found[0].fate == "new"
    assert (result.status, result.facts["silent"]) == (Status.WARNING, 1)


def test_names_that_cannot_be_used_give_way_to_the_address() -> None:
    machines = {"127.0.9.1": Machine("图书馆", [Piece("S1")])}
    discovery = look(machines, [], "127.0.9.1")
    (entry,) = discovery.draft().devices.items()
    assert entry[0] == "127.0.9.1"
    assert entry[1]["data"]["sys_name"] == "图书馆"
