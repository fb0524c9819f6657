"""
Dataclasses that cost little until they are used much.

The standard decorator compiles six methods for each class while its module loads, about a
millisecond a class; most classes that a short command loads make no object or one. Here the
first objects are filled by one function for all classes, and the standard library makes the
methods, the same as ever, when there are more objects or somebody compares, prints or asks.
"""

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass  # noqa: PLC0414  exported
    from dataclasses import field as field  # noqa: PLC0414  exported
    from dataclasses import replace as replace  # noqa: PLC0414  exported
else:

    def dataclass(*, slots: bool, frozen: bool = False, order: bool = False) -> Callable:
        """Return the decorator that `dataclasses.dataclass` would return; slots are a must."""
        if not slots:
            raise TypeError("classes without slots: take dataclasses.dataclass itself")

        def slotted(template: type) -> type:
            return _Making(template, frozen=frozen, order=order).made

        return slotted

    def field(**options: object) -> "_Field":
        """Return what `dataclasses.field` would return, when somebody needs to know."""
        return _Field(options)

    def replace(record: object, /, **changes: object) -> object:
        """Return a copy with other values in some fields, as `dataclasses.replace` does."""
        kept = {name: getattr(record, name) for name in field_names(record) if name not in changes}
        return type(record)(**kept, **changes)


def field_names(owner: Any) -> tuple[str, ...]:
    """Return the names of the fields of such a class, or of one of its objects, in order."""
    return tuple(owner.__dataclass_making__.all_fields())


_ASKED_OF_CLASSES = ("__dataclass_fields__", "__dataclass_params__", "__match_args__")
_COMPARISONS = ("__lt__", "__le__", "__gt__", "__ge__")
#: So many objects are made without a method of their class's own.
_FEW = 100


class _Missing:
    """There is no default."""


MISSING = _Missing()


class _Field:
    """A field with options."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.options = options

    def default(self) -> object:
        """Return the default; MISSING when there is none, or one that only `__init__` knows."""
        if not self.options.get("init", True) or self.options.get("kw_only"):
            return MISSING
        make = self.options.get("default_factory")
        return make() if make else self.options.get("default", MISSING)


class _Making:
    """A class as users see it, and how its methods are made when somebody needs them."""

    #: One for all: making a class makes its bases first.
    _lock = threading.RLock()

    def __init__(self, template: type, *, frozen: bool, order: bool) -> None:
        self._template, self._frozen, self._order = template, frozen, order
        self.is_pending, self._count = True, 0
        #: What the class body says of each of its fields.
        self.fields: dict[str, Any] = {
            name: vars(template).get(name, MISSING) for name in template.__annotations__
        }
        for name, said in self.fields.items():
            if said.__class__.__hash__ is None:  # as the standard library says, only sooner
                raise ValueError(f"mutable default for field {name}: use default_factory")
        #: Has the names, the slots and the written methods from the start.
        self.made: Any = _with_slots(template, self.fields, self._stand_ins())

    def _stand_ins(self) -> dict[str, object]:
        """Return what steps aside for the real thing at the first call, or a few calls later."""

        def __init__(record: object, *args: Any, **kwargs: Any) -> None:  # noqa: N807
            if not self._fill(record, args, kwargs):
                self.finish()
                self.made.__init__(record, *args, **kwargs)

        def stand_in(name: str) -> Callable[..., object]:
            def method(*args: object) -> object:
                self.finish()
                return getattr(self.made, name)(*args)

            return method

        names = ["__repr__", "__eq__", *(_COMPARISONS if self._order else ())]
        names += ["__hash__", "__setattr__", "__delattr__"] if self._frozen else []
        return {
            **{name: stand_in(name) for name in names},
            **{name: _Asked(self, name) for name in _ASKED_OF_CLASSES},
            **({} if self._frozen else {"__hash__": None}),
            "__init__": __init__,
            "__getstate__": _values,
            "__setstate__": _set_values,
            "__dataclass_making__": self,
        }

    def _fill(self, record: object, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bool:
        """Fill one of the first objects; False, and nothing done, when that is for `__init__`."""
        self._count += 1
        if self._count > _FEW or hasattr(self.made, "__post_init__"):
            return False
        fields = self.all_fields()
        values = dict(zip(fields, args, strict=False))
        if len(args) > len(fields) or not kwargs.keys() <= fields.keys() - values.keys():
            return False
        for name, said in fields.items():
            if name in kwargs:
                values[name] = kwargs[name]
            elif name not in values:
                values[name] = said.default() if isinstance(said, _Field) else said
        if any(value is MISSING for value in values.values()):
            return False
        for name, value in values.items():
            object.__setattr__(record, name, value)  # frozen as it may be
        return True

    def all_fields(self) -> dict[str, Any]:
        """Return the fields in the order of `__init__`, those of the bases included."""
        found: dict[str, Any] = {}
        for base in reversed(self.made.__mro__):
            making = vars(base).get("__dataclass_making__")
            found |= making.fields if making else {}
        return found

    def finish(self) -> None:
        """Let the standard library make the methods, once, and move them over."""
        import dataclasses

        with self._lock:
            if not self.is_pending:
                return
            template = self._template
            # Without a docstring the standard library would make one, from a signature, which is dear.
            template.__doc__ = template.__doc__ or template.__name__
            for name, said in self.fields.items():
                if isinstance(said, _Field):
                    setattr(template, name, dataclasses.field(**said.options))
            before = dict(vars(template))
            dataclasses.dataclass(frozen=self._frozen, order=self._order)(template)
            new = {
                name: value
                for name, value in vars(template).items()
                if name not in self.fields and before.get(name, MISSING) is not value
            }
            # Other threads use the class meanwhile: `__init__` changes last, when all else is there.
            for name in sorted(new, key=lambda name: name == "__init__"):
                setattr(self.made, name, new[name])
            self.is_pending = False


class _Asked:
    """A class attribute that is not there before somebody asks for it."""

    def __init__(self, making: _Making, name: str) -> None:
        self._making, self._name = making, name

    def __get__(self, _: object, owner: type) -> object:
        self._making.finish()
        return getattr(owner, self._name)


def _with_slots(
    template: type, fields: Mapping[str, object], stand_ins: Mapping[str, object]
) -> type:
    """Return a class like `template` whose fields are slots."""
    unwanted = {*fields, "__dict__", "__weakref__"}
    if vars(template).get("__hash__", MISSING) is None:  # by Python, for a body that says `__eq__`
        unwanted.add("__hash__")
    namespace = {name: value for name, value in vars(template).items() if name not in unwanted}
    inherited = {slot for base in template.__mro__ for slot in vars(base).get("__slots__", ())}
    namespace["__slots__"] = tuple(name for name in fields if name not in inherited)
    made = type(template)(template.__name__, template.__bases__, {**stand_ins, **namespace})
    made.__qualname__ = template.__qualname__
    return made


def _values(record: Any) -> list[object]:
    return [getattr(record, name) for name in field_names(record)]


def _set_values(record: Any, state: list[object]) -> None:
    for name, value in zip(field_names(record), state, strict=True):
        object.__setattr__(record, name, value)  # frozen as it may be
