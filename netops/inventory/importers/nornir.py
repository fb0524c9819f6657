"""Nornir's hosts.yaml with groups.yaml and defaults.yaml beside it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from netops.core.document import read_document
from netops.core.errors import ConfigError
from netops.inventory.importers.base import Draft, Traits, Wishes, text_of, usable_name

_OWN = {"role", "site", "owner"}


class NornirImporter:
    """Nornir's SimpleInventory."""

    traits = Traits("Nornir's hosts.yaml, with groups.yaml and defaults.yaml beside it")

    def read(self, file: Path, wishes: Wishes) -> Draft:
        """Return hosts, groups and defaults; raise ConfigError."""
        del wishes
        draft = Draft()
        hosts = read_document(file)
        for name, body in hosts.data.items():
            where = hosts.where((name,))
            if not isinstance(body, Mapping | None):
                draft.mistakes.append(f"{where}: {name} is not a host")
                continue
            values = _entry(draft, body or {}, where, hosts.where((name, "password")))
            values["host"] = text_of((body or {}).get("hostname")) or name
            draft.add(name, where, values)
        for name, body in _beside(file, "groups").items():
            if plain := usable_name(name):
                draft.groups[plain] = _entry(draft, _mapping(body), f"groups.yaml: {name}")
            else:
                draft.mistakes.append(f"groups.yaml: {name[:60]!r} cannot be used as a name")
        draft.defaults = _entry(draft, _beside(file, "defaults"), "defaults.yaml")
        draft.defaults.pop("groups", None)
        if not draft.devices and not draft.mistakes:
            raise ConfigError(f"{file} has no hosts", hint="name Nornir's hosts.yaml")
        return draft


def _beside(file: Path, name: str) -> dict[str, Any]:
    places = [file.with_name(f"{name}{ending}") for ending in (".yaml", ".yml")]
    found = [place for place in places if place.is_file() and place != file]
    return read_document(found[0]).data if found else {}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _entry(draft: Draft, body: Mapping[str, Any], where: str, secret: str = "") -> dict[str, Any]:
    if body.get("password"):
        draft.secrets.append(f"{secret or where}: password")
    for name, options in _mapping(body.get("connection_options")).items():
        draft.clean(_mapping(options), f"{where}: connection_options.{name}")
    data = dict(_mapping(body.get("data")))
    entry: dict[str, Any] = {key: data.pop(key) for key in _OWN if text_of(data.get(key))}
    if platform := text_of(body.get("platform")):
        entry["platform"] = platform
    groups = body.get("groups")
    if isinstance(groups, list):
        entry["groups"] = [plain for one in groups if (plain := usable_name(text_of(one)))]
    if cleaned := draft.clean(data, where):
        entry["data"] = cleaned
    return entry
