"""What to ask which device, as data: netops/snmp/modules/*.yaml, chosen by sysObjectID."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from netops.core.dataclass import dataclass
from netops.core.document import Document, mistake, read_document, refuse
from netops.core.errors import ConfigError
from netops.snmp import oid

DIRECTORY = Path(__file__).with_name("modules")
TYPES = (
    "integer", "gauge", "counter32", "counter64", "ticks", "text", "mac", "address", "oid", "hex",
    "identifier", "bits", "ports",
)  # fmt: skip
INDEX_TYPES = ("integer", "mac", "ip", "string")
_OBJECT_KEYS = {"oid", "at", "type", "enum", "unit", "scale", "none", "slow", "by"}


@dataclass(frozen=True, slots=True)
class Object:
    """One scalar or column and what its values mean."""

    name: str
    oid: bytes
    type: str
    enum: Mapping[str, str]
    unit: str | None
    scale: float | None
    #: Numbers that stand for "no value".
    none: tuple[int, ...]
    #: Changes seldom: asked every quarter of an hour is enough.
    slow: bool
    #: The object beside it that says what kind of identifier this is.
    by: str | None = None


@dataclass(frozen=True, slots=True)
class TableForm:
    """One table: its columns, and the names and types of its index parts."""

    name: str
    index: tuple[tuple[str, str], ...]
    columns: tuple[Object, ...]
    #: Where its columns lie: the entry, not the table around it.
    oid: bytes


@dataclass(frozen=True, slots=True)
class Module:
    """One file."""

    name: str
    about: str
    #: Prefixes of sysObjectID; none means every device.
    prefixes: tuple[bytes, ...]
    #: Large: only when somebody asks for it.
    demand: bool
    scalars: tuple[Object, ...]
    tables: tuple[TableForm, ...]
    #: What the device sends by itself: name and identifier of each trap.
    notifications: tuple[tuple[str, bytes], ...] = ()

    def suits(self, object_id: bytes) -> bool:
        """Tell whether devices of that sysObjectID may have these objects."""
        return not self.prefixes or any(
            object_id == prefix or object_id.startswith(prefix) for prefix in self.prefixes
        )

    def columns(self) -> list[Object]:
        """Return all columns of all tables."""
        return [column for table in self.tables for column in table.columns]


def names() -> list[str]:
    """Return every module's name."""
    return sorted(path.stem for path in DIRECTORY.glob("*.yaml"))


@lru_cache(maxsize=256)
def load(name: str) -> Module:
    """Return a module; raise ConfigError for an unknown name or a wrong file."""
    if name not in names():
        raise ConfigError(f"no SNMP module is called {name!r}", hint=f"known: {', '.join(names())}")
    return read(DIRECTORY / f"{name}.yaml")


def suited(object_id: bytes, *, demand: bool = False) -> list[Module]:
    """Return the modules for a device, those on demand only when wanted."""
    modules = map(load, names())
    return [one for one in modules if one.suits(object_id) and (demand or not one.demand)]


def read(path: Path) -> Module:
    """Return the module in a file; raise ConfigError with every mistake."""
    document = read_document(path)
    reader = _Reader(document)
    data = document.data
    reader.only((), data, {"about", "for", "demand", "scalars", "tables", "notifications"})
    module = Module(
        path.stem,
        str(data.get("about", "")),
        tuple(reader.oid_at(("for", n), text) for n, text in enumerate(data.get("for") or [])),
        bool(data.get("demand", False)),
        tuple(
            reader.object_at(("scalars", name), name, entry, b"")
            for name, entry in (data.get("scalars") or {}).items()
        ),
        tuple(
            reader.table_at(("tables", name), name, entry)
            for name, entry in (data.get("tables") or {}).items()
        ),
        tuple(
            (str(name), reader.oid_at(("notifications", name), text))
            for name, text in (data.get("notifications") or {}).items()
        ),
    )
    if reader.mistakes:
        refuse(path, reader.mistakes)
    return module


class _Reader:
    """Collects mistakes instead of stopping at the first."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.mistakes: list[str] = []

    def wrong(self, where: tuple[str | int, ...], message: str) -> None:
        self.mistakes.append(mistake(self.document, where, message))

    def only(self, where: tuple[str | int, ...], entry: Any, known: Iterable[str]) -> None:
        for key in set(entry) - set(known):
            self.wrong((*where, key), "is not known here")

    def oid_at(self, where: tuple[str | int, ...], text: Any) -> bytes:
        try:
            return oid.encode(str(text))
        except ValueError as error:
            self.wrong(where, str(error))
            return b""

    def table_at(self, where: tuple[str | int, ...], name: str, entry: Any) -> TableForm:
        self.only(where, entry, {"oid", "index", "columns"})
        root = self.oid_at((*where, "oid"), entry.get("oid"))
        index = []
        for number, text in enumerate(entry.get("index") or []):
            part, _, kind = str(text).partition(":")
            index.append((part, kind or "integer"))
            if kind and kind not in INDEX_TYPES:
                self.wrong((*where, "index", number), f"is none of {', '.join(INDEX_TYPES)}")
        columns = tuple(
            self.object_at((*where, "columns", column), column, form, root)
            for column, form in (entry.get("columns") or {}).items()
        )
        return TableForm(name, tuple(index), columns, root)

    def object_at(self, where: tuple[str | int, ...], name: str, entry: Any, root: bytes) -> Object:
        self.only(where, entry, _OBJECT_KEYS)
        kind = entry.get("type")
        if kind not in TYPES:
            self.wrong((*where, "type"), f"is none of {', '.join(TYPES)}")
        at = entry.get("at")
        if root and not (isinstance(at, int) and at > 0):
            self.wrong((*where, "at"), "needs the number of the column")
            at = 1
        place = root + oid.encode_part(at) if root else self.oid_at(where, entry.get("oid"))
        scale = entry.get("scale")
        return Object(
            name,
            place,
            str(kind),
            {str(key): str(value) for key, value in (entry.get("enum") or {}).items()},
            entry.get("unit"),
            float(scale) if scale is not None else None,
            tuple(entry.get("none") or ()),
            bool(entry.get("slow", False)),
            entry.get("by"),
        )
