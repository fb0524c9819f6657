"""Names for object identifiers and the other way round, from the modules: sysName.0, ifDescr.3, ifTable."""

from functools import lru_cache

from netops.core.dataclass import dataclass
from netops.core.errors import ConfigError
from netops.snmp import module, oid
from netops.snmp.ber import Varbind
from netops.snmp.module import Object
from netops.snmp.text import plain


@dataclass(frozen=True, slots=True)
class _Names:
    #: Name → identifier: scalars without their `.0`, columns, tables, notifications.
    places: dict[str, bytes]
    scalars: frozenset[str]
    #: Identifier → name and, for objects, what their values mean.
    objects: dict[bytes, tuple[str, Object | None]]


@lru_cache(maxsize=1)
def _names() -> _Names:
    places: dict[str, bytes] = {}
    scalars: set[str] = set()
    objects: dict[bytes, tuple[str, Object | None]] = {}
    for one in map(module.load, module.names()):
        for scalar in one.scalars:
            place = scalar.oid.removesuffix(b"\0")
            places[scalar.name] = place
            scalars.add(scalar.name)
            objects[place] = scalar.name, scalar
        for table in one.tables:
            places[table.name] = table.oid
            for column in table.columns:
                places[column.name] = column.oid
                objects[column.oid] = column.name, column
        for name, place in one.notifications:
            places[name] = place
            objects[place] = name, None
    return _Names(places, frozenset(scalars), objects)


def place_of(text: str, *, instance: bool = False) -> bytes:
    """
    Return the identifier of `1.3.6…`, `sysName.0`, `ifDescr` or `ifTable`.

    With `instance`, a scalar without an index gets the `.0` it always has. Raises ConfigError.
    """
    name, _, index = text.partition(".")
    if not name or name.isdecimal():
        try:
            return oid.encode(text)
        except ValueError as error:
            raise ConfigError(str(error), hint="such as 1.3.6.1.2.1.1.5.0 or sysName.0") from None
    names = _names()
    place = names.places.get(name)
    if place is None:
        raise ConfigError(f"no object is called {name!r}", hint=_similar(name, names))
    if not index and instance and name in names.scalars:
        index = "0"
    try:
        parts = [int(part) for part in index.split(".")] if index else []
        return oid.encode_parts([*oid.parts_of(place), *parts], text)
    except ValueError:
        raise ConfigError(f"{text!r} has a wrong index", hint="such as ifDescr.3") from None


def _similar(name: str, names: _Names) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, names.places, 3)
    return f"did you mean {' or '.join(near)}?" if near else "names are those of the modules"


def object_of(name: bytes) -> tuple[str, Object | None]:
    """Return `ifDescr.3` and what it means, for an identifier of any object; else dotted text."""
    objects = _names().objects
    for end in range(len(name), 4, -1):
        found = objects.get(name[:end])
        if found is not None:
            index = oid.index_text(name[end:])
            return (f"{found[0]}.{index}" if index else found[0]), found[1]
    return oid.text_of(name), None


def value_of(binding: Varbind, meaning: Object | None) -> int | float | str | None:
    """Return a value as its object says, such as `up`; one of an unknown object as it came."""
    from netops.snmp.table import cell

    _, tag, value = binding
    return plain(tag, value) if meaning is None else cell(meaning, binding, {})
