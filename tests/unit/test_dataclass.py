"""The lazy dataclasses are dataclasses: whatever the standard decorator would have made, they have."""

import copy
import dataclasses
import itertools
import pickle
import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import pytest

from netops.core.dataclass import dataclass, field, field_names, replace

T = TypeVar("T")
PARTS: Any = ("x", {"a": "b"}, (4,))


@dataclass(frozen=True, slots=True, order=True)
class Port:
    """A port."""

    number: int
    name: str = "up"
    labels: dict[str, str] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Trunk(Port):
    vlans: tuple[int, ...] = ()


@dataclass(slots=True)
class Tally(Generic[T]):
    seen: list[T] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.seen.append(None)  # type: ignore[arg-type]


def standard(*, frozen: bool) -> type[Any]:
    class Port:
        number: int
        name: str = "up"

    return dataclasses.dataclass(frozen=frozen, slots=True)(Port)


def lazy(*, frozen: bool) -> type[Any]:
    class Port:
        number: int
        name: str = "up"

    made: type[Any] = dataclass(frozen=frozen, slots=True)(Port)
    return made


QUESTIONS: dict[str, Callable[[type[Any]], object]] = {
    "fields": lambda made: [(f.name, f.type, f.default) for f in dataclasses.fields(made)],
    "match": lambda made: made.__match_args__,
    "slots": lambda made: made.__slots__,
    "params": lambda made: repr(made.__dataclass_params__),
    "repr": lambda made: repr(made(3)).rsplit(".", 1)[-1],
    "equal": lambda made: (made(3) == made(3, "up"), made(3) == made(4), made(3) == 3),
    "dict": lambda made: dataclasses.asdict(made(3)),
    "replace": lambda made: dataclasses.asdict(dataclasses.replace(made(3), name="down")),
    "hashable": lambda made: hash(made(3)) == hash(made(3)),
    "names": lambda made: sorted(
        name for name in dir(made(1)) if not name.endswith(("state__", "making__"))
    ),
}


@pytest.mark.parametrize("frozen", [True, False])
@pytest.mark.parametrize("question", QUESTIONS)
def test_every_first_question_has_the_standard_answer(question: str, frozen: bool) -> None:
    ask = QUESTIONS[question]
    if question == "hashable" and not frozen:
        assert lazy(frozen=False)(1).__hash__ is None
        return
    assert ask(lazy(frozen=frozen)) == ask(standard(frozen=frozen))


def is_pending(made: type[Any]) -> bool:
    return bool(made.__dataclass_making__.is_pending)


@pytest.mark.parametrize("frozen", [True, False])
@pytest.mark.parametrize("args", [(), (1,), (1, "x"), (1, "x", 2)])
@pytest.mark.parametrize("kwargs", [{}, {"number": 1}, {"name": "y"}, {"what": 0}])
def test_the_first_object_is_made_as_every_later_one(
    args: tuple[Any, ...], kwargs: dict[str, Any], *, frozen: bool
) -> None:
    def outcome(made: type[Any]) -> object:
        try:
            record = made(*args, **kwargs)
        except TypeError as error:
            return str(error).replace("lazy", "standard")
        return record.number, record.name

    assert outcome(lazy(frozen=frozen)) == outcome(standard(frozen=frozen))


def test_methods_are_made_when_somebody_asks_or_makes_many_objects() -> None:
    made = lazy(frozen=True)
    first, second = made(1), made(1)
    assert is_pending(made)
    assert first == second
    assert not is_pending(made)
    many = lazy(frozen=True)
    for number in range(200):
        many(number)
    assert not is_pending(many)


@pytest.mark.parametrize(
    "use",
    [
        hash,
        repr,
        dataclasses.asdict,
        pickle.dumps,
        lambda one: len({one, one}),
        lambda one: one.__lt__(one),
    ],
)
def test_the_first_object_can_what_every_later_one_can(use: Callable[[Any], Any]) -> None:
    @dataclass(frozen=True, slots=True, order=True)
    class Vlan:
        number: int

    Vlan.__qualname__ = "Vlan"
    globals()["Vlan"] = Vlan
    fresh = use(Vlan(7))
    for _ in range(5):
        Vlan(7)
    assert use(Vlan(7)) == fresh


