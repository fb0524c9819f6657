"""Walks over columns that end whatever the agent does: loops, disorder, answers too big or none."""

from collections.abc import Collection, Sequence

from netops.core.dataclass import dataclass, field
from netops.core.errors import UnreachableError
from netops.snmp import ask, ber, codec, oid, pdu, plan
from netops.snmp.ask import Asking
from netops.snmp.ber import Varbind
from netops.snmp.model import Version
from netops.snmp.pdu import Request, Response
from netops.snmp.plan import Habits

MAX_ROWS = 200_000
_SCALAR_BYTES = 60
#: A stranger that is asked for too much stays silent and looks dead.
_FIRST_REPETITIONS = 10
_LOOP = "the agent does not go forward"


@dataclass(slots=True)
class Walk:
    """What a device said; a column the agent cut short has its reason in `notes`."""

    scalars: list[Varbind] = field(default_factory=list)
    columns: dict[bytes, list[Varbind]] = field(default_factory=dict)
    notes: dict[bytes, str] = field(default_factory=dict)


class _Column:
    """One column on its way."""

    __slots__ = ("at", "done", "exact", "found", "max_rows", "note", "quick", "root", "seen")

    def __init__(self, root: bytes, max_rows: int, *, unordered: bool) -> None:
        self.root = self.at = root
        self.found: list[Varbind] = []
        self.max_rows = max_rows
        self.done = self.exact = False
        self.note = ""
        self.seen: set[bytes] | None = set() if unordered else None
        #: Octets decide about the order.
        self.quick = not unordered

    def end(self, note: str = "") -> None:
        self.done, self.note = True, note

    def take(self, part: list[Varbind]) -> None:
        """
        Take the next bindings of this column.

        Octets that rise as octets are a strict order of its own, so such an agent cannot loop,
        and it is quick to see. What does not rise so is looked at number by number from then on.
        """
        if self.quick:
            count = self._below(part)
            good = part[:count]
            if not good or codec.rises(good, [self.at], [self.root]):
                if good:
                    self.append(good)
                if count < len(part):
                    self.end(self.note)
                return
        self._take_slowly(part)
        self.cut()

    def _below(self, part: list[Varbind]) -> int:
        """Return how many bindings there are before the first that is not of this column."""
        root = self.root
        for count, (name, tag, _) in enumerate(part):
            if tag >= ber.NO_SUCH_OBJECT or not name.startswith(root):
                return count
        return len(part)

    def append(self, part: list[Varbind]) -> None:
        """Take bindings that are known to go on as they should."""
        self.found += part
        self.at = part[-1][0]
        self.cut()

    def cut(self) -> None:
        """Keep no more rows than were asked for."""
        if len(self.found) > self.max_rows:
            del self.found[self.max_rows :]
            self.end(f"cut after {self.max_rows} rows")

    def _take_slowly(self, part: list[Varbind]) -> None:
        before = len(self.found)
        for binding in part:
            name, tag, _ = binding
            if not name.startswith(self.root) or tag >= ber.NO_SUCH_OBJECT:
                self.end()
                return
            if self.seen is not None:
                if name not in self.seen:
                    self.seen.add(name)
                    self.found.append(binding)
            elif self._is_next(name):
                self.found.append(binding)
            else:
                self.end(f"{_LOOP}: {oid.text_of(name)} after {oid.text_of(self.at)}")
                return
            self.at = name
        if len(self.found) == before:  # unordered, and nothing new: it goes round in circles
            self.end(_LOOP)

    def _is_next(self, name: bytes) -> bool:
        if not self.exact:
            if self.at < name:
                return True
            self.exact, self.quick = (
                True,
                False,
            )  # from here on one order only, or two could make a circle
            names = [binding[0] for binding in self.found]
            if not all(map(oid.is_before, names, names[1:])):
                return False
        return oid.is_before(self.at, name)


