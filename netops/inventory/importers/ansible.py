"""Ansible inventories, INI and YAML, with group_vars and host_vars; nothing in them is executed."""

import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from netops.core.document import MAX_SIZE_BYTES, parse_document, plain_text
from netops.core.errors import ConfigError
from netops.core.regular import read_limited
from netops.core.yaml_plain import plain_value
from netops.inventory.importers.base import (
    MAX_DEVICES,
    Draft,
    Traits,
    Wishes,
    is_secret,
    usable_name,
)

_RANGE = re.compile(r"\[([0-9]+|[A-Za-z]):([0-9]+|[A-Za-z])(?::([0-9]+))?\]")
_SECTION = re.compile(r"\[([^\]:]+)(?::(vars|children))?\]")
_EVERYTHING, _LOOSE = "all", "ungrouped"
_MAX_GROUPS = 10_000


class AnsibleImporter:
    """Ansible inventories."""

    traits = Traits("Ansible inventories, INI or YAML, with group_vars and host_vars beside them")

    def read(self, file: Path, wishes: Wishes) -> Draft:
        """Return hosts and groups; raise ConfigError, also for an inventory that is a program."""
        del wishes
        text = plain_text(read_limited(file, MAX_SIZE_BYTES), file, file.name)
        if text.startswith("#!"):
            raise ConfigError(
                f"{file} is a program, and nothing is executed",
                hint=f"run `ansible-inventory -i {file.name} --list --yaml > hosts.yaml`, import that",
            )
        tree = _Tree(file)
        if file.suffix in {".yml", ".yaml", ".json"} or text.lstrip().startswith(("---", "{")):
            tree.read_yaml(_yaml(text, file))
        else:
            tree.read_ini(text)
        tree.read_beside()
        return tree.draft()


def _yaml(text: str, path: Path) -> dict[str, Any]:
    # A vault's tag is the one that inventories carry; what it holds is dropped later.
    return parse_document(re.sub(r"!(vault|unsafe)\b", "", text), path, path.name).data