def test_what_a_body_says_of_equality_stays() -> None:
    @dataclass(frozen=True, slots=True)
    class Case:  # noqa: PLW1641  the decorator's part
        text: str

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Case) and self.text.lower() == other.text.lower()

    assert Case("A") == Case("a")
    assert isinstance(hash(Case("A")), int)


def test_a_child_that_says_a_field_anew_keeps_its_place() -> None:
    @dataclass(frozen=True, slots=True)
    class Down(Port):
        name: str = "down"
        reason: str = "?"

    assert Down(1, "x").name == "x"
    assert (Down(1).name, Down(1).reason, Down(1).labels) == ("down", "?", {})
    assert [field.name for field in dataclasses.fields(Down)] == [
        "number",
        "name",
        "labels",
        "reason",
    ]


def test_frozen_means_frozen_and_slots_mean_slots() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Port(1).number = 2  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        del Port(1).number
    assert not hasattr(Tally(), "__dict__")
    with pytest.raises(AttributeError):
        Tally().unknown = 1  # type: ignore[attr-defined]


def test_a_wrong_call_is_refused_as_ever() -> None:
    with pytest.raises(TypeError, match="number"):
        lazy(frozen=True)()


def test_a_child_has_the_fields_of_its_parents() -> None:
    assert Trunk(1, vlans=(2,)) == Trunk(1, "up", {}, (2,))
    assert vars(Trunk)["__slots__"] == ("vlans",)


def test_order_defaults_and_work_after_the_start_hold() -> None:
    assert min(Port(2), Port(1, "z"), Port(1, "a")) == Port(1, "a")
    assert Port(1).labels is not Port(1).labels
    assert Tally[int]().seen == [None]


def test_a_default_is_made_only_where_none_is_given() -> None:
    numbers = itertools.count(1)

    @dataclass(frozen=True, slots=True)
    class Ticket:
        number: int = field(default_factory=lambda: next(numbers))

    assert (Ticket(number=7).number, Ticket(8).number) == (7, 8)
    assert (Ticket().number, Ticket().number) == (1, 2)


def test_a_default_that_objects_would_share_is_refused() -> None:
    class Notes:
        lines: list[str] = []  # noqa: RUF012  the mistake

    with pytest.raises(ValueError, match="mutable default for field lines"):
        dataclass(frozen=True, slots=True)(Notes)


def test_objects_travel() -> None:
    there = Trunk(1, "x", {"a": "b"}, (4,))
    for made in (pickle.loads(pickle.dumps(there)), copy.copy(there), copy.deepcopy(there)):
        assert made == there
        assert made.labels == {"a": "b"}


def test_a_pattern_matches_before_any_object_was_made() -> None:
    made = lazy(frozen=True)
    match object():
        case made(number):
            pytest.fail(str(number))
    match made(5):
        case made(number, name):
            assert (number, name) == (5, "up")


def test_many_threads_may_make_the_first_object() -> None:
    for _ in range(30):
        made, seen = lazy(frozen=True), list[Any]()
        start = threading.Barrier(8)

        def make(
            made: type[Any] = made,
            start: threading.Barrier = start,
            seen: list[Any] = seen,
        ) -> None:
            start.wait()
            seen.append(made(7, name="x"))

        threads = [threading.Thread(target=make) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert seen == [made(7, "x")] * 8


def test_a_copy_with_other_values_is_the_standard_one() -> None:
    first = Trunk(1, "x", {"a": "b"}, (4,))
    assert replace(first, number=2) == dataclasses.replace(first, number=2) == Trunk(2, *PARTS)
    assert replace(first) is not first
    assert field_names(first) == field_names(Trunk) == ("number", "name", "labels", "vlans")
    with pytest.raises(TypeError, match="what"):
        replace(first, what=1)  # type: ignore[call-arg]


def test_a_class_without_slots_is_refused() -> None:
    with pytest.raises(TypeError, match="slots"):
        dataclass(slots=False)
