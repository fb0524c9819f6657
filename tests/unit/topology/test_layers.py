"""Which layer a device belongs to: its role first, then its name, then how it is wired."""

from dataclasses import replace

import pytest

from netops.topology.drawing.chart import chart
from netops.topology.drawing.tiers import Tier, tiers
from netops.topology.model import Snapshot
from tests.campus import Campus, campus


def blind(snapshot: Snapshot) -> Snapshot:
    """The same network, whose devices have neither roles nor telling names."""
    devices = {
        uid: replace(device, name=f"x{n}", listed_as="", role="")
        for n, (uid, device) in enumerate(snapshot.devices.items())
    }
    return replace(snapshot, devices=devices)


@pytest.mark.parametrize(
    ("role", "tier"),
    [
        ("firewall", Tier.EXIT),
        ("出口路由器", Tier.EXIT),
        ("core", Tier.CORE),
        ("核心交换机", Tier.CORE),
        ("distribution", Tier.DISTRIBUTION),
        ("匯聚交換機", Tier.DISTRIBUTION),
        ("access", Tier.ACCESS),
        ("接入交换机", Tier.ACCESS),
        ("server", Tier.LEAF),
        ("wireless", Tier.LEAF),
    ],
)
def test_the_role_decides_in_every_language(role: str, tier: Tier) -> None:
    made = Campus()
    made.add("core1", "core")
    uid = made.add("anything", "access")
    made.devices[uid] = replace(made.devices[uid], role=role)
    assert tiers(chart(made.snapshot()))[uid] is tier


def test_the_name_helps_when_there_is_no_role() -> None:
    found = {device.name: uid for uid, device in campus(100, told=False).devices.items()}
    layers = tiers(chart(campus(100, told=False)))

    assert layers[found["fw1"]] is Tier.EXIT
    assert layers[found["core2"]] is Tier.CORE
    assert layers[found["dist3"]] is Tier.DISTRIBUTION
    assert layers[found["acc9"]] is Tier.ACCESS
    assert layers[found["srv1"]] is Tier.LEAF


@pytest.mark.parametrize("count", [100, 300, 1000])
def test_the_wiring_tells_the_layers_when_nothing_else_does(count: int) -> None:
    told, guessed = tiers(chart(campus(count))), tiers(chart(blind(campus(count))))
    switches = [uid for uid, tier in told.items() if tier not in {Tier.EXIT, Tier.LEAF}]

    right = sum(told[uid] is guessed[uid] for uid in switches)
    assert right >= 0.97 * len(switches)


def test_the_root_bridge_is_the_core_when_nothing_else_tells() -> None:
    snapshot = blind(campus(100))
    core = next(uid for uid, device in campus(100).devices.items() if device.name == "core2")
    assert tiers(chart(replace(snapshot, stp_root=core)))[core] is Tier.CORE
