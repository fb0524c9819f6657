"""How much to ask at once: answers of about 1300 bytes, planned from what the device said last time."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from netops.core.dataclass import dataclass, field
from netops.snmp.ber import Value, Varbind

#: An answer should fit into one Ethernet frame; larger ones arrive in fragments, or not at all.
ANSWER_BYTES = 1370
SMALLEST_ANSWER_BYTES = 120
LARGEST_ANSWER_BYTES = 1472
_ENVELOPE_BYTES = 50
_UNKNOWN_BINDING_BYTES = 32
MAX_REPETITIONS = 200
_MAX_COLUMNS = 24
_RISE = 1.1
_UNKNOWN = (-1, 0)
_MOST_ROWS, _MOST_BYTES = 10_000_000, 65_535


@dataclass(slots=True)
class Habits:
    """What a device can take and how large its tables are; kept from poll to poll."""

    answer_bytes: int = ANSWER_BYTES
    #: So many rows at once it is asked for, and as many as it may answer in time.
    repetitions: int = MAX_REPETITIONS
    most_repetitions: int = MAX_REPETITIONS
    #: GETBULK works.
    bulk: bool = True
    #: Column → its rows and the mean bytes of a binding at the last walk.
    tables: dict[bytes, tuple[int, int]] = field(default_factory=dict)
    #: What the device does not have: asked once, then left out.
    missing: set[bytes] = field(default_factory=set)
    #: Columns of tables without a row; they may fill, so slow rounds ask them again.
    empty: set[bytes] = field(default_factory=set)

    @property
    def cautious(self) -> bool:
        """Tell whether the device once did not take what others take."""
        return self.answer_bytes < ANSWER_BYTES or self.repetitions < MAX_REPETITIONS

    def shrink(self, slow_at: int | None = None) -> bool:
        """
        Ask for half as much from now on; False when it was already as little as can be.

        `slow_at` are the repetitions that the device did not answer in time.
        """
        if self.answer_bytes <= SMALLEST_ANSWER_BYTES and (slow_at or 1) == 1:
            return False
        self.answer_bytes = max(SMALLEST_ANSWER_BYTES, self.answer_bytes // 2)
        if slow_at:
            self.most_repetitions = max(1, min(self.most_repetitions, slow_at - 1))
            self.repetitions = max(1, slow_at // 2)
        return True

    def settle(self) -> None:
        """Dare a little more after a walk without trouble."""
        self.answer_bytes = min(ANSWER_BYTES, int(self.answer_bytes * _RISE) + 1)
        self.repetitions = min(self.most_repetitions, int(self.repetitions * _RISE) + 1)

    def learn(self, column: bytes, bindings: Sequence[Varbind], *, anew: bool = False) -> None:
        """Remember how large a column is; cheap while it stays as it was."""
        known = self.tables.get(column)
        if anew or known is None or known[0] != len(bindings):
            total = sum(_size(binding) for binding in bindings)
            self.tables[column] = (len(bindings), total // len(bindings) if bindings else 0)

    def as_dict(self) -> dict[str, object]:
        """Return plain values, to be kept until the next run."""
        return {
            "answer_bytes": self.answer_bytes,
            "repetitions": [self.repetitions, self.most_repetitions],
            "bulk": self.bulk,
            "tables": {column.hex(): list(size) for column, size in self.tables.items()},
            "missing": sorted(column.hex() for column in self.missing),
            "empty": sorted(column.hex() for column in self.empty),
        }

    @classmethod
    def from_dict(cls, kept: Mapping[str, object]) -> "Habits":
        """Return what `as_dict` gave; anything unreadable is forgotten and learnt again."""
        habits = cls()
        match kept:
            case {"answer_bytes": int(size), "bulk": bool(bulk)}:
                habits.answer_bytes = max(SMALLEST_ANSWER_BYTES, min(size, ANSWER_BYTES))
                habits.bulk = bulk
        match kept:
            case {"repetitions": [int(rows), int(most)]}:
                habits.most_repetitions = max(1, min(most, MAX_REPETITIONS))
                habits.repetitions = max(1, min(rows, habits.most_repetitions))
        try:
            match kept:
                case {"tables": dict(tables), "missing": list(missing), "empty": list(empty)}:
                    habits.tables = {
                        bytes.fromhex(key): (int(rows), int(width))
                        for key, (rows, width) in tables.items()
                        if 0 <= int(rows) <= _MOST_ROWS and 0 <= int(width) <= _MOST_BYTES
                    }
                    habits.missing = {bytes.fromhex(key) for key in missing}
                    habits.empty = {bytes.fromhex(key) for key in empty}
        except (TypeError, ValueError, OverflowError):
            habits.tables, habits.missing, habits.empty = {}, set(), set()
        return habits


def _size(binding: Varbind) -> int:
    return 6 + len(binding[0]) + _content(binding[2])


def _content(value: Value) -> int:
    if value is None:
        return 0
    return len(value) if isinstance(value, bytes) else value.bit_length() // 8 + 1


def groups(columns: Sequence[bytes], habits: Habits) -> list[list[bytes]]:
    """Return which columns to ask together, so that the answers are full and few."""
    sizes = tuple(habits.tables.get(column, _UNKNOWN) for column in columns)
    found: list[list[bytes]] = []
    at = 0
    for count in _partition(sizes, habits.answer_bytes, habits.repetitions):
        found.append(list(columns[at : at + count]))
        at += count
    return found


@lru_cache(maxsize=4096)
def _partition(
    sizes: tuple[tuple[int, int], ...], answer_bytes: int, repetitions: int
) -> tuple[int, ...]:
    """
    Return how many columns go together, for the fewest PDUs (devices of one model share it).

    Of plans with as many PDUs, the one that asks fewer columns at once: long runs of one column
    are quicker to take apart than short ones of many.
    """
    best: list[tuple[int, tuple[int, ...]]] = [(0, ())]
    for end in range(1, len(sizes) + 1):
        options = [
            (
                best[start][0] + _pdus(sizes[start:end], answer_bytes, repetitions),
                (*best[start][1], end - start),
            )
            for start in range(max(0, end - _MAX_COLUMNS), end)
        ]
        best.append(min(options, key=lambda option: (option[0], -len(option[1]))))
    return best[-1][1]


def _pdus(sizes: Sequence[tuple[int, int]], answer_bytes: int, repetitions: int) -> int:
    rows = max(rows for rows, _ in sizes)
    if rows < 0:  # nothing known: all together
        return 1 + len(sizes) // _MAX_COLUMNS
    width = sum(width or _UNKNOWN_BINDING_BYTES for _, width in sizes)
    each = min((answer_bytes - _ENVELOPE_BYTES) // width, repetitions)
    return -(-(rows + 1) // each) if each else (rows + 1) * 2 * len(sizes)


def repetitions(active: Sequence[tuple[bytes, int]], habits: Habits, taken_bytes: int = 0) -> int:
    """Return max-repetitions for columns of which so many rows are already here."""
    width, remaining = 0, 0
    tables = habits.tables
    for column, have in active:
        rows, each = tables.get(column, _UNKNOWN)
        width += each or _UNKNOWN_BINDING_BYTES
        # A table that grew past what was known ends we know not where.
        left = rows + 1 - have if rows >= have else MAX_REPETITIONS
        if left > remaining:  # noqa: PLR1730 - for every column of every request
            remaining = left
    fit = (habits.answer_bytes - _ENVELOPE_BYTES - taken_bytes) // width
    return max(1, min(fit, remaining, habits.repetitions))
