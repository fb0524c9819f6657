"""The rules for addresses and hosts: each breach is told once, and what is allowed never."""

import ipaddress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from netops.core.errors import UsageError
from netops.topology.bindings import binding, read_file
from netops.topology.evidence.facts import Facts, Resolved
from netops.topology.model import Endpoint
from netops.topology.policy import Policy
from netops.topology.rules import Binding, Rules, claims, learnt
from tests.topology_facts import AT, box

PC, OTHER = "0a:00:00:00:00:01", "0a:00:00:00:00:02"
HERE = Endpoint(PC, "uid:acc1", "ge1", 1, ("10.1.0.5",), "pc1")
MANUAL = Binding(PC, "10.1.0.5", "acc1", "ge1", "pc1")


def events(
    now: Endpoint, before: Endpoint | None = HERE, bound: Binding | None = None, **more: object
) -> list[tuple[str, dict[str, object], dict[str, object]]]:
    policy = Policy(**more)  # type: ignore[arg-type]
    rules = Rules(policy, lambda uid: uid.removeprefix("uid:"), AT)
    old = {PC: before} if before else {}
    register = {PC: bound} if bound else {}
    found = rules.events(old, {PC: now}, register)
    return [(one.kind.value, dict(one.before), dict(one.after)) for one in found]


def test_who_stays_breaks_no_rule() -> None:
    assert events(HERE) == events(HERE, bound=MANUAL) == []


def test_a_mac_on_another_port_is_told() -> None:
    place = {"device": "acc1", "port": "ge1"}, {"device": "acc1", "port": "ge2"}
    assert events(replace(HERE, port="ge2")) == [("endpoint_moved", *place)]


def test_a_changed_address_is_told_while_arp_remembers_the_old_one_and_not_again() -> None:
    both = replace(HERE, addresses=("10.1.0.5", "10.1.0.9"))
    told = [("address_changed", {"address": "10.1.0.5"}, {"address": "10.1.0.9"})]
    assert events(both) == told
    assert events(replace(HERE, addresses=("10.1.0.9",)), both) == []


def test_an_address_that_was_not_known_before_is_no_change() -> None:
    assert events(HERE, replace(HERE, addresses=())) == []


def test_addresses_by_dhcp_and_of_ipv6_may_change() -> None:
    networks = (ipaddress.ip_network("10.1.0.0/16"),)
    assert events(replace(HERE, addresses=("10.1.9.9",)), dynamic=networks) == []
    six = replace(HERE, addresses=("10.1.0.5", "2001:db8::1"))
    assert events(replace(six, addresses=("10.1.0.5", "2001:db8::2")), six) == []


def test_a_changed_name_is_told() -> None:
    told = [("name_changed", {"name": "pc1"}, {"name": "evil"})]
    assert events(replace(HERE, name="evil")) == told


def test_an_unknown_mac_is_told_where_the_register_does_not_learn() -> None:
    assert events(HERE, None) == []
    (event,) = events(HERE, None, learn_bindings=False)
    assert event[0] == "endpoint_unknown"
    assert event[2] == {"device": "acc1", "port": "ge1", "address": "10.1.0.5"}
    assert events(HERE, None, MANUAL, learn_bindings=False) == []


def test_what_is_bound_by_hand_is_told_once_when_it_is_broken() -> None:
    wrong = replace(HERE, addresses=("10.1.0.9",), port="ge7", name="other")
    found = events(wrong, None, MANUAL)
    assert [kind for kind, _, _ in found] == ["address_changed", "endpoint_moved", "name_changed"]
    assert events(wrong, wrong, MANUAL) == []


def test_a_return_to_what_is_bound_is_a_move_and_no_breach() -> None:
    assert [kind for kind, _, _ in events(HERE, replace(HERE, port="ge7"), MANUAL)] == [
        "endpoint_moved"
    ]


def router(**more: Any) -> Facts:
    return box(1, routes=True, **more)


def test_a_stranger_that_answers_for_the_gateway_is_told_once() -> None:
    victim = box(2, resolved=(Resolved("10.0.0.1", PC),))
    found = claims({"r": router(), "v": victim}, Policy(), {})
    assert found == {("10.0.0.1", PC)}
    rules = Rules(Policy(), str, AT)
    assert [one.kind.value for one in rules.claim_events(found, set())] == ["gateway_unknown"]
    assert list(rules.claim_events(found, found)) == []


@pytest.mark.parametrize(
    "mac",
    ["02:00:00:00:01:01", "00:00:5e:00:01:0a", "00:00:0c:07:ac:01"],
    ids=["own", "vrrp", "hsrp"],
)
def test_the_gateway_itself_and_shared_addresses_are_no_strangers(mac: str) -> None:
    victim = box(2, resolved=(Resolved("10.0.0.1", mac),))
    assert claims({"r": router(), "v": victim}, Policy(), {}) == set()


def test_addresses_of_devices_that_do_not_route_are_not_guarded() -> None:
    victim = box(2, resolved=(Resolved("10.0.0.1", PC),))
    assert claims({"s": box(1), "v": victim}, Policy(), {}) == set()


def test_another_mac_at_the_address_of_a_dhcp_server_is_told() -> None:
    policy = Policy(dhcp_servers=("10.1.0.5",))
    register = {PC: MANUAL}
    honest = {"v": box(2, resolved=(Resolved("10.1.0.5", PC),))}
    assert claims(honest, policy, register) == set()
    rogue = {"v": box(2, resolved=(Resolved("10.1.0.5", OTHER),))}
    found = claims(rogue, policy, register)
    kinds = [one.kind.value for one in Rules(policy, str, AT).claim_events(found, set())]
    assert kinds == ["dhcp_unknown"]


def test_the_register_learns_what_is_new_and_leaves_what_was_bound_by_hand() -> None:
    (made,) = learnt({PC: HERE}, {}, lambda uid: uid.removeprefix("uid:"))
    assert made == Binding(PC, "10.1.0.5", "acc1", "ge1", "pc1", "learnt")
    assert learnt({PC: HERE}, {PC: replace(made, account="x")}, lambda _: "acc1") == []
    assert learnt({PC: replace(HERE, port="ge9")}, {PC: MANUAL}, str) == []


@pytest.mark.parametrize(
    ("mac", "address"), [("zz", ""), ("ff:ff:ff:ff:ff:ff", ""), (PC, "10.1.0.300"), (PC, "0.0.0.0")]
)
def test_a_binding_of_nonsense_is_refused(mac: str, address: str) -> None:
    with pytest.raises(UsageError):
        binding(mac, address)


def test_a_file_of_bindings_is_read_with_a_mark_and_in_any_order(tmp_path: Path) -> None:
    file = tmp_path / "bindings.csv"
    file.write_text(f"Name,MAC,address\n图书馆,{PC.upper()},10.1.0.5\n", encoding="utf-8-sig")
    assert read_file(file) == [Binding(PC, "10.1.0.5", name="图书馆")]


def test_a_file_with_mistakes_names_every_line_and_gives_nothing(tmp_path: Path) -> None:
    file = tmp_path / "bindings.csv"
    file.write_text(f"mac,address\nx,\n{PC},10.1.0.5\n{PC},y\n")
    with pytest.raises(UsageError, match=r"line 2: .*; line 4: "):
        read_file(file)


@pytest.mark.parametrize("content", [b"", b"address\n1\n", b"\xff\xfe\x00mac", b"mac\n\x00\n"])
def test_a_file_that_is_no_register_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "bindings.csv"
    file.write_bytes(content)
    with pytest.raises(UsageError):
        read_file(file)
