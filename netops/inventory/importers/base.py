"""What an importer is, and the draft that every importer fills; tests/contracts checks each one."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, get_args

from netops.core.dataclass import dataclass, field
from netops.core.errors import ConfigError
from netops.core.settings import NAME_PATTERN, is_secret_name
from netops.inventory.settings import Kind

MAX_DEVICES = 100_000
_MAX_DEPTH = 6
_NAME = re.compile(NAME_PATTERN)
_SECRET = re.compile(r"pass(w(or)?d|phrase)?$|_pass$|vault|密码|密碼|口令", re.IGNORECASE)
_VALUES = ("$ANSIBLE_VAULT;", "-----BEGIN ")
#: Words of sheets and exports for each kind.
_KINDS: Mapping[str, tuple[str, ...]] = {
    "switch": ("交换机", "交換機", "交換器", "network", "access switch", "core switch"),
    "router": ("路由器", "wan"),
    "firewall": ("防火墙", "防火牆"),
    "wireless": ("无线", "無線", "ap", "access point", "无线接入点", "無線基地台", "wlan"),
    "server": ("服务器", "伺服器", "virtual machine", "vm", "linux server"),
    "storage": ("存储", "儲存設備", "nas"),
    "ups": ("不间断电源", "不斷電系統", "power"),
    "pc": (
        "电脑",
        "電腦",
        "计算机",
        "個人電腦",
        "台式机",
        "笔记本",
        "workstation",
        "computer",
        "laptop",
    ),
    "printer": ("打印机", "印表機"),
    "sensor": ("传感器", "感測器", "environment"),
}


@dataclass(frozen=True, slots=True)
class Traits:
    """What an importer reads, so that nobody asks for its name."""

    about: str
    #: `--map` and `--charset` mean something to it.
    takes_columns: bool = False


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the user said about the file."""

    columns: Sequence[str] = ()
    charset: str | None = None


@dataclass(slots=True)
class Draft:
    """Entries for an inventory file, not written yet."""

    devices: dict[str, dict[str, Any]] = field(default_factory=dict)
    groups: dict[str, dict[str, Any]] = field(default_factory=dict)
    defaults: dict[str, Any] = field(default_factory=dict)
    #: Where each device stands in the file.
    origins: dict[str, str] = field(default_factory=dict)
    #: Places of passwords that were left out.
    secrets: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    mistakes: list[str] = field(default_factory=list)

    def add(self, name: str, where: str, values: Mapping[str, Any], *, label: str = "") -> None:
        """Add a device; one that is there already, or has no usable name, is a mistake."""
        text = str(name).strip()
        plain = (
            usable_name(text) or usable_name(str(values.get("host") or "")) or usable_name(label)
        )
        if not plain:
            self.mistakes.append(f"{where}: {text[:60]!r} gives no name for a device")
            return
        if plain in self.devices:
            self.mistakes.append(f"{where}: {plain} is given twice, first at {self.origins[plain]}")
            return
        if len(self.devices) >= MAX_DEVICES:
            raise ConfigError(f"more than {MAX_DEVICES:,} devices", hint="split the file")
        data = dict(values.get("data") or {})
        if plain != text and text:
            data = {"label": text, **data}
        entry = {**values, "data": self.clean(data, f"{where}: {plain}")}
        if entry.get("host") == plain:
            del entry["host"]
        self.devices[plain] = {key: value for key, value in entry.items() if value not in _NOTHING}
        self.origins[plain] = where

    def clean(self, data: Mapping[str, Any], where: str) -> dict[str, Any]:
        """Return free-form data without its secrets, which are noted."""
        return {
            str(key): value
            for key, item in data.items()
            if (value := self._cleaned(str(key), item, where, 1)) not in _NOTHING
        }

    def _cleaned(self, key: str, item: Any, where: str, depth: int) -> Any:
        if depth > _MAX_DEPTH:
            self.notes.append(f"{where}: {key} goes too deep and was left out")
            return None
        if isinstance(item, Mapping):
            found = {str(k): self._cleaned(str(k), v, where, depth + 1) for k, v in item.items()}
            return {k: v for k, v in found.items() if v not in _NOTHING}
        if isinstance(item, list):
            return [self._cleaned(key, one, where, depth + 1) for one in item]
        if item is None or isinstance(item, bool):
            return item
        if is_secret(key, item):
            self.secrets.append(f"{where}: {key}")
            return None
        return item if isinstance(item, int | float) else visible(str(item))


_NOTHING: tuple[Any, ...] = (None, "", [], {}, ())


class Importer(Protocol):
    """Reads one format."""

    traits: Traits

    def read(self, file: Path, wishes: Wishes) -> Draft:
        """Return what the file says; raise ConfigError for one that is not of this format."""


def is_secret(key: str, value: object) -> bool:
    """Tell whether a value is a password, by its name or by how it begins."""
    if isinstance(value, str) and value.lstrip().startswith(_VALUES):
        return True
    return (is_secret_name(key) or bool(_SECRET.search(key))) and value not in _NOTHING


def usable_name(text: str) -> str:
    """Return a name the inventory can hold, an empty text when nothing of it is left."""
    plain = unicodedata.normalize("NFKC", text).strip()
    if not plain.isascii():
        return ""
    plain = re.sub(r"[^A-Za-z0-9_.-]+", "-", plain).strip("-._")
    return plain if len(plain) <= 63 and _NAME.match(plain) else ""


def kind_of(text: str) -> str | None:
    """Return the kind that a word of any language names."""
    word = text.strip().casefold()
    if word in get_args(Kind):
        return word
    for kind, words in _KINDS.items():
        if word in words:
            return kind
    near = [kind for kind, words in _KINDS.items() if any(w in word for w in words if len(w) > 2)]
    return near[0] if len(near) == 1 else None


def visible(text: str) -> str:
    """Return text without characters that YAML or a terminal would not take."""
    return "".join(
        char for char in text if char in "\n\t" or unicodedata.category(char) not in {"Cc", "Cs"}
    )[:4000]


def text_of(value: object) -> str:
    """Return a plain value as text, an empty one for what is none."""
    return visible(str(value)).strip() if isinstance(value, str | int | float) else ""
