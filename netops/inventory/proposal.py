"""From a draft to a changed inventory file: what is new is added, what is there is never touched."""

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from netops.core.dataclass import dataclass, field
from netops.core.document import MAX_SIZE_BYTES, parse_document, plain_text
from netops.core.errors import ConfigError, UsageError
from netops.core.regular import read_limited
from netops.core.settings import checked
from netops.inventory.importers.base import Draft
from netops.inventory.model import Device
from netops.inventory.settings import InventoryFile

_ORDER = (
    "host", "kind", "role", "site", "platform", "owner", "snmp", "ssh", "groups", "tags", "data",
)  # fmt: skip
_HINT = "name another file with --to, and take over by hand what belongs into this one"


@dataclass(frozen=True, slots=True)
class Line:
    """What becomes of one entry of the draft."""

    name: str
    #: `new`, `same` or `differs` (it is there already, and stays as it is).
    fate: str
    remark: str = ""


@dataclass(slots=True)
class Proposal:
    """What would be written."""

    before: str
    after: str
    lines: list[Line] = field(default_factory=list)

    def diff(self, name: str) -> str:
        """Return the change as `diff -u` shows it."""
        pair = (self.before.splitlines(keepends=True), self.after.splitlines(keepends=True))
        return "".join(difflib.unified_diff(*pair, name, name))

    def fate(self, fate: str) -> list[str]:
        """Return the names with that fate."""
        return [line.name for line in self.lines if line.fate == fate]


def propose(draft: Draft, known: Iterable[Device], target: Path | None) -> Proposal:
    """
    Return what `draft` adds to the file `target` (or to a new one) and to what is `known`.

    A device is known by its name or its address. Raises ConfigError when the draft has mistakes or
    the file has a form that cannot be extended.
    """
    if draft.mistakes:
        count = "a mistake" if len(draft.mistakes) == 1 else f"{len(draft.mistakes)} mistakes"
        raise ConfigError(f"the file has {count}; nothing was written", mistakes=draft.mistakes)
    devices = list(known)
    names = {device.name: device for device in devices}
    hosts = {device.host: device for device in devices}
    lines: list[Line] = []
    new: dict[str, dict[str, Any]] = {}
    for name, entry in draft.devices.items():
        old = names.get(name) or hosts.get(str(entry.get("host", name)))
        if old is None:
            new[name] = entry
            lines.append(Line(name, "new", draft.origins.get(name, "")))
        else:
            lines.append(_kept(name, entry, old))
    return _written(draft, new, lines, {g for d in devices for g in d.groups}, target)


def _kept(name: str, entry: Mapping[str, Any], old: Device) -> Line:
    differing = [
        f"{key} {getattr(old, key)!r} stays, not {value!r}"
        for key, value in entry.items()
        if key not in {"data", "groups", "tags"} and getattr(old, key) != value
    ]
    differing += [
        f"data.{key} {old.data[key]!r} stays, not {value!r}"
        for key, value in (entry.get("data") or {}).items()
        if key in old.data and str(old.data[key]) != str(value)
    ]
    also = f" (as {old.name})" if old.name != name else ""
    if differing:
        return Line(name, "differs", "; ".join(differing) + also)
    return Line(name, "same", f"is there already{also}")


def _written(
    draft: Draft,
    new: Mapping[str, Mapping[str, Any]],
    lines: list[Line],
    groups: set[str],
    target: Path | None,
) -> Proposal:
    before = ""
    if target is not None and target.exists():
        before = plain_text(read_limited(target, MAX_SIZE_BYTES), target, target.name)
    old = parse_document(before, target or Path("new"), "new").data if before else {}
    here = old.get("groups") or {}
    parts = {
        "groups": {
            name: _ordered(entry)
            for name, entry in draft.groups.items()
            if new and name not in groups and name not in here
        },
        "devices": {name: _ordered(entry) for name, entry in new.items()},
    }
    after = before
    if draft.defaults and new and not before:
        # Defaults hold for every device of the site: somebody has to want that.
        parts["devices"] = {
            name: {**draft.defaults, **entry, **_merged(draft.defaults, entry)}
            for name, entry in parts["devices"].items()
        }
    for key, entries in parts.items():
        if entries:
            after = _inserted(after, key, entries, old.get(key))
    _require(after, parts, old, target)
    return Proposal(before, after, lines)


