"""A few words pick devices, and a word that means nothing is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netops.core.errors import UsageError
from netops.inventory.model import Device
from netops.inventory.select import select

DEVICES = [
    Device("sw-1", "192.0.2.1", role="access", site="library", tags=frozenset({"maintenance"})),
    Device("sw-2", "192.0.2.2", role="access", site="library", groups=("access", "switches")),
    Device("sw-3", "192.0.2.3", role="access", site="dormitory", data={"rack": 7, "vlan": [1, 2]}),
    Device("core", "192.0.2.4", role="core", owner="NC"),
]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("", ["sw-1", "sw-2", "sw-3", "core"]),
        ("role=access site=library !maintenance", ["sw-2"]),
        ("role=access,core site=library", ["sw-1", "sw-2"]),
        ("name=sw-*", ["sw-1", "sw-2", "sw-3"]),
        ("!name=sw-*", ["core"]),
        ("role!=access", ["core"]),
        ("!role!=core", ["core"]),
        ("core", ["core"]),
        ("switches", ["sw-2"]),
        ("group=switches", ["sw-2"]),
        ("tag=main*", ["sw-1"]),
        ("maintenance,switches", ["sw-1", "sw-2"]),
        ("host=192.0.2.[34]", ["sw-3", "core"]),
        ("data.rack=7", ["sw-3"]),
        ("data.vlan=2", ["sw-3"]),
        ("owner=*", ["core"]),
        ("!owner=*", ["sw-1", "sw-2", "sw-3"]),
        ("role=none", []),
        ("Role-less", []),
    ],
)
def test_words_pick_devices(words: str, names: list[str]) -> None:
    assert [device.name for device in select(DEVICES, words)] == names


@pytest.mark.parametrize(
    "words", ["roll=access", "role=", "!", "=x", "data.=x", "role=,", "origins=x"]
)
def test_word_that_means_nothing_is_refused_with_an_example(words: str) -> None:
    with pytest.raises(UsageError) as caught:
        select(DEVICES, words)
    assert caught.value.exit_code == 64
    assert caught.value.hint is not None


_WORDS = st.sampled_from(["role=access", "site=library", "maintenance", "name=*1", "data.rack=*"])


@given(_WORDS)
def test_a_word_and_its_opposite_share_the_devices_out(word: str) -> None:
    both = select(DEVICES, word) + select(DEVICES, f"!{word}")
    assert sorted(device.name for device in both) == sorted(device.name for device in DEVICES)


@given(_WORDS, _WORDS)
def test_the_order_of_words_does_not_matter(one: str, other: str) -> None:
    assert select(DEVICES, f"{one} {other}") == select(DEVICES, f"{other} {one}")
