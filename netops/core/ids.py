"""Run identifiers that sort by time and never collide (ULID layout)."""

import os
import threading
import time

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford base 32


_lock = threading.Lock()
_newest = 0


def new_id() -> str:
    """
    Return 26 characters: 48 bits of milliseconds, 80 random bits.

    Each sorts after those that the process had before, also within a millisecond and when the
    clock goes back: of two records with the same time the later one is the later one.
    """
    global _newest  # noqa: PLW0603  one sequence for all threads
    number = (time.time_ns() // 1_000_000) << 80 | _random_bits(80)
    with _lock:
        # A step is random as well: a forked child begins where its parent stands.
        number = _newest = max(number, _newest + 1 + _random_bits(64))
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5))


def _random_bits(count: int) -> int:
    # `secrets` would load OpenSSL before the first program of a run has started.
    return int.from_bytes(os.urandom(count // 8), "big")