class _Tree:
    """Hosts, groups and variables as Ansible has them."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.found = Draft()
        self.hosts: dict[str, dict[str, Any]] = {}
        self.where: dict[str, str] = {}
        self.member: dict[str, dict[str, None]] = {}
        self.variables: dict[str, dict[str, Any]] = {}
        self.parents: dict[str, dict[str, None]] = {}

    def host(self, pattern: str, group: str, values: Mapping[str, Any], where: str) -> None:
        for name in expanded(pattern):
            if len(self.hosts) >= MAX_DEVICES:
                raise ConfigError(f"{where}: more than {MAX_DEVICES:,} hosts")
            self.hosts.setdefault(name, {}).update(values)
            self.where.setdefault(name, where)
            self.member.setdefault(name, {})[group] = None

    def group(self, name: str, parent: str | None = None) -> None:
        if len(self.variables) >= _MAX_GROUPS:
            raise ConfigError(f"{self.file} has more than {_MAX_GROUPS:,} groups")
        self.variables.setdefault(name, {})
        if parent not in {None, _EVERYTHING}:
            self.parents.setdefault(name, {})[str(parent)] = None

    # -- YAML

    def read_yaml(self, data: Mapping[str, Any]) -> None:
        for name, body in data.items():
            self._yaml_group(name, body, None)

    def _yaml_group(self, name: str, body: Any, parent: str | None) -> None:
        self.group(name, parent)
        if body is None:
            return
        where = f"{self.file.name}: {name}"
        if not isinstance(body, Mapping):
            self.found.mistakes.append(f"{where} is not a group")
            return
        for kind in ("hosts", "children", "vars"):
            part = body.get(kind)
            if part is not None and not isinstance(part, Mapping):
                self.found.mistakes.append(f"{where}.{kind} is not a mapping")
                return
        for host, values in (body.get("hosts") or {}).items():
            self.host(host, name, values if isinstance(values, Mapping) else {}, where)
        for child, below in (body.get("children") or {}).items():
            self._yaml_group(child, below, name)
        self.variables[name].update(body.get("vars") or {})

    # -- INI

    def read_ini(self, text: str) -> None:
        group, kind = _LOOSE, "hosts"
        for number, line in enumerate(text.splitlines(), 1):
            where = f"{self.file.name}:{number}"
            stripped = line.strip()
            if not stripped or stripped[0] in "#;":
                continue
            if stripped.startswith("[") and (found := _SECTION.fullmatch(stripped)):
                group, kind = found[1], found[2] or "hosts"
                self.group(group)
            elif kind == "vars":
                key, _, value = stripped.partition("=")
                self.variables[group][key.strip()] = plain_value(value.strip().strip("'\""))
            elif kind == "children":
                self.group(stripped, group)
            else:
                self._ini_host(stripped, group, where)

    def _ini_host(self, line: str, group: str, where: str) -> None:
        try:
            words = shlex.split(line, comments=True)
        except ValueError as error:
            self.found.mistakes.append(f"{where}: {str(error).lower()}")
            return
        pairs = [word.partition("=") for word in words[1:]]
        if wrong := [key for key, equals, _ in pairs if not equals]:
            self.found.mistakes.append(f"{where}: {len(wrong)} words are not key=value")
            return
        values = {key: plain_value(value) for key, _, value in pairs}
        self.host(words[0], group, values, where)

    # -- variables in files of their own

    def read_beside(self) -> None:
        for name in self.variables:
            self.variables[name].update(self._variables("group_vars", name))
        for name, values in self.hosts.items():
            values.update(self._variables("host_vars", name))

    def _variables(self, folder: str, name: str) -> dict[str, Any]:
        place = self.file.parent / folder
        # A name such as ../x would lead elsewhere.
        if usable_name(name) != name or not place.is_dir():
            return {}
        files = [place / f"{name}{ending}" for ending in (".yml", ".yaml", "")]
        folders = [one for one in files if one.is_dir()]
        files += [file for one in folders for file in sorted(one.glob("*.y*ml"))]
        merged: dict[str, Any] = {}
        for file in files:
            if file.is_file():
                text = plain_text(read_limited(file, MAX_SIZE_BYTES), file, file.name)
                merged.update(_yaml(text, file))
        return merged

    # -- what comes out

    def draft(self) -> Draft:
        for name, variables in self.variables.items():
            if name in {_EVERYTHING, _LOOSE}:
                self.found.defaults.update(self._traits(variables, name))
                continue
            entry = self._traits(variables, name)
            if behind := self._named(self.parents.get(name, {})):
                entry["groups"] = behind
            if plain := self._group_name(name):
                self.found.groups[plain] = entry
        for name, variables in self.hosts.items():
            where = self.where[name]
            values = self._traits(variables, where)
            host = variables.get("ansible_host") or variables.get("ansible_ssh_host") or name
            values |= {"host": str(host), "groups": self._named(self.member[name])}
            self.found.add(name, where, values)
        return self.found

    def _named(self, groups: Mapping[str, None]) -> list[str]:
        wanted = [name for name in groups if name not in {_EVERYTHING, _LOOSE}]
        return [plain for name in wanted if (plain := self._group_name(name))]

    def _group_name(self, name: str) -> str:
        plain = usable_name(name)
        text = f"{self.file.name}: the group {name[:60]!r} has a name that cannot be used"
        if not plain and text not in self.found.mistakes:
            self.found.mistakes.append(text)
        return plain

    def _traits(self, variables: Mapping[str, Any], where: str) -> dict[str, Any]:
        """Return what variables mean to us; those of the connection are Ansible's own business."""
        self.found.secrets += [
            f"{where}: {key}"
            for key, value in variables.items()
            if key.startswith("ansible_") and is_secret(key, value)
        ]
        data = {key: item for key, item in variables.items() if not key.startswith("ansible_")}
        entry: dict[str, Any] = {}
        system = variables.get("ansible_network_os")
        if isinstance(system, str) and system:
            entry["platform"] = _platform(system)
        for key in ("role", "site", "owner"):
            if isinstance(data.get(key), str) and "{{" not in data[key]:
                entry[key] = data.pop(key)
        if cleaned := self.found.clean(data, where):
            entry["data"] = cleaned
        return entry


def _platform(system: str) -> str:
    parts = system.split(".")
    if len(parts) < 3 or parts[-1].startswith(parts[0]):
        return parts[-1]
    return f"{parts[0]}_{parts[-1]}"


def expanded(pattern: str) -> Iterator[str]:
    """Yield the hosts that `web[01:20].example.org` stands for; raise ConfigError for too many."""
    pending, done = [pattern], 0
    while pending:
        text = pending.pop(0)
        found = _RANGE.search(text)
        if not found:
            done += 1
            yield text
            continue
        steps = _steps(found[1], found[2], int(found[3] or 1), pattern)
        if done + len(pending) + len(steps) > MAX_DEVICES:
            raise ConfigError(f"{pattern[:60]!r} stands for more than {MAX_DEVICES:,} hosts")
        pending += [text[: found.start()] + step + text[found.end() :] for step in steps]


def _steps(first: str, last: str, step: int, pattern: str) -> list[str]:
    numbers = first.isdigit() and last.isdigit()
    if step < 1 or (not numbers and (first.isdigit() or last.isdigit())) or len(first + last) > 18:
        raise ConfigError(f"{pattern[:60]!r} holds a range that counts nothing")
    low, high = (int(first), int(last)) if numbers else (ord(first), ord(last))
    if (high - low) // step > MAX_DEVICES:
        raise ConfigError(f"{pattern[:60]!r} stands for more than {MAX_DEVICES:,} hosts")
    width = len(first) if numbers and first.startswith("0") else 0
    found = range(low, high + 1, step)
    return [str(n).zfill(width) if numbers else chr(n) for n in found]