class _Walker:
    """One walk over scalars and columns of one agent."""

    def __init__(self, habits: Habits, version: Version, *, scalars: Sequence[bytes]) -> None:
        self.habits, self.version = habits, version
        self.walk = Walk()
        self.waiting = tuple(scalars)
        self.alive = False
        self.trouble = False
        self.relearn = False
        #: A device that is known to be slow may be alive although its first answer does not come.
        self.hope = self.habits.cautious

    def lead(self, columns: Sequence[_Column]) -> Asking[Walk]:
        by_root = {column.root: column for column in columns}
        if self.waiting and not (columns and self._bulk()):
            yield from self._scalars_alone()
        for group in plan.groups(list(by_root), self.habits):
            yield from self._together([by_root[root] for root in group])
        for column in columns:
            self.walk.columns[column.root] = column.found
            if column.note:
                self.walk.notes[column.root] = column.note
            else:
                self.habits.learn(column.root, column.found, anew=self.relearn)
        if not self.trouble:
            self.habits.settle()
        return self.walk

    def _bulk(self) -> bool:
        return self.version != "1" and self.habits.bulk

    def _scalars_alone(self) -> Asking[None]:
        scalars, self.waiting = self.waiting, ()
        self.walk.scalars = yield from ask.get(scalars)
        self.alive = True

    def _together(self, active: list[_Column]) -> Asking[None]:
        while active:
            request = self._request(active)
            try:
                response = yield request
            except UnreachableError:
                # A device that answered before may be too slow for so much at once.
                if not (self.alive or self.hope) or not self._less(request, slow=True):
                    raise
                self.hope = False
                continue
            self.alive = True
            if response.status or not response.varbinds:
                yield from self._troubled(request, response, active)
            else:
                self._share_out(request, response, active)
            active = [column for column in active if not column.done]

    def _request(self, active: Sequence[_Column]) -> Request:
        oids = tuple([column.at for column in active])
        if not self._bulk():
            return Request(pdu.GET_NEXT, oids)
        parents = tuple([scalar.removesuffix(b"\0") for scalar in self.waiting])
        have = [(column.root, len(column.found)) for column in active]
        count = plan.repetitions(have, self.habits, _SCALAR_BYTES * len(parents))
        if not self.alive and not all(column.root in self.habits.tables for column in active):
            count = min(count, _FIRST_REPETITIONS)
        return Request(pdu.GET_BULK, parents + oids, len(parents), count)

    def _less(self, request: Request, *, slow: bool = False) -> bool:
        """Ask for less from now on; False when that is not possible."""
        self.trouble = True
        if request.kind != pdu.GET_BULK:
            return False
        return self.habits.shrink(request.repetitions if slow else None)

    def _share_out(self, request: Request, response: Response, active: list[_Column]) -> None:
        bindings = response.varbinds
        self.relearn |= response.size_bytes > plan.LARGEST_ANSWER_BYTES
        if request.non_repeaters:
            self.walk.scalars = _matched(self.waiting, bindings)
            self.waiting = ()
            bindings = bindings[request.non_repeaters :]
        step = len(active)
        # What goes on as it should is seen at one glance; only the end of a column needs a closer look.
        good = False not in [column.quick for column in active] and codec.rises(
            bindings, [column.at for column in active], [column.root for column in active]
        )
        for number, column in enumerate(active):
            part = bindings[number::step]
            if part and good:
                column.at = part[-1][0]
                column.found += part
                if len(column.found) > column.max_rows:
                    column.cut()
            elif part:
                column.take(part)

    def _troubled(
        self, request: Request, response: Response, active: list[_Column]
    ) -> Asking[None]:
        """Deal with an error status: less at once, then GETNEXT, then without the column."""
        if response.status in {0, pdu.TOO_BIG, pdu.GEN_ERR}:
            if request.repetitions > 1 and self._less(request):
                return
            if self.waiting:
                yield from self._scalars_alone()
                return
            if request.kind == pdu.GET_BULK and len(active) == 1:
                self.trouble, self.habits.bulk = True, False
                return
            if len(active) > 1:
                for column in active:
                    yield from self._together([column])
                return
        self._drop(response, active)

    def _drop(self, response: Response, active: list[_Column]) -> None:
        named = active[response.position - 1 : response.position] if response.position > 0 else []
        for column in named or active:
            if response.status == pdu.NO_SUCH_NAME:  # how v1 says that the MIB ends
                column.end()
            else:
                column.end(str(ask.refused(response)))


def _matched(scalars: Sequence[bytes], bindings: Sequence[Varbind]) -> list[Varbind]:
    by_name = {binding[0]: binding for binding in bindings[: len(scalars)]}
    return [by_name.get(name, (name, ber.NO_SUCH_INSTANCE, None)) for name in scalars]


def walk(
    columns: Sequence[bytes],
    *,
    scalars: Sequence[bytes] = (),
    version: Version = "2c",
    habits: Habits | None = None,
    max_rows: int = MAX_ROWS,
    unordered: Collection[bytes] = (),
) -> Asking[Walk]:
    """
    Return scalars and all rows of the columns, in as few exchanges as the device allows.

    Columns are any subtrees. A column in `unordered` may come in any order; it ends when nothing
    new comes. `habits` learns from this walk. Raises UnreachableError when the agent is silent.
    """
    states = [_Column(root, max_rows, unordered=root in unordered) for root in columns]
    walker = _Walker(habits or Habits(), version, scalars=scalars)
    try:
        return (yield from walker.lead(states))
    except UnreachableError as error:
        if walker.alive:
            raise UnreachableError(f"{error} any more", hint=error.hint) from None
        raise


def answered(bindings: Sequence[Varbind]) -> list[Varbind]:
    """Return the bindings that hold a value."""
    return [binding for binding in bindings if binding[1] < ber.NO_SUCH_OBJECT]