def _merged(defaults: Mapping[str, Any], entry: Mapping[str, Any]) -> dict[str, Any]:
    data = {**(defaults.get("data") or {}), **(entry.get("data") or {})}
    return {"data": data} if data else {}


def _ordered(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {key: entry[key] for key in _ORDER if key in entry}


def yaml_text(value: Mapping[str, Any]) -> str:
    """Return a mapping as YAML that our reader reads as the same."""
    import yaml

    class Dumper(yaml.SafeDumper):
        """Quotes what the two versions of YAML read differently."""

        def ignore_aliases(self, _data: Any) -> bool:
            return True

    Dumper.add_representer(str, _text_node)
    text: str = yaml.dump(
        dict(value), Dumper=Dumper, allow_unicode=True, sort_keys=False, width=100
    )
    return text


def _text_node(dumper: Any, text: str) -> Any:
    from netops.core.yaml_plain import plain_value

    style = None if plain_value(text) == text else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _inserted(text: str, key: str, entries: Mapping[str, Any], old: object) -> str:
    """Return the text with entries added at the top of a section, everything else as it was."""
    body = "".join(f"  {line}\n" if line else "\n" for line in yaml_text(entries).splitlines())
    lines = text.splitlines(keepends=True)
    at = next((n for n, line in enumerate(lines) if line.startswith(f"{key}:")), None)
    if at is None:
        gap = "" if not text or text.endswith("\n\n") else "\n" if text.endswith("\n") else "\n\n"
        return f"{text}{gap}{key}:\n{body}"
    rest = lines[at][len(key) + 1 :].split("#")[0].strip()
    if rest not in {"", "{}"}:
        raise ConfigError(f"the section {key} of this file is written in one line", hint=_HINT)
    if rest:
        lines[at] = lines[at].replace("{}", "", 1).rstrip() + "\n"
    elif not lines[at].endswith("\n"):
        lines[at] += "\n"
    if isinstance(old, dict) and old:
        first = next(n for n in range(at + 1, len(lines)) if lines[n].strip(" \n")[:1] != "#")
        indent = len(lines[first]) - len(lines[first].lstrip())
        body = "".join(" " * (indent - 2) + line if indent > 2 else line[2 - indent :]
                       for line in body.splitlines(keepends=True))  # fmt: skip
    return "".join([*lines[: at + 1], body, *lines[at + 1 :]])


def _require(
    text: str, parts: Mapping[str, Mapping[str, Any]], old: Mapping[str, Any], target: Path | None
) -> None:
    """Refuse to write what would not be read back as exactly the old and the new."""
    path = target or Path("proposal.yaml")
    document = parse_document(text, path, path.name)
    for key, entries in parts.items():
        if dict(document.data.get(key) or {}) != {**(old.get(key) or {}), **entries}:
            raise ConfigError(f"{path}: the section {key} cannot be extended safely", hint=_HINT)
    _, wrong = checked(InventoryFile, document.data, document)
    if wrong:
        raise ConfigError("the file would have mistakes; nothing was written", mistakes=wrong)


def write_proposal(proposal: Proposal, target: Path, loads: Any) -> None:
    """Write the file; put the old one back when the inventory does not load with the new one."""
    from netops.core.files import write_atomic

    if not target.parent.is_dir():
        raise UsageError(f"there is no directory {target.parent}")
    mode = target.stat().st_mode & 0o777 if target.exists() else 0o640
    write_atomic(target, proposal.after, mode=mode)
    try:
        loads()
    except ConfigError:
        if proposal.before:
            write_atomic(target, proposal.before, mode=mode)
        else:
            target.unlink()
        raise
