"""The Merkle tree of RFC 6962 over entry bodies, without storage and without signatures.

A tree of `size` leaves is carried as its *frontier*: the roots of its perfect subtrees, largest
first, one for every bit set in `size`. Adding a leaf touches O(log size) of them.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256

HASH_BYTES = 32
#: Root of the tree without leaves (RFC 6962, 2.1).
EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(body: bytes) -> bytes:
    """Return the hash of a leaf (RFC 6962, 2.1)."""
    return sha256(b"\x00" + body).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node (RFC 6962, 2.1)."""
    return sha256(b"\x01" + left + right).digest()


def push(nodes: Sequence[bytes], size: int, node: bytes, height: int = 0) -> tuple[bytes, ...]:
    """
    Return the frontier after a perfect subtree of 2**height leaves joins `size` leaves.

    `size` must be a multiple of 2**height.
    """
    stack = list(nodes)
    carry = size >> height
    while carry & 1:
        node = node_hash(stack.pop(), node)
        carry >>= 1
    stack.append(node)
    return tuple(stack)


def join(
    nodes: Sequence[bytes], size: int, more: Sequence[bytes], more_size: int
) -> tuple[bytes, ...]:
    """
    Return the frontier of `size` leaves followed by `more_size` leaves.

    `size` must be a multiple of a power of two that is at least `more_size`.
    """
    joined = tuple(nodes)
    for node, height in zip(more, heights(more_size), strict=True):
        joined = push(joined, size, node, height)
        size += 1 << height
    return joined


class Grove:
    """
    Many leaves at once, level by level: several times faster than `push`, one after the other.

    Holds the tree of `size` leaves given by their frontier and of the `leaves` (hashes) after them.
    """

    def __init__(self, size: int, nodes: Sequence[bytes], leaves: list[bytes]) -> None:
        self.start = size
        self.size = size + len(leaves)
        known = dict(zip(heights(size), nodes, strict=True))
        #: For each height the number of the first node in the list, and the nodes.
        self._levels: list[tuple[int, list[bytes]]] = []
        level = leaves
        for height in range(max(self.size.bit_length(), 1)):
            if height in known:
                level = [known[height], *level]
            self._levels.append(((size >> height) - (height in known), level))
            pairs = iter(level)
            level = [
                sha256(b"\x01" + left + right).digest()
                for left, right in zip(pairs, pairs, strict=False)
            ]

    def frontier(self, size: int) -> tuple[bytes, ...]:
        """Return the frontier of the first `size` leaves; not before the given ones begin."""
        nodes, start = [], 0
        for height in heights(size):
            first, level = self._levels[height]
            nodes.append(level[(start >> height) - first])
            start += 1 << height
        return tuple(nodes)


def heights(size: int) -> list[int]:
    """Return the heights of the perfect subtrees in a frontier of `size` leaves."""
    return [bit for bit in range(size.bit_length() - 1, -1, -1) if size >> bit & 1]


def root(nodes: Sequence[bytes]) -> bytes:
    """Return the tree head that a frontier stands for."""
    if not nodes:
        return EMPTY_ROOT
    head = nodes[-1]
    for node in reversed(nodes[:-1]):
        head = node_hash(node, head)
    return head


def pack(nodes: Sequence[bytes]) -> bytes:
    """Return a frontier as one run of bytes, for storage."""
    return b"".join(nodes)


def unpack(data: bytes, size: int) -> tuple[bytes, ...]:
    """Return the frontier of `size` leaves out of `pack`; raise ValueError when it cannot be one."""
    if len(data) != HASH_BYTES * size.bit_count():
        raise ValueError(f"{len(data)} bytes cannot be the frontier of {size} leaves")
    return tuple(data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES))


def inclusion_path(
    index: int, size: int, subtree: Callable[[int, int], bytes]
) -> tuple[bytes, ...]:
    """
    Return the audit path of leaf `index` (from 0) in a tree of `size` leaves (RFC 6962, 2.1.1).

    `subtree(start, stop)` returns the head over those leaves.
    """
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size}")
    path: list[bytes] = []
    start, stop = 0, size
    while stop - start > 1:
        split = start + split_point(stop - start)
        if index < split:
            path.append(subtree(split, stop))
            stop = split
        else:
            path.append(subtree(start, split))
            start = split
    return tuple(reversed(path))


def split_point(size: int) -> int:
    """Return the largest power of two below `size`, which must be at least 2."""
    return 1 << (size - 1).bit_length() - 1


def verify_inclusion(
    leaf: bytes, index: int, size: int, path: Sequence[bytes], head: bytes
) -> bool:
    """Tell whether `path` proves that `leaf` is number `index` under `head` (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    position, last, node = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if position & 1 or position == last:
            node = node_hash(sibling, node)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            node = node_hash(node, sibling)
        position >>= 1
        last >>= 1
    return last == 0 and node == head
