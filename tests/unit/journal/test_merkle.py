"""The tree against a plain reading of RFC 6962, clause 2.1."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netops.journal import merkle


def naive_root(leaves: list[bytes]) -> bytes:
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\x01" + naive_root(leaves[:split]) + naive_root(leaves[split:])).digest()


def grow(leaves: list[bytes]) -> tuple[bytes, ...]:
    nodes: tuple[bytes, ...] = ()
    for size, leaf in enumerate(leaves):
        nodes = merkle.push(nodes, size, merkle.leaf_hash(leaf))
    return nodes


bodies = st.lists(st.binary(max_size=4), max_size=70)


@given(bodies)
def test_frontier_yields_the_root_of_the_standard(leaves: list[bytes]) -> None:
    assert merkle.root(grow(leaves)) == naive_root(leaves)


def test_root_of_a_published_vector_comes_out() -> None:
    # Certificate Transparency's own reference tree of eight leaves.
    data = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657"]
    data.append("606162636465666768696a6b6c6d6e6f")
    expected = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
    assert merkle.root(grow([bytes.fromhex(one) for one in data])).hex() == expected


@given(bodies)
def test_frontier_has_one_node_per_set_bit_and_survives_storage(leaves: list[bytes]) -> None:
    nodes = grow(leaves)
    assert len(nodes) == len(merkle.heights(len(leaves))) == len(leaves).bit_count()
    assert merkle.unpack(merkle.pack(nodes), len(leaves)) == nodes


def test_frontier_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be the frontier"):
        merkle.unpack(bytes(32), 3)


@given(st.integers(0, 5), st.lists(st.binary(max_size=2), max_size=16))
def test_joined_stretches_equal_one_pass(full_stretches: int, rest: list[bytes]) -> None:
    stretch = [b"x%d" % number for number in range(16)]
    nodes: tuple[bytes, ...] = ()
    for number in range(full_stretches):
        nodes = merkle.join(nodes, 16 * number, grow(stretch), 16)
    nodes = merkle.join(nodes, 16 * full_stretches, grow(rest), len(rest))
    assert nodes == grow(stretch * full_stretches + rest)


@given(st.lists(st.binary(max_size=4), min_size=1, max_size=70), st.data())
def test_every_leaf_can_be_proven_and_no_other(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    size, head = len(leaves), naive_root(leaves)
    path = merkle.inclusion_path(index, size, lambda start, stop: naive_root(leaves[start:stop]))
    leaf = merkle.leaf_hash(leaves[index])
    assert merkle.verify_inclusion(leaf, index, size, path, head)
    assert not merkle.verify_inclusion(merkle.leaf_hash(b"forged"), index, size, path, head)
    assert not merkle.verify_inclusion(leaf, index, size, (*path, leaf), head)
    assert not merkle.verify_inclusion(leaf, size, size, path, head)
    if path:
        assert not merkle.verify_inclusion(leaf, index, size, path[:-1], head)


def test_no_path_leads_to_a_leaf_outside_the_tree() -> None:
    with pytest.raises(ValueError, match="not in a tree"):
        merkle.inclusion_path(3, 3, lambda _start, _stop: b"")


@given(bodies, st.data())
def test_a_grove_yields_the_frontier_at_every_size(
    leaves: list[bytes], data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(leaves)))
    hashes = [merkle.leaf_hash(leaf) for leaf in leaves]
    grove = merkle.Grove(start, grow(leaves[:start]), hashes[start:])
    for size in range(start, len(leaves) + 1):
        assert grove.frontier(size) == grow(leaves[:size])
